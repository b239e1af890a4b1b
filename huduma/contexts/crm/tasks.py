"""Deferred and scheduled work with the programs of bodies."""

from uuid import UUID

from django.utils import timezone

from huduma.contexts.crm import operations
from huduma.foundation import jobs


@jobs.job(name="crm.deliver")
def deliver(delivery_id: str) -> None:
    """Send one webhook; when it is tried again is written with it."""
    operations.deliver(delivery_id=UUID(delivery_id), now=timezone.now())


@jobs.every("17 * * * *", name="crm.forget")
def forget(timestamp: int) -> None:
    """Forget the ids of old webhooks."""
    operations.forget(timezone.now())
