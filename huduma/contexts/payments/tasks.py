"""Deferred work of payments."""

from uuid import UUID

from django.utils import timezone

from huduma.contexts.payments import operations
from huduma.foundation import jobs


@jobs.job(name="payments.push", attempts=3)
def push(payment_id: str) -> None:
    """Ask the gateway for the payment: show the prompt, or open the page."""
    operations.push(UUID(payment_id))


@jobs.job(name="payments.query", attempts=10)
def query(payment_id: str) -> None:
    """Ask the gateway what became of a payment."""
    operations.query(UUID(payment_id))


@jobs.job(name="payments.confirm", attempts=5)
def confirm(payment_id: str) -> None:
    """Order the gateway's own word on money that came unasked."""
    operations.confirm(UUID(payment_id))


@jobs.job(name="payments.read_callback", attempts=12)
def read_callback(callback_id: str) -> None:
    """Judge one callback; one that cannot be confirmed yet is read again later."""
    operations.read_callback(UUID(callback_id))


@jobs.every("*/10 * * * *", name="payments.close_period")
def close_period(timestamp: int) -> None:
    """Close the ledger's last ten minutes and roll them up."""
    operations.close_period(now=timezone.now())


@jobs.job(name="payments.refund", attempts=10)
def refund(refund_id: str) -> None:
    """Hand an approved refund to its gateway."""
    operations.send_refund(UUID(refund_id))


@jobs.job(name="payments.query_refund", attempts=10)
def query_refund(refund_id: str) -> None:
    """Ask the gateway what became of a refund."""
    operations.query_refund(UUID(refund_id))


@jobs.every("20 4 * * *", name="payments.last_queries")
def last_queries(timestamp: int) -> None:
    """Ask what became of refunds that people ended."""
    operations.order_last_queries(timezone.now())


@jobs.every("*/5 * * * *", name="payments.pull")
def pull(timestamp: int) -> None:
    """Fetch the gateways' own lists of what they received."""
    operations.pull(timezone.now())


@jobs.every("*/5 * * * *", name="payments.sweep")
def sweep(timestamp: int) -> None:
    """Take up again what lost its job."""
    operations.sweep(timezone.now())


@jobs.every("40 5 * * *", name="payments.terms")
def terms(timestamp: int) -> None:
    """Each morning: remind of instalments, end plans of which one was missed, add the penalties of bills that are late."""
    now = timezone.now()
    operations.mind_instalments(now)
    operations.add_penalties(now)


@jobs.every("7 * * * *", name="payments.balances")
def balances(timestamp: int) -> None:
    """Ask the gateways what they hold for us."""
    operations.order_balances()


@jobs.job(name="payments.register", attempts=10)
def register() -> None:
    """Tell the gateways where to send their news."""
    operations.register()
