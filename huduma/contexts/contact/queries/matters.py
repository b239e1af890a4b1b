"""Reading matters. A customer sees their own; a member of staff what their level, body and kind allow."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from huduma.contexts.applications import public as applications
from huduma.contexts.contact import rules
from huduma.contexts.contact.events import MatterViewed
from huduma.contexts.contact.models import CaseAccess, Matter, Problem, Remark
from huduma.contexts.identity import public as identity
from huduma.foundation import references, throttle
from huduma.foundation.access import Actor, Grant, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal

View = Literal["team", "mine", "late", "answered"]
PAGE = 50
KEY_TRIES = 60
#: From all addresses together: a key has 80 bits, so this keeps off floods, and a stranger elsewhere shuts nobody out.
KEY_TRIES_IN_ALL = 1000
TOLD = (
    "contact.matter.opened", "contact.matter.assigned", "contact.matter.routed", "contact.matter.escalated", "contact.matter.overdue",
    "contact.matter.extended", "contact.matter.paused", "contact.matter.answered", "contact.matter.reopened", "contact.matter.closed",
    "contact.matter.taken_outside", "contact.matter.joined", "contact.case_access.granted",
)  # fmt: skip


class TooManyTries(Refusal):
    """Too many tries for this reference. Wait an hour, then try again with the key that you got."""


@dataclass(frozen=True)
class MatterPage:
    """A page of matters and the cursor of the next one (None on the last)."""

    matters: list[Matter]
    after: str | None


def key_of(matter_id: UUID) -> str:
    """Return the key by which somebody without an account sees a matter again: 80 bits, derived, never stored."""
    digest = hmac.new(settings.SECRET_KEY.encode(), b"contact:" + matter_id.bytes, sha256).digest()
    number = int.from_bytes(digest[:10], "big")
    return "".join(references.ALPHABET[(number >> shift) & 31] for shift in range(75, -1, -5))


def is_key(matter_id: UUID, key: str) -> bool:
    """Whether a typed key is that of a matter; spaces and small letters do not matter."""
    typed = "".join(character for character in key.upper() if character.isalnum()).translate(references.MISREAD)
    return hmac.compare_digest(key_of(matter_id).encode(), typed.encode())


def holds(actor: Actor, team: rules.Team, body_code: str | None) -> bool:
    """Whether an actor belongs to a team, for a matter of this body. Without a body only roles held everywhere count."""
    roles, in_body = team
    if not in_body:
        return any(grant.role in roles for grant in actor.grants)
    return any(grant.role in roles and grant.body_code in (None, body_code) for grant in actor.grants)


def may_work(actor: Actor, matter: Matter) -> bool:
    """Whether an actor answers at the level where the matter is."""
    return actor.kind == "system" or holds(actor, matter.rules.level(matter.level).team, matter.body_id)


def may_read(actor: Actor, matter: Matter) -> bool:
    """Whether a member of staff may see a matter: every level of its kind, and for what is not confidential the contact centre."""
    if actor.kind == "system":
        return True
    teams = [level.team for level in matter.rules.levels]
    if not matter.rules.confidential:
        teams.append(rules.CENTRE)
    return any(holds(actor, team, matter.body_id) for team in teams)


def get_matter_for(actor: Actor, matter_id: UUID, *, now: datetime) -> Matter:
    """Return a matter to staff who may see it; the look is journalled. Raises NotFound, NotPermitted."""
    matter = Matter.objects.select_related("body", "county", "person", "problem").filter(id=matter_id).first()
    if matter is None:
        raise NotFound
    if not may_read(actor, matter):
        raise NotFound if matter.rules.confidential else NotPermitted  # not even that it exists
    journal.record(actor=actor, event=MatterViewed(matter_id=matter.id, person_id=matter.person_id), now=now)
    return matter


def is_customer(actor: Actor, matter: Matter, key: str) -> bool:
    """Whether this is who brought the matter: by sign-in, by being served at a counter, or by its key."""
    own = {actor.person_id, actor.applicant_id} - {None}
    return matter.person_id in own or bool(key and is_key(matter.id, key))


def get_own_for(actor: Actor, reference: str, *, key: str = "") -> Matter:
    """Return a matter to its customer: signed in, or with its key. Raises NotFound, TooManyTries."""
    typed = references.normalise(reference)
    if key and not throttle.allow_from(
        actor.address, f"matter:{typed}", limit=KEY_TRIES, in_all=KEY_TRIES_IN_ALL, seconds=3600
    ):
        raise TooManyTries
    matter = Matter.objects.select_related("body", "county", "problem").filter(reference=typed or "").first()
    if matter is None or not is_customer(actor, matter, key):
        raise NotFound
    return matter


def references_of(phone: str) -> list[str]:
    """Return the references of the latest matters of those whose number (E.164) this is, the newest first; none that is confidential."""
    owners = [person.id for person in identity.list_people_by_phone(phone)]
    theirs = Matter.objects.filter(Q(phone=phone) | Q(person_id__in=owners), is_anonymous=False).order_by("-opened_at")
    return [one.reference for one in theirs[:50] if not one.rules.confidential]


def track(*, reference: str, phone: str) -> Matter:
    """Return a matter to whoever knows its reference and writes from the number that was given with it. Raises NotFound.

    A wrong number and an unknown reference get the same answer; of what is confidential nothing is told this way.
    """
    matter = Matter.objects.filter(reference=references.normalise(reference) or "").first()
    if matter is None or matter.rules.confidential or phone not in _reached(matter):
        raise NotFound
    return matter


def find_named(named: list[str], *, phone: str, email: str) -> UUID | None:
    """Return the id of the first matter among references that is the sender's own, by the number or address given with it."""
    sender = {phone, email.casefold()} - {""}
    for matter in Matter.objects.filter(reference__in=named[:10], is_anonymous=False):
        if sender & {one.casefold() for one in _reached(matter)}:
            return matter.id
    return None


