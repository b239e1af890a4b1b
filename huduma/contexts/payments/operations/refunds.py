"""Giving money back by the way it came. By rule at once; by a person only after another person's approval."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from huduma.contexts.payments import events
from huduma.contexts.payments.models import Payment, Refund
from huduma.contexts.payments.operations import health
from huduma.contexts.payments.operations.ledger import book_refund
from huduma.contexts.payments.providers.base import (
    Asked,
    Rejected,
    Repayment,
    Repays,
    Result,
    Uncertain,
    gateways,
)
from huduma.contexts.payments.queries import is_still_ours
from huduma.contexts.payments.rules import REFUND_MOVES, back_off, may_move
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM, Actor
from huduma.foundation.journal import public as journal

ASK_AFTER = timedelta(seconds=90) / settings.PAYMENTS_PACE
ASK_LIMIT = timedelta(hours=24) / settings.PAYMENTS_PACE


def order_refund(*, payment: Payment, amount_cents: int, reason: str, now: datetime) -> Refund:
    """Give money back by rule: approved at once, sent by a job. The caller has locked the payment."""
    refund = Refund.objects.create(
        payment=payment,
        amount_cents=amount_cents,
        reason=reason,
        state="approved",
        token=secrets.token_urlsafe(32),
        asked_at=now,
        approved_at=now,
    )
    event = events.RefundOrdered(
        refund_id=refund.id, payment_id=payment.id, bill_id=payment.bill_id, amount_cents=amount_cents, reason=reason
    )
    journal.record(actor=SYSTEM, event=event, now=now)
    jobs.defer("payments.refund", refund_id=str(refund.id))
    return refund


def send_refund(refund_id: UUID) -> None:
    """Hand an approved refund to its gateway, after asking it once more whether the money really came.

    Run again it hands over the same refund under the same id, which the gateway knows: nobody is paid twice.
    """
    refund = Refund.objects.select_related("payment__bill").get(id=refund_id)
    if refund.state not in ("approved", "sending"):
        return
    payment, now = refund.payment, timezone.now()
    plug = gateways.get(payment.gateway)
    if not isinstance(plug, Repays):
        _move(refund_id, "review", now, trouble="by-hand")
        return
    if refund.state == "approved":
        checked = plug.query(_asked(payment))
        if checked.state == "failed":
            _move(refund_id, "review", now, trouble="contradicted")
            return
        if checked.state == "pending":
            _ask_later(refund, now, "payments.refund")
            return
        if _move(refund_id, "sending", now) is None:
            return
    try:
        if health.is_broken(payment.gateway, now):
            raise Uncertain("breaker")
        answer = plug.repay(_repayment(refund))
    except Rejected as rejected:
        _move(refund_id, "review", now, trouble=rejected.reason)
    except Uncertain as uncertain:
        if str(uncertain) != "breaker":
            health.went_wrong(payment.gateway, str(uncertain), now)
        _ask_later(refund, now, "payments.refund")
    else:
        health.went_well(payment.gateway, timezone.now())
        if isinstance(answer, Result):
            take_refund_result(refund_id=refund_id, result=answer, now=timezone.now())
        else:
            _move(refund_id, "sent", timezone.now(), provider_id=answer)
            _ask_later(refund, timezone.now(), "payments.query_refund")


def query_refund(refund_id: UUID) -> None:
    """Ask what became of a refund that was handed over; after a day without an answer a person looks."""
    refund = Refund.objects.select_related("payment__bill").get(id=refund_id)
    plug = gateways.get(refund.payment.gateway)
    if refund.state != "sent" or not isinstance(plug, Repays):
        return
    now = timezone.now()
    result = plug.query_repayment(_repayment(refund))
    if result.state == "pending":
        _ask_later(refund, now, "payments.query_refund")
    else:
        take_refund_result(refund_id=refund_id, result=result, now=now)


def take_refund_result(*, refund_id: UUID, result: Result, now: datetime) -> str:
    """Write down what became of a refund; a failure is for a person to look at. Returns the refund's state."""
    if result.state == "pending":
        return Refund.objects.get(id=refund_id).state
    if result.state == "failed":
        _move(refund_id, "review", now, trouble=result.reason)
    else:
        _move(refund_id, "succeeded", now, receipt=result.receipt)
    return Refund.objects.get(id=refund_id).state


@transaction.atomic
def _move(
    refund_id: UUID, state: str, now: datetime, *, trouble: str = "", provider_id: str | None = None,
    receipt: str | None = None,
) -> Refund | None:  # fmt: skip
    refund = Refund.objects.select_for_update(of=("self",)).select_related("payment").get(id=refund_id)
    if provider_id is not None and refund.provider_id is None:
        refund.provider_id = provider_id
        refund.save(update_fields=["provider_id"])
    if refund.state == state or not may_move(REFUND_MOVES, refund.state, state):
        return None
    refund.trouble, refund.receipt = trouble, receipt or refund.receipt
    if state == "succeeded":
        if refund.state == "recorded":  # somebody paid it by hand, and now the gateway did too
            refund.trouble = "paid-twice"
        if refund.state == "closed" and not is_still_ours(refund):  # its money went another way
            refund.trouble = "paid-twice"
            refund.save(update_fields=["trouble", "receipt"])
            return None
        finish_refund(refund, actor=SYSTEM, now=now)
        return refund
    refund.state = state
    refund.save(update_fields=["state", "trouble", "receipt"])
    if state == "review":
        event = events.RefundStuck(
            refund_id=refund.id, payment_id=refund.payment_id, bill_id=refund.payment.bill_id,
            amount_cents=refund.amount_cents,
        )  # fmt: skip
        journal.record(actor=SYSTEM, event=event, now=now)
    return refund


def finish_refund(refund: Refund, *, actor: Actor, now: datetime) -> None:
    """Write down that the money of a refund is back with whoever paid, and book it; the caller has locked the refund."""
    transfer_id = book_refund(refund, now=now)
    refund.state, refund.finished_at = "succeeded", now
    refund.save()
    event = events.RefundSucceeded(
        refund_id=refund.id,
        payment_id=refund.payment_id,
        bill_id=refund.payment.bill_id,
        amount_cents=refund.amount_cents,
        transfer_id=transfer_id,
    )
    journal.record(actor=actor, event=event, now=now)


def _ask_later(refund: Refund, now: datetime, job: str) -> None:
    age = now - (refund.approved_at or refund.asked_at)
    if age >= ASK_LIMIT:
        _move(refund.id, "review", now, trouble="no-answer")
        return
    jobs.defer(job, at=now + back_off(age, ASK_AFTER), once=f"{job}:{refund.id}", refund_id=str(refund.id))


def _asked(payment: Payment) -> Asked:
    return Asked(
        id=payment.id.hex, checkout_id=payment.checkout_id or "", receipt=payment.receipt or "",
        reference=payment.bill.reference if payment.bill else payment.typed_reference, phone=payment.phone,
        amount_cents=payment.amount_cents, started_at=payment.started_at, callback_url="",
    )  # fmt: skip


def _repayment(refund: Refund) -> Repayment:
    payment = refund.payment
    address = f"{settings.HOOKS_BASE_URL}/hooks/payments/{gateways.get(payment.gateway).address}/{refund.token}/"
    return Repayment(
        id=refund.id.hex, amount_cents=refund.amount_cents, currency=payment.currency,
        whole=refund.amount_cents == payment.received_cents, phone=payment.phone, checkout_id=payment.checkout_id or "",
        receipt=payment.receipt or "", provider_id=refund.provider_id or "", result_url=address,
    )  # fmt: skip
