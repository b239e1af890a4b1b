"""Reading what was sent."""

from dataclasses import dataclass
from uuid import UUID

from huduma.contexts.messages.models import Message


@dataclass(frozen=True)
class Sent:
    """A message of ours: to whom, about what, and what became of it."""

    recipient: str
    about: UUID | None
    kind: str
    state: str


def get_sent(message_id: UUID) -> Sent | None:
    """Return a message of ours by its id, for a context that puts an answer with it."""
    found = Message.objects.filter(id=message_id).first()
    return Sent(found.recipient, found.about, found.kind, found.state) if found else None
