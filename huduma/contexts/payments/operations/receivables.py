"""Money that went out twice for one refund: the payer is asked for it by its bill, or two persons write it off."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from huduma.contexts.payments import events
from huduma.contexts.payments.models import Receivable
from huduma.contexts.payments.operations.collection import PaymentUnderWay
from huduma.contexts.payments.operations.ledger import transfer
from huduma.contexts.payments.operations.locking import lock_bill
from huduma.contexts.payments.operations.settling import settle_if_covered
from huduma.contexts.payments.operations.worklist import (
    NotWaiting,
    ProposedAlready,
    ReasonMissing,
    SecondPersonNeeded,
)
from huduma.contexts.payments.queries import MONEY_ROLES, reach
from huduma.contexts.payments.queries.dues import due_cents, running_payment
from huduma.contexts.payments.rules import RECEIVABLE_ACCOUNT, WRITE_OFF_ACCOUNT, waived
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal

ASK_EVERY = timedelta(days=1)
WORDS = {"code": "write-off", "description": {"en": "Written off", "sw": "Deni lililofutwa"}, "legal_notice": ""}


class NothingOwed(Refusal):
    """This money is back already, or was written off. Nothing is left to do."""


class NobodyToAsk(Refusal):
    """We know no phone number of whoever paid. Find them another way, and give them the reference of the bill."""


class AskedToday(Refusal):
    """The payer was asked within the last day. Give them time, and ask again tomorrow."""


@transaction.atomic
def ask_back(*, actor: Actor, receivable_id: UUID, now: datetime) -> Receivable:
    """Ask the payer by SMS to give back what they got twice, by the reference of its bill; at most once a day.

    Raises NotPermitted, NotFound, NothingOwed, NobodyToAsk, AskedToday.
    """
    _minder(actor)
    found = _locked(receivable_id)
    if reach(found.refund.payment) is None:
        raise NobodyToAsk
    if found.asked_at is not None and now - found.asked_at < ASK_EVERY:
        raise AskedToday
    found.asked_at = now
    found.save(update_fields=["asked_at"])
    _record(actor, events.ReceivableAsked, found, due_cents(found.bill), now)
    return found


@transaction.atomic
def propose_write_off(*, actor: Actor, receivable_id: UUID, reason: str, now: datetime) -> Receivable:
    """Propose to write off what did not come back of money that was given twice.

    Raises NotPermitted, NotFound, NothingOwed, ProposedAlready, ReasonMissing.
    """
    account_id = _minder(actor)
    found = _locked(receivable_id)
    if found.off_by is not None:
        raise ProposedAlready
    if not reason.strip():
        raise ReasonMissing
    found.off_by, found.note = account_id, reason.strip()
    found.save(update_fields=["off_by", "note"])
    _record(actor, events.WriteOffProposed, found, due_cents(found.bill), now)
    return found


@transaction.atomic
def decide_write_off(*, actor: Actor, receivable_id: UUID, approve: bool, now: datetime) -> Receivable:
    """Agree, which books the loss and ends the bill, or reject it. Whoever proposed may only take it back.

    Raises NotPermitted, NotFound, NothingOwed, NotWaiting, SecondPersonNeeded, PaymentUnderWay.
    """
    account_id = _minder(actor)
    found = _locked(receivable_id)
    if found.off_by is None:
        raise NotWaiting
    if approve and found.off_by == account_id:
        raise SecondPersonNeeded
    lost = due_cents(found.bill)
    if approve:
        _write_off(found, lost, now)
        found.off_checked_by = account_id
    else:
        found.off_by, found.note = None, ""
    found.save(update_fields=["off_by", "note", "off_checked_by", "off_transfer_id"])
    _record(actor, events.WriteOffDecided, found, lost, now, approved=approve)
    if approve:
        settle_if_covered(found.bill, now)
    return found


def _write_off(found: Receivable, lost: int, now: datetime) -> None:
    bill = found.bill
    if running_payment(bill) is not None:
        raise PaymentUnderWay
    bill.lines, bill.total_cents = [*bill.lines, *waived(bill.lines, [lost], lost, WORDS)], bill.total_cents - lost
    if bill.total_cents:
        bill.save(update_fields=["lines", "total_cents"])
    nth = found.refund.payment.transfers.filter(kind__startswith="write-off-").count() + 1
    found.off_transfer_id = transfer(
        kind=f"write-off-{nth}", legs={WRITE_OFF_ACCOUNT: lost, RECEIVABLE_ACCOUNT: -lost}, payment_id=found.refund.payment_id,
        currency=bill.currency, now=now, reason=found.note,
    )  # fmt: skip


def _minder(actor: Actor) -> UUID:
    actor.require_everywhere(*MONEY_ROLES)
    if actor.account_id is None:
        raise NotPermitted
    return actor.account_id


def _locked(receivable_id: UUID) -> Receivable:
    bill_id = Receivable.objects.filter(id=receivable_id).values_list("bill_id", flat=True).first()
    bill = lock_bill(bill_id) if bill_id else None
    if bill is None:
        raise NotFound
    found = (
        Receivable.objects.select_for_update(of=("self",)).select_related("refund__payment__bill").get(id=receivable_id)
    )
    found.bill = bill
    if bill.state != "open":
        raise NothingOwed
    return found


def _record(
    actor: Actor, kind: Callable[..., journal.Event], found: Receivable, cents: int, now: datetime, **more: bool
) -> None:  # fmt: skip
    event = kind(
        refund_id=found.refund_id,
        payment_id=found.refund.payment_id,
        owed_bill_id=found.bill_id,
        amount_cents=cents,
        **more,
    )
    journal.record(actor=actor, event=event, now=now)
