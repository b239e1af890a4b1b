"""What a service costs on a day: the lines of its fee schedule that are in force and whose condition holds."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from huduma.contexts.catalogue.rules.conditions import holds

CENTS = 100


@dataclass(frozen=True)
class FeeLine:
    """One line of a bill: `amount_cents` in minor units of `currency` (ISO 4217); `legal_notice` is what sets it.

    `from_on` and `to_on` are the first and the last day of the line in the schedule, None where none is known or set.
    """

    code: str
    name: dict[str, str]
    amount_cents: int
    currency: str
    legal_notice: str
    from_on: date | None
    to_on: date | None
    revenue_code: str = ""


def fee_lines(
    service: dict[str, Any], *, on: date, facts: dict[str, Any], decided: dict[str, Any] | None = None
) -> list[FeeLine]:
    """Return what a service costs on a day over the facts of an application; a line of nothing is left out.

    `service` is a service.yaml with `fees`. `decided` are the outputs of rules.dmn, for lines that say `decided_by`.
    """
    lines = []
    for entry in service.get("fees", []):
        if in_force(entry, on) and holds(entry.get("when"), facts) and (cents := _cents(entry, facts, decided or {})):
            currency = entry.get("currency", "KES")
            line = FeeLine(entry["code"], entry["name"], cents, currency, entry["legal_notice"], *days_of(entry))
            lines.append(replace(line, revenue_code=entry.get("revenue_code", "")))
    return lines


def schedule(service: dict[str, Any], on: date) -> list[dict[str, Any]]:
    """Return the lines of a fee schedule that are in force on a day or come later, as they are written, with their days as dates."""
    found = []
    for entry in service.get("fees", []):
        first, last = days_of(entry)
        if last is None or last >= on:
            found.append({**entry, "from": first, "to": last, "is_to_come": first is not None and first > on})
    return found


def in_force(entry: dict[str, Any], on: date) -> bool:
    """Whether a line of a fee schedule is in force on a day."""
    first, last = days_of(entry)
    return (first or on) <= on <= (last or on)


def days_of(entry: dict[str, Any]) -> tuple[date | None, date | None]:
    """Return the first and the last day of a line, None where none is set. Raises ValueError for what is no date."""
    first, last = entry.get("from"), entry.get("to")
    return first and date.fromisoformat(first), last and date.fromisoformat(last)


def _cents(entry: dict[str, Any], facts: dict[str, Any], decided: dict[str, Any]) -> int:
    if "amount" in entry:
        return int(entry["amount"]) * CENTS
    if "amount_from" in entry:
        return round(float(facts.get(entry["amount_from"]) or 0) * CENTS)
    return int(decided.get(entry["decided_by"]) or 0)
