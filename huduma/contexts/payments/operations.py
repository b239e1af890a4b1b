"""Billing and being paid. The legal moves between a payment's states are in docs/runbooks/unknown-payment.md."""

import secrets
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from huduma.contexts.payments import events
from huduma.contexts.payments.models import OPEN_STATES, Bill, Callback, GatewayToken, Payment
from huduma.contexts.payments.providers.base import Malformed, Rejected, Result, Uncertain, gateways
from huduma.contexts.payments.queries import may_see
from huduma.foundation import ids, jobs, references
from huduma.foundation import phone as phones
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

FIRST_QUERY = timedelta(seconds=90)
QUERY_LIMIT = timedelta(hours=24)
LOST_PUSH = timedelta(minutes=10)
CALLBACK_LIMIT_BYTES = 65_536


class AlreadyPaid(Refusal):
    """This bill is paid already. There is nothing more to pay."""


class BillCancelled(Refusal):
    """This bill was cancelled. There is nothing to pay."""


class NotAPhone(Refusal):
    """That is not a phone number we can reach. Type it like 0712 345 678."""


class NotConfirmed(Exception):
    """A callback claims success and the gateway does not say so (yet): asked again later."""


@transaction.atomic
def raise_bill(
    *, actor: Actor, payable_id: UUID, purpose: str, payer_person_id: UUID | None, description: dict[str, str],
    lines: list[dict[str, Any]], now: datetime,
) -> Bill:  # fmt: skip
    """Raise a bill once for a thing and purpose; a second call returns the first bill.

    Each line: code, description {en, sw}, amount_cents (> 0), body_code.
    """
    bill, created = Bill.objects.get_or_create(
        payable_id=payable_id,
        purpose=purpose,
        defaults={
            "reference": references.mint("HB"),
            "payer_person_id": payer_person_id,
            "description": description,
            "lines": lines,
            "total_cents": sum(line["amount_cents"] for line in lines),
            "raised_at": now,
        },
    )
    if created:
        event = events.BillRaised(bill_id=bill.id, payable_id=payable_id, amount_cents=bill.total_cents)
        journal.record(actor=actor, event=event, now=now)
    return bill


@transaction.atomic
def cancel_bills(*, actor: Actor, payable_id: UUID, now: datetime) -> int:
    """Cancel the open bills of a thing that is no longer wanted; returns how many. Money that still comes goes to suspense.

    Raises NotPermitted: only the platform itself cancels, for the context that knows whose thing it is.
    """
    actor.require_role()
    bills = Bill.objects.select_for_update().filter(payable_id=payable_id, state="open")
    for bill in bills:
        bill.state = "cancelled"
        bill.save(update_fields=["state"])
        journal.record(actor=actor, event=events.BillCancelled(bill_id=bill.id, payable_id=payable_id), now=now)
    return len(bills)


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
            legs[f"body:{line['body_code']}"] -= line["amount_cents"]
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


@transaction.atomic
def shared_token(gateway: str, fresh: bool, issue: Callable[[], tuple[str, timedelta]]) -> str:
    """Return a gateway's access token, getting a new one when the old has aged or `fresh` is asked.

    The row lock is held over that call on purpose: two refreshes at once would void each other's token.
    """
    GatewayToken.objects.get_or_create(gateway=gateway, defaults={"value": "", "expires_at": timezone.now()})
    kept = GatewayToken.objects.select_for_update().get(gateway=gateway)
    if fresh or kept.expires_at <= timezone.now():
        kept.value, life = issue()
        kept.expires_at = timezone.now() + life
        kept.save(update_fields=["value", "expires_at"])
    return kept.value


def transfer(*, kind: str, legs: dict[str, int], payment_id: UUID | None, currency: str, now: datetime) -> UUID:
    """Write one balanced transfer in one statement. `legs`: account code → cents, debit positive, credit negative."""
    transfer_id = ids.uuid7()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT payments_transfer(%s, %s, %s, %s, %s, %s, %s)",
            [transfer_id, kind, payment_id, currency, now, list(legs), list(legs.values())],
        )
    return transfer_id