def _reached(matter: Matter) -> set[str]:
    known = identity.contact_of(matter.person_id) if matter.person_id else None
    return {matter.phone, matter.email, *((known.phone or "", known.email or "") if known else ())} - {""}


@dataclass(frozen=True)
class Ended:
    """A matter that is settled, and how its customer is reached: for asking them how it went."""

    matter: Matter
    phone: str
    email: str


def get_ended(matter_id: UUID) -> Ended | None:
    """Return a settled matter, for a context that asks its customer something; None for what is confidential or without a name."""
    matter = Matter.objects.filter(id=matter_id, state="closed", is_anonymous=False).first()
    if matter is None or matter.rules.confidential:
        return None
    known = identity.contact_of(matter.person_id) if matter.person_id else None
    phone, email = (known.phone or "", known.email or "") if known else ("", "")
    return Ended(matter, matter.phone or phone, matter.email or email)


def get_named_for(actor: Actor, reference: str) -> Matter | None:
    """Return the matter with a reference to staff who may see it, to put something with it; None where there is none."""
    matter = Matter.objects.filter(reference=reference).first()
    return matter if matter is not None and may_read(actor, matter) else None


def get_stand(matter_id: UUID) -> Matter | None:
    """Return a matter, for a context that tells others where it stands and nothing of anybody in it; None where there is none."""
    return Matter.objects.filter(id=matter_id).first()


def list_own_for(actor: Actor) -> list[Matter]:
    """Return what the actor (or who they serve) brought, newest first."""
    if actor.applicant_id is None:
        return []
    return list(Matter.objects.filter(person_id=actor.applicant_id).select_related("body").order_by("-opened_at")[:200])


def list_about_for(actor: Actor, about_id: UUID) -> list[Matter]:
    """Return the matters about a thing that the actor may see: they stay attached to it."""
    found = Matter.objects.filter(about_id=about_id).select_related("body").order_by("-opened_at")[:50]
    return [matter for matter in found if may_read(actor, matter) or is_customer(actor, matter, "")]


@dataclass(frozen=True)
class Mention:
    """A matter as those see it who work on what it is about: that it exists and where it is; `may_open`: its page too."""

    matter: Matter
    may_open: bool


def list_mentions_for(actor: Actor, about_id: UUID, *, body_code: str) -> list[Mention]:
    """Return the matters about a thing to the staff of the body that works on it; of what is confidential, only what they may read."""
    if not actor.has_role("officer", "supervisor", body=body_code):
        return [Mention(matter, True) for matter in list_about_for(actor, about_id)]
    found = Matter.objects.filter(about_id=about_id).order_by("-opened_at")[:50]
    mentions = [Mention(matter, may_read(actor, matter)) for matter in found]
    return [one for one in mentions if one.may_open or not one.matter.rules.confidential]


def list_matters_for(
    actor: Actor, *, now: datetime, view: View = "team", kind: str = "", after: str | None = None
) -> MatterPage:
    """Return a page of the matters that the actor's teams work on, what is due first; of "answered", the newest first."""
    matters = _visible(actor).select_related("body")
    if kind in rules.KINDS:
        matters = matters.filter(kind=kind)
    if view == "answered":
        return _answered(matters, after)
    matters = matters.filter(state__in=rules.OPEN_STATES)
    if view == "mine":
        matters = matters.filter(assignee_id=actor.account_id)
    elif view == "late":
        matters = matters.filter(due_at__lt=now)
    if (cursor := _cursor(after)) and cursor[0] is not None:
        matters = matters.filter(Q(due_at__gt=cursor[0]) | Q(due_at=cursor[0], id__gt=cursor[1]))
    return _page(matters.order_by("due_at", "id"), lambda one: one.due_at)


def _answered(matters: "QuerySet[Matter]", after: str | None) -> MatterPage:
    """Return a page of what was answered, the newest first; before those what went to an outside authority unanswered."""
    matters = matters.filter(state__in=["answered", "closed", "outside"])
    if cursor := _cursor(after):
        at, matter_id = cursor
        if at is None:
            matters = matters.filter(Q(answered_at=None, id__lt=matter_id) | Q(answered_at__isnull=False))
        else:
            matters = matters.filter(Q(answered_at__lt=at) | Q(answered_at=at, id__lt=matter_id))
    return _page(matters.order_by("-answered_at", "-id"), lambda one: one.answered_at)


