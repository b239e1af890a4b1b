"""What is still to be paid of a bill, to whom, in which currency, by which gateway.

A part that came is either held in suspense until the rest comes or, where the bill is paid in instalments, applied: credited
to the bill's lines in their order. A basket is due what its open members are due.
"""

from dataclasses import dataclass
from datetime import date

from django.db.models import Q, Sum

from huduma.contexts.payments.models import GIVEN_TWICE, Bill, LedgerEntry, Payment, Receivable
from huduma.contexts.payments.providers.base import gateways
from huduma.contexts.payments.rules import (
    FEE_ACCOUNT,
    OPEN_STATES,
    WRITE_OFF_ACCOUNT,
    account_of,
    convenience_cents,
    in_order,
    net_amounts,
    share,
    to_shillings,
)


@dataclass(frozen=True)
class Claim:
    """Cents that a bill still owes to an account."""

    account: str
    cents: int


def members_of(bill: Bill) -> list[Bill]:
    """Return the bills that a basket would still pay."""
    return list(bill.members.filter(state="open").order_by("id")) if bill.is_basket else []


def running_payment(bill: Bill) -> Payment | None:
    """Return the payment whose money may still come for a bill, asked for by itself or with its basket."""
    return Payment.objects.filter(Q(bill=bill) | Q(bill__members=bill), state__in=OPEN_STATES).order_by("id").first()


def held_for(bill: Bill) -> list[Payment]:
    """Return the under-payments that wait for the rest of a bill (those that go back are not among them)."""
    going_back = {"refunds__state__in": ["proposed", "approved", "sending", "sent", "review", "recorded", "succeeded"]}
    return list(bill.payments.filter(state="held").exclude(**going_back).order_by("id"))


def lost_cents(bill: Bill) -> int:
    """Return what was written off of money that was given back twice and has not come back since."""
    if bill.purpose != GIVEN_TWICE:
        return 0
    off = Receivable.objects.filter(bill=bill).exclude(off_transfer_id=None).first()
    if off is None:
        return 0
    came = LedgerEntry.objects.filter(account_id=WRITE_OFF_ACCOUNT, transfer__payment__bill=bill)
    return off.amount_cents - bill.total_cents + int(came.aggregate(total=Sum("amount_cents"))["total"] or 0)


def sum_held(bill: Bill) -> int:
    """Return the cents that wait in suspense for a bill."""
    return sum(payment.received_cents or 0 for payment in held_for(bill))


def applied_cents(bill: Bill) -> int:
    """Return the cents that instalments have paid of an open bill."""
    if bill.state != "open":
        return 0
    return sum(payment.received_cents or 0 for payment in bill.payments.filter(state="applied"))


def currency_at(bill: Bill, taken: tuple[str, ...]) -> str | None:
    """Return in which of some currencies a bill can be paid: its own, or shillings by the rate that is frozen on it.

    Once a part of it is held in one of the two, the rest has to come in the same.
    """
    held = held_for(bill)[:1] if "rate" in bill.terms else []
    if held:
        return held[0].currency if held[0].currency in taken else None
    if bill.currency in taken:
        return bill.currency
    return "KES" if "KES" in taken and "rate" in bill.terms else None


def currency_by(bill: Bill, gateway: str | None) -> str:
    """Return the currency in which a bill is paid by a gateway, or can be by any."""
    plug = dict(gateways.items()).get(gateway or "")
    return currency_at(bill, plug.currencies if plug else (bill.currency, "KES")) or bill.currency


def convenience_of(bill: Bill, gateway: str | None) -> tuple[int, str]:
    """Return what paying a bill by a gateway costs on top, in the bill's currency, and by which notice."""
    base = (
        sum(sum(net_amounts(one.lines)) for one in members_of(bill)) if bill.is_basket else sum(net_amounts(bill.lines))
    )
    return convenience_cents(bill.terms, gateway, base)


def claims_of(bill: Bill, gateway: str | None, currency: str) -> list[Claim]:
    """Return what an open bill still owes to each account, in a currency, if a gateway's payment settles it."""
    fee, _ = convenience_of(bill, gateway)
    if bill.is_basket:
        claims = [claim for one in members_of(bill) for claim in claims_of(one, None, currency)]
        return [*claims, Claim(FEE_ACCOUNT, _in(bill, fee, currency))] if fee else claims
    amounts = [*net_amounts(bill.lines), fee]
    accounts = [*map(account_of, bill.lines), FEE_ACCOUNT]
    if currency != bill.currency and any(amounts):
        amounts = share(amounts, _in(bill, sum(amounts), currency))
    paid = in_order(amounts, applied_cents(bill))
    left = [amount - done for amount, done in zip(amounts, paid, strict=True)]
    return [Claim(account, cents) for account, cents in zip(accounts, left, strict=True) if cents]


def amounts_paid(bill: Bill, currency: str) -> list[int]:
    """Return what each line of a settled bill got, in the currency in which it was paid; the same split as `claims_of` made."""
    amounts = net_amounts(bill.lines)
    if currency != bill.currency and any(amounts):
        return share(amounts, _in(bill, sum(amounts), currency))
    return amounts


def _in(bill: Bill, cents: int, currency: str) -> int:
    return cents if currency == bill.currency else to_shillings(cents, bill.terms["rate"]["rate"])


def due_cents(bill: Bill, gateway: str | None = None, currency: str | None = None) -> int:
    """Return what is left to pay of a bill by a gateway: what it owes, without what is held for it."""
    if bill.state != "open":
        return 0
    claimed = sum(claim.cents for claim in claims_of(bill, gateway, currency or currency_by(bill, gateway)))
    return claimed - sum_held(bill) - sum(sum_held(one) for one in members_of(bill))


def next_cents(bill: Bill) -> int:
    """Return what to pay next of a bill in instalments: up to the first that is not met; all of it where there is no plan."""
    due, applied = due_cents(bill), applied_cents(bill)
    plan = list(bill.instalments.order_by("nth"))
    if not plan or any(one.missed_at for one in plan):
        return due
    return min(due, next((one.upto_cents - applied for one in plan if one.upto_cents > applied), due))


@dataclass(frozen=True)
class Part:
    """One instalment as it stands: whether it is paid, and whether its day passed without it."""

    due_on: date
    cents: int
    is_paid: bool
    is_missed: bool


def plan_of(bill: Bill) -> list[Part]:
    """Return the instalments of a bill, in order; nothing where it is paid as a whole."""
    paid = bill.total_cents if bill.state == "settled" else applied_cents(bill)
    found, before = [], 0
    for one in bill.instalments.order_by("nth"):
        found.append(Part(one.due_on, one.upto_cents - before, one.upto_cents <= paid, one.missed_at is not None))
        before = one.upto_cents
    return found


def spreads(bill: Bill) -> list[int]:
    """Return into how many instalments what is left of a bill may be spread."""
    rule = bill.terms.get("instalments")
    if rule is None or bill.currency != "KES" or bill.is_basket:
        return []
    left = due_cents(bill)
    return [count for count in range(2, rule["at_most"] + 1) if left // count >= rule.get("least_cents", 1)]


def settled_with(bill: Bill) -> list[Bill]:
    """Return the bills that a basket paid."""
    return list(bill.members.filter(state="settled").order_by("id")) if bill.is_basket else []
