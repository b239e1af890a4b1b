"""Who may apply for somebody else: a parent for a child, as the birth record says; anybody for an adult who said yes.

A mandate has an end and a scope, and the person for whom one acts sees it, sees its uses, and ends it whenever they like.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction

from huduma.contexts.identity import events
from huduma.contexts.identity.models import Person, Representation
from huduma.contexts.identity.operations.organisations import NotProven
from huduma.contexts.identity.operations.people import IdentityFacts
from huduma.contexts.identity.queries.people import REPRESENTATION_LINK, is_proven
from huduma.contexts.identity.rules import coming_of_age
from huduma.foundation import links
from huduma.foundation import phone as phones
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

#: No mandate of an adult lasts longer without being given anew.
LONGEST = timedelta(days=366)
OPEN_REQUESTS = 5
ASKED_A_DAY = 10


class OwnMandate(Refusal):
    """This is your own ID number. You need no mandate to apply for yourself."""


class MandateTooLong(Refusal):
    """Choose a last day from today on, and not more than a year ahead. The mandate can be given anew then."""


class TooManyRequests(Refusal):
    """You asked several people already, and they have not answered. Wait for their answers, or take a request back."""


class MandateForAnother(Refusal):
    """This link was meant for somebody else, so you cannot answer here. Give it back to the person who sent it to you."""


class MandateAnswered(Refusal):
    """This was answered already; a link works once. Your account shows who may act for you."""


class NotAParent(Refusal):
    """This record does not name you as a parent. Check the number; a guardian comes to a Huduma Centre with the court’s order."""


class OfAge(Refusal):
    """This person is 18 or older and applies alone, or lets you act for them: ask them with their ID number."""


@transaction.atomic
def ask_to_represent(
    *, actor: Actor, relation: str, id_number: str, phone: str, services: list[str], until: date, now: datetime
) -> Representation:
    """Ask an adult, known by ID number and reached by mobile number, to let the actor apply for them until a day.

    `services`: the codes of the services, none for every service. The answer is theirs alone, so nothing is said here of whether
    anybody has that number. Raises NotProven, OwnMandate, MandateTooLong, TooManyRequests, phones.InvalidPhone.
    """
    if actor.person_id is None or not is_proven(actor):
        raise NotProven
    Person.objects.select_for_update(of=("self",)).get(id=actor.person_id)
    if Person.objects.filter(id=actor.person_id, id_number=id_number).exists():
        raise OwnMandate
    if not now.date() <= until <= now.date() + LONGEST:
        raise MandateTooLong
    mine = Representation.objects.filter(representative_id=actor.person_id).exclude(relation="child")
    asked_today = mine.filter(asked_at__gt=now - timedelta(days=1)).count()
    if mine.filter(state="asked").count() >= OPEN_REQUESTS or asked_today >= ASKED_A_DAY:
        raise TooManyRequests
    row = Representation.objects.create(
        representative_id=actor.person_id, relation=relation, id_number=id_number, phone=phones.parse_mobile(phone),
        services=sorted(services), from_on=now.date(), to_on=until, asked_at=now,
    )  # fmt: skip
    event = events.RepresentationAsked(representation_id=row.id, representative_id=row.representative_id)
    journal.record(actor=actor, event=event, now=now)
    return row


@transaction.atomic
def answer_representation(*, actor: Actor, token: str, accepts: bool, now: datetime) -> Representation:
    """Let somebody act for the actor, or not. Raises NotFound, NotProven, MandateForAnother, MandateAnswered."""
    found = links.thing_of(REPRESENTATION_LINK, token)
    row = Representation.objects.select_for_update().filter(id=found).first() if found else None
    if row is None:
        raise NotFound
    require_asked(actor, row)
    if row.state != "asked":
        raise MandateAnswered
    row.person_id, row.answered_at = actor.person_id, now
    if accepts:
        before = Representation.objects.select_for_update().filter(
            representative_id=row.representative_id, person=row.person, state="given"
        )
        for old in before:  # the new one takes its place
            _end(old, "replaced", now)
    row.state = "given" if accepts else "declined"
    row.save(update_fields=["person", "answered_at", "state"])
    _announce(actor, row, row.state, now)
    return row


def require_asked(actor: Actor, row: Representation) -> None:
    """Raise NotProven or MandateForAnother unless the actor is the one who was asked."""
    if actor.person_id is None or not is_proven(actor):
        raise NotProven
    is_theirs = Person.objects.filter(id=actor.person_id, id_number=row.id_number).exists()
    if not is_theirs or row.person_id not in (None, actor.person_id):
        raise MandateForAnother


@transaction.atomic
def end_representation(*, actor: Actor, representation_id: UUID, now: datetime) -> None:
    """End a mandate, by either side; a request that is not answered is taken back. Again changes nothing. Raises NotFound."""
    row = Representation.objects.select_for_update().filter(id=representation_id).first()
    if row is None or actor.person_id is None or actor.person_id not in (row.person_id, row.representative_id):
        raise NotFound
    if row.state in ("asked", "given"):
        _end(row, "person" if actor.person_id == row.person_id else "representative", now)
        _announce(actor, row, "ended", now)


def _end(row: Representation, by: str, now: datetime) -> None:
    row.state, row.ended_at, row.ended_by = "ended", now, by
    row.save(update_fields=["state", "ended_at", "ended_by"])


def _announce(actor: Actor, row: Representation, state: str, now: datetime) -> None:
    event = events.RepresentationChanged(
        representation_id=row.id, representative_id=row.representative_id, person_id=row.person_id, state=state
    )
    journal.record(actor=actor, event=event, now=now)


@transaction.atomic
def record_child(
    *, actor: Actor, birth_number: str, facts: IdentityFacts, parents: set[str], now: datetime
) -> Representation:
    """Give a parent whom the birth record names the mandate for a child, until the child comes of age; again changes nothing.

    `parents`: the ID numbers in the record. Raises NotProven, NotAParent, OfAge.
    """
    if actor.person_id is None or not is_proven(actor):
        raise NotProven
    own = Person.objects.get(id=actor.person_id)
    if own.verified_by != "iprs" or own.id_number not in parents:
        raise NotAParent
    until = coming_of_age(facts.birth_date) if facts.birth_date else None
    if until is None or until < now.date():
        raise OfAge
    child, _ = Person.objects.get_or_create(
        birth_number=birth_number,
        defaults={
            "surname": facts.surname, "first_name": facts.first_name, "other_names": facts.other_names,
            "birth_date": facts.birth_date, "sex": facts.sex, "verified_by": "birth-record", "verified_at": now,
            "registered_at": now,
        },
    )  # fmt: skip
    row, given = Representation.objects.get_or_create(
        representative_id=own.id, person=child, state="given",
        defaults={
            "relation": "child", "from_on": now.date(), "to_on": until, "asked_at": now, "answered_at": now,
        },
    )  # fmt: skip
    if given:
        _announce(actor, row, "given", now)
    return row
