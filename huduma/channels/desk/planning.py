"""Planning a centre: what to expect and what would be otherwise; who works when, and why; where a centre is missing."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.channels.desk.centres.place import centre_of, service_choices, service_name
from huduma.contexts.identity import public as identity
from huduma.contexts.planning import public as planning
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.translated import pick
from huduma.foundation.ui.requests import actor_of

STATES = {
    "asked": gettext_lazy("Being made"),
    "draft": gettext_lazy("Proposal"),
    "published": gettext_lazy("In force"),
}
WHY_CANCELLED = {
    "away": gettext_lazy("The officer cannot come"),
    "training": gettext_lazy("Training"),
    "elsewhere": gettext_lazy("Needed at another place"),
    "not-needed": gettext_lazy("Fewer people are expected"),
}
MANAGERS = ("supervisor", "secretariat", "administrator")
#: How far from today a day is looked at.
FARTHEST = timedelta(days=3660)
REACHES_KM = (10, 25, 50, 100)


@never_cache
def plan(request: HttpRequest) -> HttpResponse:
    """A day in half hours: who is expected, what the standard needs, what people meet; and the same with something changed."""
    actor, now, centre = actor_of(request), timezone.now(), centre_of(request)
    asked, errors = request.GET, {}
    day = timezone.localdate(now) + timedelta(days=1)
    change = None
    try:
        wanted = date.fromisoformat(asked["day"]) if asked.get("day") else day
        if abs(wanted - day) > FARTHEST:
            raise ValueError
        day = wanted
        if asked.get("what") == "if":
            change = planning.Change(
                counters=max(-99, min(99, int(asked.get("counters") or 0))),
                without_service=asked.get("without", ""),
                people_percent=max(0, min(500, int(asked.get("percent") or 100))),
            )
    except ValueError:
        errors["day"] = gettext("Write a day, and whole numbers.")
    found = planning.plan_for(actor, centre.code, day, now=now)
    changed = planning.plan_for(actor, centre.code, day, now=now, change=change).halves if change else []
    context = {
        "centre": centre, "plan": found, "rows": list(zip(found.halves, changed or found.halves, strict=True)),
        "is_changed": bool(changed), "totals": [_totals(found.halves), _totals(changed)], "asked": asked, "errors": errors,
        "services": service_choices(centre), "share": round(100 * planning.SHARE),
        "rosters": [(one, STATES[one.state]) for one in planning.list_rosters_for(actor, centre.code)],
        "next_week": timezone.localdate(now) + timedelta(days=7 - timezone.localdate(now).weekday()),
        "is_boss": actor.has_role(*MANAGERS),
    }  # fmt: skip
    return render(request, "desk/planning/plan.html", context, status=422 if errors else 200)


def _totals(halves: list[planning.Half]) -> dict[str, Any]:
    people = sum(half.expected.people for half in halves)
    return {
        "people": people,
        "short": sum(half.short for half in halves) / 2,
        "leaving": 100 * sum(half.wait.leaving * half.expected.people for half in halves) / people if people else 0,
        "wait": sum(half.wait.mean_seconds * half.expected.people for half in halves) / people / 60 if people else 0,
    }


@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for the roster of a week."""
    centre = centre_of(request)
    try:
        week_on = date.fromisoformat(request.POST.get("week", ""))
        roster = planning.ask_roster(
            actor=actor_of(request), centre_code=centre.code, week_on=week_on, now=timezone.now()
        )
    except ValueError:
        notes.warning(request, gettext("Write a day of the week that is to be planned."))
    except (NotPermitted, NotFound):
        raise
    except Refusal as refusal:
        notes.warning(request, refusal.message)
    else:
        return redirect("desk:roster", roster_id=roster.id)
    return redirect(f"{request.POST.get('back') or '../'}?centre={centre.code}")


@never_cache
def roster(request: HttpRequest, roster_id: UUID) -> HttpResponse:
    """A week: who works when and why, where somebody is missing, and the form by which a manager decides otherwise."""
    actor = actor_of(request)
    found = planning.get_roster_for(actor, roster_id)
    errors: dict[str, str] = {}
    if request.method == "POST":
        answer = _decide(request, roster_id, errors)
        if answer is not None:
            return answer
    people = planning.people_of(found)
    names = {str(key): name for key, name in identity.staff_names({UUID(person.key) for person in people}).items()}
    days, shifts = planning.days_of(found), planning.shifts_of(found)
    rows = {(str(row.account_id), row.on): row for row in found.days.all()}
    in_force = found.state == "published"  # then what is planned says who is there, whatever this roster said
    short = planning.shortage(days, people, {} if in_force else shifts)
    week = [
        {
            "on": day.on,
            "rows": sorted(
                (
                    (names.get(key, ""), _clocks(row.spans), _why(row), row)
                    for (key, on), row in rows.items()
                    if on == day.on
                ),
                key=lambda line: line[:2],
            ),
            "away": sorted(names.get(person.key, "") for person in people if person.away.get(day.on)),
            "planned": sorted(names.get(person.key, "") for person in people if person.planned.get(day.on)),
            "short": [(planning.clock(half), missing) for (on, half), missing in short.items() if on == day.on],
            "most": max(day.needed.values(), default=0),
            "is_to_come": in_force and day.on >= timezone.localdate(),
        }
        for day in days
    ]
    patterns = dict.fromkeys(pattern for day in days for pattern in day.patterns)
    context = {
        "roster": found, "state": STATES[found.state], "week": week, "errors": errors, "typed": request.POST,
        "staff": sorted(names.items(), key=lambda one: one[1]), "dates": [day.on for day in days],
        "patterns": [(_written(p.spans), _clocks([list(span) for span in p.spans])) for p in patterns],
        "missing": sum(short.values()) / 2, "is_boss": actor.has_role(*MANAGERS), "last": found.week_on + timedelta(days=6),
    }  # fmt: skip
    return render(request, "desk/planning/roster.html", context, status=422 if errors else 200)


