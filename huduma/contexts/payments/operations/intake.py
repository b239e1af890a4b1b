"""What gateways send: kept as it came, answered at once, judged by a job."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from huduma.contexts.payments.models import OPEN_STATES, Callback, Payment
from huduma.contexts.payments.operations.collection import fail, settle
from huduma.contexts.payments.providers.base import Malformed, Result, gateways
from huduma.foundation import jobs

CALLBACK_LIMIT_BYTES = 65_536


class NotConfirmed(Exception):
    """A callback claims success and the gateway does not say so (yet): asked again later."""


@transaction.atomic
def receive_callback(*, gateway: str, token: str, headers: dict[str, str], body: bytes, now: datetime) -> None:
    """Keep a callback as it came and enqueue its reading. Never refuses: what is wrong with it is found out later."""
    callback = Callback.objects.create(
        gateway=gateway, token=token[:100], headers=headers, body=body[:CALLBACK_LIMIT_BYTES], received_at=now
    )
    jobs.defer("payments.read_callback", callback_id=str(callback.id))


def read_callback(callback_id: UUID) -> None:
    """Judge one callback. A claimed success is confirmed by a query first; raises NotConfirmed to be run again."""
    callback = Callback.objects.get(id=callback_id)
    if callback.processed_at is not None:
        return
    outcome = _judge(callback)
    Callback.objects.filter(id=callback_id).update(processed_at=timezone.now(), outcome=outcome)


def _judge(callback: Callback) -> str:
    payment = Payment.objects.filter(gateway=callback.gateway, token=callback.token).first()
    if payment is None:
        return "unknown-token"
    gateway = gateways.get(callback.gateway)
    try:
        notice = gateway.parse(bytes(callback.body))
    except Malformed:
        return "malformed"
    if payment.checkout_id is None and payment.state in OPEN_STATES:
        # The push's own answer was lost, or is slower than its callback.
        payment = _adopt(payment.id, notice.checkout_id)
    if payment.checkout_id != notice.checkout_id:
        return "other-checkout"
    if notice.result.state == "failed":
        confirmed = gateway.query(notice.checkout_id)  # a forged failure must not make anybody pay twice
        if confirmed.state == "failed":
            fail(payment_id=payment.id, reason=confirmed.reason, now=timezone.now())
            return "failed"
        return _confirm(payment, confirmed, payment.amount_cents, None)
    amount = notice.amount_cents if notice.amount_cents is not None else payment.amount_cents
    return _confirm(payment, gateway.query(notice.checkout_id), amount, notice.receipt)


def _confirm(payment: Payment, confirmed: Result, amount_cents: int, receipt: str | None) -> str:
    if confirmed.state == "paid":
        settle(payment_id=payment.id, amount_cents=amount_cents, receipt=receipt, now=timezone.now())
        return "settled"
    if confirmed.state == "failed":
        return "contradicted"
    raise NotConfirmed


@transaction.atomic
def _adopt(payment_id: UUID, checkout_id: str) -> Payment:
    payment = Payment.objects.select_for_update().get(id=payment_id)
    if payment.checkout_id is None and not Payment.objects.filter(checkout_id=checkout_id).exists():
        payment.checkout_id = checkout_id
        payment.save(update_fields=["checkout_id"])
    return payment
