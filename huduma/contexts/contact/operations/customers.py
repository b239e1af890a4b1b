"""What customers do: bring a matter, add to it, take it back, accept or reject the answer, ask higher, go outside."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from huduma.contexts.applications import public as applications
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.contact import events, queries, rules
from huduma.contexts.contact.models import Matter, Remark
from huduma.contexts.contact.operations.clocks import climb, due_at, resume
from huduma.contexts.identity import public as identity
from huduma.contexts.places import public as places
from huduma.foundation import phone as phones
from huduma.foundation import references
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

TEXT_LIMIT, TITLE_LIMIT = 8000, 150


class NothingSaid(Refusal):
    """Write what happened, or what you need, in a few words."""


class BodyNeeded(Refusal):
    """Choose the service or the office that this is about, so that it reaches the right people."""


class NoWayToAnswer(Refusal):
    """Give a phone number or an e-mail address, so that we can answer you."""


class NotAnonymous(Refusal):
    """Only a report of corruption can be made without a name. Give a phone number or an e-mail address, or choose that kind."""


class CannotNow(Refusal):
    """This matter has moved on. Open its page again to see where it is and what you can do now."""


class ReasonNeeded(Refusal):
    """Say why in a sentence, so that whoever reads it next understands."""


@dataclass(frozen=True)
class Place:
    """A place that a matter is about: degrees (WGS 84), or words, or both."""

    latitude: Decimal | None
    longitude: Decimal | None
    words: str


@transaction.atomic
def open_matter(
    *,
    actor: Actor,
    kind: str,
    text: str,
    language: str,
    now: datetime,
    title: str = "",
    body_code: str | None = None,
    service_code: str = "",
    county_code: str | None = None,
    centre_code: str = "",
    about_kind: str = "",
    about_id: UUID | None = None,
    person_id: UUID | None = None,
    name: str = "",
    phone: str = "",
    email: str = "",
    is_anonymous: bool = False,
    is_urgent: bool = False,
    channel: str = "",
    place: Place | None = None,
) -> Matter:
    """Take what a customer brings, and start its clock.

    The customer is the actor, whom the actor serves, or (staff only) `person_id`; or nobody known, with `phone` (as typed) or `email`.
    `about_id` is checked: a citizen can name only a thing of their own.
    Raises NothingSaid, BodyNeeded, NoWayToAnswer, NotAnonymous, NotFound.
    """
    what = rules.KINDS.get(kind)
    if what is None or (not what.for_customers and not actor.is_staff):
        raise NotFound
    text = text.strip()[:TEXT_LIMIT]
    if len(text) < 3:
        raise NothingSaid
    if is_anonymous and not what.anonymous:
        raise NotAnonymous
    owner = None if is_anonymous else (person_id if actor.is_staff and person_id else actor.applicant_id)
    number = phones.parse(phone) if phone and not is_anonymous else ""
    if owner is None and not is_anonymous and not number and not email:
        raise NoWayToAnswer
    if about_kind == "application" and about_id is not None:
        body_code, service_code = _of_application(actor, about_id)
    elif service_code and not body_code:
        body_code = catalogue.get_service(service_code).body_id
    if body_code:
        places.get_body(body_code)
    first = what.levels[0]
    if first.team[1] and not body_code:
        raise BodyNeeded
    matter = Matter.objects.create(
        reference=references.mint("HM"),
        kind=kind,
        title=(title.strip() or text.splitlines()[0])[:TITLE_LIMIT],
        text=text,
        channel=channel or actor.channel,
        language=language,
        person_id=owner,
        name="" if is_anonymous else name.strip()[:150],
        phone=number,
        email="" if is_anonymous else email,
        is_anonymous=is_anonymous,
        is_urgent=is_urgent and what.urgent is not None,
        body_id=body_code,
        service_code=service_code,
        county_id=county_code or None,
        centre_code=centre_code,
        about_kind=about_kind if about_id else "",
        about_id=about_id,
        latitude=place.latitude if place else None,
        longitude=place.longitude if place else None,
        place=place.words[:200] if place else "",
        level=first.number,
        opened_at=now,
        level_at=now,
        due_at=due_at(rules.clock_of(what, first.number, is_urgent=is_urgent), now),
    )
    journal.record(
        actor=_named(actor, is_anonymous),
        event=events.MatterOpened(
            matter_id=matter.id, person_id=owner, kind=kind, reference=matter.reference, level=first.number,
            due_at=matter.due_at.isoformat(), about_id=matter.about_id,
        ),
        now=now,
    )  # fmt: skip
    return matter


def _named(actor: Actor, is_anonymous: bool) -> Actor:
    """Keep even the journal from knowing who reports without a name."""
    return Actor(kind="anonymous", channel=actor.channel, purpose="report") if is_anonymous else actor


def _of_application(actor: Actor, application_id: UUID) -> tuple[str, str]:
    found = applications.summary_for(actor, application_id)
    return found.body_code, found.service_code


@transaction.atomic
def add_by_customer(*, actor: Actor, reference: str, text: str, now: datetime, key: str = "") -> Remark:
    """Add what the customer says; where they were asked for it, the clock runs again. Raises NotFound, NothingSaid, CannotNow."""
    matter = lock_own(actor, reference, key)
    if not matter.is_open:
        raise CannotNow
    remark = say(actor, matter, "customer", text, now)
    if matter.state == "waiting":
        resume(matter, now)
    return remark


@transaction.atomic
def add_by_mail(*, matter_id: UUID, text: str, now: datetime) -> bool:
    """Add what the customer wrote in answer to a notice that was sent to their address; returns whether the matter still takes it."""
    matter = Matter.objects.filter(id=matter_id).first()
    if matter is None or not matter.is_open:
        return False
    by = Actor(kind="anonymous", channel="email", purpose="contact")
    add_by_customer(actor=by, reference=matter.reference, key=queries.key_of(matter.id), text=text, now=now)
    return True


def say(actor: Actor, matter: Matter, side: str, text: str, now: datetime) -> Remark:
    """Write a remark and its entry. Raises NothingSaid."""
    text = text.strip()[:TEXT_LIMIT]
    if not text:
        raise NothingSaid
    remark = Remark.objects.create(
        matter=matter,
        at=now,
        side=side,
        account_id=actor.account_id if side != "customer" else None,
        level=matter.level,
        text=text,
    )
    event = events.RemarkAdded(matter_id=matter.id, person_id=matter.person_id, remark_id=remark.id, side=side)
    journal.record(actor=_named(actor, matter.is_anonymous) if side == "customer" else actor, event=event, now=now)
    return remark


def lock_own(actor: Actor, reference: str, key: str) -> Matter:
    """Return the customer's own matter, locked."""
    return Matter.objects.select_for_update().get(id=queries.get_own_for(actor, reference, key=key).id)


