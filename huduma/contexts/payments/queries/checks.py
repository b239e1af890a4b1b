"""Whether bills, payments and refunds agree with one another, for the daily checks; and what reconciliation asks of a payment."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count

from huduma.contexts.payments.models import BASKET, Bill, Payment, Receivable, Refund
from huduma.foundation import references

UNCLAIMED_FOR = timedelta(days=1)
OWED_FOR = timedelta(days=14)
PATTERN_SPAN = timedelta(days=30)
REFUNDS_OF_ONE_PAYER = 3
REFUNDS_OF_ONE_PAIR = 5
EXAMPLES = 200


def paid_without_bill(now: datetime) -> list[str]:
    """Return bills that count as paid and whose money is not in the ledger (one that was waived whole needs none), and
    day-old money that belongs to no bill and goes nowhere.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.reference FROM payments_bill b WHERE b.state = 'settled' AND b.total_cents > 0 AND b.purpose <> %s AND NOT EXISTS ("
            " SELECT 1 FROM payments_payment p JOIN payments_transfer t ON t.payment_id = p.id AND t.kind IN ('collection', 'application')"
            " WHERE p.bill_id IN (b.id, b.basket_id) AND p.state IN ('succeeded', 'applied')) LIMIT %s",
            [BASKET, EXAMPLES],
        )
        unpaid = [row[0] for row in cursor.fetchall()]
    stray = Payment.objects.filter(state="surplus", bill=None, refunds=None, finished_at__lt=now - UNCLAIMED_FOR)
    return unpaid + [f"{one.gateway} {one.receipt or one.id}" for one in stray.order_by("finished_at")[:EXAMPLES]]


def refund_patterns(now: datetime) -> list[str]:
    """Return refunds that look odd: many to one payer, or many by the same two persons, within thirty days; named by the newest one."""
    recent = Refund.objects.filter(asked_at__gt=now - PATTERN_SPAN).exclude(state="rejected")
    payers = recent.exclude(payment__phone="").values("payment__phone").annotate(times=Count("id"))
    pairs = recent.filter(asked_by__isnull=False).values("asked_by", "approved_by").annotate(times=Count("id"))
    found = []
    for payer in payers.filter(times__gte=REFUNDS_OF_ONE_PAYER)[:EXAMPLES]:
        newest = recent.filter(payment__phone=payer["payment__phone"]).latest("asked_at")
        found.append(f"payer {newest.id} ×{payer['times']}")
    for pair in pairs.filter(times__gte=REFUNDS_OF_ONE_PAIR)[:EXAMPLES]:
        newest = recent.filter(asked_by=pair["asked_by"], approved_by=pair["approved_by"]).latest("asked_at")
        found.append(f"persons {newest.id} ×{pair['times']}")
    return found


def given_twice(now: datetime) -> list[str]:
    """Return the bills for money that went back twice and that nobody returned or wrote off for two weeks."""
    waiting = Receivable.objects.filter(bill__state="open", found_at__lt=now - OWED_FOR).order_by("id")
    return list(waiting.values_list("bill__reference", flat=True)[:EXAMPLES])


def bodies_of(bill: Bill) -> set[str]:
    """Return the bodies that a bill, or a bill of a basket, names."""
    bills = [bill, *bill.members.all()] if bill.is_basket else [bill]
    return {line["body_code"] for one in bills for line in one.lines} - {""}


def references_of_bodies(typed: Iterable[str], bodies: Iterable[str]) -> set[str]:
    """Return which of these references, as they were typed, are those of bills on which one of the bodies has a line."""
    meant = {text: references.normalise(text) for text in typed}
    wanted = set(bodies)
    bills = Bill.objects.filter(reference__in=[one for one in meant.values() if one]).prefetch_related("members")
    theirs = {bill.reference for bill in bills if bodies_of(bill) & wanted}
    return {text for text, reference in meant.items() if reference in theirs}


def count_movements(since: datetime, before: datetime) -> dict[str, int]:
    """Return how many payments and refunds gateways confirmed in a span: by "payment" and "refund"."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, count(*) FROM payments_cashbook WHERE at >= %s AND at < %s GROUP BY kind", [since, before]
        )
        return dict(cursor.fetchall())
