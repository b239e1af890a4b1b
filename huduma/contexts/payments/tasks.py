"""Deferred work of payments."""

from uuid import UUID

from django.utils import timezone

from huduma.contexts.payments import operations
from huduma.foundation import jobs


@jobs.job(name="payments.push", attempts=3)
def push(payment_id: str) -> None:
    """Show the prompt on the payer's phone."""
    operations.push(UUID(payment_id))


@jobs.job(name="payments.query", attempts=10)
def query(payment_id: str) -> None:
    """Ask the gateway what became of a payment."""
    operations.query(UUID(payment_id))


@jobs.job(name="payments.read_callback", attempts=12)
def read_callback(callback_id: str) -> None:
    """Judge one callback; one that cannot be confirmed yet is read again later."""
    operations.read_callback(UUID(callback_id))


@jobs.every("*/10 * * * *", name="payments.close_period")
def close_period(timestamp: int) -> None:
    """Close the ledger's last ten minutes and roll them up."""
    operations.close_period(now=timezone.now())
