"""What may be typed in an answer, and what has to come from a charter. No Django here."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

#: What a field gives of a charter: `{fee:birth-cert-current}`.
KINDS = ("service", "fee", "time", "needs", "where", "link")
FIELD = re.compile(r"\{(" + "|".join(KINDS) + r"):([a-z0-9-]+)\}")
LIKE_A_FIELD = re.compile(r"\{[^{}\n]*:[^{}\n]*\}")
NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
MONEY = re.compile(
    rf"\b(?:KES|Kshs?|Shs?|shilingi|bob)\b[.\s]*(?:za\s+)?({NUMBER})(?:\s*/[=-])?|({NUMBER})\s*(?:/=|/-|(?:KES|Kshs?|shillings?|shilingi|bob)\b)",
    re.I,
)
UNITS = {
    "minute": "minutes", "dakika": "minutes", "hour": "hours", "saa": "hours", "masaa": "hours", "day": "days", "siku": "days",
    "week": "weeks", "wiki": "weeks", "month": "months", "mwezi": "months", "miezi": "months",
}  # fmt: skip
SPAN = re.compile(
    rf"\b({NUMBER})[\s-]*(working|business)?[\s-]*(minute|hour|day|week|month)s?\b"
    rf"|\b(dakika|saa|masaa|siku|wiki|mwezi|miezi)\s+(za\s+kazi\s+|ya\s+kazi\s+)?({NUMBER})\b(?!\s*(?:asubuhi|mchana|jioni|usiku|kamili))",
    re.I,
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A sum (`unit` money) or a span of time that stands in a text; `shown` is how."""

    shown: str
    number: float
    unit: str


@dataclass(frozen=True)
class Typed:
    """Typed figures: those that a charter gives as a field, and those that no charter says."""

    fields: tuple[str, ...]
    unknown: tuple[str, ...]


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def figures_in(text: str) -> Iterator[Figure]:
    """Return the sums of money and the spans of time that are typed with digits in a text, in English or Kiswahili."""
    for found in MONEY.finditer(text):
        yield Figure(found[0].strip(), _number(found[1] or found[2]), "money")
    for found in SPAN.finditer(text):
        name, number = found[3] or found[4], found[1] or found[6]
        unit = UNITS[name.casefold()]
        working = unit == "days" and bool(found[2] or found[5])
        yield Figure(found[0].strip(), _number(number), "working_days" if working else unit)


def fields_in(text: str) -> list[tuple[str, str]]:
    """Return the fields of a text: what, and of which service."""
    return FIELD.findall(text)


def misspelt_fields(text: str) -> list[str]:
    """Return what looks like a field and is none."""
    return [one for one in LIKE_A_FIELD.findall(text) if not FIELD.fullmatch(one)]


def typed(text: str, charters: Iterable[dict[str, Any]]) -> Typed:
    """Judge the figures typed in a text by the charters of its services.

    What a charter has as its fee or its time belongs in a field. What stands elsewhere in a charter's words may be typed. A sum that
    no charter says is refused; so is a time, where there are charters.
    """
    promised: set[tuple[float, str]] = set()
    said: set[tuple[float, str]] = set()
    is_tied = False
    for charter in charters:
        is_tied = True
        promised |= set(_promised(charter))
        said |= {(one.number, one.unit) for words in _words(charter) for one in figures_in(words)}
    fields, unknown = [], []
    for figure in figures_in(text):
        key = (figure.number, figure.unit)
        if key in promised:
            fields.append(figure.shown)
        elif key not in said and (figure.unit == "money" or is_tied):
            unknown.append(figure.shown)
    return Typed(tuple(dict.fromkeys(fields)), tuple(dict.fromkeys(unknown)))


def _promised(charter: dict[str, Any]) -> Iterator[tuple[float, str]]:
    fee = charter.get("fee_kes")
    for amount in [one["amount"] for one in fee] if isinstance(fee, list) else [fee]:
        if amount:
            yield float(amount), "money"
    for line in charter.get("fees", []):
        if line.get("amount"):
            yield float(line["amount"]), "money"
    if span := charter.get("turnaround"):
        yield float(span["value"]), span["unit"]
        if "min" in span:
            yield float(span["min"]), span["unit"]


def _words(part: Any) -> Iterator[str]:
    """Return all words of a charter but its sources."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for name, one in part.items():
            if name != "sources":
                yield from _words(one)
    elif isinstance(part, list):
        for one in part:
            yield from _words(one)
