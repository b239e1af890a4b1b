"""Visits for their team: planned and announced, run with live counts, closed, reported, called off."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from huduma.channels.outreach.labels import COSTS, RECORDS, SEXES, STATES, TILLS, frame
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import public as centres
from huduma.contexts.identity import public as identity
from huduma.contexts.outreach import public as outreach
from huduma.contexts.places import public as places
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.ui.requests import actor_of
from huduma.foundation.worktime.public import NAIROBI

TEAM = ("officer", "supervisor", "secretariat", "administrator")
LEADERS = ("supervisor", "secretariat", "administrator")
FIELDS = ("site", "place", "directions", "county", "constituency", "ward", "day", "from", "to", "body")
#: Where on the page of planning a refusal is shown.
WHERE = {
    outreach.StaffMissing: "staff", outreach.NoSuchService: "services", outreach.SiteTaken: "day",
    outreach.PlaceMissing: "place", workforce.SpanBackwards: "from",
}  # fmt: skip


@never_cache
def visits(request: HttpRequest) -> HttpResponse:
    """The visits of the reader's teams: those to come and those that are over."""
    actor, now = actor_of(request), timezone.now()
    actor.require_role(*TEAM)
    past = "past" in request.GET
    found = [(one, STATES[one.state]) for one in outreach.list_visits_for(actor, now=now, past=past)]
    waiting = len(outreach.list_conflicts_for(actor))
    context = frame(
        actor, visits=found, past=past, conflicts=waiting, may_plan=actor.has_role(*LEADERS),
        may_post=actor.has_role("secretariat", "administrator"),
    )  # fmt: skip
    return render(request, "outreach/visits.html", context)


def _sites(actor: Actor) -> list[centres.Centre]:
    own = None if actor.has_role("secretariat", "administrator") else set(workforce.places_of(actor))
    return [one for one in centres.list_sites() if own is None or one.code in own]


@never_cache
def plan(request: HttpRequest) -> HttpResponse:
    """Plan a visit: first which team, then everything else on one page."""
    actor, now = actor_of(request), timezone.now()
    actor.require_role(*LEADERS)
    sites = _sites(actor)
    asked = request.POST if request.method == "POST" else request.GET
    site = next((one for one in sites if one.code == asked.get("site")), sites[0] if len(sites) == 1 else None)
    typed = {name: asked.get(name, "").strip() for name in FIELDS}
    chosen = {"services": set(asked.getlist("services")), "staff": set(asked.getlist("staff"))}
    errors: dict[str, str] = {}
    if request.method == "POST" and site is not None:
        try:
            made = outreach.plan_visit(
                actor=actor, site_code=site.code, now=now, services=chosen["services"],
                staff=[UUID(one) for one in chosen["staff"]], **_said(typed),
            )  # fmt: skip
        except NotPermitted:
            raise
        except ValueError:
            errors["day"] = gettext("Write the day and both times, such as 24 November and 09:00.")
        except NotFound:
            errors["county"] = gettext("Choose a county, and one of its constituencies.")
        except Refusal as refusal:
            errors[WHERE.get(type(refusal), "site")] = refusal.message
        else:
            notes.success(request, gettext("The visit is planned, and announced on the public page."))
            return redirect("outreach:visit", visit_id=made.id)
    context = frame(
        actor, sites=sites, site=site, typed=typed, chosen=chosen, errors=errors, counties=places.list_counties(),
        constituencies=places.list_constituencies(), **_choices(actor, site),
    )  # fmt: skip
    return render(request, "outreach/plan.html", context, status=422 if errors else 200)


def _choices(actor: Actor, site: centres.Centre | None) -> dict[str, Any]:
    if site is None:
        return {}
    posted = workforce.staff_of(site.code, on=timezone.localdate())
    names = identity.staff_names(set(posted))
    skills = {one: workforce.skills_of(one) for one in posted}
    staff = [(str(one), name, sorted(skills[one] or ())) for one, name in sorted(names.items(), key=lambda row: row[1])]
    everywhere = (
        {body.code for body in places.list_bodies()} if actor.has_everywhere("secretariat", "administrator") else ()
    )
    return {
        "staff": staff,
        "services": [(one.code, one.name) for one in catalogue.list_services(online=True)],
        "bodies": sorted(actor.body_codes or everywhere),
    }


def _said(typed: dict[str, str]) -> dict[str, Any]:
    day = date.fromisoformat(typed["day"])
    starts, ends = (datetime.combine(day, time.fromisoformat(typed[name]), NAIROBI) for name in ("from", "to"))
    return {
        "body_code": typed["body"], "place": typed["place"] or typed["ward"], "directions": typed["directions"],
        "county_code": typed["county"], "constituency_code": typed["constituency"] or None, "ward": typed["ward"],
        "starts_at": starts, "ends_at": ends,
    }  # fmt: skip


