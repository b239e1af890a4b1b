"""Reading visits."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop, override

from huduma.contexts.identity import public as identity
from huduma.contexts.outreach import rules
from huduma.contexts.outreach.models import Device, Record, Visit
from huduma.contexts.payments import public as payments
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import Actor, NotFound
from huduma.foundation.translated import pick

TEAM = ("officer", "supervisor")
NOTICES = {
    "soon": gettext_noop("Huduma comes to %(place)s on %(day)s, %(from)s to %(to)s. Bring your ID card."),
    "cancelled": gettext_noop("Huduma does not come to %(place)s on %(day)s: %(reason)s"),
}


def get_visit(visit_id: UUID) -> Visit:
    """Return a visit; that it takes place is public. Raises NotFound."""
    visit = Visit.objects.select_related("site", "county", "constituency").filter(id=visit_id).first()
    if visit is None:
        raise NotFound
    return visit


def list_my_visits_for(actor: Actor, *, now: datetime) -> list[Visit]:
    """Return the visits on which the actor goes and for which a tablet can be prepared now, the next first."""
    if actor.account_id is None:
        return []
    since = now - timedelta(days=rules.TOKEN_DAYS)
    mine = Visit.objects.filter(staff__account_id=actor.account_id, state__in=["planned", "open"], ends_at__gt=since)
    return list(mine.select_related("site", "county"))


def list_visits_for(actor: Actor, *, now: datetime, past: bool = False) -> list[Visit]:
    """Return the visits of the actor's teams, all of them for those who work for the whole country: to come, or over."""
    visits = Visit.objects.select_related("site", "county")
    if not actor.has_role("secretariat", "administrator"):
        visits = visits.filter(site_id__in=workforce.places_of(actor)) if actor.has_role(*TEAM) else visits.none()
    over = Q(state__in=["closed", "cancelled"])
    return list(visits.filter(over).order_by("-starts_at")[:50] if past else visits.exclude(over)[:200])


def list_coming(*, county_code: str = "", now: datetime, limit: int = 100) -> list[Visit]:
    """Return the visits to come, of one county or all, the next first, for everybody; those called off too."""
    coming = Visit.objects.exclude(state="closed").filter(ends_at__gt=now).select_related("county", "constituency")
    return list((coming.filter(county_id=county_code) if county_code else coming)[:limit])


def notice_text(visit: Visit, what: str, language: str) -> str:
    """Return what those are told who asked to be told of a visit."""
    with override(language):
        starts, ends = timezone.localtime(visit.starts_at), timezone.localtime(visit.ends_at)
        facts = {
            "place": visit.place, "day": date_format(starts, "j F"), "from": f"{starts:%H:%M}", "to": f"{ends:%H:%M}",
            "reason": pick(visit.reason),
        }  # fmt: skip
        return gettext(NOTICES[what]) % facts


@dataclass(frozen=True)
class Standing:
    """A tablet with how many of its records stand how."""

    device: Device
    officer: str
    counts: dict[str, int]


@dataclass(frozen=True)
class VisitPage:
    """A visit as its team sees it now: staff, tablets with what they brought, tills with their cashiers, and its costs."""

    visit: Visit
    staff: list[str]
    tablets: list[Standing]
    tills: list[tuple[payments.TillSession, str]]
    may_lead: bool


def get_visit_page_for(actor: Actor, visit_id: UUID) -> VisitPage:
    """Return a visit to its team. Raises NotFound, NotPermitted."""
    visit = get_visit(visit_id)
    workforce.require_place(actor, visit.site_id, *TEAM)
    goes = set(visit.staff.values_list("account_id", flat=True))
    tills = payments.tills_called(visit.reference)
    tablets = list_tablets(visit)
    names = identity.staff_names(goes | {till.cashier for till in tills})
    leads = actor.has_role("supervisor", "secretariat", "administrator")
    return VisitPage(
        visit, sorted(names[one] for one in goes if one in names), tablets,
        [(till, names.get(till.cashier, "")) for till in tills], leads,
    )  # fmt: skip


def list_tablets(visit: Visit) -> list[Standing]:
    """Return the tablets of a visit with how their records stand. For a reader who has been checked."""
    counts: dict[UUID, dict[str, int]] = {}
    rows = Record.objects.filter(visit=visit).values_list("device_id", "state").annotate(n=Count("id"))
    for device_id, state, number in rows:
        counts.setdefault(device_id, {})[state] = number
    devices = list(visit.devices.all())
    names = identity.staff_names({one.account_id for one in devices})
    return [Standing(one, names.get(one.account_id, ""), counts.get(one.id, {})) for one in devices]
