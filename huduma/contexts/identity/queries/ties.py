"""How a person is reached and whom they are tied to: for the page of a customer, whose reader was asked for a purpose."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from huduma.contexts.identity.models import Account, Mandate, Person, Representation
from huduma.contexts.identity.queries.people import records_of
from huduma.foundation.journal import public as journal


@dataclass(frozen=True)
class Way:
    """A number or address under which somebody is reached, and how sure it is theirs."""

    medium: Literal["phone", "email"]
    address: str
    proof: Literal["signs-in", "confirmed", "typed", "written-down"]


@dataclass(frozen=True)
class Tie:
    """Somebody for whom a person may act (`acts`), or who may act for them. `relation`: what the one who is acted for is to the other.

    `services`: codes; none means every service.
    """

    name: str
    relation: str
    acts: bool
    services: tuple[str, ...]
    until_on: date


@dataclass(frozen=True)
class Power:
    """An organisation for which somebody may act, as what, and until when (None: without end)."""

    organisation: str
    power: str
    until_on: date | None


@dataclass(frozen=True)
class Consent:
    """How and when somebody last agreed to be served by an officer."""

    how: str
    at: datetime


def ways_to_reach(person_id: UUID) -> list[Way]:
    """Return every number and address of a person: those they sign in with first."""
    ways: dict[tuple[str, str], Way] = {}
    for account in Account.objects.filter(person_id=person_id, phone__isnull=False).order_by("id"):
        if account.phone:
            ways["phone", account.phone] = Way("phone", account.phone, "signs-in")
        if account.email:
            proof: Literal["confirmed", "typed"] = "confirmed" if account.email_verified_at else "typed"
            ways["email", account.email] = Way("email", account.email, proof)
    records = Person.objects.filter(Q(id=person_id) | Q(merged_into_id=person_id)).exclude(phone="").order_by("id")
    for phone in records.values_list("phone", flat=True):
        ways.setdefault(("phone", phone), Way("phone", phone, "written-down"))
    return list(ways.values())


def ties_of(person_id: UUID) -> list[Tie]:
    """Return whom a person may act for today, then who may act for them."""
    today = timezone.localdate()
    rows = Representation.objects.filter(
        Q(representative_id=person_id) | Q(person_id=person_id), state="given", from_on__lte=today, to_on__gte=today
    )
    found = [
        Tie((row.person if acts else row.representative).full_name, row.relation, acts, tuple(row.services), row.to_on)
        for row in rows.select_related("representative", "person")
        if row.person is not None
        for acts in (row.representative_id == person_id,)
    ]
    return sorted(found, key=lambda tie: (not tie.acts, tie.name))


def powers_of(person_id: UUID) -> list[Power]:
    """Return a person's powers to act for organisations today, by the organisation's name."""
    today = timezone.localdate()
    in_force = Q(to_on__isnull=True) | Q(to_on__gte=today)
    held = Mandate.objects.filter(in_force, person_id=person_id, from_on__lte=today)
    rows = held.select_related("organisation").order_by("organisation__name")
    return [Power(row.organisation.name, row.power, row.to_on) for row in rows]


def last_consent(person_id: UUID) -> Consent | None:
    """Return how a person last agreed to be served by an officer, under any record of theirs."""
    acts = ["identity.person.assisted"]
    entries, _ = journal.page_concerning(records_of(person_id), acts=acts, before=None, limit=1)
    return Consent(entries[0].facts["consent"], entries[0].at) if entries else None
