"""On what terms a bill is owed: frozen on the bill when it is raised, so that a changed schedule never changes it.

penalty: {after_days, percent or cents, every_days?, at_most?, legal_basis}
instalments: {at_most, every_days, least_cents, grace_days, legal_basis}
convenience: [{gateways, from_cents, cents, legal_notice}]   what paying by a gateway costs on top
rate: {rate, day, source}                                    shillings × 10 000 for one unit of the bill's currency
"""

from datetime import date, timedelta
from typing import Any

from huduma.contexts.payments.rules.amounts import Line, whole

Terms = dict[str, Any]
FEE_ACCOUNT = "fee:convenience"


def penalty_cents(terms: Terms, open_cents: int, currency: str) -> int:
    """Return what is added to a bill that is late and of which so much is open."""
    rule = terms["penalty"]
    return int(rule["cents"]) if "cents" in rule else whole(open_cents * rule["percent"] // 100, currency)


def first_penalty_on(terms: Terms, due_on: date | None) -> date | None:
    """Return the day on which a bill that is not paid by then costs more."""
    if due_on is None or "penalty" not in terms:
        return None
    return due_on + timedelta(days=terms["penalty"]["after_days"] + 1)


def next_penalty_on(terms: Terms, lines: list[Line], last: date) -> date | None:
    """Return the day of the penalty after the last one, if there is another."""
    rule = terms["penalty"]
    so_far = sum(line["code"] == "penalty" for line in lines)
    if "every_days" not in rule or so_far >= rule.get("at_most", 1):
        return None
    return last + timedelta(days=rule["every_days"])


def instalments(cents: int, count: int, every_days: int, first_on: date) -> list[tuple[date, int]]:
    """Split an amount in whole shillings: day and amount of each; what does not divide is in the last."""
    each = whole(cents // count, "KES")
    amounts = [each] * (count - 1) + [cents - each * (count - 1)]
    return [(first_on + timedelta(days=every_days * nth), amount) for nth, amount in enumerate(amounts)]


def bands_on(schedule: list[dict[str, Any]], day: date, currency: str) -> list[dict[str, Any]]:
    """Return the bands of the schedule of convenience fees that are in force on a day, for a currency; see the file."""
    return [
        {"gateways": one["gateways"], "legal_notice": one["legal_notice"], **band}
        for one in schedule
        if one["from"] <= day and day <= one.get("to", day)
        for band in one["bands"].get(currency, [])
    ]


def convenience_cents(terms: Terms, gateway: str | None, cents: int) -> tuple[int, str]:
    """Return what paying so much by a gateway costs on top, and by which notice; nothing where no band is for it."""
    bands = [
        band for band in terms.get("convenience", []) if gateway in band["gateways"] and band["from_cents"] <= cents
    ]
    if not bands or cents <= 0:
        return 0, ""
    highest = max(bands, key=lambda band: int(band["from_cents"]))
    return int(highest["cents"]), str(highest["legal_notice"])
