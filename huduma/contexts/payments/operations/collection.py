"""Asking for the money of a bill, and what becomes of each attempt. The legal moves are in docs/runbooks/unknown-payment.md."""

import secrets
from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from huduma.contexts.payments import events
from huduma.contexts.payments.models import OPEN_STATES, Bill, Payment
from huduma.contexts.payments.operations.ledger import account_of, transfer
from huduma.contexts.payments.providers.base import Rejected, Uncertain, gateways
from huduma.contexts.payments.queries import may_see
from huduma.foundation import jobs
from huduma.foundation import phone as phones
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

FIRST_QUERY = timedelta(seconds=90)
QUERY_LIMIT = timedelta(hours=24)
LOST_PUSH = timedelta(minutes=10)


class AlreadyPaid(Refusal):
    """This bill is paid already. There is nothing more to pay."""


class BillCancelled(Refusal):
    """This bill was cancelled. There is nothing to pay."""


class NotAPhone(Refusal):
    """That is not a phone number we can reach. Type it like 0712 345 678."""


@transaction.atomic
def start_payment(*, actor: Actor, bill_id: UUID, phone: str, now: datetime, gateway: str = "mpesa") -> Payment:
    """Ask a phone (the payer's own or another's) for the money of a bill.

    While a payment of the bill is open, that one is returned and nobody is asked again: a double click asks once.
    Raises NotFound unless the bill is the actor's, AlreadyPaid, BillCancelled, NotAPhone.
    """
    bill = Bill.objects.select_for_update().filter(id=bill_id).first()
    if bill is None or not may_see(actor, bill):
        raise NotFound
    if bill.state == "cancelled":
        raise BillCancelled
    if bill.state != "open":
        raise AlreadyPaid
    running = bill.payments.filter(state__in=OPEN_STATES).first()
    if running is not None:
        return running
    try:
        number = phones.parse_mobile(phone)
    except phones.InvalidPhone:
        raise NotAPhone from None
    payment = Payment.objects.create(
        bill=bill,
        gateway=gateway,
        phone=number,
        amount_cents=bill.total_cents,
        token=secrets.token_urlsafe(32),
        started_at=now,
    )
    event = events.PaymentStarted(payment_id=payment.id, bill_id=bill.id, payable_id=bill.payable_id)
    journal.record(actor=actor, event=event, now=now)
    jobs.defer("payments.push", payment_id=str(payment.id))
    return payment


def push(payment_id: UUID) -> None:
    """Show the prompt, once. A worker that died in mid-call leaves "unknown": the prompt may be on the phone."""
    payment = _move(payment_id, {"requested"}, "pushing")
    if payment is None:
        if _move(payment_id, {"pushing"}, "unknown"):
            _look_again(payment_id, timezone.now() + LOST_PUSH)
        return
    callback_url = f"{settings.HOOKS_BASE_URL}/hooks/payments/{payment.gateway}/{payment.token}/"
    try:
        checkout_id = gateways.get(payment.gateway).push(
            phone=payment.phone,
            amount_cents=payment.amount_cents,
            reference=payment.bill.reference,
            callback_url=callback_url,
        )
    except Rejected as rejected:
        fail(payment_id=payment_id, reason=rejected.reason, now=timezone.now())
    except Uncertain:
        _move(payment_id, {"pushing"}, "unknown")
        _look_again(payment_id, timezone.now() + LOST_PUSH)
    else:
        _move(payment_id, {"pushing"}, "pending", checkout_id=checkout_id)
        _look_again(payment_id, timezone.now() + FIRST_QUERY)


@transaction.atomic
def _move(payment_id: UUID, since: set[str], state: str, checkout_id: str | None = None) -> Payment | None:
    payment = Payment.objects.select_for_update(of=("self",)).select_related("bill").get(id=payment_id)
    if checkout_id is not None and payment.checkout_id is None:
        payment.checkout_id = checkout_id
        payment.save(update_fields=["checkout_id"])
    if payment.state not in since:
        return None
    payment.state = state
    payment.save(update_fields=["state"])
    return payment


