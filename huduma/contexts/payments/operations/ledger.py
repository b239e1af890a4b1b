"""The double-entry ledger: balanced transfers, never changed."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Sum

from huduma.contexts.payments.models import Bill, LedgerEntry, Payment, Refund, Transfer
from huduma.contexts.payments.rules import share
from huduma.foundation import ids
from huduma.foundation.access import Refusal

#: How often a period is closed: a balance adds up at most the entries of this much time.
PERIOD = timedelta(minutes=10)


class ReversedAlready(Refusal):
    """This transfer was reversed already. A reversal is never reversed: book the right transfer anew."""


def account_of(line: dict[str, Any]) -> str:
    """Return the account that a bill's line is owed to: the body's, by revenue code where the line has one."""
    code = line.get("revenue_code")
    return f"body:{line['body_code']}:{code}" if code else f"body:{line['body_code']}"


def transfer(
    *, kind: str, legs: dict[str, int], payment_id: UUID | None, currency: str, now: datetime,
    reverses_id: UUID | None = None, reason: str = "",
) -> UUID:  # fmt: skip
    """Write one balanced transfer in one statement. `legs`: account code → cents, debit positive, credit negative.

    What comes after its period was closed is recorded at that period's end: the past stays as it was shown.
    """
    transfer_id = ids.uuid7()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT payments_transfer(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [transfer_id, kind, payment_id, currency, now, list(legs), list(legs.values()), reverses_id, reason],
        )
    return transfer_id


@transaction.atomic
def reverse(*, transfer_id: UUID, reason: str, now: datetime) -> UUID:
    """Book the opposite of a transfer; the transfer itself stays. The caller has checked who may. Raises ReversedAlready."""
    done = Transfer.objects.select_for_update().get(id=transfer_id)
    if done.reverses_id or Transfer.objects.filter(reverses=done).exists():
        raise ReversedAlready
    legs = {entry.account_id: -entry.amount_cents for entry in done.entries.all()}
    return transfer(
        kind="reversal", legs=legs, payment_id=None, currency=done.currency, now=now, reverses_id=done.id, reason=reason
    )


def close_period(*, now: datetime) -> bool:
    """Close the books up to the last full ten minutes and roll each account's entries up into a checkpoint.

    Closing waits for transfers under way, for a moment; rolling up holds nobody back. Safe to repeat after a crash.
    """
    seconds = int(PERIOD.total_seconds())
    until = datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, tz=now.tzinfo)
    with connection.cursor() as cursor:
        cursor.execute("SELECT payments_close_period(%s)", [until])
        closed = bool(cursor.fetchone()[0])
        cursor.execute(
            "SELECT until FROM payments_period WHERE until > coalesce((SELECT max(until) FROM payments_checkpoint), '-infinity')"
            " ORDER BY until"
        )
        for (waiting,) in cursor.fetchall():
            cursor.execute("SELECT payments_roll_up(%s)", [waiting])
    return closed


def book_collection(payment: Payment, *, settles: Bill | None, from_suspense_cents: int, now: datetime) -> None:
    """Book money that a gateway confirmed: to the bodies of the bill that it settles, the rest to suspense.

    `from_suspense_cents` is what was held for the bill and is set against it now.
    """
    received = payment.received_cents or 0
    legs: Counter[str] = Counter({f"gateway:{payment.gateway}": received})
    rest = received + from_suspense_cents
    if settles is not None:
        for line in settles.lines:
            legs[account_of(line)] -= line["amount_cents"]
            rest -= line["amount_cents"]
    legs["suspense"] += from_suspense_cents - rest
    moved = {account: cents for account, cents in legs.items() if cents}
    transfer(kind="collection", legs=moved, payment_id=payment.id, currency=payment.currency, now=now)


def book_refund(refund: Refund, *, now: datetime) -> None:
    """Book money that went back: out of what the gateway (or that of the hand that paid) holds for us.

    By rule it comes out of suspense, where too much was kept. What a person decided comes out of what the bill's money was
    credited to, in proportion, unless it was never credited.
    """
    payment = Payment.objects.select_for_update(of=("self",)).get(id=refund.payment_id)
    by_hand = refund.hand_from if refund.trouble != "paid-twice" else ""
    legs = {f"gateway:{by_hand or payment.gateway}": -refund.amount_cents}
    if refund.reason == "decision" and payment.state in ("succeeded", "applied"):
        credited = _credited(payment)
        legs |= zip(credited, share(list(credited.values()), refund.amount_cents), strict=True)
    else:
        legs["suspense"] = refund.amount_cents
    nth = payment.transfers.filter(kind__startswith="refund-").count() + 1
    moved = {account: cents for account, cents in legs.items() if cents}
    transfer(kind=f"refund-{nth}", legs=moved, payment_id=payment.id, currency=payment.currency, now=now)


def _credited(payment: Payment) -> dict[str, int]:
    """Return what the money of a payment's bill was credited to, without what went back already: account → cents."""
    entries = LedgerEntry.objects.filter(transfer__payment__bill=payment.bill_id, currency=payment.currency)
    entries = entries.exclude(account_id="suspense").exclude(account__code__startswith="gateway:")
    sums = entries.values_list("account_id").annotate(cents=Sum("amount_cents")).order_by("account_id")
    return {account: -cents for account, cents in sums if cents < 0}
