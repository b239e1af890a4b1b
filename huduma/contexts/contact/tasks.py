"""Deferred and scheduled work of contact."""

from django.utils import timezone

from huduma.contexts.contact import operations
from huduma.foundation import jobs


@jobs.every("* * * * *", name="contact.sweep")
def sweep(timestamp: int) -> None:
    """Escalate what nobody answered in time."""
    operations.sweep(timezone.now())


@jobs.every("7 * * * *", name="contact.close_silent")
def close_silent(timestamp: int) -> None:
    """Close what was answered and not rejected for two weeks."""
    while operations.close_silent(timezone.now()):
        pass