def _look_again(payment_id: UUID, at: datetime) -> None:
    jobs.defer("payments.query", at=at, payment_id=str(payment_id))


def query(payment_id: UUID) -> None:
    """Ask the gateway what became of an open payment; ask again, ever later, while it does not know."""
    payment = Payment.objects.get(id=payment_id)
    if payment.state not in OPEN_STATES:
        return
    now = timezone.now()
    if payment.checkout_id is None:  # the push was lost and nothing called back: there is nothing to ask about
        fail(payment_id=payment_id, reason="lost", now=now)
        return
    result = gateways.get(payment.gateway).query(payment.checkout_id)
    if result.state == "paid":
        settle(payment_id=payment_id, amount_cents=payment.amount_cents, receipt=None, now=now)
    elif result.state == "failed":
        fail(payment_id=payment_id, reason=result.reason, now=now)
    elif now - payment.started_at < QUERY_LIMIT:
        _look_again(payment_id, now + max(FIRST_QUERY, (now - payment.started_at) / 2))
    else:
        _move(payment_id, {"pending"}, "unknown")  # from here a person looks: docs/runbooks/unknown-payment.md


@transaction.atomic
def settle(*, payment_id: UUID, amount_cents: int, receipt: str | None, now: datetime) -> None:
    """Credit a payment that the gateway confirmed, once, whatever was believed of it before.

    The exact amount for an open bill settles it. Anything else (another amount, a bill paid by another payment) goes to
    suspense: the money is ours to explain, never lost and never guessed.
    """
    bill = Bill.objects.select_for_update().get(payments__id=payment_id)
    payment = Payment.objects.select_for_update().get(id=payment_id)
    if payment.state in ("succeeded", "mismatched", "surplus"):
        if receipt and payment.receipt is None:
            payment.receipt = receipt
            payment.save(update_fields=["receipt"])
        return
    payment.receipt, payment.finished_at, payment.reason = receipt, now, ""
    legs = Counter({f"gateway:{payment.gateway}": amount_cents})
    if bill.state == "open" and amount_cents == bill.total_cents:
        payment.state = "succeeded"
        for line in bill.lines:
            legs[account_of(line)] -= line["amount_cents"]
        bill.state, bill.settled_at = "settled", now
        bill.save(update_fields=["state", "settled_at"])
        event: journal.Event = events.BillSettled(
            bill_id=bill.id, payment_id=payment.id, payable_id=bill.payable_id, amount_cents=amount_cents
        )
    else:
        payment.state = "mismatched" if bill.state == "open" else "surplus"
        legs["suspense"] -= amount_cents
        event = events.PaymentSuspended(
            payment_id=payment.id, bill_id=bill.id, payable_id=bill.payable_id, amount_cents=amount_cents
        )
    payment.save(update_fields=["state", "receipt", "finished_at", "reason"])
    transfer(kind="collection", legs=dict(legs), payment_id=payment.id, currency=bill.currency, now=now)
    journal.record(actor=SYSTEM, event=event, now=now)


@transaction.atomic
def fail(*, payment_id: UUID, reason: str, now: datetime) -> None:
    """Record that an open payment did not happen. A payment that is finished stays as it is."""
    payment = Payment.objects.select_for_update(of=("self",)).select_related("bill").get(id=payment_id)
    if payment.state not in OPEN_STATES:
        return
    payment.state, payment.reason, payment.finished_at = "failed", reason, now
    payment.save(update_fields=["state", "reason", "finished_at"])
    event = events.PaymentFailed(
        payment_id=payment.id, bill_id=payment.bill_id, payable_id=payment.bill.payable_id, reason=reason
    )
    journal.record(actor=SYSTEM, event=event, now=now)
