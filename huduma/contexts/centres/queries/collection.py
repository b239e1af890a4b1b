"""Reading documents that wait for their holders."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q
from django.utils.crypto import constant_time_compare, salted_hmac

from huduma.contexts.centres.models import Collectable
from huduma.contexts.workforce import public as workforce
from huduma.foundation import references
from huduma.foundation.access import Actor, NotFound

#: Ages in days from which a document stands in the next group of the list.
AGES = (7, 30, 90, 180)


#: So many documents stand on one page of the shelf.
PAGE = 100


@dataclass(frozen=True)
class Aged:
    """A document on the shelf and how many days it has been there."""

    document: Collectable
    days: int


@dataclass(frozen=True)
class ShelfPage:
    """Some documents of a shelf, and after which one the next page begins, if there is one."""

    rows: list[Aged]
    next_after: UUID | None


def list_shelf_for(
    actor: Actor,
    centre_code: str,
    *,
    now: datetime,
    after: UUID | None = None,
    at_least_days: int = 0,
    to_send: bool = False,
) -> ShelfPage:
    """Return what lies at a centre or is on its way from there, oldest first, a page at a time, to its staff.

    `at_least_days`: only what has lain so long; `to_send`: only what its holder wants elsewhere and has not left.
    Raises NotPermitted.
    """
    workforce.require_place(actor, centre_code, "officer", "supervisor")
    rows = Collectable.objects.filter(centre_id=centre_code, ended_at__isnull=True)
    if at_least_days:
        rows = rows.filter(received_at__lte=now - timedelta(days=at_least_days))
    if to_send:
        rows = rows.filter(bound_for__isnull=False, state="ready")
    if after is not None and (last := Collectable.objects.filter(id=after).values_list("received_at").first()):
        rows = rows.filter(Q(received_at__gt=last[0]) | Q(id__gt=after), received_at__gte=last[0])
    found = list(rows.select_related("person", "bound_for").order_by("received_at", "id")[: PAGE + 1])
    return ShelfPage(
        [Aged(row, (now - row.received_at).days) for row in found[:PAGE]], found[PAGE - 1].id if found[PAGE:] else None
    )


def list_coming_for(actor: Actor, centre_code: str) -> list[Collectable]:
    """Return what other centres sent to this one, the oldest two hundred, to its staff. Raises NotPermitted."""
    workforce.require_place(actor, centre_code, "officer", "supervisor")
    rows = Collectable.objects.filter(bound_for_id=centre_code, state="on-the-way").select_related("centre", "person")
    return list(rows.order_by("received_at")[:200])


def count_by_age(centre_code: str, *, now: datetime) -> list[tuple[int, int]]:
    """Return how many documents have lain at a centre for at least each of AGES days (0 counts them all)."""
    here = Collectable.objects.filter(centre_id=centre_code, ended_at__isnull=True)
    ages = {f"d{days}": Count("id", filter=Q(received_at__lte=now - timedelta(days=days))) for days in (0, *AGES)}
    return [(int(name[1:]), number) for name, number in here.aggregate(**ages).items()]


def get_collectable_for(actor: Actor, collectable_id: UUID) -> Collectable:
    """Return a document to its holder and to the staff of where it is or goes. Raises NotFound."""
    found = Collectable.objects.select_related("centre", "person", "bound_for").filter(id=collectable_id).first()
    if found is None:
        raise NotFound
    if actor.kind == "system" or found.person_id in {actor.person_id, actor.on_behalf_of} - {None}:
        return found
    if actor.has_role("secretariat", "administrator") or any(
        workforce.works_at(actor, code) for code in (found.centre_id, found.bound_for_id) if code
    ):
        return found
    raise NotFound


def list_collectables_for(actor: Actor) -> list[Collectable]:
    """Return the documents that wait for the person whose business this is."""
    if actor.applicant_id is None:
        return []
    rows = Collectable.objects.filter(person_id=actor.applicant_id, ended_at__isnull=True)
    return list(rows.select_related("centre", "bound_for").order_by("received_at"))


def find_on_shelf_for(actor: Actor, centre_code: str, *, typed: str, case_id: UUID | None = None) -> list[Collectable]:
    """Return the documents at a centre that somebody at the counter asks for: by the document's reference, by the application
    that it came of, or by the holder's ID number; to its staff. Raises NotPermitted.
    """
    workforce.require_place(actor, centre_code, "officer", "supervisor")
    text = typed.strip()
    meant = Q(reference=references.normalise(text) or "")
    if case_id is not None:
        meant |= Q(case_id=case_id)
    if text.isascii() and text.isalnum():
        meant |= Q(person__id_number=text, ended_at__isnull=True)
    here = Q(centre_id=centre_code) | Q(bound_for_id=centre_code)
    rows = Collectable.objects.filter(meant, here).select_related("person", "bound_for", "centre")
    return list(rows.order_by("received_at", "id")[:20])


def collect_link(document: Collectable, language: str) -> str:
    """Return the address in a message by which its reader says, without signing in, where to collect."""
    return f"{settings.PUBLIC_URL}/{language}/d/{document.reference}/{_token(document.reference)}/"


def _token(reference: str) -> str:
    return salted_hmac("huduma.centres.collect", reference, algorithm="sha256").hexdigest()[:16]


def open_collect_link(reference: str, token: str) -> tuple[Collectable, Actor]:
    """Return the document of a link, and the actor that its reader is: the holder, for this document's business only.

    Raises NotFound.
    """
    found = Collectable.objects.select_related("centre", "bound_for").filter(reference=reference).first()
    if found is None or not constant_time_compare(token, _token(reference)):
        raise NotFound
    return found, Actor(kind="anonymous", channel="link", on_behalf_of=found.person_id, purpose="reminder")
