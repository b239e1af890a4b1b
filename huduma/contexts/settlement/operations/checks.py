"""Daily checks of the books: whatever is not as it must be is shown to accountants and auditors, and alarmed in the journal."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from huduma.contexts.payments import public as payments
from huduma.contexts.settlement import events
from huduma.contexts.settlement.models import (
    BY_THREE_PERSONS,
    BankAccount,
    Batch,
    Finding,
    Remittance,
    Statement,
    StatementLine,
)
from huduma.contexts.settlement.operations.taxes import without_rate
from huduma.contexts.settlement.queries import CURRENCIES, standings_for
from huduma.contexts.settlement.rules import HAND_OVER_DAYS
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import public as journal

EXAMPLES = 5
AT_MOST = 10_000
UNMATCHED_FOR = timedelta(days=2)
RECENT = timedelta(days=7)
Found = list[str]


def _sequence(now: datetime) -> Found:
    """Numbers of batches that are missing, and statements that do not begin where the one before ended."""
    last = Batch.objects.aggregate(last=Max("number"))["last"] or 0
    known = set(Batch.objects.values_list("number", flat=True))
    gaps = [f"batch {number}" for number in range(1, last + 1) if number not in known]
    ends: dict[str, tuple[int, int]] = {}  # a statement of more of the same day begins where the shorter one began
    dated = Statement.objects.exclude(opening_cents=None).annotate(first=Max("found__at")).order_by("first", "id")
    for one in dated:
        opening, closing = one.opening_cents or 0, one.closing_cents or 0
        if opening not in ends.get(one.source, (opening,)):
            gaps.append(f"before {one}")
        ends[one.source] = (opening, closing)
    return gaps


def _settled_without_collection(now: datetime) -> Found:
    """Accounts of bodies from which more went than came, and remittances whose transfer is not in the ledger."""
    over = [one.account for currency in CURRENCIES for one in _overdrawn(currency)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.end_to_end FROM settlement_remittance r LEFT JOIN payments_transfer t ON t.id = r.transfer_id"
            " WHERE r.transfer_id IS NOT NULL AND t.id IS NULL LIMIT %s",
            [AT_MOST],
        )
        return over + [row[0] for row in cursor.fetchall()]


def _overdrawn(currency: str) -> list[payments.Balance]:
    return [one for one in payments.balances("body") if one.currency == currency and one.cents > 0]


def _late(now: datetime) -> Found:
    """Accounts of bodies whose money waits for as long as the law allows, or longer."""
    return [one.account for currency in CURRENCIES for one in standings_for(SYSTEM, now, currency) if one.is_alarming]


def _unconfirmed(now: datetime) -> Found:
    """Remittances that went to the bank and that no statement of the bank shows."""
    old = now - timedelta(days=HAND_OVER_DAYS)
    waiting = Remittance.objects.filter(state="waiting", batch__checked_at__lt=old).order_by("end_to_end")
    return list(waiting.values_list("end_to_end", flat=True)[:AT_MOST])


def _bank_changes(now: datetime) -> Found:
    """Bodies whose bank details changed in the last week or are about to; and any change that lacks its persons or its day."""
    changed = BankAccount.objects.filter(approved_at__gt=now - RECENT) | BankAccount.objects.filter(
        state__in=["proposed", "seconded"]
    )
    unlawful = BankAccount.objects.filter(state="approved").exclude(BY_THREE_PERSONS)
    return list((changed | unlawful).order_by("body_code").values_list("body_code", flat=True))


def _unmatched(now: datetime) -> Found:
    """Lines of statements that wait for a person for two days."""
    old = StatementLine.objects.filter(state="open", at__lt=now - UNMATCHED_FOR)
    return [f"{source} {key}" for source, key in old.order_by("id").values_list("source", "key")[:AT_MOST]]


def _ledger(now: datetime) -> Found:
    """Transfers that do not balance, checkpoints that do not agree with the entries, and a trial balance that is not zero."""
    wrong = payments.unbalanced() + (payments.trial_balance_cents() != 0)
    return ["ledger"] * wrong


def _not_on_statement(now: datetime) -> Found:
    """Payments within the reach of their gateway's statements that none of them names."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.gateway || ' ' || coalesce(c.receipt, c.id::text) FROM payments_cashbook c"
            " JOIN (SELECT source, max(at) AS reach, min(at) AS since FROM settlement_statementline GROUP BY source) s"
            " ON s.source = c.gateway"
            " WHERE c.at BETWEEN s.since AND s.reach AND NOT EXISTS"
            " (SELECT 1 FROM settlement_statementline l WHERE l.cashbook_id = c.id) ORDER BY c.at LIMIT %s",
            [AT_MOST],
        )
        return [row[0] for row in cursor.fetchall()]


#: The checks by code: what it means for people when one finds something, and how it looks.
CHECKS: dict[str, tuple[str, Callable[[datetime], Found]]] = {
    "ledger": (gettext_noop("The ledger does not add up"), _ledger),
    "sequence": (gettext_noop("A number is missing in a sequence, or a statement between two others"), _sequence),
    "paid-without-bill": (
        gettext_noop("Bills that count as paid without money, or money that belongs to no bill"),
        payments.paid_without_bill,
    ),
    "settled-without-collection": (
        gettext_noop("More was handed over than was collected"),
        _settled_without_collection,
    ),
    "late": (
        gettext_noop("Money waits to be handed over and the three days of the law are nearly over, or over"),
        _late,
    ),
    "unconfirmed": (gettext_noop("Money that went to the bank is not on its statement after three days"), _unconfirmed),
    "bank-changes": (gettext_noop("Bank details of a body changed this week, or are about to"), _bank_changes),
    "refund-patterns": (
        gettext_noop("Many refunds to one payer, or by the same two persons"),
        payments.refund_patterns,
    ),
    "given-twice": (
        gettext_noop("Money that was given back twice waits for two weeks to come back or be written off"),
        payments.given_twice,
    ),
    "unmatched": (gettext_noop("Lines of statements wait for a person for two days"), _unmatched),
    "not-on-statement": (gettext_noop("Payments that the gateway’s statement does not name"), _not_on_statement),
    "without-rate": (
        gettext_noop("Bills were paid in dollars, and the rate of their day is missing for the tax invoice"),
        without_rate,
    ),
}


def check_words(code: str) -> str:
    """Return what a check found, in the active language."""
    return gettext(CHECKS[code][0]) if code in CHECKS else code


def run_checks(now: datetime) -> int:
    """Run every check; journal those that found something, which alarms. Returns how many did."""
    alarms = 0
    for code, (_, check) in CHECKS.items():
        found = check(now)
        with transaction.atomic():
            Finding.objects.update_or_create(
                check_code=code,
                defaults={"count": len(found), "examples": found[:EXAMPLES], "checked_at": timezone.now()},
            )
            if found:
                alarms += 1
                journal.record(actor=SYSTEM, event=events.CheckFailed(check=code, count=len(found)), now=now)
    return alarms
