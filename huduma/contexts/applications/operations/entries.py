"""Entries of a repeating group: one more child, one more owner; added, changed and removed one by one."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from huduma.contexts.applications import events, queries, rules
from huduma.contexts.applications.models import Application
from huduma.contexts.applications.operations.drafts import keep, lock, page_of
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

#: A group without `maxItems` ends here: nobody types more by hand.
MOST = 50


class TooManyEntries(Refusal):
    """There are as many here as this question takes. Remove one first, then add the new one."""


@transaction.atomic
def add_entry(*, actor: Actor, application_id: UUID, page_id: str, field: str, now: datetime) -> str:
    """Add an empty entry to a group and return its id; an entry left empty is dropped when the page is saved.

    Raises NotFound, CannotChange, TooManyEntries.
    """
    application, entries = _entries(actor, application_id, page_id, field)
    limit = queries.form_of(application)["schema"]["properties"][field].get("maxItems", MOST)
    if empty := next((entry["id"] for entry in entries if len(entry) == 1), None):
        return str(empty)
    if len(entries) >= limit:
        raise TooManyEntries
    entry = {"id": secrets.token_hex(4)}
    _keep(actor, application, page_id, field, [*entries, entry], now)
    return entry["id"]


@transaction.atomic
def save_entry(
    *, actor: Actor, application_id: UUID, page_id: str, field: str, entry_id: str, typed: Callable[[str], str],
    now: datetime,
) -> dict[str, str]:  # fmt: skip
    """Keep what was typed in an entry, right or wrong, and return what is wrong with it: question → sentence.

    Raises NotFound, CannotChange.
    """
    application, entries = _entries(actor, application_id, page_id, field)
    form = queries.form_of(application)
    before = queries.entry_of(application, field, entry_id)
    read = rules.read(rules.entry_form(form, field), rules.entry_fields(form, field, before), typed)
    after = {name: value for name, value in {**before, **read}.items() if value is not None}
    if after != before:
        kept = [after if entry["id"] == entry_id else entry for entry in entries]
        _keep(actor, application, page_id, field, kept, now)
    return queries.entry_problems(application, field, after, timezone.localdate(now))


@transaction.atomic
def remove_entry(*, actor: Actor, application_id: UUID, page_id: str, field: str, entry_id: str, now: datetime) -> None:
    """Remove an entry of a group; again changes nothing. Raises NotFound, CannotChange."""
    application, entries = _entries(actor, application_id, page_id, field)
    kept = [entry for entry in entries if entry["id"] != entry_id]
    if kept != entries:
        _keep(actor, application, page_id, field, kept, now)


def _entries(actor: Actor, application_id: UUID, page_id: str, field: str) -> tuple[Application, list[dict[str, Any]]]:
    application = lock(actor, application_id)
    if field not in page_of(application, page_id)["fields"] or not rules.is_group(queries.form_of(application), field):
        raise NotFound
    return application, application.answers.get(field, [])


def _keep(
    actor: Actor, application: Application, page_id: str, field: str, entries: list[dict[str, Any]], now: datetime
) -> None:
    rest = {name: value for name, value in application.answers.items() if name != field}
    keep(application, now, answers={**rest, field: entries} if entries else rest)
    event = events.PageSaved(application_id=application.id, page=page_id, fields=[field])
    journal.record(actor=actor, event=event, now=now)
