"""People: proved by a register, registered by hand or at a counter, and merged when two records are one human being's."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from huduma.contexts.identity import events
from huduma.contexts.identity.models import Account, Person
from huduma.contexts.identity.operations.accounts import own_account
from huduma.contexts.identity.operations.joining import join_proven
from huduma.foundation import phone as phones
from huduma.foundation.access import Actor, Refusal
from huduma.foundation.journal import public as journal

#: How a person at a counter lets an officer act for them.
CONSENTS = ("by-word", "by-mark", "guardian")


class IdentityTaken(Refusal):
    """This ID is already linked to another account. Sign in with that phone number, or visit a Huduma Centre with your ID card."""


class AlreadyProven(Refusal):
    """Your identity is confirmed already. To correct your details, visit a Huduma Centre with your ID card."""


class AnotherName(Refusal):
    """This ID number is known under another name or date of birth. Check the number on the card; without a card, leave it empty."""


@dataclass(frozen=True, kw_only=True)
class IdentityFacts:
    """What a register says of a person; `sex` is F, M, X or empty."""

    id_number: str | None
    surname: str
    first_name: str
    other_names: str
    birth_date: date | None
    sex: str


@transaction.atomic
def record_identity_proof(*, actor: Actor, facts: IdentityFacts, by: str, now: datetime) -> Person:
    """Bind the actor's account to the person whom a register described (`by` "iprs"), or who spoke for themselves
    because the register was down (`by` "by-hand": cases show it as to be checked).

    Raises AlreadyProven, IdentityTaken, NotPermitted.
    """
    account = own_account(actor)
    person = account.person
    if person is not None and person.merged_into is not None:  # a joining held it back: it is the other record's
        raise AlreadyProven
    if person is not None and (person.verified_by == "iprs" or by != "iprs"):
        if person.id_number == facts.id_number:
            return person
        raise AlreadyProven
    values: dict[str, Any] = {
        "surname": facts.surname,
        "first_name": facts.first_name,
        "other_names": facts.other_names,
        "birth_date": facts.birth_date,
        "sex": facts.sex,
        "id_number": facts.id_number if by == "iprs" else None,  # an unchecked number must not block its owner
        "verified_by": by,
        "verified_at": now if by == "iprs" else None,
    }
    try:
        with transaction.atomic():
            person = _bind(actor, account, person, facts, values, now)
    except IntegrityError as error:
        raise IdentityTaken from error
    journal.record(actor=actor, event=events.IdentityProven(person_id=person.id, by=by), now=now)
    return person


@transaction.atomic
def record_failed_proof(*, actor: Actor, reason: str, now: datetime) -> None:
    """Write a failed attempt into the journal, without the numbers that were tried."""
    assert actor.account_id is not None
    journal.record(actor=actor, event=events.ProofFailed(account_id=actor.account_id, reason=reason), now=now)


@transaction.atomic
def register_assisted_person(
    *, actor: Actor, facts: IdentityFacts, phone: str, consent: str, by: str = "assisted", now: datetime
) -> Person:
    """Register a person who stands at a desk, with their consent recorded; finds them again by ID number.

    Raises NotPermitted unless the actor is an officer or supervisor; AnotherName; phones.InvalidPhone.
    """
    actor.require_role("officer", "supervisor")
    number = phones.parse(phone) if phone else ""
    person = Person.objects.filter(id_number=facts.id_number).first() if facts.id_number else None
    if person is not None and not _may_be(person, facts):
        raise AnotherName
    if person is None:
        person = Person.objects.create(
            id_number=facts.id_number,
            surname=facts.surname,
            first_name=facts.first_name,
            other_names=facts.other_names,
            birth_date=facts.birth_date,
            sex=facts.sex,
            phone=number,
            verified_by=by,
            verified_at=now,
            registered_at=now,
        )
    journal.record(actor=actor, event=events.PersonAssisted(person_id=person.id, consent=consent), now=now)
    return person


@transaction.atomic
def assist_known_person(*, actor: Actor, person_id: UUID, consent: str, now: datetime) -> None:
    """Record that a person who is known already, and stands at a counter, lets the officer act for them.

    Raises NotPermitted unless the actor is an officer or supervisor.
    """
    actor.require_role("officer", "supervisor")
    if consent not in CONSENTS:
        raise ValueError(f"a consent is given one of these ways: {', '.join(CONSENTS)}")
    journal.record(actor=actor, event=events.PersonAssisted(person_id=person_id, consent=consent), now=now)


def _bind(
    actor: Actor, account: Account, person: Person | None, facts: IdentityFacts, values: dict[str, Any], now: datetime
) -> Person:
    known = _record_of_counter(values["id_number"], person)
    if known is not None and not _may_be(known, facts):  # an officer typed a digit wrong: the register knows better
        _free_number(known)
        journal.record(actor=actor, event=events.NumberTakenBack(person_id=known.id), now=now)
        known = None
    if known is not None and person is not None:
        join_proven(actor, person, known, now)
    person = person or known or Person(registered_at=now)
    for field, value in values.items():
        setattr(person, field, value)
    person.save()
    if account.person_id != person.id:
        account.person = person
        account.save(update_fields=["person"])
    return person


def _record_of_counter(id_number: str | None, person: Person | None) -> Person | None:
    """The record that an officer made under this number for somebody who had no account; it is theirs when they come online."""
    if id_number is None:
        return None
    one_of = Q(id_number=id_number) | Q(id=person.id if person else None)
    locked = (
        Person.objects.select_for_update().filter(one_of).order_by("id")
    )  # both, in the order that every joining has
    known = next((one for one in locked if one.id_number == id_number and one != person), None)
    return None if known is None or Account.objects.filter(person=known).exists() else known


def _free_number(person: Person) -> None:
    person.id_number = None
    person.save(update_fields=["id_number"])


def _may_be(person: Person, facts: IdentityFacts) -> bool:
    """Whether a name is shared and no birth date differs: a wrong digit must not open a stranger's affairs."""
    spoken = f"{facts.first_name} {facts.other_names} {facts.surname}".casefold().split()
    known = person.full_name.casefold().split()
    born = {facts.birth_date, person.birth_date} - {None}
    return bool(set(spoken) & set(known)) and len(born) <= 1
