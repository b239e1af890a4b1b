"""Whose record is new or changed may be somebody's second one."""

from uuid import UUID

from huduma.contexts.identity import operations
from huduma.foundation.journal import public as journal


@journal.handles("identity.person.proven", "identity.person.assisted", "identity.person.phone_replaced")
def look_for_duplicates(entry: journal.Entry) -> None:
    """Look for the same human being's other records."""
    operations.look_for_duplicates(person_id=UUID(entry.facts["person_id"]), now=entry.at)
