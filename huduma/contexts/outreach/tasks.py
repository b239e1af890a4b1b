"""Deferred and scheduled work of outreach."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from huduma.contexts.outreach import operations
from huduma.foundation import jobs

#: A record that is ready for so long was not applied: its job ended in errors, and is given again.
LATE = timedelta(minutes=10)


@jobs.job(name="outreach.apply")
def apply(record_id: str) -> None:
    """Apply a record that a tablet brought."""
    operations.apply_record(record_id=UUID(record_id), now=timezone.now())


@jobs.every("*/10 * * * *", name="outreach.again")
def again(timestamp: int) -> None:
    """Give the records again whose jobs ended in errors, and let those go on whose tablet brings nothing more."""
    operations.expect_no_more(now=timezone.now())
    operations.give_again(before=timezone.now() - LATE)


@jobs.every("5 * * * *", name="outreach.remind")
def remind(timestamp: int) -> None:
    """Tell of the visits of the next day who asked to be told."""
    operations.remind_followers(now=timezone.now())


@jobs.every("40 0 * * *", name="outreach.forget")
def forget(timestamp: int) -> None:
    """Empty what has been kept long enough."""
    while operations.forget(now=timezone.now()):
        pass
