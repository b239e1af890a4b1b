"""Scheduled work of hearing."""

from django.utils import timezone

from huduma.contexts.hearing import operations
from huduma.foundation import jobs


@jobs.every("23 2 * * *", name="hearing.forget")
def forget(timestamp: int) -> None:
    """Forget by which number or address unanswered questions went out."""
    operations.forget(timezone.now())