def _page(matters: "QuerySet[Matter]", moment: Callable[[Matter], datetime | None]) -> MatterPage:
    found = list(matters[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    return MatterPage(found[:PAGE], _encode(moment(last), last.id) if last else None)


def _visible(actor: Actor) -> "QuerySet[Matter]":
    """The matters on whose level the actor answers."""
    mine = Q(pk__in=[])
    for kind in rules.KINDS.values():
        for level in kind.levels:
            roles, in_body = level.team
            held = [grant for grant in actor.grants if grant.role in roles]
            if not held:
                continue
            here = Q(kind=kind.code, level=level.number)
            mine |= here if not in_body or any(g.body_code is None for g in held) else here & _in_bodies(held)
    return Matter.objects.filter(mine)


def _in_bodies(grants: list[Grant]) -> Q:
    return Q(body_id__in={grant.body_code for grant in grants})


def _encode(at: datetime | None, matter_id: UUID) -> str:
    return urlsafe_b64encode(f"{at.isoformat() if at else ''}|{matter_id}".encode()).decode()


def _cursor(after: str | None) -> tuple[datetime | None, UUID] | None:
    if not after:
        return None
    try:
        at, _, matter_id = urlsafe_b64decode(after).decode().partition("|")
        moment, known = datetime.fromisoformat(at) if at else None, UUID(matter_id)
    except ValueError:
        return None
    return None if moment is not None and moment.tzinfo is None else (moment, known)


def is_cursor(after: str) -> bool:
    """Whether this is where a page of `list_matters_for` may begin; it takes anything else for the first page."""
    return _cursor(after) is not None


def remarks_of(matter: Matter, *, internal: bool) -> list[Remark]:
    """Return what was said, oldest first; what staff said among themselves only to staff."""
    remarks = matter.remarks.all() if internal else matter.remarks.exclude(side="internal")
    return list(remarks)


def history_of(matter: Matter) -> list[journal.Entry]:
    """Return the turns of a matter, oldest first."""
    return journal.entries_concerning(matter.id, acts=TOLD)[::-1]


def may_ask_higher(matter: Matter) -> bool:
    """Whether the customer can ask the next level now."""
    return matter.state == "open" and matter.rules.above(matter.level) is not None


def may_reject(matter: Matter, now: datetime) -> bool:
    """Whether the customer can still say no to the answer: in time, and at the last level not without end."""
    if matter.state not in ("answered", "closed") or matter.answered_at is None:
        return False
    if matter.rules.above(matter.level) is None and matter.reopened >= len(matter.rules.levels):
        return False
    return now <= matter.answered_at + rules.reopen_until_days(matter.rules)


def may_go_outside(matter: Matter) -> bool:
    """Whether the last level has spoken, or let its time pass: then the way outside is open."""
    if not matter.rules.appeal or matter.state not in rules.MOVES or not rules.may_move(matter.state, "outside"):
        return False
    at_the_top = matter.rules.above(matter.level) is None
    return at_the_top and (matter.state != "open" or matter.overdue_told_at is not None)


def find_problems(body_code: str) -> list[Problem]:
    """Return the open common problems of a body, newest first."""
    return list(Problem.objects.filter(body_code=body_code, solved_at=None).order_by("-opened_at")[:50])


def has_case_access(actor: Actor, application_id: UUID, *, now: datetime) -> bool:
    """Whether the actor has leave to see an application for a matter about it."""
    return (
        actor.account_id is not None
        and CaseAccess.objects.filter(
            account_id=actor.account_id,
            matter__about_kind="application",
            matter__about_id=application_id,
            until_at__gt=now,
        ).exists()
    )


def get_case_for(actor: Actor, matter: Matter, *, now: datetime) -> applications.Case:
    """Return the application that a matter is about to somebody who has leave to see it. Raises NotPermitted."""
    if matter.about_id is None or not has_case_access(actor, matter.about_id, now=now):
        raise NotPermitted
    return applications.open_case(actor=actor, application_id=matter.about_id, now=now)


def list_open311(
    *, matter_references: list[str] | None, since: datetime, until: datetime, limit: int, kinds: Sequence[str] = (), state: str = "",
    body_code: str = "",
) -> list[Matter]:  # fmt: skip
    """Return the matters with a place that anybody may know of, newest first: never who brought them, nor their words.

    `kinds`, `body_code`: all unless given.
    """
    public = [one.code for one in rules.KINDS.values() if one.for_customers and not one.confidential]
    matters = Matter.objects.filter(channel="open311", kind__in=public).select_related("body")
    if matter_references is not None:
        return list(matters.filter(reference__in=matter_references).order_by("-opened_at")[:limit])
    matters = matters.filter(opened_at__gte=since, opened_at__lte=until)
    if kinds:
        matters = matters.filter(kind__in=kinds)
    if body_code:
        matters = matters.filter(body_id=body_code)
    if state:
        over = Q(state__in=["answered", "closed", "withdrawn", "outside"])
        matters = matters.filter(over if state == "closed" else ~over)
    return list(matters.order_by("-opened_at")[:limit])
