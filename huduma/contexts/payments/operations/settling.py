"""What becomes of money that came for a bill: it settles it, is applied to it or held for it, or goes back."""

from datetime import datetime

from huduma.contexts.payments import events
from huduma.contexts.payments.models import Bill, Payment, Receivable
from huduma.contexts.payments.operations import refunds
from huduma.contexts.payments.operations.ledger import book_collection
from huduma.contexts.payments.queries.dues import (
    claims_of,
    convenience_of,
    currency_at,
    due_cents,
    held_for,
    lost_cents,
    members_of,
)
from huduma.contexts.payments.rules import FEE_ACCOUNT, WRITE_OFF_ACCOUNT, in_order
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import public as journal

FEE_WORDS = {"en": "Convenience fee", "sw": "Ada ya urahisi wa kulipa"}


def place(payment: Payment, bill: Bill | None, now: datetime) -> None:
    """Settle the bill with a payment that was received, apply it, hold it, or send it back; book it; tell it.

    The caller has locked the bill and all that is tied to it, then the payment.
    """
    received = payment.received_cents or 0
    if bill is not None and payment.currency == bill.currency and (lost := lost_cents(bill)):
        _recover(bill, payment, min(lost, received), now)
    elif bill is None or not _takes(bill, payment):
        _keep(payment, bill, "surplus", now)
        if bill is not None:
            reason = "cancelled" if bill.state == "cancelled" else "duplicate"
            refunds.order_refund(payment=payment, amount_cents=received, reason=reason, now=now)
    elif received >= due_cents(bill, None, payment.currency):  # no bill hangs on what a way of paying costs
        payment.state = "succeeded"
        payment.save()
        settle(bill, payment, now)
    elif bill.instalments.exists():
        payment.state = "held"
        payment.save()
        apply(bill, [payment], received_cents=received, now=now)
        leave_basket(bill, now)
    else:
        _keep(payment, bill, "held", now)
        leave_basket(bill, now)


def _recover(bill: Bill, payment: Payment, cents: int, now: datetime) -> None:
    """Set money that came after all against the loss that was written off; what is more than that goes back."""
    for state in ("held", "applied"):
        payment.state = state
        payment.save()
    book_collection(
        payment,
        [(WRITE_OFF_ACCOUNT, cents)],
        received_cents=payment.received_cents or 0,
        from_suspense_cents=0,
        now=now,
    )
    refund_id = Receivable.objects.values_list("refund_id", flat=True).get(bill=bill)
    event = events.LossRecovered(refund_id=refund_id, payment_id=payment.id, owed_bill_id=bill.id, amount_cents=cents)
    journal.record(actor=SYSTEM, event=event, now=now)
    _give_back((payment.received_cents or 0) - cents, [payment], now)


def _takes(bill: Bill, payment: Payment) -> bool:
    if bill.state != "open" or currency_at(bill, (payment.currency,)) is None:
        return False
    return not bill.is_basket or bool(members_of(bill))


def _keep(payment: Payment, bill: Bill | None, state: str, now: datetime) -> None:
    payment.state = state
    payment.save()
    book_collection(payment, [], received_cents=payment.received_cents or 0, from_suspense_cents=0, now=now)
    event = events.PaymentSuspended(
        payment_id=payment.id, bill_id=bill.id if bill else None, payable_id=bill.payable_id if bill else None,
        amount_cents=payment.received_cents or 0, state=state,
    )  # fmt: skip
    journal.record(actor=SYSTEM, event=event, now=now)


def apply(bill: Bill, payments: list[Payment], *, received_cents: int, now: datetime) -> None:
    """Credit parts of a bill in instalments to its lines, in their order: what came now, or what was held before."""
    part = sum(payment.received_cents or 0 for payment in payments)
    claims = claims_of(bill, None, bill.currency)
    credited = in_order([claim.cents for claim in claims], part)
    paid = [(claim.account, cents) for claim, cents in zip(claims, credited, strict=True) if cents]
    last = payments[-1]
    book_collection(last, paid, received_cents=received_cents, from_suspense_cents=part - received_cents, now=now)
    for payment in payments:
        payment.state = "applied"
        payment.save(update_fields=["state"])
    event = events.InstalmentPaid(
        bill_id=bill.id, payment_id=last.id, payable_id=bill.payable_id, amount_cents=part, left_cents=due_cents(bill)
    )
    journal.record(actor=SYSTEM, event=event, now=now)


