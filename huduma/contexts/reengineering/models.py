"""What processes were measured to be, what their redesigns were simulated to be, and what was changed for good."""

from django.db import models
from django.db.models import Q

from huduma.foundation import ids


class Measurement(models.Model):
    """A version of a service as its cases went.

    `figures` is what `queries.measuring` returns; `flow`: how often each sequence flow was taken.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    version = models.OneToOneField("catalogue.ServiceVersion", on_delete=models.PROTECT, related_name="+")
    service_code = models.CharField(max_length=60)
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    figures = models.JSONField()
    flow = models.JSONField()
    measured_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(to_at__gt=models.F("from_at")), name="reengineering_measured_span")
        ]
        indexes = [models.Index(fields=["service_code", "measured_at"], name="reengineering_measured")]

    def __str__(self) -> str:
        return f"{self.service_code} {self.version_id}"


class Simulation(models.Model):
    """A redesign that was tried before it is published: a process, given teams, the arrivals of the last quarter.

    `version` is the one that runs. `result` has `today` (measured), `model` (the simulation of today's process with today's teams) and
    `draft` (that of the redesign with the given teams); None until it is done.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    service_code = models.CharField(max_length=60)
    version = models.ForeignKey("catalogue.ServiceVersion", on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=120)
    bpmn = models.TextField()
    dmn = models.TextField(blank=True)
    teams = models.JSONField(help_text="Team or role → how many officers at once, in the redesign.")
    teams_today = models.JSONField(help_text="The same, as it is today.")
    minutes = models.PositiveIntegerField(help_text="Mean work at a step that was never measured.")
    hours = models.PositiveIntegerField(help_text="Mean wait that was never measured.")
    replications = models.PositiveSmallIntegerField()
    seed = models.PositiveIntegerField()
    state = models.CharField(max_length=10, default="waiting")
    done = models.PositiveSmallIntegerField(default=0)
    of = models.PositiveSmallIntegerField()
    result = models.JSONField(null=True)
    fault = models.CharField(max_length=300, blank=True)
    asked_by = models.UUIDField(null=True, help_text="The account.")
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running", "done", "failed"]), name="reengineering_state"
            ),
            models.CheckConstraint(condition=Q(state="done") ^ Q(result__isnull=True), name="reengineering_result"),
            models.CheckConstraint(
                condition=Q(state__in=["done", "failed"]) ^ Q(ended_at__isnull=True), name="reengineering_ended"
            ),
            models.CheckConstraint(condition=Q(done__lte=models.F("of")), name="reengineering_progress"),
        ]
        indexes = [models.Index(fields=["service_code", "-asked_at"], name="reengineering_asked")]

    def __str__(self) -> str:
        return self.title


class Innovation(models.Model):
    """What was changed in a process, and what came of it: told to other bodies, and when published to everybody.

    `before` and `after` are figures of the two versions as they were measured when it was entered.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    service_code = models.CharField(max_length=60)
    body_code = models.CharField(max_length=20)
    title = models.JSONField()
    change = models.JSONField()
    before_version = models.ForeignKey("catalogue.ServiceVersion", on_delete=models.PROTECT, related_name="+")
    after_version = models.ForeignKey("catalogue.ServiceVersion", on_delete=models.PROTECT, related_name="+")
    before = models.JSONField()
    after = models.JSONField()
    entered_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(before_version=models.F("after_version")), name="reengineering_two_versions"
            ),
            models.UniqueConstraint(fields=["before_version", "after_version"], name="reengineering_told_once"),
        ]
        indexes = [
            models.Index(fields=["-published_at"], condition=Q(published_at__isnull=False), name="reengineering_public")
        ]

    def __str__(self) -> str:
        return str(self.title.get("en", self.id))
