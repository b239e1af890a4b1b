"""Letting a payer off: asked by one person of the body, with the reason and the law; decided by another."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from django.db import transaction

from huduma.contexts.payments import events
from huduma.contexts.payments.models import Bill, Waiver
from huduma.contexts.payments.operations.collection import PaymentUnderWay, require_open
from huduma.contexts.payments.operations.ledger import transfer
from huduma.contexts.payments.operations.locking import lock_bill
from huduma.contexts.payments.operations.settling import leave_basket, settle_if_covered
from huduma.contexts.payments.operations.worklist import ProposedAlready, ReasonMissing, SecondPersonNeeded
from huduma.contexts.payments.queries.dues import applied_cents, running_payment
from huduma.contexts.payments.rules import account_of, in_order, net_amounts, waived
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal

ASKERS = ("officer", "supervisor")
DECIDERS = ("supervisor", "accounting_officer")
WORDS = {
    "waiver": {"en": "Waived", "sw": "Kiasi kilichosamehewa"},
    "exemption": {"en": "Exempt", "sw": "Msamaha wa kisheria"},
}


class LawMissing(Refusal):
    """Name the law or notice that allows it: without one nobody may waive a fee (Constitution, article 210)."""


class MoreThanOwed(Refusal):
    """That is more than is still owed to this body on this bill. Type an amount up to that."""


class WaiverDecided(Refusal):
    """This request was decided already. Look at the bill again."""


@transaction.atomic
def ask_waiver(
    *, actor: Actor, bill_id: UUID, body_code: str, kind: str, amount_cents: int | None, reason: str, legal_basis: str,
    now: datetime,
) -> Waiver:  # fmt: skip
    """Ask to let the payer off what a bill owes to one body, in part or (None) whole. `kind`: "waiver", or "exemption" by law.

    Raises NotPermitted, NotFound, AlreadyPaid, BillCancelled, ReasonMissing, LawMissing, MoreThanOwed, ProposedAlready.
    """
    actor.require_role(*ASKERS, body=body_code)
    bill = lock_bill(bill_id)
    if actor.account_id is None:
        raise NotPermitted
    if bill is None or bill.is_basket or kind not in WORDS:
        raise NotFound
    require_open(bill)
    if not reason.strip():
        raise ReasonMissing
    if not legal_basis.strip():
        raise LawMissing
    room = sum(rooms(bill, body_code))
    cents = room if amount_cents is None else amount_cents
    if not 0 < cents <= room:
        raise MoreThanOwed
    if bill.waivers.filter(body_code=body_code, state="proposed").exists():
        raise ProposedAlready
    waiver = Waiver.objects.create(
        bill=bill, kind=kind, body_code=body_code, amount_cents=cents, reason=reason.strip(),
        legal_basis=legal_basis.strip()[:200], asked_by=actor.account_id, asked_at=now,
    )  # fmt: skip
    event = events.WaiverAsked(waiver_id=waiver.id, bill_id=bill.id, payable_id=bill.payable_id, amount_cents=cents)
    journal.record(actor=actor, event=event, now=now)
    return waiver


@transaction.atomic
def decide_waiver(*, actor: Actor, waiver_id: UUID, approve: bool, now: datetime) -> Waiver:
    """Agree to such a request, which takes it off the bill, or reject it. Whoever asked may only take it back.

    Raises NotPermitted, NotFound, WaiverDecided, SecondPersonNeeded, AlreadyPaid, BillCancelled, PaymentUnderWay, MoreThanOwed.
    """
    bill_id = Waiver.objects.filter(id=waiver_id).values_list("bill_id", flat=True).first()
    bill = lock_bill(bill_id) if bill_id else None
    if bill is None:
        raise NotFound
    waiver = Waiver.objects.select_for_update().get(id=waiver_id)
    own = waiver.asked_by == actor.account_id
    actor.require_role(*(ASKERS if own and not approve else DECIDERS), body=waiver.body_code)
    if waiver.state != "proposed":
        raise WaiverDecided
    if approve:
        if own or actor.account_id is None:
            raise SecondPersonNeeded
        _take_off(bill, waiver, now)
    waiver.state, waiver.decided_by, waiver.decided_at = ("approved" if approve else "rejected"), actor.account_id, now
    waiver.save()
    event = events.WaiverDecided(
        waiver_id=waiver.id,
        bill_id=bill.id,
        payable_id=bill.payable_id,
        amount_cents=waiver.amount_cents,
        approved=approve,
    )
    journal.record(actor=actor, event=event, now=now)
    if approve:
        settle_if_covered(bill, now)
        leave_basket(bill, now)
    return waiver


def _take_off(bill: Bill, waiver: Waiver, now: datetime) -> None:
    require_open(bill)
    if running_payment(bill) is not None:
        raise PaymentUnderWay
    left = rooms(bill, waiver.body_code)
    if waiver.amount_cents > sum(left):
        raise MoreThanOwed
    words = {"code": waiver.kind, "description": WORDS[waiver.kind], "legal_notice": waiver.legal_basis}
    added = waived(bill.lines, left, waiver.amount_cents, words)
    bill.lines, bill.total_cents = [*bill.lines, *added], bill.total_cents - waiver.amount_cents
    legs: Counter[str] = Counter()
    for line in added:
        _, _, path = account_of(line).partition(":")
        legs[f"waived:{path}"] -= line["amount_cents"]
        legs[f"assessed:{path}"] += line["amount_cents"]
    booked = transfer(
        kind="waiver", legs=dict(legs), payment_id=None, currency=bill.currency, now=now, reason=waiver.legal_basis
    )
    waiver.transfers = [str(booked)]
    if bill.total_cents:
        bill.save(update_fields=["lines", "total_cents"])


def rooms(bill: Bill, body_code: str) -> list[int]:
    """Return what may still be taken off each line of a bill for a body: what is not paid of it; 0 for others' lines."""
    amounts = net_amounts(bill.lines)
    paid = in_order(amounts, applied_cents(bill))
    return [
        amount - done if line["body_code"] == body_code else 0
        for line, amount, done in zip(bill.lines, amounts, paid, strict=True)
    ]
