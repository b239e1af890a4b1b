"""Printed documents: received, notified, sent to a nearer centre, collected with proof of identity, or returned."""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from huduma.contexts.centres import events
from huduma.contexts.centres.models import Collectable
from huduma.contexts.centres.queries import collection, places
from huduma.contexts.workforce import public as workforce
from huduma.foundation import references
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

PROOFS = ("id-card", "passport", "waiting-card", "fingerprint", "letter")
#: Reminders go this many days after a document came.
REMIND_AFTER_DAYS = (7, 30, 60, 90)
#: So long a document is kept before it goes back; a body's own rule may be shorter.
RETURN_AFTER_DAYS = 180


class NotThere(Refusal):
    """This document is not on the shelf: it was collected, returned or sent on. Look at its page."""


class ProofMissing(Refusal):
    """Choose by what the person proved who they are; for somebody else, write also their name."""


class TooEarlyToReturn(Refusal):
    """This document has not waited long enough to go back. Remind its holder first."""


@transaction.atomic
def receive_document(
    *,
    actor: Actor,
    centre_code: str,
    person_id: UUID,
    title: dict[str, str],
    body_code: str,
    shelf: str,
    case_id: UUID | None = None,
    now: datetime,
) -> Collectable:
    """Put a printed document on a shelf; its holder is told. The same document of an application is received once.

    Raises NotPermitted, NotFound.
    """
    workforce.require_place(actor, centre_code, "officer", "supervisor")
    centre = places.get_centre(centre_code)
    if case_id is not None:
        _lock_case(case_id)
        there = Collectable.objects.filter(case_id=case_id, title=title, ended_at__isnull=True).first()
        if there is not None:
            return there
    document = Collectable.objects.create(
        reference=references.mint("HC"), person_id=person_id, case_id=case_id, title=title, body_code=body_code,
        centre=centre, shelf=shelf.strip()[:20], received_at=now,
    )  # fmt: skip
    _record(actor, events.CollectableReceived, document, now)
    return document


