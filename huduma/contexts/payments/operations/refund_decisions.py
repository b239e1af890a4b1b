"""Refunds by people: one proposes, another approves; what no gateway can give back is paid by hand, or closed, on the word of two."""

import secrets
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from huduma.contexts.payments import events
from huduma.contexts.payments.models import Payment, Refund
from huduma.contexts.payments.operations.locking import lock_bill
from huduma.contexts.payments.operations.refunds import PAID_TWICE, finish_refund, forget_hand, owe_further_payout
from huduma.contexts.payments.operations.settling import leave_basket, settle_if_covered
from huduma.contexts.payments.operations.worklist import NotWaiting, ProposedAlready, ReasonMissing, SecondPersonNeeded
from huduma.contexts.payments.providers.base import gateways
from huduma.contexts.payments.queries import MONEY_ROLES, closed_left_cents, closed_refund_of, refundable_cents
from huduma.contexts.payments.rules import CREDITED_STATES
from huduma.foundation import jobs
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.files import public as files
from huduma.foundation.journal import public as journal


class NothingReceived(Refusal):
    """No money came by this payment: there is nothing to give back. If it came after all, ask the gateway again first."""


class MoreThanReceived(Refusal):
    """That is more than is left of this payment. Type an amount up to what was received and has not gone back."""


class WholeOnly(Refusal):
    """This money waits for the rest of a bill. It goes back as a whole, or stays."""


class BillStillOpen(Refusal):
    """This money paid an instalment of a bill that is still open. Wait until the bill is settled, or ask to waive the rest."""


class MustGoBack(Refusal):
    """The bill that this money waited for is not open any more, so nothing needs it: it has to go back."""


class EvidenceMissing(Refusal):
    """Type the number of the voucher, bank transfer or receipt that proves the payment: a second person looks it up."""


class SlipMissing(Refusal):
    """Add the scanned slip, voucher or transfer: a photo or a PDF. A second person and the auditor look at it."""


class ClosedFirst(Refusal):
    """A refund of this payment was closed without paying. Propose at most its amount first; the rest after that."""


class CheckedByPayer(Refusal):
    """You recorded this yourself. A second person has to look at the evidence."""


@transaction.atomic
def propose_refund(*, actor: Actor, payment_id: UUID, amount_cents: int, note: str, now: datetime) -> Refund:
    """Propose to give money back, for a reason that no rule knows. Nothing leaves before another person approves.

    Raises NotPermitted, NotFound, NothingReceived, BillStillOpen, ReasonMissing, MoreThanReceived, WholeOnly, ClosedFirst,
    and ProposedAlready, so that a form that was sent twice proposes once.
    """
    account_id = _minder(actor)
    payment = Payment.objects.select_for_update().filter(id=payment_id).first()
    if payment is None:
        raise NotFound
    if payment.state not in CREDITED_STATES:
        raise NothingReceived
    if payment.state == "applied" and payment.bill is not None and payment.bill.state == "open":
        raise BillStillOpen
    if not note.strip():
        raise ReasonMissing
    if not 0 < amount_cents <= refundable_cents(payment):
        raise MoreThanReceived
    if payment.state == "held" and amount_cents != payment.received_cents:
        raise WholeOnly
    if payment.refunds.filter(state="proposed").exists():
        raise ProposedAlready
    closed = closed_refund_of(payment)
    if closed is not None and amount_cents > closed_left_cents(payment):
        raise ClosedFirst
    reason = closed.reason if closed else "no-bill" if payment.bill_id is None else "decision"
    refund = Refund.objects.create(
        payment=payment, amount_cents=amount_cents, reason=reason,
        note=note.strip(), state="proposed", asked_by=account_id, token=secrets.token_urlsafe(32), asked_at=now,
    )  # fmt: skip
    _record(actor, events.RefundProposed, refund, now)
    return refund


@transaction.atomic
def decide_refund(*, actor: Actor, refund_id: UUID, approve: bool, now: datetime) -> Refund:
    """Agree that money goes back, which sends it, or reject it. Whoever proposed may only take it back.

    What was held for a bill counts for it again once the proposal is rejected.
    Raises NotPermitted, NotFound, NotWaiting, SecondPersonNeeded, MustGoBack.
    """
    account_id = _minder(actor)
    bill_id = Refund.objects.filter(id=refund_id).values_list("payment__bill_id", flat=True).first()
    bill = lock_bill(bill_id) if bill_id else None
    refund = _locked(refund_id, "proposed")
    if approve and refund.asked_by == account_id:
        raise SecondPersonNeeded
    if not approve:
        if refund.payment.state == "held" and bill is not None and bill.state != "open":
            raise MustGoBack
        refund.state, refund.finished_at = "rejected", now
        refund.save(update_fields=["state", "finished_at"])
        _record(actor, events.RefundRejected, refund, now)
        if bill is not None:
            settle_if_covered(bill, now)
            leave_basket(bill, now)
        return refund
    refund.state, refund.approved_by, refund.approved_at = "approved", account_id, now
    refund.save(update_fields=["state", "approved_by", "approved_at"])
    Payment.objects.filter(id=refund.payment_id, state="held").update(state="surplus")
    _record(actor, events.RefundApproved, refund, now)
    jobs.defer("payments.refund", refund_id=str(refund.id))
    return refund


