"""Giving money back by the way it came. By rule at once; by a person only after another person's approval."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from huduma.contexts.payments import events
from huduma.contexts.payments.models import GIVEN_TWICE, Bill, Payment, Receivable, Refund
from huduma.contexts.payments.operations import health
from huduma.contexts.payments.operations.ledger import book_further_payout, book_refund
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
from huduma.contexts.payments.rules import RECEIVABLE_ACCOUNT, REFUND_MOVES, REFUND_STATES, back_off, may_move
from huduma.foundation import ids, jobs, references
from huduma.foundation.access import SYSTEM, Actor
from huduma.foundation.journal import public as journal

ASK_AFTER = timedelta(seconds=90) / settings.PAYMENTS_PACE
ASK_LIMIT = timedelta(hours=24) / settings.PAYMENTS_PACE
#: For how long a gateway is asked of a refund that people ended, which it may have paid all the same.
ASK_ENDED_FOR = timedelta(days=30)
ENDED_BY_HAND = ("recorded", "closed", "succeeded")
PAID_TWICE = "paid-twice"
GIVEN_TWICE_WORDS = {"en": "Money that was given back twice", "sw": "Pesa zilizorudishwa mara mbili"}


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
    if refund.state not in ("sent", *ENDED_BY_HAND) or not isinstance(plug, Repays):
        return
    now = timezone.now()
    result = plug.query_repayment(_repayment(refund))
    if refund.state == "sent" and result.state == "pending":
        _ask_later(refund, now, "payments.query_refund")
    else:
        take_refund_result(refund_id=refund_id, result=result, now=now)


def order_last_queries(now: datetime) -> None:
    """Once a day: ask the gateways what became of refunds that people ended. One that was paid after all went out twice."""
    ended = Refund.objects.filter(state__in=ENDED_BY_HAND, approved_at__gt=now - ASK_ENDED_FOR, receivables=None)
    by_people = ended.filter(Q(hand_by__isnull=False) | Q(close_by__isnull=False))
    for refund_id in by_people.values_list("id", flat=True):
        jobs.defer("payments.query_refund", once=f"payments.query_refund:{refund_id}", refund_id=str(refund_id))


def take_refund_result(*, refund_id: UUID, result: Result, now: datetime) -> str:
    """Write down what became of a refund. Returns its state.

    A failure is for a person to look at, unless persons saw to it already; then it is what they assumed.
    """
    if result.state == "failed":
        _move(refund_id, "review", now, trouble=result.reason, since=("approved", "sending", "sent"))
    elif result.state == "paid":
        _paid(refund_id, result.receipt, now)
    return Refund.objects.get(id=refund_id).state


@transaction.atomic
def _move(
    refund_id: UUID, state: str, now: datetime, *, trouble: str = "", provider_id: str | None = None,
    since: tuple[str, ...] = REFUND_STATES,
) -> Refund | None:  # fmt: skip
    refund = Refund.objects.select_for_update(of=("self",)).select_related("payment").get(id=refund_id)
    if provider_id is not None and refund.provider_id is None:
        refund.provider_id = provider_id
        refund.save(update_fields=["provider_id"])
    if refund.state == state or refund.state not in since or not may_move(REFUND_MOVES, refund.state, state):
        return None
    refund.state, refund.trouble = state, trouble
    refund.save(update_fields=["state", "trouble"])
    if state == "review":
        event = events.RefundStuck(
            refund_id=refund.id, payment_id=refund.payment_id, bill_id=refund.payment.bill_id,
            amount_cents=refund.amount_cents,
        )  # fmt: skip
        journal.record(actor=SYSTEM, event=event, now=now)
    return refund


@transaction.atomic
def _paid(refund_id: UUID, receipt: str | None, now: datetime) -> None:
    """The gateway gave the money of a refund back: once, or more often than itself (under other receipts), a hand or another refund."""
    refund = Refund.objects.select_for_update(of=("self",)).select_related("payment").get(id=refund_id)
    gateway = refund.payment.gateway
    if refund.hand_from == gateway and (receipt or "").casefold() in ("", refund.hand_receipt.casefold()):
        if refund.state == "recorded":  # what somebody recorded is what the gateway tells of
            forget_hand(refund)
            finish_refund(refund, actor=SYSTEM, paid_from=gateway, receipt=receipt, now=now)
        return
    done = refund.state == "succeeded"
    by_hand = done and refund.hand_checked_by and refund.paid_from == refund.hand_from
    anew = done and receipt and refund.receipt and receipt.casefold() != refund.receipt.casefold()
    if by_hand or anew or (refund.state == "closed" and not is_still_ours(refund)):
        owe_further_payout(refund, actor=SYSTEM, gateway=gateway, receipt=receipt, now=now)
    elif may_move(REFUND_MOVES, refund.state, "succeeded") and refund.state != "succeeded":
        refund.trouble = (
            PAID_TWICE if refund.state == "recorded" else ""
        )  # whether the hand paid too, a second person looks
        finish_refund(refund, actor=SYSTEM, paid_from=gateway, receipt=receipt, now=now)


def owe_further_payout(refund: Refund, *, actor: Actor, gateway: str, receipt: str | None, now: datetime) -> None:
    """Book that the money of a refund went out once more, with a bill by which that comes back. The caller has locked the refund.

    One receipt is one payout; news without a receipt is of the payout out of that gateway that is known, if one is.
    """
    known = refund.receivables.filter(gateway=gateway)
    if known.filter(receipt__iexact=receipt).exists() if receipt else known.exists():
        return
    if receipt and known.filter(receipt=None).update(receipt=receipt):
        return
    receivable_id = ids.uuid7()
    payment = refund.payment
    line = {
        "code": GIVEN_TWICE, "description": GIVEN_TWICE_WORDS, "amount_cents": refund.amount_cents, "body_code": "",
        "account": RECEIVABLE_ACCOUNT,
    }  # fmt: skip
    bill = Bill.objects.create(
        payable_id=receivable_id, purpose=GIVEN_TWICE, reference=references.mint("HB"), description=GIVEN_TWICE_WORDS,
        lines=[line], total_cents=refund.amount_cents, currency=payment.currency, raised_at=now,
    )  # fmt: skip
    transfer_id = book_further_payout(refund, gateway=gateway, now=now)
    Receivable.objects.create(
        id=receivable_id, refund=refund, bill=bill, gateway=gateway, receipt=receipt, amount_cents=refund.amount_cents,
        transfer_id=transfer_id, found_at=now,
    )  # fmt: skip
    refund.trouble = PAID_TWICE
    refund.save(update_fields=["trouble"])
    event = events.RefundPaidTwice(
        refund_id=refund.id, payment_id=payment.id, bill_id=payment.bill_id, amount_cents=refund.amount_cents,
        transfer_id=transfer_id, owed_bill_id=bill.id,
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)


def forget_hand(refund: Refund) -> None:
    """Take back what somebody recorded of a payment by hand; the file stays, known by its digest in the journal."""
    refund.hand_by, refund.hand_from, refund.hand_receipt, refund.hand_note, refund.hand_file = None, "", "", "", None


def finish_refund(refund: Refund, *, actor: Actor, paid_from: str, receipt: str | None, now: datetime) -> None:
    """Write down that the money of a refund is back with whoever paid, out of which gateway, and book it.

    The caller has locked the refund.
    """
    refund.paid_from, refund.receipt = paid_from, receipt or refund.receipt
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
