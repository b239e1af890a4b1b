"""How cases went, for contexts that count."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from huduma.contexts.process.models import HUMAN, Instance, Task
from huduma.foundation.journal import public as journal


@dataclass(frozen=True)
class Stay:
    """One time that a case rested at a step: since when, when an officer took it (None: nobody did), until when."""

    step: str
    kind: str
    role: str
    assignee_id: UUID | None
    came_at: datetime
    taken_at: datetime | None
    left_at: datetime | None
    outcome: str


@dataclass(frozen=True)
class CaseLog:
    """A case as it went, in the order of its stays."""

    case_id: UUID
    run: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    stays: list[Stay]


def logs_of(case_ids: Collection[UUID]) -> list[CaseLog]:
    """Return how cases went, in the order of their beginning. For contexts that count: nothing in it says who the applicant is."""
    instances = list(
        Instance.objects.filter(case_id__in=list(case_ids)).defer("state").order_by("started_at", "case_id")
    )
    tasks = list(
        Task.objects.filter(case_id__in=list(case_ids), state__in=["open", "done"])
        .only("case_id", "step", "kind", "role", "assignee_id", "created_at", "done_at", "outcome")
        .order_by("created_at", "token")
    )
    human = [task.id for task in tasks if task.kind in HUMAN]
    taken = journal.last_times("process.task.assigned", human, how=["claimed", "reassigned"])
    stays: dict[UUID, list[Stay]] = {}
    for t in tasks:
        stay = Stay(t.step, t.kind, t.role, t.assignee_id, t.created_at, taken.get(t.id), t.done_at, t.outcome)
        stays.setdefault(t.case_id, []).append(stay)
    return [CaseLog(i.case_id, i.run, i.status, i.started_at, i.ended_at, stays.get(i.case_id, [])) for i in instances]
