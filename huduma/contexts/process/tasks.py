"""Deferred work of processes."""

from datetime import date, datetime
from uuid import UUID

from django.utils import timezone

from huduma.contexts.process import operations
from huduma.foundation import jobs


@jobs.job(name="process.fire_timer", attempts=12)
def fire_timer(task_id: str) -> None:
    """Let a timer run out."""
    operations.fire_timer(task_id=UUID(task_id), now=timezone.now())


@jobs.job(name="process.recompute_timers", attempts=12)
def recompute_timers(day: str) -> None:
    """Work out timers anew after a change of the working calendar."""
    operations.recompute_timers(day=date.fromisoformat(day), now=timezone.now())


@jobs.job(name="process.call_service", attempts=12)
def call_service(task_id: str) -> None:
    """Ask the outside what a service task asks. What fails there is repeated by the operation, not by the queue."""
    operations.call_service(task_id=UUID(task_id), now=timezone.now())


@jobs.job(name="process.broadcast", attempts=12)
def broadcast(name: str, except_case: str, thrown_at: str) -> None:
    """Let all cases that waited for a signal hear it."""
    operations.broadcast(
        name=name, except_case=UUID(except_case), thrown_at=datetime.fromisoformat(thrown_at), now=timezone.now()
    )
