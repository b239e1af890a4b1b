"""What the inbox does when something happened elsewhere."""

from uuid import UUID

from huduma.contexts.inbox import operations
from huduma.foundation.journal import public as journal


@journal.handles("messages.message.failed")
def on_failed(entry: journal.Entry) -> None:
    """Let a conversation wait again whose answer did not arrive."""
    operations.settle(carried_by=UUID(entry.facts["message_id"]), now=entry.at)
