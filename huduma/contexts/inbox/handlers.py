"""What the inbox does when something happened elsewhere."""

from uuid import UUID

from huduma.contexts.inbox import operations
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import public as journal


@journal.handles("identity.person.merged")
def on_merged(entry: journal.Entry) -> None:
    """Give the conversations of a merged record to the one that goes on."""
    kept, merged = UUID(entry.facts["kept_person_id"]), UUID(entry.facts["merged_person_id"])
    operations.pass_conversations(actor=SYSTEM, from_person_id=merged, to_person_id=kept)


@journal.handles("messages.message.failed")
def on_failed(entry: journal.Entry) -> None:
    """Let a conversation wait again whose answer did not arrive."""
    operations.settle(carried_by=UUID(entry.facts["message_id"]), now=entry.at)