@transaction.atomic
def withdraw(*, actor: Actor, reference: str, now: datetime, key: str = "") -> Matter:
    """Take a matter back. Raises NotFound, CannotNow."""
    matter = lock_own(actor, reference, key)
    if matter.state == "withdrawn":
        return matter
    if not rules.may_move(matter.state, "withdrawn"):
        raise CannotNow
    return _close(actor, matter, "withdrawn", "withdrawn", now)


@transaction.atomic
def accept(*, actor: Actor, reference: str, now: datetime, key: str = "") -> Matter:
    """Say that the answer settles it. Raises NotFound, CannotNow."""
    matter = lock_own(actor, reference, key)
    if matter.state == "closed":
        return matter
    if matter.state != "answered":
        raise CannotNow
    return _close(actor, matter, "closed", "accepted", now)


def _close(actor: Actor, matter: Matter, state: str, how: str, now: datetime) -> Matter:
    matter.state, matter.closed_at = state, now
    matter.save(update_fields=["state", "closed_at"])
    event = events.MatterClosed(matter_id=matter.id, person_id=matter.person_id, how=how)
    journal.record(actor=_named(actor, matter.is_anonymous), event=event, now=now)
    return matter


@transaction.atomic
def reject(*, actor: Actor, reference: str, why: str, now: datetime, key: str = "") -> Matter:
    """Say no to an answer: the next level looks at it; after the last one, the same level looks once more.

    Raises NotFound, CannotNow (too late, or nothing to reject), ReasonNeeded.
    """
    matter = lock_own(actor, reference, key)
    if not queries.may_reject(matter, now):
        raise CannotNow
    if not why.strip():
        raise ReasonNeeded
    say(actor, matter, "customer", why, now)
    matter.state, matter.closed_at, matter.reopened = "open", None, matter.reopened + 1
    matter.save(update_fields=["state", "closed_at", "reopened"])
    above = matter.rules.above(matter.level)
    event = events.MatterReopened(
        matter_id=matter.id, person_id=matter.person_id, level=above.number if above else matter.level
    )
    journal.record(actor=_named(actor, matter.is_anonymous), event=event, now=now)
    climb(_named(actor, matter.is_anonymous), matter, above or matter.rules.level(matter.level), "rejected", now)
    return matter


@transaction.atomic
def ask_higher(*, actor: Actor, reference: str, why: str, now: datetime, key: str = "") -> Matter:
    """Ask the next level. Raises NotFound, CannotNow, ReasonNeeded."""
    matter = lock_own(actor, reference, key)
    above = matter.rules.above(matter.level)
    if not queries.may_ask_higher(matter) or above is None:
        raise CannotNow
    if not why.strip():
        raise ReasonNeeded
    say(actor, matter, "customer", why, now)
    climb(_named(actor, matter.is_anonymous), matter, above, "customer", now)
    return matter


@transaction.atomic
def go_outside(*, actor: Actor, reference: str, now: datetime, key: str = "") -> Matter:
    """Take a matter to the authority that stands over its kind; the hand-over file is ready. Raises NotFound, CannotNow."""
    matter = lock_own(actor, reference, key)
    if matter.state == "outside":
        return matter
    if not queries.may_go_outside(matter):
        raise CannotNow
    matter.state, matter.outside = "outside", matter.rules.appeal
    matter.save(update_fields=["state", "outside"])
    event = events.MatterTakenOutside(matter_id=matter.id, person_id=matter.person_id, to=matter.outside)
    journal.record(actor=_named(actor, matter.is_anonymous), event=event, now=now)
    return matter


def contact_of(matter: Matter) -> identity.Contact:
    """Return how the customer is reached, by what they gave with the matter or by their account."""
    known = identity.contact_of(matter.person_id) if matter.person_id else None
    return identity.Contact(
        phone=matter.phone or (known.phone if known else None),
        email=matter.email or (known.email if known else None),
        language=matter.language,
    )


@transaction.atomic
def pass_matters(*, actor: Actor, from_person_id: UUID, to_person_id: UUID) -> None:
    """Give the matters of one record to another of the same human being. Raises NotPermitted: only the platform itself does."""
    actor.require_role()
    Matter.objects.filter(person_id=from_person_id).update(person_id=to_person_id)
