"""What this context announces. Notes and facts of a case stay in its own tables: they may be personal."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class ProcessDefined(Event):
    """A definition was checked and kept."""

    act: ClassVar[str] = "process.definition.kept"
    digest: str


@dataclass(frozen=True, kw_only=True)
class ProcessStarted(Event):
    """A case began to run."""

    act: ClassVar[str] = "process.instance.started"
    subject: ClassVar[str] = "case_id"
    case_id: UUID
    digest: str
    body_code: str


@dataclass(frozen=True, kw_only=True)
class MessageArrived(Event):
    """What a case waited for happened (`bill-settled`), or a timer ran out."""

    act: ClassVar[str] = "process.message.arrived"
    subject: ClassVar[str] = "case_id"
    case_id: UUID
    name: str


@dataclass(frozen=True, kw_only=True)
class TaskAssigned(Event):
    """A task got an officer (`account_id`) or lost its officer (None). `how`: claimed, released or reassigned."""

    act: ClassVar[str] = "process.task.assigned"
    subject: ClassVar[str] = "task_id"
    task_id: UUID
    case_id: UUID
    step: str
    how: str
    account_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class TaskCompleted(Event):
    """An officer finished a task with an outcome. `fields` are the questions to be answered again."""

    act: ClassVar[str] = "process.task.completed"
    subject: ClassVar[str] = "task_id"
    task_id: UUID
    case_id: UUID
    step: str
    outcome: str
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class StepStuck(Event):
    """A step could not be done; a supervisor has to retry or skip it."""

    act: ClassVar[str] = "process.step.stuck"
    subject: ClassVar[str] = "case_id"
    task_id: UUID
    case_id: UUID
    step: str
    body_code: str


@dataclass(frozen=True, kw_only=True)
class StepUnstuck(Event):
    """A supervisor let a stuck step be done again, or skipped it. `how`: retried or skipped; the reason is with the task."""

    act: ClassVar[str] = "process.step.unstuck"
    subject: ClassVar[str] = "case_id"
    task_id: UUID
    case_id: UUID
    step: str
    how: str


@dataclass(frozen=True, kw_only=True)
class InstanceMoved(Event):
    """A running case goes on under another definition (`how`: moved), or back under the one before (undone)."""

    act: ClassVar[str] = "process.instance.moved"
    subject: ClassVar[str] = "case_id"
    case_id: UUID
    source: str
    target: str
    how: str


@dataclass(frozen=True, kw_only=True)
class TeamSet(Event):
    """A supervisor said who is in a team."""

    act: ClassVar[str] = "process.team.set"
    body_code: str
    team: str
    account_ids: list[str]


@dataclass(frozen=True, kw_only=True)
class ProcessEnded(Event):
    """A case reached its end (`status` as its end event says) or was cancelled."""

    act: ClassVar[str] = "process.instance.ended"
    subject: ClassVar[str] = "case_id"
    case_id: UUID
    status: str
