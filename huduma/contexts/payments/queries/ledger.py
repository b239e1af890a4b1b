"""Reading balances: from the last checkpoint on, never by counting all entries."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q

from huduma.contexts.payments.models import LedgerEntry, Transfer


@dataclass(frozen=True)
class Balance:
    """What an account took (debits) and gave (credits) in one currency, in cents."""

    account: str
    currency: str
    debit_cents: int
    credit_cents: int

    @property
    def cents(self) -> int:
        """Debits minus credits."""
        return self.debit_cents - self.credit_cents


BALANCES = "SELECT account, currency, debit_cents, credit_cents FROM payments_balances(%s, coalesce(%s, 'infinity'::timestamptz))"


def balances(prefix: str = "", before: datetime | None = None, currency: str = "") -> list[Balance]:
    """Return the balances of an account and all below it (all accounts for ""), in one currency or all, as they stood before a moment."""
    with connection.cursor() as cursor:
        if currency:
            cursor.execute(BALANCES + " WHERE currency = %s ORDER BY account", [prefix, before, currency])
        else:
            cursor.execute(BALANCES + " ORDER BY account, currency", [prefix, before])
        return [Balance(*row) for row in cursor.fetchall()]


def balances_at(prefix: str, moments: list[datetime | None], currency: str) -> list[dict[str, Balance]]:
    """Return for each moment (None: now) the balances of an account and all below it in a currency, by account."""
    found: list[dict[str, Balance]] = [{} for _ in moments]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.place, b.account, b.currency, b.debit_cents, b.credit_cents"
            " FROM unnest(%s::timestamptz[]) WITH ORDINALITY m (at, place),"
            " LATERAL payments_balances(%s, coalesce(m.at, 'infinity')) b WHERE b.currency = %s ORDER BY b.account",
            [moments, prefix, currency],
        )
        for place, *row in cursor.fetchall():
            balance = Balance(*row)
            found[place - 1][balance.account] = balance
    return found


def balance_cents(account_code: str, currency: str = "KES", before: datetime | None = None) -> int:
    """Return the balance of an account and all below it: debits minus credits."""
    return sum(one.cents for one in balances(account_code, before) if one.currency == currency)


def trial_balance_cents(before: datetime | None = None) -> int:
    """Return the largest sum of all accounts over the currencies, at a moment: nothing, or something is very wrong."""
    sums: dict[str, int] = {}
    for one in balances("", before):
        sums[one.currency] = sums.get(one.currency, 0) + one.cents
    return max(sums.values(), key=abs, default=0)


def entries_of(
    account: str, currency: str, since: datetime, before: datetime, older_than: int | None = None, limit: int = 200
) -> list[LedgerEntry]:
    """Return the newest entries of an account in a span of time, with their transfers; the caller has checked who may.

    `older_than`: the id of the last entry that was shown.
    """
    found = LedgerEntry.objects.filter(
        account_id=account, currency=currency, recorded_at__gte=since, recorded_at__lt=before
    )
    last = LedgerEntry.objects.filter(id=older_than, account_id=account).first() if older_than else None
    if last is not None:
        found = found.filter(
            Q(recorded_at__lt=last.recorded_at) | Q(recorded_at=last.recorded_at, id__lt=last.id),
            recorded_at__lte=last.recorded_at,
        )
    return list(found.select_related("transfer__payment__bill").order_by("-recorded_at", "-id")[:limit])


def transfers_of(payment_ids: list[UUID]) -> list[Transfer]:
    """Return what was booked for payments, with the entries; the caller has checked who may."""
    found = Transfer.objects.filter(payment_id__in=payment_ids).prefetch_related("entries")
    return list(found.order_by("recorded_at", "id"))


def legs_of(transfer_id: UUID) -> tuple[str, dict[str, int]]:
    """Return the currency of a transfer and what it moved: account → cents, debit positive; the caller has checked who may."""
    transfer = Transfer.objects.prefetch_related("entries").get(id=transfer_id)
    return transfer.currency, {one.account_id: one.amount_cents for one in transfer.entries.all()}


def unbalanced() -> int:
    """Add everything up from the entries alone: how many transfers do not balance and checkpoints do not agree."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM (SELECT 1 FROM payments_ledgerentry GROUP BY transfer_id HAVING sum(amount_cents) <> 0) x)"
            " + (SELECT count(*) FROM (SELECT DISTINCT ON (account_id, currency) * FROM payments_checkpoint"
            " ORDER BY account_id, currency, until DESC) c WHERE c.debit_cents - c.credit_cents <> (SELECT coalesce(sum(e.amount_cents), 0)"
            " FROM payments_ledgerentry e WHERE e.account_id = c.account_id AND e.currency = c.currency AND e.recorded_at < c.until))"
        )
        return int(cursor.fetchone()[0])
