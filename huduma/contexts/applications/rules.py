"""What a form asks, what typed text means, and what is wrong with an answer. No framework.

A form is the `form.yaml` of a package (`catalogue/schemas/form.schema.json`); its `schema` is JSON Schema 2020-12.
"""

import json
import re
from calendar import monthrange
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import jsonschema_rs

from huduma.foundation import identifiers
from huduma.foundation import phone as phones

Form = dict[str, Any]
Answers = dict[str, Any]
LONGEST_TEXT = 4000
NUMBER = re.compile(r"-?\d{1,15}")
SPACES = re.compile(r"[ \t]+")
#: Value of `format` in a form's schema → what reads such an identifier into its tidy form.
IDENTIFIERS = {"kra-pin": identifiers.kra_pin}


@dataclass(frozen=True)
class Problem:
    """What is wrong with an answer: the keyword of JSON Schema that it breaks, `required`, or `future`; and its limit."""

    keyword: str
    limit: Any = None


def pages(form: Form, answers: Answers, *, by_hand: bool) -> list[dict[str, Any]]:
    """Return the pages to be answered, in order: those whose condition holds, and the by-hand page only when needed."""
    lookup = form.get("lookup", {})
    return [
        page
        for page in form["pages"]
        if (by_hand or page["id"] != lookup.get("by_hand_page"))
        and ("show_if" not in page or _validator(json.dumps(page["show_if"], sort_keys=True)).is_valid(answers))
    ]


def fields_of(form: Form, answers: Answers, *, by_hand: bool) -> list[str]:
    """Return every question that is asked."""
    return [name for page in pages(form, answers, by_hand=by_hand) for name in page["fields"]]


def is_upload(form: Form, name: str) -> bool:
    """Whether a question is answered by files."""
    return bool(form["ui"][name]["widget"] == "upload")


def is_required(form: Form, name: str) -> bool:
    """Whether a question must be answered."""
    return name in form["schema"].get("required", [])


def read(form: Form, fields: Iterable[str], typed: Callable[[str], str]) -> Answers:
    """Return what typed text means, question by question; None is no answer. Text that means nothing stays as it was typed.

    `typed(name)` is the text of an input. A date has three: `<name>-day`, `<name>-month`, `<name>-year`.
    """
    return {
        name: _tidy(form["schema"]["properties"].get(name, {}), _read(form["ui"][name]["widget"], name, typed))
        for name in fields
        if not is_upload(form, name)
    }


def _tidy(schema: dict[str, Any], value: Any) -> Any:
    identifier = IDENTIFIERS.get(schema.get("format", ""))
    try:
        return identifier(value) if identifier and isinstance(value, str) else value
    except identifiers.InvalidIdentifier:
        return value


def _is(identifier: Callable[[str], str]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            return identifier(text) == text
        except identifiers.InvalidIdentifier:
            return False

    return check


def _read(widget: str, name: str, typed: Callable[[str], str]) -> Any:
    if widget == "checkbox":
        return typed(name) == "on" or None
    if widget == "date":
        parts = [typed(f"{name}-{part}").strip() for part in ("year", "month", "day")]
        return "-".join(part.zfill(2) for part in parts) if any(parts) else None
    text = typed(name).replace("\r\n", "\n").replace("\0", "").strip()[:LONGEST_TEXT]
    if widget != "textarea":
        text = SPACES.sub(" ", text.replace("\n", " "))
    if not text:
        return None
    if widget == "number":
        digits = text.replace(",", "").replace(" ", "")
        return int(digits) if NUMBER.fullmatch(digits) else text
    if widget == "phone":
        try:
            return phones.parse(text)
        except phones.InvalidPhone:
            return text
    return text


def problems(
    form: Form, fields: Iterable[str], answers: Answers, uploaded: Collection[str], today: date
) -> dict[str, Problem]:
    """Return what is wrong with the answers to some questions. `uploaded`: the questions that have a file."""
    found = {}
    for name in fields:
        missing = name not in uploaded if is_upload(form, name) else answers.get(name) is None
        if missing:
            if is_required(form, name):
                found[name] = Problem("required")
        elif not is_upload(form, name) and (problem := _problem(form, name, answers[name], today)):
            found[name] = problem
    return found


def _problem(form: Form, name: str, value: Any, today: date) -> Problem | None:
    schema, ui = form["schema"]["properties"][name], form["ui"][name]
    if ui["widget"] == "phone" and not str(value).startswith("+"):
        return Problem("format")
    for error in _validator(json.dumps(schema, sort_keys=True)).iter_errors(value):
        keyword = str(error.schema_path[-1])
        return Problem(keyword, schema.get(keyword))
    if ui.get("not_after") == "today" and date.fromisoformat(value) > today:
        return Problem("future")
    return None


@lru_cache(maxsize=4096)
def _validator(schema: str) -> Any:
    formats = {name: _is(identifier) for name, identifier in IDENTIFIERS.items()}
    return jsonschema_rs.Draft202012Validator(json.loads(schema), validate_formats=True, formats=formats)


def bill_lines(config: dict[str, Any]) -> dict[str, int]:
    """Return the lines that a process bills: every entry that ends in `_cents`, without that ending, where it is more than 0."""
    return {
        name.removesuffix("_cents"): int(cents) for name, cents in config.items() if name.endswith("_cents") and cents
    }


def valid_until(issued: date, months: int | None) -> date | None:
    """Return the last day of a document's validity: the day before the same day of the month, or before the month's end."""
    if months is None:
        return None
    year, month = divmod(issued.year * 12 + issued.month - 1 + months, 12)
    day = min(issued.day, monthrange(year, month + 1)[1])
    return date(year, month + 1, day) - timedelta(days=1)
