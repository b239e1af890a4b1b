"""What this context announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class MessageOrdered(Event):
    """A message was ordered; `about` is the case it belongs to."""

    act: ClassVar[str] = "messages.message.ordered"
    subject: ClassVar[str] = "message_id"
    message_id: UUID
    about: UUID | None
    kind: str
    medium: str


@dataclass(frozen=True, kw_only=True)
class MessageFailed(Event):
    """No company could deliver a message."""

    act: ClassVar[str] = "messages.message.failed"
    subject: ClassVar[str] = "message_id"
    message_id: UUID
    about: UUID | None
    kind: str
