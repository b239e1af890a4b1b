"""How amounts are split and added up. Always in whole cents, and the parts add up to the whole.

A line of a bill is a dict: code, description {en, sw}, amount_cents, body_code, and where known revenue_code, legal_notice
and from (first day in the schedule). A line that takes something off another (a waiver) is negative and names that line's
place by `of`. Lines are only ever added, so what a bill once said it says for good.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

Line = dict[str, Any]
#: Kenya shillings are converted and charged in whole shillings: M-Pesa takes no cents.
WHOLE = {"KES": 100}
#: What is owed to us because it was given back twice.
RECEIVABLE_ACCOUNT = "receivable:given-twice"
#: What is given up for lost.
WRITE_OFF_ACCOUNT = "write-off"
#: How many parts one shilling has in the table of rates.
RATE_UNIT = 10_000


def share(amounts: Sequence[int], cents: int) -> list[int]:
    """Split cents in proportion to amounts (not negative, not all 0): each part is at most a cent from its exact share."""
    total = sum(amounts)
    ends = [cents * end // total for end in accumulate(amounts)]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def in_order(amounts: Sequence[int], cents: int) -> list[int]:
    """Return how much of each amount is covered by cents, the first first."""
    covered = []
    for amount in amounts:
        covered.append(min(amount, cents))
        cents -= covered[-1]
    return covered


def net_amounts(lines: Sequence[Line]) -> list[int]:
    """Return what is left of each line when what was taken off it is taken off; 0 for the lines that take off."""
    left = [0 if "of" in line else line["amount_cents"] for line in lines]
    for line in lines:
        if "of" in line:
            left[line["of"]] += line["amount_cents"]
    return left


def account_of(line: Line) -> str:
    """Return the account that a line is owed to: its own, or the body's by revenue code where the line has one."""
    if "account" in line:
        return str(line["account"])
    code = line.get("revenue_code")
    return f"body:{line['body_code']}:{code}" if code else f"body:{line['body_code']}"


def waived(lines: Sequence[Line], rooms: Sequence[int], cents: int, words: Line) -> list[Line]:
    """Return the lines that take cents off the last lines first, each by at most its room (what is not yet paid of it)."""
    taken = in_order(rooms[::-1], cents)[::-1]
    return [
        {**words, "amount_cents": -part, "of": place}
        | {key: lines[place][key] for key in ("body_code", "revenue_code") if key in lines[place]}
        for place, part in enumerate(taken)
        if part
    ]


def whole(cents: int, currency: str) -> int:
    """Return an amount rounded down to what can be paid in a currency."""
    return cents - cents % WHOLE.get(currency, 1)


def to_shillings(cents: int, rate: int) -> int:
    """Return what foreign cents are in Kenyan cents, rounded to the shilling (half up); rate: shillings × RATE_UNIT for one unit."""
    unit = RATE_UNIT * WHOLE["KES"]
    return (cents * rate + unit // 2) // unit * WHOLE["KES"]


def to_kenyan_cents(amounts: Sequence[int], rate: int) -> list[int]:
    """Return foreign amounts (not all 0) in Kenyan cents, as papers want them: the sum is rounded half up to the cent and shared out."""
    return share(amounts, (sum(amounts) * rate + RATE_UNIT // 2) // RATE_UNIT)
