"""A visit on its way: planned and announced, opened, closed or called off."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import public as centres
from huduma.contexts.messages import public as messages
from huduma.contexts.outreach import events, queries
from huduma.contexts.outreach.models import Cost, Follower, Visit, VisitStaff
from huduma.contexts.outreach.models.visits import COSTS
from huduma.contexts.payments import public as payments
from huduma.contexts.places import public as places
from huduma.contexts.workforce import public as workforce
from huduma.foundation import phone as phones
from huduma.foundation import references
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

MOST_FOLLOWERS = 5000
MOST_CENTS = 10_000_000_000


#: The constraint that a team on two visits at once breaks.
ONE_PLACE = "outreach_one_place_at_a_time"


class NotASite(Refusal):
    """A visit is made by an outreach team or a vehicle. Choose one of them; an administrator adds new ones."""


class SiteTaken(Refusal):
    """This team is on another visit at that time. Choose other hours or another team."""


class PlaceMissing(Refusal):
    """Write where people find the team, such as the market or the school."""


class StaffMissing(Refusal):
    """Choose at least one officer who is posted to this team on that day."""


class NoSuchService(Refusal):
    """Choose at least one service, from the list."""


class NotNow(Refusal):
    """This visit has ended, was called off, or is not open yet. Look at its page again."""


class CashUncounted(Refusal):
    """The cash of this visit is not counted by two persons yet. Count each till first, on the page of tills."""


class StillOnTablets(Refusal):
    """A tablet of this visit says that it still holds records. Let it sync first; report one that is lost."""


class WordsMissing(Refusal):
    """Say why, in English and in Kiswahili: everybody reads it."""


class NoSuchCost(Refusal):
    """Choose what the money was for, and write an amount such as 1,500."""


class FollowedByMany(Refusal):
    """We cannot take more numbers for this visit. Look at its page the day before."""


@transaction.atomic
def plan_visit(
    *,
    actor: Actor,
    site_code: str,
    body_code: str,
    place: str,
    county_code: str,
    constituency_code: str | None = None,
    ward: str = "",
    directions: str = "",
    starts_at: datetime,
    ends_at: datetime,
    services: Collection[str],
    staff: Collection[UUID],
    now: datetime,
) -> Visit:
    """Plan a visit and announce it. `staff`: accounts of officers posted to the site.

    Raises NotPermitted, NotFound, NotASite, PlaceMissing, SiteTaken, StaffMissing, NoSuchService, workforce.SpanBackwards.
    """
    workforce.require_place(actor, site_code, "supervisor")
    site = centres.get_centre(site_code)
    if site.kind == "centre":
        raise NotASite
    if not now < ends_at or ends_at <= starts_at:
        raise workforce.SpanBackwards
    if not place.strip():
        raise PlaceMissing
    if not staff or not set(staff) <= set(workforce.staff_of(site_code, on=timezone.localdate(starts_at))):
        raise StaffMissing
    if not services:
        raise NoSuchService
    for code in services:
        catalogue.get_service(code)
    within = {one.code for one in places.list_constituencies(county_code)}
    if constituency_code is not None and constituency_code not in within:
        raise NotFound
    try:
        with transaction.atomic():
            visit = Visit.objects.create(
                reference=references.mint("HV"), site=site, body_code=places.get_body(body_code).code,
                place=place.strip()[:120], directions=directions.strip()[:200],
                county_id=places.get_county(county_code).code, constituency_id=constituency_code, ward=ward.strip()[:60],
                starts_at=starts_at, ends_at=ends_at, services=sorted(set(services)), planned_by=actor.account_id,
                planned_at=now,
            )  # fmt: skip
    except IntegrityError as error:
        if ONE_PLACE not in str(error):
            raise
        raise SiteTaken from None
    VisitStaff.objects.bulk_create(VisitStaff(visit=visit, account_id=one) for one in sorted(set(staff)))
    event = events.VisitPlanned(
        visit_id=visit.id, reference=visit.reference, site_code=site_code, county_code=county_code,
        starts_at=starts_at.isoformat(),
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)
    return visit


def _lock(actor: Actor, visit_id: UUID, *roles: str) -> Visit:
    visit = Visit.objects.select_for_update().filter(id=visit_id).first()
    if visit is None:
        raise NotFound
    workforce.require_place(actor, visit.site_id, *roles)
    return visit


def _record(actor: Actor, kind: type[events.VisitEvent], visit: Visit, now: datetime, **facts: object) -> None:
    journal.record(actor=actor, event=kind(visit_id=visit.id, reference=visit.reference, **facts), now=now)


@transaction.atomic
def open_visit(*, actor: Actor, visit_id: UUID, now: datetime) -> Visit:
    """Begin to serve; again changes nothing. Raises NotFound, NotPermitted, NotNow."""
    visit = _lock(actor, visit_id, "officer", "supervisor")
    if visit.state == "open":
        return visit
    if visit.state != "planned":
        raise NotNow
    visit.state, visit.opened_at = "open", now
    visit.save(update_fields=["state", "opened_at"])
    _record(actor, events.VisitOpened, visit, now)
    return visit


@transaction.atomic
def close_visit(*, actor: Actor, visit_id: UUID, now: datetime) -> Visit:
    """End a visit, when no tablet says that it holds records and all cash is counted by two; what syncs later is still taken.

    Raises NotFound, NotPermitted, NotNow, StillOnTablets, CashUncounted.
    """
    visit = _lock(actor, visit_id, "supervisor")
    if visit.state != "open":
        raise NotNow
    if visit.devices.filter(state="active", unsynced__gt=0).exists():
        raise StillOnTablets
    if any(till.state != "closed" for till in payments.tills_called(visit.reference)):
        raise CashUncounted
    visit.state, visit.finished_at = "closed", now
    visit.save(update_fields=["state", "finished_at"])
    visit.followers.all().delete()
    _record(actor, events.VisitClosed, visit, now)
    return visit


@transaction.atomic
def cancel_visit(*, actor: Actor, visit_id: UUID, reason_en: str, reason_sw: str, now: datetime) -> Visit:
    """Call a visit off that has not begun; who asked to be told is told. Raises NotFound, NotPermitted, NotNow, WordsMissing."""
    visit = _lock(actor, visit_id, "supervisor")
    if visit.state != "planned":
        raise NotNow
    visit.reason_en, visit.reason_sw = reason_en.strip()[:200], reason_sw.strip()[:200]
    if not visit.reason_en or not visit.reason_sw:
        raise WordsMissing
    visit.state, visit.finished_at = "cancelled", now
    visit.save(update_fields=["state", "finished_at", "reason_en", "reason_sw"])
    _record(actor, events.VisitCancelled, visit, now, reason=visit.reason)
    tell_followers(visit, "cancelled", now)
    visit.followers.all().delete()
    return visit


def tell_followers(visit: Visit, what: str, now: datetime) -> None:
    """Text those who asked to be told, once for each thing that there is to tell."""
    for one in visit.followers.all():
        messages.send(
            actor=SYSTEM, kind=f"outreach.visit.{what}", language=one.language, to_phone=one.phone, about=visit.id,
            text=queries.notice_text(visit, what, one.language), dedupe_key=f"outreach.{what}:{one.id}", now=now,
        )  # fmt: skip


@transaction.atomic
def follow_visit(*, actor: Actor, visit_id: UUID, phone: str, language: str, now: datetime) -> None:
    """Ask to be told of a visit by SMS; again changes nothing. Raises NotFound, NotNow, FollowedByMany, phones.InvalidPhone."""
    number = phones.parse_mobile(phone)
    visit = Visit.objects.select_for_update().filter(id=visit_id).first()
    if visit is None:
        raise NotFound
    if visit.state != "planned" or visit.starts_at <= now:
        raise NotNow
    if visit.followers.count() >= MOST_FOLLOWERS:
        raise FollowedByMany
    Follower.objects.get_or_create(visit=visit, phone=number, defaults={"language": language, "asked_at": now})


def remind_followers(*, now: datetime) -> None:
    """Tell of the visits that begin within a day, once."""
    for visit in Visit.objects.filter(state="planned", starts_at__gt=now, starts_at__lte=now + timedelta(days=1)):
        with transaction.atomic():
            tell_followers(visit, "soon", now)


@transaction.atomic
def enter_cost(*, actor: Actor, visit_id: UUID, kind: str, what: str, amount_cents: int, now: datetime) -> Cost:
    """Enter what a visit cost, one line; a wrong one is taken back by the same below nothing.

    Raises NotFound, NotPermitted, NotNow, NoSuchCost.
    """
    visit = _lock(actor, visit_id, "supervisor")
    if visit.state == "cancelled":
        raise NotNow
    if kind not in COSTS or not 0 < abs(amount_cents) <= MOST_CENTS:
        raise NoSuchCost
    cost = Cost.objects.create(
        visit=visit, kind=kind, what=what.strip()[:120], amount_cents=amount_cents, entered_by=actor.account_id,
        entered_at=now,
    )  # fmt: skip
    _record(actor, events.CostEntered, visit, now, spent_on=kind, amount_cents=amount_cents)
    return cost
