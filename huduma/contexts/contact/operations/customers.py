"""What customers do: bring a matter, add to it, take it back, accept or reject the answer, ask higher, go outside."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.contact import events, queries, rules
from huduma.contexts.contact.models import Matter, Remark
from huduma.contexts.contact.operations.clocks import climb, due_at, resume
from huduma.contexts.identity import public as identity
from huduma.contexts.places import public as places
from huduma.foundation import ids, mail, references, throttle
from huduma.foundation import phone as phones
from huduma.foundation.access import ASSISTED, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

TEXT_LIMIT, TITLE_LIMIT, NAME_LIMIT = 8000, 150, 150
#: New matters within an hour: of one person who is signed in, from one network address (a mobile company hides thousands of
#: phones behind one), and for one number or address that somebody typed, from one network address and from all of them.
PER_PERSON, PER_ADDRESS, PER_TYPED, PER_TYPED_IN_ALL = 20, 120, 5, 15


class NothingSaid(Refusal):
    """Write what happened, or what you need, in a few words."""


class TooLong(Refusal):
    """This is longer than 8,000 characters. Shorten it, or send the rest as a second message."""


class TooManyMatters(Refusal):
    """Many messages came within an hour, from you or from your network. Wait a little, or call us: nothing you typed is lost."""


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
    about_id: UUID | None = None,
    person_id: UUID | None = None,
    name: str = "",
    phone: str = "",
    email: str = "",
    is_anonymous: bool = False,
    is_urgent: bool = False,
    channel: str = "",
    place: Place | None = None,
    matter_id: UUID | None = None,
) -> Matter:
    """Take what a customer brings, and start its clock.

    The customer is the actor, whom the actor serves, or (staff only) `person_id`; or nobody known, with `phone` or `email` as typed.
    `about_id` is checked: a citizen can name only a thing of their own; whose it is would name who reports without a name, so then it is
    not kept. The same words under the same `matter_id` are the same matter.
    Raises NothingSaid, TooLong, TooManyMatters, BodyNeeded, NoWayToAnswer, NotAnonymous, NotFound, phones.InvalidPhone,
    mail.InvalidAddress.
    """
    what = rules.KINDS.get(kind)
    if what is None or (not what.for_customers and not actor.is_staff):
        raise NotFound
    text = written(text)
    if len(text) < 3:
        raise NothingSaid
    if known := Matter.objects.filter(id=matter_id, kind=kind, text=text).first() if matter_id else None:
        return known  # Back, or a second click
    if is_anonymous and not what.anonymous:
        raise NotAnonymous
    own = None if actor.purpose == "casework" else actor.applicant_id  # at a desk nobody brings business of their own
    owner = None if is_anonymous else (person_id if actor.is_staff and person_id else own)
    number = phones.parse(phone) if phone and not is_anonymous else ""
    email = mail.parse(email) if email and not is_anonymous else ""
    if owner is None and not is_anonymous and not number and not email:
        raise NoWayToAnswer
    about = queries.about_for(actor, about_id) if about_id is not None else None
    if about is not None:
        body_code, service_code = about.body_code or body_code, about.service_code or service_code
        centre_code = about.centre_code or centre_code
    elif service_code:
        offered = catalogue.get_service(service_code)
        body_code = body_code or offered.body_id
    if body_code:
        places.get_body(body_code)
    if county_code:
        places.get_county(county_code)
    about = None if is_anonymous else about
    first = what.levels[0]
    if first.team[1] and not body_code:
        raise BodyNeeded
    _count(actor, owner, number or email)
    matter, is_new = Matter.objects.get_or_create(
        id=_fresh(matter_id),
        defaults={
            "reference": references.mint("HM"),
            "kind": kind,
            "title": (title.strip() or text.splitlines()[0])[:TITLE_LIMIT],
            "text": text,
            "channel": channel or actor.channel,
            "language": language,
            "person_id": owner,
            "name": "" if is_anonymous else name.strip()[:NAME_LIMIT],
            "phone": number,
            "email": email,
            "is_anonymous": is_anonymous,
            "is_urgent": is_urgent and what.urgent is not None,
            "body_id": body_code,
            "service_code": service_code,
            "county_id": county_code or None,
            "centre_code": centre_code,
            "about_kind": about.kind if about else "",
            "about_id": about.id if about else None,
            "latitude": place.latitude if place else None,
            "longitude": place.longitude if place else None,
            "place": place.words[:200] if place else "",
            "level": first.number,
            "opened_at": now,
            "level_at": now,
            "due_at": due_at(rules.clock_of(what, first.number, is_urgent=is_urgent), now),
        },
    )
    if not is_new:
        return matter  # two clicks at the same instant
    journal.record(
        actor=_named(actor, is_anonymous),
        event=events.MatterOpened(
            matter_id=matter.id, person_id=owner, kind=kind, reference=matter.reference, level=first.number,
            due_at=matter.due_at.isoformat(), about_id=matter.about_id,
        ),
        now=now,
    )  # fmt: skip
    return matter


def written(text: str) -> str:
    """Return what somebody wrote; a line's end is one character, as browsers count it. Raises TooLong."""
    text = text.replace("\r\n", "\n").strip()
    if len(text) > TEXT_LIMIT:
        raise TooLong
    return text


