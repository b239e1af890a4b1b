"""What was answered, as people read it."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext

from huduma.contexts.applications import rules
from huduma.contexts.applications.models import Application, Upload
from huduma.contexts.applications.queries.forms import all_answers, asked_pages, form_of, uploaded
from huduma.contexts.places import public as places
from huduma.foundation import phone as phones
from huduma.foundation.translated import pick


@dataclass(frozen=True)
class Answer:
    """One question and its answer as people read it. `files` answer an upload, `entries` a repeating group."""

    name: str
    label: dict[str, str]
    text: str
    files: list[Upload]
    entries: "list[list[Answer]]" = field(default_factory=list)


@dataclass(frozen=True)
class Section:
    """A page of the form with its answers; `page` is None for what a register said."""

    page: str | None
    title: dict[str, str] | None
    answers: list[Answer]


def sections_of(application: Application) -> list[Section]:
    """Return everything that was answered, page by page, as people read it in the active language."""
    form, answers, kept = form_of(application), all_answers(application), uploaded(application)
    sections = []
    told = [_answer(form, name, application.register_facts, {}) for name in _register_order(form)]
    if told := [answer for answer in told if answer.text]:
        sections.append(Section(None, None, told))
    for page in asked_pages(application):
        told = [_answer(form, name, answers, kept) for name in page["fields"]]
        sections.append(Section(page["id"], page["title"], told))
    return sections


def _register_order(form: dict[str, Any]) -> list[str]:
    """Return what registers may know in the order of the form's pages (stored objects have no order)."""
    asked: list[str] = [name for page in form["pages"] for name in page["fields"]]
    return [*asked, *sorted(set(form["ui"]) - set(asked))]


def _answer(form: dict[str, Any], name: str, answers: dict[str, Any], kept: dict[str, list[Upload]]) -> Answer:
    ui, value = form["ui"][name], answers.get(name)
    if rules.is_group(form, name):
        return Answer(name, ui["label"], "", [], [entry_answers(form, name, entry) for entry in value or []])
    return Answer(name, ui["label"], read_aloud(ui, value), kept.get(name, []))


def entry_answers(form: dict[str, Any], field: str, entry: dict[str, Any]) -> list[Answer]:
    """Return one entry of a group as people read it."""
    inside = rules.entry_form(form, field)
    return [_answer(inside, name, entry, {}) for name in rules.entry_fields(form, field, entry)]


def read_aloud(ui: dict[str, Any], value: Any, language: str | None = None) -> str:
    """Return an answer as people read it: the option's wording, a county's name, a date in words."""
    if value is None:
        return ""
    if "options" in ui:
        wording = {option["value"]: option["label"] for option in ui["options"]}
        chosen = value if isinstance(value, list) else [value]
        return ", ".join(pick(wording.get(one, str(one)), language) for one in chosen)
    if ui["widget"] == "county":
        return {county.code: county.name for county in places.list_counties()}.get(value, str(value))
    if ui["widget"] == "checkbox":
        return gettext("Yes")
    if ui["widget"] == "phone":
        return phones.display(str(value))
    if ui["widget"] == "date":
        try:
            return date_format(date.fromisoformat(value), "j F Y")
        except ValueError:
            return str(value)
    return str(value)