def _lock_case(case_id: UUID) -> None:
    """Let two who receive the document of one application do it one after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"centres.collectable:{case_id}"])


def _record(
    actor: Actor, kind: type[events.CollectableEvent], document: Collectable, now: datetime, **facts: str
) -> None:
    event = kind(collectable_id=document.id, person_id=document.person_id, centre_code=document.centre_id, **facts)
    journal.record(actor=actor, event=event, now=now)


def _lock(actor: Actor, collectable_id: UUID) -> Collectable:
    collection.get_collectable_for(actor, collectable_id)
    return Collectable.objects.select_for_update(of=("self",)).get(id=collectable_id)


@transaction.atomic
def view_document(*, actor: Actor, collectable_id: UUID, now: datetime) -> Collectable:
    """Return a document to the staff of where it is or goes; its holder sees who looked. Raises NotFound."""
    document = collection.get_collectable_for(actor, collectable_id)
    _record(actor.with_purpose("collection"), events.CollectableViewed, document, now)
    return document


@transaction.atomic
def redirect_document(*, actor: Actor, collectable_id: UUID, to_centre_code: str, now: datetime) -> Collectable:
    """Ask that a document be sent to another centre; asking for the one where it lies takes the wish back.

    Raises NotFound, NotThere.
    """
    document = _lock(actor, collectable_id)
    if document.state != "ready":
        raise NotThere
    to = places.get_centre(to_centre_code)
    if not to.is_open_to_public:
        raise NotFound
    wanted = None if to.code == document.centre_id else to.code
    if document.bound_for_id != wanted:
        document.bound_for_id = wanted
        document.save(update_fields=["bound_for"])
        _record(actor, events.CollectableRedirected, document, now, to_centre_code=to.code)
    return document


@transaction.atomic
def send_document(*, actor: Actor, collectable_id: UUID, now: datetime) -> Collectable:
    """Note that a document left for the centre where its holder wants it. Raises NotFound, NotPermitted, NotThere."""
    document = _lock(actor, collectable_id)
    workforce.require_place(actor, document.centre_id, "officer", "supervisor")
    if document.state == "on-the-way":
        return document
    if document.state != "ready" or document.bound_for_id is None:
        raise NotThere
    document.state, document.shelf = "on-the-way", ""
    document.save(update_fields=["state", "shelf"])
    _record(actor, events.CollectableSent, document, now, to_centre_code=document.bound_for_id)
    return document


@transaction.atomic
def shelve_document(*, actor: Actor, collectable_id: UUID, shelf: str, now: datetime) -> Collectable:
    """Receive a document that another centre sent; its holder is told. Raises NotFound, NotPermitted, NotThere."""
    document = _lock(actor, collectable_id)
    if document.state != "on-the-way" or document.bound_for_id is None:
        raise NotThere
    workforce.require_place(actor, document.bound_for_id, "officer", "supervisor")
    document.centre_id, document.bound_for, document.state = document.bound_for_id, None, "ready"
    document.shelf, document.reminded, document.received_at = shelf.strip()[:20], 0, now
    document.save()
    _record(actor, events.CollectableReceived, document, now)
    return document


@transaction.atomic
def hand_over_document(
    *, actor: Actor, collectable_id: UUID, proof: str, by: str = "holder", collector_name: str = "", now: datetime
) -> Collectable:
    """Hand a document to its holder, or to somebody with the holder's letter, who proved who they are.

    Raises NotFound, NotPermitted, NotThere, ProofMissing.
    """
    document = _lock(actor, collectable_id)
    workforce.require_place(actor, document.centre_id, "officer", "supervisor")
    if document.state != "ready":
        raise NotThere
    collector_name = collector_name.strip()[:200]
    if proof not in PROOFS or by not in ("holder", "agent") or (by == "agent" and not collector_name):
        raise ProofMissing
    document.state, document.ended_at, document.bound_for = "collected", now, None
    document.collected_by, document.proof = by, proof
    document.collector_name = collector_name if by == "agent" else ""
    document.save()
    _record(actor, events.CollectableCollected, document, now, by=by, proof=proof)
    return document


@transaction.atomic
def return_document(*, actor: Actor, collectable_id: UUID, now: datetime) -> Collectable:
    """Send a document that nobody collected back to the body that printed it; only a supervisor does.

    Raises NotFound, NotPermitted, NotThere, TooEarlyToReturn.
    """
    document = _lock(actor, collectable_id)
    workforce.require_place(actor, document.centre_id, "supervisor")
    if document.state != "ready":
        raise NotThere
    if now - document.received_at < timedelta(days=RETURN_AFTER_DAYS):
        raise TooEarlyToReturn
    document.state, document.ended_at, document.bound_for = "returned", now, None
    document.save()
    _record(actor, events.CollectableReturned, document, now)
    return document


@transaction.atomic
def return_documents(*, actor: Actor, centre_code: str, collectable_ids: list[UUID], now: datetime) -> int:
    """Send many documents of a centre back at once; which was collected meanwhile, or waits not long enough, is passed over.

    Returns how many went. Raises NotPermitted.
    """
    workforce.require_place(actor, centre_code, "supervisor")
    there = Collectable.objects.filter(id__in=collectable_ids, centre_id=centre_code, state="ready").order_by("id")
    went = 0
    for collectable_id in there.values_list("id", flat=True):
        with suppress(NotThere, TooEarlyToReturn):
            return_document(actor=actor, collectable_id=collectable_id, now=now)
            went += 1
    return went


def remind_holders(*, now: datetime) -> int:
    """Remind those whose documents have waited for the days of REMIND_AFTER_DAYS, once a day at most. Returns how many."""
    reminded = 0
    for count, days in reversed(list(enumerate(REMIND_AFTER_DAYS))):
        due = Collectable.objects.filter(
            state="ready", reminded__lte=count, received_at__lte=now - timedelta(days=days)
        ).order_by("received_at")
        for collectable_id in list(due.values_list("id", flat=True)):
            with transaction.atomic():
                document = Collectable.objects.select_for_update().get(id=collectable_id)
                if document.state == "ready" and document.reminded <= count:
                    document.reminded = count + 1
                    document.save(update_fields=["reminded"])
                    _record(SYSTEM, events.CollectableReminded, document, now)
                    reminded += 1
    return reminded