def settle(bill: Bill, payment: Payment | None, now: datetime) -> None:
    """Close a bill for which enough is there: by a payment with what was held before, or (None) by that alone; or nothing is owed.

    A basket closes its members with it. What is too much goes back.
    """
    members = members_of(bill)
    held = [one for part in (bill, *members) for one in held_for(part)]
    source = payment or (held[-1] if held else None)
    received = (payment.received_cents or 0) if payment else 0
    held_cents = sum(one.received_cents or 0 for one in held)
    over = 0
    if source is not None:
        came = received + held_cents
        claims = claims_of(bill, payment.gateway if payment else None, source.currency)
        with_fee = sum(claim.cents for claim in claims) <= came
        if not with_fee:
            claims = claims_of(bill, None, source.currency)
        over = came - sum(claim.cents for claim in claims)
        paid = [(claim.account, claim.cents) for claim in claims]
        book_collection(source, paid, received_cents=received, from_suspense_cents=held_cents, now=now)
        if payment is not None and with_fee:
            _add_fee(bill, payment.gateway)
    for one in held:
        one.state = "applied"
        one.save(update_fields=["state"])
    for part in (bill, *members):
        part.state, part.settled_at = "settled", now
        part.save(update_fields=["state", "settled_at", "lines", "total_cents"])
        event = events.BillSettled(
            bill_id=part.id, payment_id=source.id if source else None, payable_id=part.payable_id,
            amount_cents=part.total_cents,
        )  # fmt: skip
        journal.record(actor=SYSTEM, event=event, now=now)
        if part.basket_id != bill.id:
            leave_basket(part, now)
    _give_back(over, [*([payment] if payment else []), *reversed(held)], now)


def _add_fee(bill: Bill, gateway: str | None) -> None:
    cents, notice = convenience_of(bill, gateway)
    if cents:
        fee = {
            "code": "convenience", "description": FEE_WORDS, "amount_cents": cents, "body_code": "",
            "account": FEE_ACCOUNT, "legal_notice": notice,
        }  # fmt: skip
        bill.lines, bill.total_cents = [*bill.lines, fee], bill.total_cents + cents


def _give_back(cents: int, payments: list[Payment], now: datetime) -> None:
    for payment in payments:
        part = min(cents, payment.received_cents or 0)
        if part:
            refunds.order_refund(payment=payment, amount_cents=part, reason="surplus", now=now)
            cents -= part


def leave_basket(bill: Bill, now: datetime) -> None:
    """See what becomes of the basket of a bill that was paid otherwise, in part or whole, or is owed no more.

    The caller has locked both.
    """
    basket = bill.basket
    if basket is None or basket.state != "open":
        return
    if not members_of(basket):
        close(basket, now)
    else:
        settle_if_covered(basket, now)


def settle_if_covered(bill: Bill, now: datetime) -> None:
    """Close an open bill that owes nothing any more beyond what is held for it (less is owed since a waiver, say)."""
    if bill.state == "open" and due_cents(bill) <= 0:
        settle(bill, None, now)


def close(bill: Bill, now: datetime) -> None:
    """Cancel a bill that nobody owes any more; what was held for it goes back. The caller has locked it."""
    bill.state = "cancelled"
    bill.save(update_fields=["state"])
    for payment in held_for(bill):
        payment.state = "surplus"
        payment.save(update_fields=["state"])
        refunds.order_refund(payment=payment, amount_cents=payment.received_cents or 0, reason="cancelled", now=now)
    event = events.BillCancelled(bill_id=bill.id, payable_id=bill.payable_id)
    journal.record(actor=SYSTEM, event=event, now=now)
