"""Scheduled and deferred work on clocks."""

from datetime import date
from uuid import UUID

from django.utils import timezone

from huduma.contexts.clocks import operations
from huduma.foundation import jobs


@jobs.every("* * * * *", name="clocks.sweep")
def sweep(timestamp: int) -> None:
    """Warn, escalate, and let statutory times lapse."""
    operations.sweep(now=timezone.now())


@jobs.job(name="clocks.lapse", attempts=12)
def lapse(clock_id: str) -> None:
    """Carry out what a law says of a time that ran out."""
    operations.lapse(clock_id=UUID(clock_id), now=timezone.now())


@jobs.job(name="clocks.recompute", attempts=12)
def recompute(day: str) -> None:
    """Work out open clocks anew after a change of the working calendar."""
    operations.recompute(day=date.fromisoformat(day), now=timezone.now())
