"""The customer, whole: who they are, what they asked for, and one timeline across every channel, drawn from the journal.

What is shown depends on the role: the contact centre sees how far everything is and no document number in full; a body's staff see
what concerns their body. Every look needs a purpose, is journalled with it, and shows on the customer's own page.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_noop

from huduma.contexts.applications import public as applications
from huduma.contexts.centres import public as centres
from huduma.contexts.contact import rules
from huduma.contexts.contact.events import CustomerViewed
from huduma.contexts.contact.models import Matter
from huduma.contexts.contact.providers import timeline
from huduma.contexts.contact.queries.matters import may_read
from huduma.contexts.credentials import public as credentials
from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.foundation import identifiers, references
from huduma.foundation import phone as phones
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal

#: Why somebody may look at a customer's page; the customer reads the words.
PURPOSES = {
    "call": gettext_noop("You called, or we called you"),
    "matter": gettext_noop("To answer a question or complaint of yours"),
    "counter": gettext_noop("You were served in person"),
    "check": gettext_noop("To check that your case was handled rightly"),
}
WHOLE = ("agent",)
OWN_BODY = ("focal", "accounting_officer", "officer", "supervisor")
PAGE = 60

#: The acts of a timeline, by the part of the customer's life they belong to. What is not named here is nobody's business on this page.
GROUPS: dict[str, tuple[str, ...]] = {
    "applications": (
        "applications.application.submitted", "applications.status.changed", "applications.application.corrected",
    ),
    "payments": (
        "payments.bill.raised", "payments.bill.settled", "payments.payment.failed", "payments.payment.suspended",
        "payments.refund.succeeded",
    ),
    "visits": (
        "centres.appointment.booked", "centres.appointment.moved", "centres.appointment.cancelled", "centres.appointment.attended",
        "centres.appointment.missed", "centres.ticket.taken", "centres.ticket.ended", "centres.collectable.received",
        "centres.collectable.collected",
    ),
    "documents": ("credentials.credential.issued", "credentials.credential.revoked"),
    "matters": (
        "contact.matter.opened", "contact.matter.escalated", "contact.matter.answered", "contact.matter.reopened", "contact.matter.closed",
        "contact.matter.taken_outside", "contact.matter.overdue", "contact.remark.added",
    ),
    "messages": ("messages.message.ordered", "messages.message.failed"),
    "identity": (
        "identity.account.opened", "identity.person.proven", "identity.person.assisted", "identity.account.contact_changed",
        "identity.person.merged", "identity.person.parted",
    ),
}  # fmt: skip


class PurposeNeeded(Refusal):
    """Choose why you open this page: the customer will read it."""


@dataclass(frozen=True, kw_only=True)
class Customer:
    """What the reader may see of a customer; what the role does not allow is empty.

    `ways`: every number and address, `phone` and `email` among them; `fields`: what the role and the purpose allow (rules.SIGHT);
    `mentions`: ids whose entries make the timeline; `closed`: ids of matters of which it tells nothing.
    """

    person_id: UUID
    name: str
    id_number: str
    verified_by: str
    verified_at: datetime | None
    phone: str
    email: str
    language: str
    ways: list[identity.Way]
    household: list[identity.Tie]
    powers: list[identity.Power]
    consent: identity.Consent | None
    applications: list[applications.Summary]
    bills: list[payments.Bill]
    matters: list[Matter]
    mentions: frozenset[UUID]
    groups: tuple[str, ...]
    fields: frozenset[str]
    closed: frozenset[str]


@dataclass(frozen=True)
class Happening:
    """One line of the timeline, with the cursor of the line after it."""

    entry: journal.Entry
    group: str


@dataclass(frozen=True)
class Found:
    """Somebody whom a search found: enough to know the right one from another, no more."""

    person_id: UUID
    name: str
    id_number: str
    born: int | None


def _scope(actor: Actor) -> bool:
    """Whether the actor sees the whole customer; False: what concerns their bodies. Raises NotPermitted."""
    if actor.has_role(*WHOLE):
        return True
    if actor.has_role(*OWN_BODY):
        return False
    raise NotPermitted


def find_customers_for(actor: Actor, typed: str) -> list[Found]:
    """Return who may be meant by a phone number, ID number, reference or name: exact for numbers, at most ten for a name.

    Names are searched by the contact centre only. Raises NotPermitted.
    """
    whole = _scope(actor)
    typed = typed.strip()
    if reference := references.normalise(typed):
        person_id = applications.person_of_reference(reference) or _person_of_matter(actor, reference)
        people = identity.going_on(identity.list_people([person_id])) if person_id else []
    elif number := _phone(typed):
        people = identity.list_people_by_phone(number)
    elif id_number := _id_number(typed):
        people = identity.list_people_by_id_number(id_number)
    else:
        people = identity.list_people_by_name(typed) if whole and len(typed) >= 4 else []
    return [
        Found(one.id, one.full_name, hidden(one.id_number or ""), one.birth_date.year if one.birth_date else None)
        for one in people
        if whole or any(applications.list_summaries_for(actor, one.id)) or _matters(actor, one.id)[0]
    ]


def _phone(typed: str) -> str | None:
    try:
        return phones.parse(typed)
    except phones.InvalidPhone:
        return None


def _id_number(typed: str) -> str | None:
    try:
        return identifiers.id_number(typed)
    except identifiers.InvalidIdentifier:
        return None


def _person_of_matter(actor: Actor, reference: str) -> UUID | None:
    """Return who brought a matter; nothing comes of the reference of one that the actor may not read."""
    found = Matter.objects.filter(reference=reference).first()
    return found.person_id if found is not None and may_read(actor, found) else None


def hidden(number: str) -> str:
    """Return a number of which only the last three characters are shown."""
    return "•" * max(0, len(number) - 3) + number[-3:]


def get_customer_for(actor: Actor, person_id: UUID, *, why: str, now: datetime) -> Customer:
    """Return a customer to staff, for a purpose of PURPOSES; journalled. Raises NotPermitted, PurposeNeeded, NotFound.

    A body's staff get NotFound where nothing of the customer concerns their body.
    """
    whole = _scope(actor)
    if why not in PURPOSES:
        raise PurposeNeeded
    people = identity.going_on(identity.list_people([person_id]))
    if not people:
        raise NotFound
    person, person_id = people[0], people[0].id
    sent = applications.list_summaries_for(actor, person_id)
    matters, closed = _matters(actor, person_id)
    if not whole and not sent and not matters:
        raise NotFound
    journal.record(actor=actor.with_purpose(why), event=CustomerViewed(person_id=person_id, why=why), now=now)
    contact = identity.contact_of(person_id)
    cases = [one.id for one in sent]
    bills = payments.bills_for_payables(cases, payer_person_id=person_id if whole else None)
    documents = credentials.document_ids_of(cases)
    mentions = {*cases, *(one.id for one in matters), *(bill.id for bill in bills), *documents}
    seen = rules.sight((grant.role for grant in actor.grants), why)
    if whole:
        mentions |= {*identity.records_of(person_id), *centres.tickets_of(person_id)}
    groups = ((name, rules.TIMELINE.get(name)) for name in _groups())
    return Customer(
        person_id=person_id,
        name=person.full_name if "name" in seen else "",
        id_number=hidden(person.id_number or "") if "id_number" in seen else "",
        verified_by=person.verified_by,
        verified_at=person.verified_at,
        phone=(contact.phone or "") if "phone" in seen else "",
        email=(contact.email or "") if "email" in seen else "",
        language=contact.language,
        ways=[way for way in identity.ways_to_reach(person_id) if way.medium in seen],
        household=identity.ties_of(person_id) if "household" in seen else [],
        powers=identity.powers_of(person_id) if "organisations" in seen else [],
        consent=identity.last_consent(person_id) if "consents" in seen else None,
        applications=sent if "applications" in seen else [],
        bills=bills if "bills" in seen else [],
        matters=matters if "matters" in seen else [],
        mentions=frozenset(mentions),
        groups=tuple(name for name, field in groups if field in seen),
        fields=seen,
        closed=closed,
    )


def _matters(actor: Actor, person_id: UUID) -> tuple[list[Matter], frozenset[str]]:
    """Return the newest matters of a person that the actor may read, and the ids of those that they may not."""
    found = (
        Matter.objects.filter(person_id=person_id).select_related("body").defer("text", "answer").order_by("-opened_at")
    )
    readable, closed = [], set()
    for matter in found[:1000]:
        if may_read(actor, matter):
            readable.append(matter)
        else:
            closed.add(str(matter.id))
    return readable[:50], frozenset(closed)


def happenings_of(
    customer: Customer,
    *,
    group: str = "",
    before: int | None = None,
    only: Collection[str] | None = None,
    about: UUID | None = None,
    since: datetime | None = None,
) -> tuple[list[Happening], int | None]:
    """Return a page of the timeline, newest first, and the cursor of the next page (None on the last).

    `only`: acts that a search found by their words; `about`: one thing that it found by its reference; `since`: nothing older.
    """
    groups, known = [group] if group in customer.groups else customer.groups, _groups()
    acts = {act: name for name in groups for act in known[name] if only is None or act in only}
    mentions = customer.mentions if about is None else customer.mentions & {about}
    entries, after = journal.page_concerning(mentions, acts=acts, before=before, since=since, limit=PAGE)
    others = identity.given_back(customer.person_id)
    shown = [
        entry
        for entry in entries
        if not _is_internal(entry) and not _is_closed(customer, entry) and entry.subject_id not in others
    ]
    return [Happening(entry, acts[entry.act]) for entry in shown], after


def _groups() -> dict[str, tuple[str, ...]]:
    return GROUPS | dict(timeline.groups.items())


def _is_closed(customer: Customer, entry: journal.Entry) -> bool:
    """Whether an entry is of a matter that the reader may not know of, or of a message about it."""
    return not customer.closed.isdisjoint(str(entry.facts.get(name)) for name in ("matter_id", "about"))


def _is_internal(entry: journal.Entry) -> bool:
    return entry.act == "contact.remark.added" and entry.facts.get("side") == "internal"
