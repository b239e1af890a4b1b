"""A visit on its way: planned and announced, opened, closed or called off."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import public as centres
from huduma.contexts.outreach import events
from huduma.contexts.outreach.models import Visit, VisitStaff
from huduma.contexts.places import public as places
from huduma.contexts.workforce import public as workforce
from huduma.foundation import references
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal


class NotASite(Refusal):
    """A visit is made by an outreach team or a vehicle. Choose one of them; an administrator adds new ones."""


class SiteTaken(Refusal):
    """This team is on another visit at that time. Choose other hours or another team."""


class StaffMissing(Refusal):
    """Choose at least one officer who is posted to this team on that day."""


class NoSuchService(Refusal):
    """Choose at least one service, from the list."""


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

    Raises NotPermitted, NotFound, NotASite, SiteTaken, StaffMissing, NoSuchService, workforce.SpanBackwards.
    """
    workforce.require_place(actor, site_code, "supervisor")
    site = centres.get_centre(site_code)
    if site.kind == "centre":
        raise NotASite
    if not now < ends_at or ends_at <= starts_at:
        raise workforce.SpanBackwards
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
    except IntegrityError:
        raise SiteTaken from None
    VisitStaff.objects.bulk_create(VisitStaff(visit=visit, account_id=one) for one in sorted(set(staff)))
    event = events.VisitPlanned(
        visit_id=visit.id, reference=visit.reference, site_code=site_code, county_code=county_code,
        starts_at=starts_at.isoformat(),
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)
    return visit
