"""What this context announces. Nothing here says who answered what: a mark is heard of by its group only."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class Asked(Event):
    """Somebody was asked how it went; `kind` is application, ticket, matter or conversation."""

    act: ClassVar[str] = "hearing.question.asked"
    subject: ClassVar[str] = "question_id"
    question_id: UUID
    kind: str


@dataclass(frozen=True, kw_only=True)
class Answered(Event):
    """Somebody answered; a low mark opened a conversation at the contact centre."""

    act: ClassVar[str] = "hearing.question.answered"
    subject: ClassVar[str] = "question_id"
    question_id: UUID
    is_low: bool
