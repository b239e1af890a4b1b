"""Running processes. A case's own data lives with the case (an application); here are only its facts for decisions."""

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q

from huduma.foundation import ids

HUMAN = ("user", "manual")
KINDS = (*HUMAN, "message", "timer", "signal", "service")
#: A case without a promise sorts as if it had been promised within this time.
UNPROMISED = timedelta(days=365)


class Definition(models.Model):
    """A process and its decisions as published; never changed, named by its content.

    `called`: the shared processes that it calls, as they were then, by name.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    bpmn = models.TextField()
    dmn = models.TextField(blank=True)
    called = models.JSONField(default=dict)
    kept_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest[:12]


class Instance(models.Model):
    """One case's run. `state` is the engine's compact state; `version` counts the steps, so that a stale page shows."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    case_id = models.UUIDField(unique=True)
    definition = models.ForeignKey(Definition, on_delete=models.PROTECT, related_name="+")
    body_code = models.CharField(max_length=20)
    service_code = models.CharField(max_length=60, blank=True)
    state = models.JSONField()
    run = models.CharField(max_length=10, default="running")
    status = models.CharField(max_length=30, blank=True, help_text="The last status that a step announced.")
    version = models.PositiveIntegerField(default=1)
    due_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(run__in=["running", "ended", "cancelled"]), name="process_run"),
            models.CheckConstraint(condition=Q(run="running") ^ Q(ended_at__isnull=False), name="process_ended_at"),
        ]
        indexes = [
            models.Index(fields=["body_code", "service_code", "id"], condition=Q(run="running"), name="process_running")
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.status}"


class Task(models.Model):
    """What a case waits for: an officer (kinds user, manual), a message, a signal, a moment (timer: `due_at` is that moment), or
    a service task whose answer has not come. A task with `stuck_at` waits for a supervisor, whatever its kind.

    `token` is the engine's number of the place where the case waits. Body, service and due time are copied from the case,
    so that a worklist reads one table by one index; `body_code` is another body's where that one is asked, and then `share`
    names the questions whose answers it sees.
    """

    PERSONAL_DATA: ClassVar = {
        "note": "the written reason of a decision",
        "item": "for which entry of a list the task is, such as a co-owner",
    }

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    instance = models.ForeignKey(Instance, on_delete=models.PROTECT, related_name="tasks")
    case_id = models.UUIDField()
    token = models.PositiveIntegerField()
    step = models.CharField(max_length=120)
    name = models.JSONField()
    kind = models.CharField(max_length=10)
    item = models.CharField(max_length=500, blank=True, help_text="For which entry of a list.")
    awaits = models.CharField(max_length=60, blank=True, help_text="The message or signal.")
    role = models.CharField(max_length=12, blank=True)
    team = models.CharField(max_length=40, blank=True)
    share = models.JSONField(default=list)
    body_code = models.CharField(max_length=20)
    service_code = models.CharField(max_length=60, blank=True)
    assignee_id = models.UUIDField(null=True, help_text="The officer's account.")
    state = models.CharField(max_length=10, default="open")
    due_at = models.DateTimeField(null=True)
    sort_at = models.DateTimeField(help_text="due_at, or a year after the task came where nothing was promised.")
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=30, blank=True)
    note = models.TextField(blank=True)
    fields = models.JSONField(default=list, help_text="Questions to be answered again.")
    attempts = models.PositiveSmallIntegerField(default=0)
    stuck_at = models.DateTimeField(null=True)
    fault = models.CharField(max_length=200, blank=True, help_text="Why it is stuck, or failed last; no personal data.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["open", "done", "cancelled"]), name="process_task_state"),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="process_task_kind"),
            models.CheckConstraint(condition=Q(state="open") ^ Q(done_at__isnull=False), name="process_task_done_at"),
            models.CheckConstraint(
                condition=~Q(kind__in=HUMAN) | Q(role__in=["officer", "supervisor"]), name="process_task_role"
            ),
            models.UniqueConstraint(fields=["instance", "token"], name="process_task_once"),
        ]
        indexes = [
            models.Index(
                fields=["body_code", "sort_at", "id"],
                condition=Q(state="open", kind__in=HUMAN),
                name="process_team",
            ),
            models.Index(
                fields=["body_code", "service_code", "sort_at", "id"],
                condition=Q(state="open", kind__in=HUMAN),
                name="process_team_service",
            ),
            models.Index(
                fields=["assignee_id", "sort_at", "id"],
                condition=Q(state="open", kind__in=HUMAN),
                name="process_mine",
            ),
            models.Index(fields=["case_id", "created_at"], name="process_task_case"),
            models.Index(
                fields=["body_code", "stuck_at", "id"],
                condition=Q(state="open", stuck_at__isnull=False),
                name="process_stuck",
            ),
            models.Index(
                fields=["body_code", "team"], condition=Q(state="open") & ~Q(team=""), name="process_team_names"
            ),
            models.Index(fields=["awaits", "id"], condition=Q(state="open", kind="signal"), name="process_signals"),
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.state}"


class TeamMember(models.Model):
    """An officer in a team of a public body. A team with no members is the whole body."""

    body_code = models.CharField(max_length=20)
    team = models.CharField(max_length=40)
    account_id = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["body_code", "team", "account_id"], name="process_team_member")]

    def __str__(self) -> str:
        return f"{self.team} {self.account_id}"


class Move(models.Model):
    """A running case that was moved to another definition: what it was, so that it can go back while it has not gone on."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    instance = models.ForeignKey(Instance, on_delete=models.PROTECT, related_name="moves")
    source = models.ForeignKey(Definition, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(Definition, on_delete=models.PROTECT, related_name="+")
    state = models.JSONField()
    version = models.PositiveIntegerField(help_text="The case's version after the move.")
    moved_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["instance", "-moved_at"], name="process_moves")]

    def __str__(self) -> str:
        return f"{self.instance_id} {self.moved_at}"
