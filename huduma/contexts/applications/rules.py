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
IDENTIFIERS = {"kra-pin": identifiers.kra_pin, "id-number": identifiers.id_number, "mobile": phones.parse_mobile}
#: What a step of a process can make an application; pages and messages have words for each.
STATUSES = (
    "waiting_payment", "in_review", "waiting_correction", "waiting_visit", "waiting_agreement", "issuing", "issued", "rejected",
)  # fmt: skip
UNREADABLE = (identifiers.InvalidIdentifier, phones.InvalidPhone)


@dataclass(frozen=True)
class Problem:
    """What is wrong with an answer: the keyword of JSON Schema that it breaks, `required`, `future`, `past`,
    or `entry` (the number of a group's entry that is not complete); and its limit."""

    keyword: str
    limit: Any = None


def pages(form: Form, typed: Answers, given: Answers, *, by_hand: bool) -> list[dict[str, Any]]:
    """Return the pages to be answered, in order, each with the questions that are asked.

    A page or question is asked when its `show_if` holds over what is `given` (by registers) and what was `typed` as answers to
    questions asked before it: an answer to a question that is no longer asked decides nothing. What is given is not asked.
    """
    by_hand_page = form.get("lookup", {}).get("by_hand_page")
    said = {**given, **counts(form, given)}
    found = []
    for page in form["pages"]:
        if (page["id"] == by_hand_page and not by_hand) or not holds(page.get("show_if"), said):
            continue
        fields = []
        for name in page["fields"]:
            if name not in given and holds(form["ui"][name].get("show_if"), said):
                fields.append(name)
                if name in typed:
                    said |= {name: typed[name], **counts(form, {name: typed[name]})}
        if fields or not page["fields"]:
            found.append({**page, "fields": fields})
    return found


def holds(condition: dict[str, Any] | None, said: Answers) -> bool:
    """Whether a condition (a JSON Schema over answers) holds; no condition always does."""
    return condition is None or _validator(json.dumps(condition, sort_keys=True)).is_valid(said)


def relevant(form: Form, typed: Answers, given: Answers, *, by_hand: bool) -> Answers:
    """Return the answers that count: what is given, and what was typed for questions that are asked; each group's size too."""
    asked = [name for page in pages(form, typed, given, by_hand=by_hand) for name in page["fields"]]
    answers = {**{name: typed[name] for name in asked if name in typed}, **given}
    return {**answers, **counts(form, answers)}


def counts(form: Form, answers: Answers) -> Answers:
    """Return `<group>_count` for each repeating group: conditions and decision tables read it."""
    return {
        f"{name}_count": len(value)
        for name, value in answers.items()
        if isinstance(value, list) and name in form["ui"] and is_group(form, name)
    }


def is_upload(form: Form, name: str) -> bool:
    """Whether a question is answered by files."""
    return bool(form["ui"][name]["widget"] == "upload")


def is_group(form: Form, name: str) -> bool:
    """Whether a question repeats: its answer is a list of entries, each with answers of its own under an `id`."""
    return bool(form["ui"][name]["widget"] == "group")


def entry_form(form: Form, name: str) -> Form:
    """Return the questions of one entry of a group, as a form of one page."""
    group = form["ui"][name]
    return {
        "schema": form["schema"]["properties"][name]["items"],
        "ui": group["questions"],
        "pages": [{"id": name, "title": group["item"], "fields": group["fields"]}],
    }


def entry_fields(form: Form, name: str, entry: Answers) -> list[str]:
    """Return the questions of an entry that are asked."""
    fields: list[str] = pages(entry_form(form, name), entry, {}, by_hand=False)[0]["fields"]
    return fields


def is_required(form: Form, name: str) -> bool:
    """Whether a question must be answered."""
    return name in form["schema"].get("required", [])


def read(form: Form, fields: Iterable[str], typed: Callable[[str], str]) -> Answers:
    """Return what typed text means, question by question; None is no answer. Text that means nothing stays as it was typed.

    `typed(name)` is the text of an input. A date has three: `<name>-day`, `<name>-month`, `<name>-year`; several choices have
    one each: `<name>-<value>`. Files and entries of a group are not typed here.
    """
    return {
        name: _tidy(form["schema"]["properties"].get(name, {}), _read(form["ui"][name], name, typed))
        for name in fields
        if not is_upload(form, name) and not is_group(form, name)
    }


def _tidy(schema: dict[str, Any], value: Any) -> Any:
    identifier = IDENTIFIERS.get(schema.get("format", ""))
    try:
        return identifier(value) if identifier and isinstance(value, str) else value
    except UNREADABLE:
        return value


