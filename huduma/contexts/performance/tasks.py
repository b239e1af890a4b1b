"""Scheduled work on figures."""

from django.utils import timezone

from huduma.contexts.performance import operations
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM


@jobs.every("30 22 * * *", name="performance.roll_up")
def roll_up(timestamp: int) -> None:
    """Work out the figures of charters, at half past one in the night in Kenya."""
    operations.roll_up(actor=SYSTEM, now=timezone.now())
