"""Scheduled work on identities."""

from uuid import UUID

from django.utils import timezone

from huduma.contexts.identity import operations
from huduma.foundation import jobs


@jobs.every("25 * * * *", name="identity.gather_late")
def gather_late(timestamp: int) -> None:
    """Give what late acts left with joined records to those that go on."""
    operations.gather_late(now=timezone.now())


@jobs.every("15 22 1 * *", name="identity.look_at_all")
def look_at_all(timestamp: int) -> None:
    """Begin to look through all records for duplicates, in the first night of a month."""
    jobs.defer("identity.sweep_for_duplicates", once="identity.sweep_for_duplicates")


@jobs.job(name="identity.sweep_for_duplicates")
def sweep_for_duplicates(after: str = "") -> None:
    """Look at some records and leave the rest to a job like this one: between two of them other work has its turn."""
    swept = operations.sweep_for_duplicates(after=UUID(after) if after else None, now=timezone.now())
    if swept.last is not None:
        jobs.defer("identity.sweep_for_duplicates", once="identity.sweep_for_duplicates", after=str(swept.last))