@never_cache
def visit(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """A visit as it goes: who is there, what the tablets brought so far, the cash; and what can be done now."""
    actor, errors = actor_of(request), {}
    typed = request.POST
    if request.method == "POST":
        step = STEPS.get(typed.get("step", ""))
        if step is None:
            raise NotFound
        field, do = step
        try:
            do(request, visit_id)
            return redirect("outreach:visit", visit_id=visit_id)
        except (NotFound, NotPermitted):
            raise
        except Refusal as refusal:
            errors[field] = refusal.message
    found = outreach.get_visit_page_for(actor, visit_id)
    totals = {state: sum(one.counts.get(state, 0) for one in found.tablets) for state in RECORDS}
    context = frame(
        actor, page=found, visit=found.visit, state=STATES[found.visit.state], errors=errors, typed=typed,
        services=[catalogue.get_service(code) for code in found.visit.services], costs=COSTS.items(),
        totals=[(RECORDS[name], number) for name, number in totals.items() if number],
        tills=[(till, name, TILLS[till.state]) for till, name in found.tills],
    )  # fmt: skip
    return render(request, "outreach/visit.html", context, status=422 if errors else 200)


def _open(request: HttpRequest, visit_id: UUID) -> None:
    outreach.open_visit(actor=actor_of(request), visit_id=visit_id, now=timezone.now())


def _close(request: HttpRequest, visit_id: UUID) -> None:
    outreach.close_visit(actor=actor_of(request), visit_id=visit_id, now=timezone.now())
    notes.success(request, gettext("The visit is closed. Records that still come are taken in for a week."))


def _cancel(request: HttpRequest, visit_id: UUID) -> None:
    outreach.cancel_visit(
        actor=actor_of(request), visit_id=visit_id, reason_en=request.POST.get("reason_en", ""),
        reason_sw=request.POST.get("reason_sw", ""), now=timezone.now(),
    )  # fmt: skip
    notes.success(request, gettext("The visit is called off. Who asked to be told gets an SMS."))


def _enter_cost(request: HttpRequest, visit_id: UUID) -> None:
    said = request.POST.get("amount", "").replace(",", "").strip()
    whole = int(said) if said.removeprefix("-").isdecimal() and len(said) < 12 else 0
    outreach.enter_cost(
        actor=actor_of(request), visit_id=visit_id, kind=request.POST.get("kind", ""), what=request.POST.get("what", ""),
        amount_cents=whole * 100, now=timezone.now(),
    )  # fmt: skip


STEPS: dict[str, tuple[str, Callable[[HttpRequest, UUID], None]]] = {
    "open": ("open", _open),
    "close": ("close", _close),
    "cancel": ("reason_en", _cancel),
    "cost": ("amount", _enter_cost),
}


@never_cache
def report(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """Whom the visit served and what it cost, beside the team's visits before it."""
    actor = actor_of(request)
    found = outreach.report_for(actor, visit_id)
    context = frame(
        actor, report=found, visit=found.visit, sexes=SEXES.values(), least=outreach.LEAST_TOLD,
        costs=[(COSTS[kind], cents) for kind, cents in found.costs],
        total=sum(cents for _, cents in found.costs),
    )  # fmt: skip
    return render(request, "outreach/report.html", context)


@never_cache
def teams(request: HttpRequest) -> HttpResponse:
    """Teams and vehicles: added, and staff posted to them, by who works for the whole country."""
    actor, now, errors = actor_of(request), timezone.now(), {}
    actor.require_role("secretariat", "administrator")
    if request.method == "POST":
        said = request.POST
        try:
            if said.get("step") == "post":
                workforce.post_staff(
                    actor=actor, account_id=UUID(said.get("account", "")), place_code=centres.get_centre(said["site"]).code,
                    from_on=timezone.localdate(now), now=now,
                )  # fmt: skip
            else:
                centres.add_site(actor=actor, kind=said.get("kind", ""), name=said.get("name", ""), now=now)
            return redirect("outreach:teams")
        except ValueError:
            errors["account"] = gettext("Choose an officer from the list.")
        except centres.NoSuchSetting:
            errors["name"] = gettext("Give the team a name.")
    staff = identity.list_staff(roles=("officer", "supervisor"), body_code=None)
    sites = [
        (one, sorted(identity.staff_names(set(workforce.staff_of(one.code, on=timezone.localdate(now)))).values()))
        for one in centres.list_sites()
    ]
    context = frame(actor, sites=sites, staff=staff, errors=errors)
    return render(request, "outreach/teams.html", context, status=422 if errors else 200)


urlpatterns = [
    path("", visits, name="visits"),
    path("plan/", plan, name="plan"),
    path("teams/", teams, name="teams"),
    path("<uuid:visit_id>/", visit, name="visit"),
    path("<uuid:visit_id>/report/", report, name="report"),
]
