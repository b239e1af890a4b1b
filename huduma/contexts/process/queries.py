"""Reading cases. Lists read task rows by their indexes; no state is ever opened for a list."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db.models import Q, QuerySet

from huduma.contexts.process import rules
from huduma.contexts.process.models import HUMAN, Definition, Instance, Task
from huduma.contexts.process.providers import definitions
from huduma.contexts.process.providers.definitions import Outcome, Process
from huduma.foundation.access import Actor, NotFound, NotPermitted
from huduma.foundation.worktime import public as worktime

View = Literal["mine", "team", "late"]
#: "Nearly late" begins when less than this much working time is left.
SOON_WORKING_DAYS = 1


@dataclass(frozen=True)
class TaskRow:
    """A task in a list. `urgency`: late, soon, on_time, or "" where nothing was promised."""

    id: UUID
    case_id: UUID
    name: dict[str, str]
    service_code: str
    body_code: str
    assignee_id: UUID | None
    due_at: datetime | None
    created_at: datetime
    urgency: str


@dataclass(frozen=True)
class Page:
    """A page of a list; `after` asks for the next one, None where there is none."""

    tasks: list[TaskRow]
    after: str | None


def get_process(digest: str) -> Process:
    """Return a kept definition, ready to run; read once in each process. Raises NotFound."""
    if found := definitions.cached(digest):
        return found
    kept = Definition.objects.filter(digest=digest).first()
    if kept is None:
        raise NotFound
    return definitions.remember(digest, definitions.build(kept.bpmn, kept.dmn))


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
    soon_at = worktime.deadline(now, SOON_WORKING_DAYS, "working_days")
    tasks = Task.objects.filter(_workable(actor), state="open", kind__in=HUMAN)
    if view == "mine":
        tasks = tasks.filter(assignee_id=actor.account_id)
    if view == "late":
        tasks = tasks.filter(due_at__lte=soon_at, sort_at__lte=soon_at)
    if service_code:
        tasks = tasks.filter(service_code=service_code)
    found = list(_after(tasks, after).order_by("sort_at", "id")[: limit + 1])
    page = [_row(task, now, soon_at) for task in found[:limit]]
    return Page(page, _mark(found[limit - 1]) if len(found) > limit else None)


def _workable(actor: Actor) -> Q:
    bodies = {g.body_code for g in actor.grants if g.role in ("officer", "supervisor")}
    if None in bodies:
        return Q()
    return Q(body_code=bodies.pop()) if len(bodies) == 1 else Q(body_code__in=bodies)


def _row(task: Task, now: datetime, soon_at: datetime) -> TaskRow:
    return TaskRow(
        task.id, task.case_id, task.name, task.service_code, task.body_code, task.assignee_id, task.due_at,
        task.created_at, rules.urgency(task.due_at, now, soon_at),
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


def get_task_for(actor: Actor, case_id: UUID) -> tuple[Task | None, Instance]:
    """Return the open task of a case, or None where no officer is to do anything, and the case's instance.

    Raises NotFound where no process runs for the case, NotPermitted for officers of another body.
    """
    instance = Instance.objects.filter(case_id=case_id).first()
    if instance is None:
        raise NotFound
    actor.require_role("officer", "supervisor", body=instance.body_code)
    task = instance.tasks.filter(state="open", kind__in=HUMAN).order_by("created_at", "id").first()
    return task, instance


def outcomes_of(task: Task) -> list[Outcome]:
    """Return how a task can end, in the order in which its process names them."""
    return list(get_process(task.instance.definition_id).steps[task.step].outcomes.values())


def outcome_name(task: Task) -> dict[str, str]:
    """Return in words how a finished task ended."""
    outcome = get_process(task.instance.definition_id).steps[task.step].outcomes.get(task.outcome)
    return outcome.name if outcome else {"en": task.outcome}


def outcomes_by_step(bpmn: str, dmn: str = "") -> dict[str, set[str]]:
    """Return the officers' tasks of a definition without faults, each with the outcomes that it declares."""
    steps = definitions.build(bpmn, dmn).steps.values()
    return {step.key: set(step.outcomes) for step in steps if step.kind in HUMAN}


def assignees_of(case_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """Return which officers' accounts hold open tasks of cases."""
    found: dict[UUID, set[UUID]] = {}
    held = Task.objects.filter(case_id__in=list(case_ids), state="open", assignee_id__isnull=False)
    for case_id, account_id in held.values_list("case_id", "assignee_id"):
        if account_id is not None:
            found.setdefault(case_id, set()).add(account_id)
    return found


def open_tasks_of(case_id: UUID) -> list[Task]:
    """Return everything that a case waits for: officers, messages, timers."""
    return list(Task.objects.filter(case_id=case_id, state="open").order_by("created_at", "id"))


def decisions_of(case_id: UUID) -> list[Task]:
    """Return the tasks that officers finished, oldest first, with outcome, note and fields.

    For contexts that have checked who asks: notes are for the applicant and the officers of the case.
    """
    done = Task.objects.select_related("instance").filter(case_id=case_id, state="done", kind__in=HUMAN)
    return list(done.order_by("done_at", "id"))


def urgency(due_at: datetime | None, now: datetime) -> str:
    """Return `late`, `soon` (less than a working day left), `on_time`, or "" where nothing was promised."""
    return rules.urgency(due_at, now, worktime.deadline(now, SOON_WORKING_DAYS, "working_days"))