@transaction.atomic
def record_by_hand(
    *, actor: Actor, refund_id: UUID, hand_from: str, evidence: str, note: str, slip: bytes, slip_name: str, now: datetime
) -> Refund:  # fmt: skip
    """Say that a refund which waits for a person was paid by hand: out of which gateway's money, and what proves it.

    `slip` is the scanned paper (PDF, JPEG or PNG); it is judged and scanned like any file that somebody hands in.
    Raises NotPermitted, NotFound, NotWaiting, EvidenceMissing, SlipMissing, and what `files.store` raises.
    """
    account_id = _minder(actor)
    refund = _locked(refund_id, "review")
    if hand_from not in dict(gateways.items()):
        raise NotFound
    if not evidence.strip() or not note.strip():
        raise EvidenceMissing
    if not slip:
        raise SlipMissing
    kept = files.store(actor=actor, content=slip, name=slip_name, now=now)
    refund.state, refund.hand_by, refund.hand_from, refund.hand_file = "recorded", account_id, hand_from, kept
    refund.hand_receipt, refund.hand_note = evidence.strip()[:60], note.strip()
    refund.save(update_fields=["state", "hand_by", "hand_from", "hand_file", "hand_receipt", "hand_note"])
    _record(actor, events.RefundRecorded, refund, now, hand_from=hand_from, slip_sha256=kept.sha256)
    return refund


@transaction.atomic
def check_by_hand(*, actor: Actor, refund_id: UUID, found: bool, now: datetime) -> Refund:
    """Confirm, as a second person, that the evidence is there: then the refund is done and booked. Else it waits again.

    Where the gateway paid it meanwhile, evidence says that the money went out twice: whoever got it owes it from now on.
    Raises NotPermitted, NotFound, NotWaiting, CheckedByPayer.
    """
    account_id = _minder(actor)
    refund = _locked(refund_id, "recorded", "succeeded")
    is_paid = refund.state == "succeeded"  # by the gateway
    if is_paid and (refund.trouble != PAID_TWICE or refund.hand_by is None or refund.hand_checked_by):
        raise NotWaiting
    if found and refund.hand_by == account_id:
        raise CheckedByPayer
    if found:
        refund.hand_checked_by = account_id
        if is_paid:
            refund.save(update_fields=["hand_checked_by"])
            owe_further_payout(
                refund, actor=actor, gateway=refund.hand_from, receipt=refund.hand_receipt or None, now=now
            )
        else:
            finish_refund(refund, actor=actor, paid_from=refund.hand_from, receipt=refund.hand_receipt, now=now)
        return refund
    forget_hand(refund)
    if is_paid:
        refund.state, refund.trouble = "succeeded", PAID_TWICE if refund.receivables.exists() else ""
    else:
        refund.state = "review"
    refund.save()
    _record(actor, events.RefundNotFound, refund, now)
    return refund


@transaction.atomic
def propose_closing(*, actor: Actor, refund_id: UUID, reason: str, now: datetime) -> Refund:
    """Propose to end a refund that got stuck (the gateway never answers, or the money never came): its money surely did not leave.

    Raises NotPermitted, NotFound, NotWaiting, ReasonMissing.
    """
    account_id = _minder(actor)
    refund = _locked(refund_id, "review")
    if not reason.strip():
        raise ReasonMissing
    refund.state, refund.close_by, refund.close_note = "closing", account_id, reason.strip()
    refund.save(update_fields=["state", "close_by", "close_note"])
    _record(actor, events.RefundClosing, refund, now)
    return refund


@transaction.atomic
def decide_closing(*, actor: Actor, refund_id: UUID, approve: bool, now: datetime) -> Refund:
    """Agree that a refund ends without paying, or let it wait again; whoever proposed may only take it back.

    Its money stays with us and waits on the list until somebody proposes to give it back anew. Should the gateway pay it after all,
    that counts; if the money went another way by then, it is shown as paid twice.
    Raises NotPermitted, NotFound, NotWaiting, SecondPersonNeeded.
    """
    account_id = _minder(actor)
    refund = _locked(refund_id, "closing")
    if approve and refund.close_by == account_id:
        raise SecondPersonNeeded
    if approve:
        refund.state, refund.close_checked_by, refund.finished_at = "closed", account_id, now
    else:
        refund.state, refund.close_by, refund.close_note = "review", None, ""
    refund.save(update_fields=["state", "close_by", "close_note", "close_checked_by", "finished_at"])
    _record(actor, events.RefundClosed if approve else events.RefundNotClosed, refund, now)
    return refund


def _minder(actor: Actor) -> UUID:
    actor.require_everywhere(*MONEY_ROLES)
    if actor.account_id is None:
        raise NotPermitted
    return actor.account_id


def _locked(refund_id: UUID, *states: str) -> Refund:
    refund = Refund.objects.select_for_update(of=("self",)).select_related("payment").filter(id=refund_id).first()
    if refund is None:
        raise NotFound
    if refund.state not in states:
        raise NotWaiting
    return refund


def _record(actor: Actor, kind: Callable[..., journal.Event], refund: Refund, now: datetime, **more: str) -> None:
    event = kind(
        refund_id=refund.id, payment_id=refund.payment_id, bill_id=refund.payment.bill_id,
        amount_cents=refund.amount_cents, **more,
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)
