"""Deferred work of planning."""

from uuid import UUID

from django.utils import timezone

from huduma.contexts.planning import operations
from huduma.foundation import jobs


@jobs.job(name="planning.make_roster")
def make_roster(roster_id: str) -> None:
    """Propose who works when in a week."""
    operations.make_roster(roster_id=UUID(roster_id), now=timezone.now())
