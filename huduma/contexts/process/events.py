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
class ProcessEnded(Event):
    """A case reached its end (`status` as its end event says) or was cancelled."""

    act: ClassVar[str] = "process.instance.ended"
    subject: ClassVar[str] = "case_id"
    case_id: UUID
    status: str
