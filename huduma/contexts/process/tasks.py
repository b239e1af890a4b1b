"""Deferred work of processes."""

from uuid import UUID

from django.utils import timezone

from huduma.contexts.process import operations
from huduma.foundation import jobs


@jobs.job(name="process.fire_timer", attempts=12)
def fire_timer(task_id: str) -> None:
    """Let a timer run out."""
    operations.fire_timer(task_id=UUID(task_id), now=timezone.now())
