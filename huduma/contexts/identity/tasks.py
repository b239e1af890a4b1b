"""Scheduled work on identities."""

from django.utils import timezone

from huduma.contexts.identity import operations
from huduma.foundation import jobs


@jobs.every("25 * * * *", name="identity.gather_late")
def gather_late(timestamp: int) -> None:
    """Give what late acts left with joined records to those that go on."""
    operations.gather_late(now=timezone.now())
