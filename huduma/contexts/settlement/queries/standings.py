"""What is owed to bodies, how old it is, and the revenue of a span; every figure comes from the ledger's balances."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q, Sum
from django.utils import timezone

from huduma.contexts.payments import public as payments
from huduma.contexts.settlement.models import BankAccount, Remittance
from huduma.contexts.settlement.queries.access import bodies_seen, midnight
from huduma.contexts.settlement.rules import HAND_OVER_DAYS, Aged, age
from huduma.foundation.access import Actor

CURRENCIES = ("KES", "USD")


@dataclass(frozen=True)
class Owed:
    """What is owed to one account of a body, in cents."""

    account: str
    body_code: str
    cents: int


@dataclass(frozen=True)
class Standing:
    """How one revenue account of a body stands, in cents. `aged`: what is not handed over, by the day of its collection, T+0 first."""

    account: str
    body_code: str
    revenue_code: str
    today_cents: int
    owed_cents: int
    aged: list[Aged]

    @property
    def is_alarming(self) -> bool:
        """Whether money waits that is about to become late."""
        return any(one.is_alarming for one in self.aged)

    @property
    def is_late(self) -> bool:
        """Whether money waits for longer than the law allows."""
        return any(one.is_late for one in self.aged)


@dataclass(frozen=True)
class RevenueRow:
    """One account over a span, in cents: owed at its start, collected, given back or corrected, handed over in it, owed at its end."""

    body_code: str
    revenue_code: str
    opening_cents: int
    collected_cents: int
    returned_cents: int
    handed_over_cents: int
    closing_cents: int


def parts_of(account: str) -> tuple[str, str]:
    """Return the body and the revenue code ("" for none) of a ledger account `body:CRS:1420201`."""
    _, body, *rest = account.split(":", 2)
    return body, rest[0] if rest else ""


def _balances(prefix: str, currency: str, before: datetime | None = None) -> dict[str, payments.Balance]:
    return {one.account: one for one in payments.balances(prefix, before, currency)}


def _prefix(body_code: str) -> str:
    return f"body:{body_code}" if body_code else "body"


def owed(before: datetime, currency: str, body_code: str = "") -> list[Owed]:
    """Return what was collected before a moment and is not handed over yet, by account; of one body, or of all ("")."""
    now = _balances(_prefix(body_code), currency)
    return [
        Owed(account, parts_of(account)[0], min(then.credit_cents - now[account].debit_cents, -now[account].cents))
        for account, then in _balances(_prefix(body_code), currency, before).items()
    ]


def active_bank_accounts(now: datetime) -> dict[str, BankAccount]:
    """Return by body the bank account that is in force."""
    approved = BankAccount.objects.filter(state="approved", active_from__lte=now).order_by("active_from")
    return {one.body_code: one for one in approved}


def standings_for(actor: Actor, now: datetime, currency: str = "KES") -> list[Standing]:
    """Return how each revenue account of the bodies that the actor sees stands now. Raises NotPermitted."""
    bodies = bodies_seen(actor)
    today = timezone.localdate(now)
    days = [today - timedelta(days=back) for back in range(HAND_OVER_DAYS + 1)]
    found: list[Standing] = []
    for prefix in ["body"] if bodies is None else [_prefix(code) for code in sorted(bodies)]:
        current, *before = payments.balances_at(prefix, [None, *map(midnight, days)], currency)
        for account, balance in current.items():
            ends = [balance.credit_cents, *(one[account].credit_cents if account in one else 0 for one in before)]
            collected = [(day, ends[place] - ends[place + 1]) for place, day in enumerate(days)]
            older = (days[-1] - timedelta(days=1), ends[-1])
            body, revenue = parts_of(account)
            aged = age(-balance.cents, [*collected, older], today)
            found.append(Standing(account, body, revenue, collected[0][1], -balance.cents, aged))
    return found


def currencies_for(actor: Actor) -> list[str]:
    """Return the currencies in which anything was collected, and shillings anyhow. Raises NotPermitted."""
    bodies = bodies_seen(actor)
    prefixes = ["body"] if bodies is None else [_prefix(code) for code in sorted(bodies)]
    moved = {one.currency for prefix in prefixes for one in payments.balances(prefix)}
    return [one for one in CURRENCIES if one in moved or one == CURRENCIES[0]]


def revenue_for(actor: Actor, since: date, before: date, currency: str = "KES") -> list[RevenueRow]:
    """Return the revenue of a span of days, `before` excluded. Raises NotPermitted."""
    bodies = bodies_seen(actor)
    start, end = _balances("body", currency, midnight(since)), _balances("body", currency, midnight(before))
    handed = _handed_over(midnight(since), midnight(before), currency)
    rows = []
    for account, closing in end.items():
        body, revenue = parts_of(account)
        if bodies is not None and body not in bodies:
            continue
        opening = start.get(account, payments.Balance(account, currency, 0, 0))
        collected, out = closing.credit_cents - opening.credit_cents, closing.debit_cents - opening.debit_cents
        over = handed.get(account, 0)
        rows.append(RevenueRow(body, revenue, -opening.cents, collected, out - over, over, -closing.cents))
    return rows


def _handed_over(since: datetime, before: datetime, currency: str) -> dict[str, int]:
    """Return by account what was approved to be handed over in a span: the debits that are no reversal and no refund."""
    done = Remittance.objects.filter(~Q(transfer_id=None), currency=currency)
    done = done.filter(batch__checked_at__gte=since, batch__checked_at__lt=before)
    return dict(done.values_list("ledger_account").annotate(total=Sum("amount_cents")))