def _is(identifier: Callable[[str], str]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            return identifier(text) == text
        except UNREADABLE:
            return False

    return check


def _read(ui: dict[str, Any], name: str, typed: Callable[[str], str]) -> Any:
    widget = ui["widget"]
    if widget == "checkbox":
        return typed(name) == "on" or None
    if widget == "checkboxes":
        return [o["value"] for o in ui["options"] if typed(f"{name}-{o['value']}") == "on"] or None
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
        elif not is_upload(form, name):
            entry = _entry_problem(form, name, answers[name], today) if is_group(form, name) else None
            if problem := entry or _problem(form, name, answers[name], today):
                found[name] = problem
    return found


def _entry_problem(form: Form, name: str, entries: list[Answers], today: date) -> Problem | None:
    inside = entry_form(form, name)
    for number, entry in enumerate(entries, 1):
        if problems(inside, entry_fields(form, name, entry), entry, (), today):
            return Problem("entry", number)
    return None


def _problem(form: Form, name: str, value: Any, today: date) -> Problem | None:
    schema, ui = form["schema"]["properties"][name], form["ui"][name]
    if ui["widget"] == "phone" and not str(value).startswith("+"):
        return Problem("format")
    if is_group(form, name):
        schema = {key: limit for key, limit in schema.items() if key in ("minItems", "maxItems")}
    for error in _validator(json.dumps(schema, sort_keys=True)).iter_errors(value):
        keyword = str(error.schema_path[-1])
        return Problem(keyword, schema.get(keyword))
    if ui.get("not_after") == "today" and date.fromisoformat(value) > today:
        return Problem("future")
    if ui.get("not_before") == "today" and date.fromisoformat(value) < today:
        return Problem("past")
    return None


@lru_cache(maxsize=4096)
def _validator(schema: str) -> Any:
    formats = {name: _is(identifier) for name, identifier in IDENTIFIERS.items()}
    return jsonschema_rs.Draft202012Validator(json.loads(schema), validate_formats=True, formats=formats)


@dataclass(frozen=True)
class Party:
    """Somebody who has to agree: the id in form.yaml, the entry of a group (or ""), and who it is as the applicant says."""

    role: str
    entry: str
    name: str
    phone: str
    id_number: str


def parties(form: Form, answers: Answers) -> list[Party]:
    """Return who has to agree, after the answers; a party without a name or a phone number cannot be asked and is left out."""
    found = []
    for asked in form.get("agreements", []):
        if not holds(asked.get("show_if"), answers):
            continue
        for said in answers.get(asked["group"], []) if "group" in asked else [answers]:
            name, phone = said.get(asked["name"]), said.get(asked["phone"])
            if name and phone:
                number = str(said.get(asked.get("id_number", ""), "") or "")
                entry = said["id"] if "group" in asked else ""
                found.append(Party(asked["id"], entry, str(name), str(phone), number))
    return found


#: What a prefilled question may name: the facts that registers vouch for are not asked; the others are filled in and may be changed.
VOUCHED = {
    "person": ("full_name", "surname", "first_name", "other_names", "id_number", "birth_date", "sex"),
    "organisation": ("name", "registration_number", "kind"),
}


def vouched(form: Form, facts: dict[str, str]) -> Answers:
    """Return the answers that need no question, from facts such as `person.birth_date`."""
    return {
        name: facts[ui["prefill"]]
        for name, ui in form["ui"].items()
        if is_vouched(ui.get("prefill", "")) and facts.get(ui["prefill"])
    }


def is_vouched(prefill: str) -> bool:
    """Whether a register vouches for what a `prefill` names."""
    source, _, what = prefill.partition(".")
    return what in VOUCHED.get(source, ())


def suggested(form: Form, facts: dict[str, Any], earlier: Answers) -> Answers:
    """Return first answers that the applicant may change: contact details, and `earlier.<question>` of former applications.

    An earlier answer that this question would not take is left out.
    """
    found = {}
    for name, ui in form["ui"].items():
        source, _, what = ui.get("prefill", "").partition(".")
        if is_vouched(ui.get("prefill", "")):
            continue
        value = earlier.get(what) if source == "earlier" else facts.get(f"{source}.{what}")
        schema = form["schema"]["properties"].get(name)
        if value and schema is not None and holds(schema, value):
            found[name] = value
    return found


def decided(config: dict[str, Any]) -> dict[str, Any] | None:
    """Return the amounts that a process hands to `raise-bill`, or None where it hands none."""
    return {name: value for name, value in config.items() if name.endswith("_cents")} or None


def valid_until(issued: date, months: int | None) -> date | None:
    """Return the last day of a document's validity: the day before the same day of the month, or before the month's end."""
    if months is None:
        return None
    year, month = divmod(issued.year * 12 + issued.month - 1 + months, 12)
    day = min(issued.day, monthrange(year, month + 1)[1])
    return date(year, month + 1, day) - timedelta(days=1)
