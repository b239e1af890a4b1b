"""How many people the contact centre needs on a day, who they are, what they speak and serve, and when they are to be there."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.inbox import public as inbox
from huduma.contexts.planning import public as planning
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.ui.requests import actor_of
from huduma.foundation.worktime.public import NAIROBI

#: How far from today a day is looked at.
FARTHEST = timedelta(days=3660)
LANGUAGES = {"en": gettext_lazy("English"), "sw": gettext_lazy("Kiswahili")}


@never_cache
def staffing(request: HttpRequest) -> HttpResponse:
    """A day in half hours: calls that came and are expected, people needed and there; the same with something changed; the team."""
    actor, now, asked = actor_of(request), timezone.now(), request.GET
    errors: dict[str, str] = {}
    day, more, percent = timezone.localdate(now), 0, 100
    try:
        wanted = date.fromisoformat(asked["day"]) if asked.get("day") else day
        if abs(wanted - day) > FARTHEST:
            raise ValueError
        day = wanted
        more = max(-99, min(99, int(asked.get("more") or 0)))
        percent = max(0, min(500, int(asked.get("percent") or 100)))
    except ValueError:
        errors["day"] = gettext("Write a day, and whole numbers.")
    if request.method == "POST":
        answer = _decide(request, day, errors)
        if answer is not None:
            return answer
    found = inbox.staffing_for(actor, day, now=now, more=more, percent=percent)
    is_planner = _is_planner(actor)
    calls = sum(half.expected.people for half in found.halves)
    context = {
        "plan": found, "errors": errors, "asked": asked, "typed": request.POST, "is_planner": is_planner,
        "is_today": day == timezone.localdate(now), "share": round(100 * planning.SHARE), "seconds": inbox.ANSWER_SECONDS,
        "rows": [(half, found.came.get(half.number, 0)) for half in found.halves],
        "calls": calls, "came": sum(found.came.values()), "percent": round(100 * found.so_far),
        "wait": sum(half.wait.mean_seconds * half.expected.people for half in found.halves) / calls if calls else 0,
        "leaving": 100 * sum(half.wait.leaving * half.expected.people for half in found.halves) / calls if calls else 0,
        "missing": sum(half.short for half in found.halves) / 2,
        "talk": (found.measured.talk or inbox.TALK_SECONDS) + (found.measured.wrap_up or 0),
        "languages": [(LANGUAGES[code], expected, there) for code, expected, there in found.languages],
        "choices": LANGUAGES.items(), **(_team(actor, day, request) if is_planner else {}),
    }  # fmt: skip
    return render(request, "desk/inbox/staffing.html", context, status=422 if errors else 200)


def _team(actor: Actor, day: date, request: HttpRequest) -> dict[str, Any]:
    names = {service.code: service.name for service in catalogue.list_services()}
    team = inbox.team_for(actor, day)
    rows = [
        (
            one,
            [LANGUAGES[code] for code in sorted(one.abilities.languages)],
            [names.get(code, {"en": code}) for code in sorted(one.abilities.skills or ())],
        )
        for one in team
    ]
    who = request.POST.get("account") or request.GET.get("who", "")
    return {
        "team": rows,
        "who": next((one for one in team if str(one.account_id) == who), None),
        "services": names.items(),
    }


def _is_planner(actor: Actor) -> bool:
    try:
        workforce.require_place(actor, workforce.CONTACT_CENTRE, "supervisor")
    except NotPermitted:
        return False
    return True


def _decide(request: HttpRequest, day: date, errors: dict[str, str]) -> HttpResponse | None:
    actor, asked, now = actor_of(request), request.POST, timezone.now()
    try:
        account_id = UUID(asked.get("account", ""))
        if asked.get("what") == "abilities":
            inbox.set_abilities(
                actor=actor, account_id=account_id, languages=asked.getlist("languages"), services=asked.getlist("services"),
                now=now,
            )  # fmt: skip
        else:
            starts, ends = (_moment(day, asked.get(name, "")) for name in ("starts", "ends"))
            inbox.plan_shift(actor=actor, account_id=account_id, starts_at=starts, ends_at=ends, now=now)
    except ValueError:
        errors["account"] = gettext("Choose somebody, and write two times of the day.")
    except (NotPermitted, NotFound):
        raise
    except Refusal as refusal:
        errors["account"] = refusal.message
    else:
        notes.success(request, gettext("Saved."))
        return redirect(f"{request.path}?day={day.isoformat()}")
    return None


def _moment(day: date, clock: str) -> datetime:
    """Return a time of a day; 00:00 as an end is met by 24:00, the midnight after it."""
    if clock == "24:00":
        return datetime.combine(day + timedelta(days=1), time(), NAIROBI)
    return datetime.combine(day, time.fromisoformat(clock), NAIROBI)


urlpatterns = [path("inbox/staffing/", staffing, name="staffing")]
