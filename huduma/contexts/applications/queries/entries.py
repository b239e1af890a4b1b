"""The entries of repeating groups."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from huduma.contexts.applications import rules
from huduma.contexts.applications.models import Application
from huduma.contexts.applications.queries.answers import Answer, entry_answers
from huduma.contexts.applications.queries.forms import Question, form_of, words_for
from huduma.foundation.access import NotFound


@dataclass(frozen=True)
class Entry:
    """One entry of a repeating group; `complete` when nothing is missing or wrong in it."""

    id: str
    answers: list[Answer]
    complete: bool

    @property
    def title(self) -> str:
        """What tells it from the others: its first answer."""
        return next((answer.text for answer in self.answers if answer.text), "")


def entry_of(application: Application, field: str, entry_id: str) -> dict[str, Any]:
    """Return one entry of a group. Raises NotFound."""
    for entry in application.answers.get(field, []):
        if entry["id"] == entry_id:
            return dict(entry)
    raise NotFound


def questions_in(application: Application, field: str, entry: dict[str, Any]) -> list[Question]:
    """Return the questions of one entry of a group with what was answered so far."""
    form = rules.entry_form(form_of(application), field)
    return [
        Question(name, form["ui"][name], entry.get(name), rules.is_required(form, name), [])
        for name in rules.entry_fields(form_of(application), field, entry)
    ]


def entry_problems(application: Application, field: str, entry: dict[str, Any], today: date) -> dict[str, str]:
    """Return what is wrong in one entry of a group, question by question, in the active language."""
    form = rules.entry_form(form_of(application), field)
    found = rules.problems(form, rules.entry_fields(form_of(application), field, entry), entry, (), today)
    return {name: words_for(form["ui"][name], problem) for name, problem in found.items()}


def entries_of(application: Application, field: str, today: date) -> list[Entry]:
    """Return the entries of a group as a page lists them."""
    form = form_of(application)
    entries = []
    for entry in application.answers.get(field, []):
        answers = entry_answers(form, field, entry)
        complete = not entry_problems(application, field, entry, today)
        entries.append(Entry(entry["id"], answers, complete))
    return entries
