"""The double-entry ledger: balanced transfers, never changed."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from huduma.contexts.payments.models import LedgerEntry, Payment, Refund, Transfer
from huduma.contexts.payments.rules import RECEIVABLE_ACCOUNT, share
from huduma.foundation import ids
from huduma.foundation.access import Refusal

#: How often a period is closed: a balance adds up at most the entries of this much time.
PERIOD = timedelta(minutes=10)


class ReversedAlready(Refusal):
    """This transfer was reversed already. A reversal is never reversed: book the right transfer anew."""


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
    done = Transfer.objects.get(id=transfer_id)
    if done.reverses_id or Transfer.objects.filter(reverses=done).exists():
        raise ReversedAlready
    legs = {entry.account_id: -entry.amount_cents for entry in done.entries.all()}
    try:
        with transaction.atomic():
            return transfer(
                kind="reversal", legs=legs, payment_id=None, currency=done.currency, now=now, reverses_id=done.id,
                reason=reason,
            )  # fmt: skip
    except IntegrityError:  # somebody else reversed it at the same moment
        raise ReversedAlready from None


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


def book_collection(
    payment: Payment, claims: Iterable[tuple[str, int]], *, received_cents: int, from_suspense_cents: int, now: datetime
) -> None:
    """Book money that came: to the accounts that it is owed to, the rest to suspense.

    `from_suspense_cents` is what was held before and is set against the claims now. Where nothing new came with it
    (`received_cents` 0) what is booked is that alone.
    """
    legs: Counter[str] = Counter({f"gateway:{payment.gateway}": received_cents})
    rest = received_cents + from_suspense_cents
    for account, cents in claims:
        legs[account] -= cents
        rest -= cents
    legs["suspense"] += from_suspense_cents - rest
    moved = {account: cents for account, cents in legs.items() if cents}
    kind = "collection" if received_cents else "application"
    transfer(kind=kind, legs=moved, payment_id=payment.id, currency=payment.currency, now=now)


def book_refund(refund: Refund, *, now: datetime) -> UUID:
    """Book money that went back, out of what `paid_from` holds for us; return the transfer.

    By rule it comes out of suspense, where too much was kept. What a person decided comes out of what the bill's money was
    credited to, in proportion, unless it was never credited.
    """
    payment = Payment.objects.select_for_update(of=("self",)).get(id=refund.payment_id)
    legs = {f"gateway:{refund.paid_from}": -refund.amount_cents}
    if refund.reason == "decision" and payment.state in ("succeeded", "applied"):
        credited = _credited(payment)
        legs |= zip(credited, share(list(credited.values()), refund.amount_cents), strict=True)
    else:
        legs["suspense"] = refund.amount_cents
    nth = payment.transfers.filter(kind__startswith="refund-").count() + 1
    moved = {account: cents for account, cents in legs.items() if cents}
    return transfer(kind=f"refund-{nth}", legs=moved, payment_id=payment.id, currency=payment.currency, now=now)


def book_further_payout(refund: Refund, *, gateway: str, now: datetime) -> UUID:
    """Book that the money of a refund went out once more: whoever got it owes it; return the transfer."""
    nth = refund.payment.transfers.filter(kind__startswith="given-twice-").count() + 1
    return transfer(
        kind=f"given-twice-{nth}", legs={RECEIVABLE_ACCOUNT: refund.amount_cents, f"gateway:{gateway}": -refund.amount_cents},
        payment_id=refund.payment_id, currency=refund.payment.currency, now=now,
    )  # fmt: skip


def _credited(payment: Payment) -> dict[str, int]:
    """Return what the money of a payment's bill was credited to, without what went back already: account → cents."""
    entries = LedgerEntry.objects.filter(transfer__payment__bill=payment.bill_id, currency=payment.currency)
    entries = entries.exclude(account_id="suspense").exclude(account__code__startswith="gateway:")
    sums = entries.values_list("account_id").annotate(cents=Sum("amount_cents")).order_by("account_id")
    return {account: -cents for account, cents in sums if cents < 0}
