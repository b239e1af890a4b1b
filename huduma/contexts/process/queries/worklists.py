"""Lists of what waits for people: tasks, stuck steps, running cases. They read task rows by their indexes and open no state."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from huduma.contexts.process import rules
from huduma.contexts.process.models import HUMAN, Instance, Task, TeamMember
from huduma.foundation.access import Actor, NotPermitted
from huduma.foundation.worktime import public as worktime

View = Literal["mine", "team", "late"]
#: A case is nearly late in the last two working hours of its promise; one that was promised more than four days ahead, in its last
#: nine (a working day). So nothing that was promised for tomorrow is nearly late from its first minute.
SOON_HOURS, SOON_HOURS_OF_LONG, LONG = 2, 9, timedelta(days=4)


@dataclass(frozen=True)
class TaskRow:
    """A task in a list. `urgency`: late, soon, on_time, or "" where nothing was promised. `item`: for which entry of a list."""

    id: UUID
    case_id: UUID
    name: dict[str, str]
    service_code: str
    body_code: str
    assignee_id: UUID | None
    due_at: datetime | None
    created_at: datetime
    urgency: str
    item: str = ""
    team: str = ""


@dataclass(frozen=True)
class Page:
    """A page of a list; `after` asks for the next one, None where there is none."""

    tasks: list[TaskRow]
    after: str | None


def list_tasks_for(
    actor: Actor,
    *,
    now: datetime,
    view: View = "team",
    service_code: str = "",
    limit: int = 25,
    after: str | None = None,
) -> Page:
    """Return open tasks, those due first at the top: the actor's own, the team's, or the team's late and nearly late ones.

    `after` is a Page's mark; a mark that is none starts at the top. Raises NotPermitted for those who work on no cases.
    """
    if not actor.has_role("officer", "supervisor"):
        raise NotPermitted
    short_at, long_at = _soon_at(now)
    tasks = Task.objects.filter(_workable(actor), state="open", kind__in=HUMAN)
    if view == "mine":
        tasks = tasks.filter(assignee_id=actor.account_id)
    if view == "late":
        is_long = Q(due_at__lte=long_at, due_at__gt=F("instance__started_at") + LONG)
        tasks = tasks.filter(Q(due_at__lte=short_at) | is_long, sort_at__lte=long_at)
    if service_code:
        tasks = tasks.filter(service_code=service_code)
    found = list(_after(tasks, after).order_by("sort_at", "id")[: limit + 1])
    in_question = [t.instance_id for t in found if t.due_at is not None and short_at < t.due_at <= long_at]
    started = dict(Instance.objects.filter(id__in=in_question).values_list("id", "started_at")) if in_question else {}
    page = [
        _row(task, _urgency(task.due_at, started.get(task.instance_id, now), now, (short_at, long_at)))
        for task in found[:limit]
    ]
    return Page(page, _mark(found[limit - 1]) if len(found) > limit else None)


def _workable(actor: Actor) -> Q:
    """Return which tasks an actor may see in lists: of their bodies, and not those of teams that they are not in."""
    held = [g for g in actor.grants if g.role in ("officer", "supervisor")]
    if any(g.body_code is None for g in held):
        return Q()
    bodies = {g.body_code for g in held}
    members = TeamMember.objects.filter(body_code=OuterRef("body_code"), team=OuterRef("team"))
    mine = members.filter(Q(account_id=actor.account_id))
    ours = Q(body_code=next(iter(bodies))) if len(bodies) == 1 else Q(body_code__in=bodies)
    led = {g.body_code for g in held if g.role == "supervisor"}
    if led == bodies:
        return ours
    return ours & (Q(body_code__in=led) | Q(team="") | ~Exists(members) | Exists(mine))


@dataclass(frozen=True)
class StuckRow:
    """A step that waits for a supervisor: what failed, and since when."""

    id: UUID
    case_id: UUID
    name: dict[str, str]
    service_code: str
    stuck_at: datetime
    fault: str
    attempts: int


def list_stuck_for(actor: Actor, *, limit: int = 100) -> list[StuckRow]:
    """Return the steps at which cases of the actor's bodies are stuck, oldest first. Raises NotPermitted unless a supervisor asks."""
    bodies = {g.body_code for g in actor.grants if g.role == "supervisor"}
    if not bodies:
        raise NotPermitted
    tasks = Task.objects.filter(state="open", stuck_at__isnull=False)
    if None not in bodies:
        tasks = tasks.filter(instance__body_code__in=bodies)
    return [
        StuckRow(t.id, t.case_id, t.name, t.service_code, t.stuck_at or t.created_at, t.fault, t.attempts)
        for t in tasks.order_by("stuck_at", "id")[:limit]
    ]


def _soon_at(now: datetime) -> tuple[datetime, datetime]:
    """Return the moments up to which what is due is nearly late: of a short promise, and of a long one."""
    calendar = worktime.calendar()
    return calendar.deadline(now, SOON_HOURS, "hours"), calendar.deadline(now, SOON_HOURS_OF_LONG, "hours")


def _urgency(due_at: datetime | None, started_at: datetime, now: datetime, soon_at: tuple[datetime, datetime]) -> str:
    is_long = due_at is not None and due_at - started_at > LONG
    return rules.urgency(due_at, now, soon_at[is_long])


def _row(task: Task, urgency: str) -> TaskRow:
    return TaskRow(
        task.id, task.case_id, task.name, task.service_code, task.body_code, task.assignee_id, task.due_at,
        task.created_at, urgency, task.item, task.team,
    )  # fmt: skip


def _mark(task: Task) -> str:
    return urlsafe_b64encode(f"{task.sort_at.isoformat()}|{task.id}".encode()).decode()


def _after(tasks: "QuerySet[Task]", mark: str | None) -> "QuerySet[Task]":
    try:
        moment, task_id = urlsafe_b64decode(mark or "").decode().split("|")
        sort_at, last = datetime.fromisoformat(moment), UUID(task_id)
    except ValueError:
        return tasks
    return tasks.filter(Q(sort_at__gt=sort_at) | Q(sort_at=sort_at, id__gt=last), sort_at__gte=sort_at)


def list_running_for(actor: Actor, service_code: str, *, limit: int = 20_000) -> list[UUID]:
    """Return the running cases of a service in the actor's bodies, oldest first. Raises NotPermitted unless a supervisor asks."""
    bodies = {g.body_code for g in actor.grants if g.role == "supervisor"}
    if not bodies:
        raise NotPermitted
    running = Instance.objects.filter(run="running", service_code=service_code)
    if None not in bodies:
        running = running.filter(body_code__in=bodies)
    return list(running.order_by("id").values_list("case_id", flat=True)[:limit])


def running_services_for(actor: Actor) -> dict[str, int]:
    """Return how many cases of each service run in the bodies that the actor supervises."""
    bodies = {g.body_code for g in actor.grants if g.role == "supervisor"}
    running = Instance.objects.filter(run="running").exclude(service_code="")
    if None not in bodies:
        running = running.filter(body_code__in=bodies)
    return dict(running.values_list("service_code").annotate(count=Count("id")).order_by("service_code"))


def urgency(instance: Instance, now: datetime) -> str:
    """Return `late`, `soon` (nearly late: see SOON_HOURS), `on_time`, or "" where nothing was promised."""
    return _urgency(instance.due_at, instance.started_at, now, _soon_at(now))