def _decide(request: HttpRequest, roster_id: UUID, errors: dict[str, str]) -> HttpResponse | None:
    actor, asked, now = actor_of(request), request.POST, timezone.now()
    work: dict[str, Callable[[], object]] = {
        "publish": lambda: planning.publish_roster(actor=actor, roster_id=roster_id, now=now),
        "overrule": lambda: planning.overrule(
            actor=actor, roster_id=roster_id, account_id=UUID(asked.get("account", "")),
            on=date.fromisoformat(asked.get("on", "")), spans=_read(asked.get("spans", "")), note=asked.get("note", ""),
            now=now,
        ),
    }  # fmt: skip
    try:
        work[asked.get("do", "overrule")]()
    except (ValueError, KeyError):
        errors["account"] = gettext("Choose an officer, a day and a shift.")
    except (NotPermitted, NotFound):
        raise
    except Refusal as refusal:
        errors["account"] = refusal.message
    else:
        notes.success(request, gettext("Saved."))
        return redirect("desk:roster", roster_id=roster_id)
    return None


def _written(spans: tuple[tuple[int, int], ...]) -> str:
    return ",".join(f"{start}-{end}" for start, end in spans)


def _read(text: str) -> list[list[int]]:
    return [[int(edge) for edge in span.split("-", 1)] for span in text.split(",") if span]


def _clocks(spans: list[list[int]]) -> str:
    return ", ".join(f"{planning.clock(start)}–{planning.clock(end)}" for start, end in spans) or gettext("Day off")


def _why(row: planning.RosterDay) -> str:
    if row.cancelled_at:
        return gettext("Cancelled: %(why)s.") % {"why": WHY_CANCELLED[row.cancelled_why]}
    if row.is_overruled:
        return gettext("Decided by a manager.") + (f" {row.note}" if row.note else "")
    said = []
    if row.why.get("halves"):
        words = gettext("Half hours that would be short without this shift: %(halves)s, the first %(first)s.")
        said.append(words % row.why)
    if only := [pick(service_name(code)) for code in row.why.get("only", ())]:
        said.append(gettext("Nobody else there serves: %(services)s.") % {"services": ", ".join(only)})
    return " ".join(said) or gettext("Shares the work fairly.")


@never_cache
def cancel(request: HttpRequest, roster_id: UUID, account_id: UUID, on: str) -> HttpResponse:
    """Cancel a shift that is in force: why, and who takes it over; the page says how many visits depend on it."""
    actor, now, errors = actor_of(request), timezone.now(), {}
    try:
        day = date.fromisoformat(on)
    except ValueError:
        raise NotFound from None
    row = planning.get_day_for(actor, roster_id, account_id, day)
    if request.method == "POST":
        try:
            planning.cancel_shift(
                actor=actor, roster_id=roster_id, account_id=account_id, on=day, why=request.POST.get("why", ""),
                instead=UUID(request.POST["instead"]) if request.POST.get("instead") else None, now=now,
            )  # fmt: skip
        except ValueError:
            errors["instead"] = gettext("Choose a colleague from the list, or nobody.")
        except (NotPermitted, NotFound):
            raise
        except workforce.NoReason as refusal:
            errors["why"] = refusal.message
        except Refusal as refusal:
            errors["instead"] = refusal.message
        else:
            notes.success(request, gettext("The shift is cancelled. Those booked with this officer are seen to."))
            return redirect("desk:roster", roster_id=roster_id)
    able, left = planning.colleagues_for(row.roster, row, now=now), planning.still_to_work(row, now=now)
    names = identity.staff_names({account_id, *able})
    context = {
        "roster": row.roster, "row": row, "name": names.get(account_id, ""), "errors": errors, "typed": request.POST,
        "clocks": _clocks([list(span) for span in left.spans]) if left else "", "whys": WHY_CANCELLED.items(),
        "colleagues": [(str(key), names.get(key, "")) for key in able], "visits": planning.visits_with(row, now=now),
    }  # fmt: skip
    return render(request, "desk/planning/cancel.html", context, status=422 if errors else 200)


@never_cache
def gaps(request: HttpRequest) -> HttpResponse:
    """Where a new centre would reach the most people who have none near."""
    try:
        reach = int(request.GET.get("km", 50))
    except ValueError:
        reach = 50
    reach = reach if reach in REACHES_KM else 50
    context = {"gaps": planning.gaps_for(actor_of(request), within_km=reach), "reach": reach, "reaches": REACHES_KM}
    return render(request, "desk/planning/gaps.html", context)


urlpatterns = [
    path("plan/", plan, name="plan"),
    path("plan/rosters/", ask, name="ask_roster"),
    path("plan/rosters/<uuid:roster_id>/", roster, name="roster"),
    path("plan/rosters/<uuid:roster_id>/cancel/<uuid:account_id>/<str:on>/", cancel, name="cancel_shift"),
    path("plan/gaps/", gaps, name="gaps"),
]
