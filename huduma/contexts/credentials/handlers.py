"""What credentials do when something happened below."""

from uuid import UUID

from huduma.contexts.credentials import operations
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import public as journal


@journal.handles("identity.person.merged")
def on_merged(entry: journal.Entry) -> None:
    """Give the documents of a merged record to the one that goes on."""
    kept, merged = UUID(entry.facts["kept_person_id"]), UUID(entry.facts["merged_person_id"])
    operations.pass_documents(actor=SYSTEM, from_person_id=merged, to_person_id=kept)