def _fresh(matter_id: UUID | None) -> UUID:
    """Return the id for a new matter: who went back and wrote something else brings another one."""
    if matter_id is None or Matter.objects.filter(id=matter_id).exists():
        return ids.uuid7()
    return matter_id


def _count(actor: Actor, owner: UUID | None, typed: str) -> None:
    """Count a new matter for whoever brings it, unless staff take it down. Raises TooManyMatters."""
    if actor.kind == "system" or actor.is_staff or actor.purpose == ASSISTED:
        return
    is_within = True
    if owner is not None:
        is_within = throttle.allow(f"matter:by:{owner}", limit=PER_PERSON, seconds=3600)
    else:
        if actor.address:
            is_within = throttle.allow(f"matter:from:{actor.address}", limit=PER_ADDRESS, seconds=3600)
        if typed:
            is_within &= throttle.allow_from(
                actor.address,
                f"matter:for:{phones.digest(typed)}",
                limit=PER_TYPED,
                in_all=PER_TYPED_IN_ALL,
                seconds=3600,
            )
    if not is_within:
        raise TooManyMatters


def _named(actor: Actor, is_anonymous: bool) -> Actor:
    """Keep even the journal from knowing who reports without a name."""
    return Actor(kind="anonymous", channel=actor.channel, purpose="report") if is_anonymous else actor


@transaction.atomic
def add_by_customer(*, actor: Actor, reference: str, text: str, now: datetime, key: str = "") -> Remark:
    """Add what the customer says; where they were asked for it, the clock runs again. The last words once more are no news.

    Raises NotFound, NothingSaid, TooLong, CannotNow.
    """
    matter = lock_own(actor, reference, key)
    if last := _said_last(matter, text):
        return last
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
    add_by_customer(
        actor=by, reference=matter.reference, key=queries.key_of(matter.id), text=text[:TEXT_LIMIT], now=now
    )
    return True


def _said_last(matter: Matter, text: str) -> Remark | None:
    """Return the last remark if the customer made it in these words: Back, or a second click."""
    last = matter.remarks.order_by("-at", "-id").first()
    return last if last is not None and (last.side, last.text) == ("customer", written(text)) else None


def say(actor: Actor, matter: Matter, side: str, text: str, now: datetime) -> Remark:
    """Write a remark and its entry. Raises NothingSaid, TooLong."""
    text = written(text)
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
    """Say no to an answer: the next level looks at it, after the last one the same level again, as often in all as there are levels.

    Raises NotFound, CannotNow (too late or too often, or nothing to reject), ReasonNeeded.
    """
    matter = lock_own(actor, reference, key)
    if _said_last(matter, why):
        return matter
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
    if _said_last(matter, why):
        return matter  # a second click climbs no second level
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
