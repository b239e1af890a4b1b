"""Clocks of cases, and when they stood still."""

from django.db import models
from django.db.models import Q

from huduma.foundation import ids


class Clock(models.Model):
    """One time that is kept for a case: the service's own (with or without a promise), a step's limit, or what a law gives.

    What it follows (`rules.Terms`) stands in its version of the service, under `kind` and `key`. `stage` counts the turns
    (warning, end, escalations) that are behind; `next_at` is the next one, None while the clock stands still, so that the sweep
    reads one small index. `stood` and `stood_open` add up the pauses that are over, so that going on costs as much after the
    hundredth as after the first. `met` is said when it ends; None where nothing was promised or the case was cancelled.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    case_id = models.UUIDField()
    kind = models.CharField(max_length=10)
    key = models.CharField(max_length=60, blank=True)
    task_id = models.UUIDField(null=True, unique=True, help_text="The task whose time a step's clock keeps.")
    version = models.ForeignKey("catalogue.ServiceVersion", on_delete=models.PROTECT, related_name="+")
    service_code = models.CharField(max_length=60)
    body_code = models.CharField(max_length=20)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    stood = models.DurationField(null=True, help_text="How long it stood still; None: its pauses are to be counted.")
    stood_open = models.DurationField(null=True, help_text="The opening time in that.")
    ended_at = models.DateTimeField(null=True)
    cancelled = models.BooleanField(default=False)
    met = models.BooleanField(null=True)
    lapsed = models.BooleanField(default=False, help_text="Whether the law's silence decided the case.")
    spent_seconds = models.PositiveBigIntegerField(null=True, help_text="Opening time that it took, without pauses.")
    stage = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    flagged_to = models.CharField(max_length=15, blank=True, help_text="The role to which it was escalated last.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["service", "step", "law"]), name="clocks_kind"),
            models.CheckConstraint(condition=Q(kind="step") ^ Q(task_id__isnull=True), name="clocks_task_of_step"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) ^ Q(spent_seconds__isnull=False), name="clocks_spent_when_ended"
            ),
            models.CheckConstraint(
                condition=Q(next_at__isnull=True) | Q(ended_at__isnull=True, paused_at__isnull=True),
                name="clocks_next_while_running",
            ),
            models.UniqueConstraint(
                fields=["case_id", "kind", "key"], condition=~Q(kind="step"), name="clocks_one_for_a_case"
            ),
        ]
        indexes = [
            models.Index(fields=["case_id"], name="clocks_case"),
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="clocks_next"),
            models.Index(fields=["due_at", "started_at"], condition=Q(ended_at__isnull=True), name="clocks_open"),
            models.Index(
                fields=["flagged_to", "body_code", "due_at", "id"],
                condition=Q(ended_at__isnull=True) & ~Q(flagged_to=""),
                name="clocks_flagged",
            ),
            models.Index(
                fields=["service_code", "started_at", "id"], condition=Q(kind="service"), name="clocks_started"
            ),
            models.Index(
                fields=["ended_at", "id"], condition=Q(kind="service", ended_at__isnull=False), name="clocks_ended"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {self.case_id}"


class Pause(models.Model):
    """A time in which a case waited for its applicant. `status` is the reason."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    case_id = models.UUIDField()
    status = models.CharField(max_length=30)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=models.F("began_at")), name="clocks_pause_order"
            ),
            models.UniqueConstraint(
                fields=["case_id"], condition=Q(ended_at__isnull=True), name="clocks_one_pause_at_a_time"
            ),
        ]
        indexes = [models.Index(fields=["case_id", "began_at"], name="clocks_pause_case")]

    def __str__(self) -> str:
        return f"{self.status} {self.case_id}"
