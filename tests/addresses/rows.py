"""A row of every table that belongs to somebody else, made of the fields of its model alone.

What is tested with them is who is let in, which is decided before anybody looks whether a row makes sense; so the checks and
triggers of the database stand aside while they are written. What a row says of people holds the word SECRET.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models
from django.db.models import fields
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from huduma.foundation import ids, references

SECRET = "Sirikuu"
PHONE = "+254700000077"
BODY = "OWN"
#: What these hold is public: services, places, and what was published.
PUBLIC = (
    "catalogue", "centres_centre", "centres_counter", "centres_closure", "centres_offering", "centres_servicetime",
    "centres_ticket", "knowledge", "outreach_visit", "performance", "places", "planning", "reengineering", "worktime",
)  # fmt: skip
FIGURES = {"elapsed": {"median": 60, "p90": 60}, "worked": {"median": 60}, "cases": 1}
CHARTER = {
    "life_events": [], "channels": [], "fee_kes": 0, "turnaround": None, "confidence": {},
    "description": {"en": "x", "sw": "x"},
}  # fmt: skip
#: Where a page takes one of few words, or some shape.
SHAPED = {
    "contact_matter.kind": "complaint", "contact_matter.state": "open",
    "identity_person.verified_by": "iprs",
    "reengineering_innovation.before": FIGURES, "reengineering_innovation.after": FIGURES,
    "catalogue_proposal.state": "review", "reengineering_innovation.title": {"en": "x", "sw": "x"},
    "reengineering_innovation.change": {"en": "x", "sw": "x"},
    "catalogue_service.content": CHARTER,
}  # fmt: skip
#: Ids of rows in higher contexts, by the name of the column.
SAME = {
    "case_id": "applications.Application", "application_id": "applications.Application",
    "payable_id": "applications.Application", "issued_for": "applications.Application",
    "person_id": "identity.Person", "payer_person_id": "identity.Person", "account_id": "identity.Account",
}  # fmt: skip


class Rows:
    """One row of each model, in the order in which they need each other."""

    def __init__(self) -> None:
        self._made: dict[type[models.Model], Any] = {}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT conrelid::regclass::text, conname FROM pg_constraint"
                " WHERE contype = 'c' AND conrelid <> 0 AND connamespace = 'public'::regnamespace AND conislocal"
            )
            for table, name in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        with _guards_aside():
            for model in apps.get_models():
                if model.__module__.startswith("huduma.") and model._meta.db_table != "journal_entry":
                    self._make(model)

    def __getitem__(self, name: str) -> Any:
        """Return the row of `app.Model`."""
        return self._made[apps.get_model(name)]

    def another(self, name: str, **facts: Any) -> Any:
        """Write one more row of `app.Model`, with other facts."""
        row = self[name]
        copy = type(row)(**{one.attname: getattr(row, one.attname) for one in row._meta.concrete_fields})
        for key, value in {"id": ids.uuid7(), **facts}.items():
            setattr(copy, key, value)
        with _guards_aside():
            copy.save(force_insert=True)
        return copy

    def _make(self, model: type[models.Model]) -> Any:
        if model not in self._made:
            self._made[model] = None  # whoever refers back to it may not
            facts = {one.name: self._value(one) for one in model._meta.concrete_fields if _is_asked(one)}
            self._made[model] = model._default_manager.create(**facts)
        return self._made[model]

    def _value(self, one: Any) -> Any:
        table = one.model._meta.db_table
        if shaped := SHAPED.get(f"{table}.{one.name}"):
            return shaped
        if isinstance(one, models.ForeignKey):
            return self._make(one.related_model)
        if one.name == "reference" and one.max_length == references.LENGTH:
            return references.mint("HM")
        if one.name == "body_code" or f"{table}.{one.name}" in ("places_publicbody.code", "centres_centre.code"):
            return BODY
        if one.name in SAME and not one.primary_key:
            return self._make(apps.get_model(SAME[one.name])).pk
        if "phone" in one.name:
            return PHONE
        if isinstance(one, fields.CharField | fields.TextField):
            return ("mfano" if table.startswith(PUBLIC) else SECRET)[: one.max_length or 99]
        return _EMPTY[one.get_internal_type()]()


@contextmanager
def _guards_aside() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        cursor.execute("SET LOCAL session_replication_role = origin")


def _is_asked(one: Any) -> bool:
    if f"{one.model._meta.db_table}.{one.name}" in SHAPED:
        return True
    if one.has_default() or one.generated or isinstance(one, fields.AutoField):
        return False
    return not one.null or one.name in ("person", "account", "reference", "phone", *SAME)


_EMPTY = {
    "ArrayField": list, "BigIntegerField": lambda: 1, "BinaryField": SECRET.encode, "BooleanField": lambda: False,
    "DateField": timezone.localdate, "DateTimeField": timezone.now, "IntegerField": lambda: 1, "JSONField": dict,
    "PositiveIntegerField": lambda: 1, "PositiveSmallIntegerField": lambda: 1, "SmallIntegerField": lambda: 1,
    "PositiveBigIntegerField": lambda: 1,
    "TimeField": lambda: "08:00", "UUIDField": ids.uuid7,
}  # fmt: skip


@dataclass(frozen=True)
class Address:
    """One address of the platform: its channel and name, as the resolver has it."""

    channel: str
    name: str
    route: str
    module: str

    def filled(self, values: dict[str, Any]) -> str:
        """Return the path with the values of its parts."""
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), self.route)


def addresses() -> Iterator[Address]:
    """Walk the resolver."""
    yield from _walk(get_resolver().url_patterns, "", "root")


def _walk(patterns: list[Any], before: str, channel: str) -> Iterator[Address]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _walk(one.url_patterns, before + str(one.pattern), one.namespace or channel)
        elif isinstance(one, URLPattern):
            route = before + str(one.pattern)
            module = one.callback.__module__.removeprefix("huduma.channels.")
            yield Address(channel, one.name or route.rsplit("/", 1)[-1], route, module)
