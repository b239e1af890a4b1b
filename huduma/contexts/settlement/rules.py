"""What follows from figures alone: the age of money, how alike a line and a payment are, when bank details count."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import SequenceMatcher

#: A collector hands over within three days (Public Finance Management Act, section 76(2); docs/obligations.csv, PF-02).
HAND_OVER_DAYS = 3
#: From this age on, money that was not handed over raises an alarm: the law can still be kept.
ALARM_DAYS = 2
#: New bank details are not used before this time after the second approval.
COOLING_OFF = timedelta(days=1)
#: A line and a payment of the same amount belong together by themselves when they are this alike and this near.
ALIKE = 0.8
NEAR = timedelta(minutes=10)
#: Statements of banks name days, not moments.
NEAR_BY_DAY = timedelta(hours=36)
SUGGEST_WITHIN = timedelta(days=3)

BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
ACCOUNT = re.compile(r"[0-9A-Z]{5,34}")


@dataclass(frozen=True)
class Aged:
    """What of one day's collections is not handed over yet. `days`: how old it is; the last one stands for all that is older."""

    day: date
    days: int
    cents: int

    @property
    def is_alarming(self) -> bool:
        """Whether somebody has to act so that the law is kept."""
        return self.days >= ALARM_DAYS and self.cents > 0

    @property
    def is_late(self) -> bool:
        """Whether the law is broken already."""
        return self.days > HAND_OVER_DAYS and self.cents > 0


def age(owed_cents: int, collected: list[tuple[date, int]], today: date) -> list[Aged]:
    """Spread what is owed over the days of its collection: what was collected first was handed over first.

    `collected`: days and the cents collected on them, newest first. What is older than all of them is put on the oldest.
    """
    rest, found = max(owed_cents, 0), []
    for position, (day, cents) in enumerate(collected):
        part = rest if position == len(collected) - 1 else min(rest, max(cents, 0))
        found.append(Aged(day, (today - day).days, part))
        rest -= part
    return found


def likeness(
    line_reference: str, payment_reference: str, line_at: datetime, payment_at: datetime
) -> tuple[float, timedelta]:
    """Return how alike two references are (0 to 1) and how far the moments lie apart."""
    one, other = ("".join(filter(str.isalnum, text.upper())) for text in (line_reference, payment_reference))
    return SequenceMatcher(None, one, other, autojunk=False).ratio(), abs(line_at - payment_at)


def is_bank_account(bic: str, account: str) -> bool:
    """Whether a bank's code has the form of ISO 9362 and an account number that of ISO 20022 (34 characters)."""
    return bool(BIC.fullmatch(bic) and ACCOUNT.fullmatch(account))


def quarter_of(day: date) -> tuple[date, date]:
    """Return the first day of a day's quarter, and the first of the next (the financial year's quarters begin in July)."""
    month = (day.month - 1) // 3 * 3 + 1
    first = date(day.year, month, 1)
    return first, date(day.year + month // 10, (month + 2) % 12 + 1, 1)


def month_of(day: date) -> tuple[date, date]:
    """Return the first day of a day's month, and the first of the next."""
    return day.replace(day=1), date(day.year + day.month // 12, day.month % 12 + 1, 1)


def quarterly_due(before: date) -> date:
    """Return by when the report of the quarter that ended before a day is due: within fifteen days (PFM Act, section 83(3))."""
    return before + timedelta(days=14)
