"""The manager's screens: the day of one centre, all centres now, and what a centre is like."""

from datetime import datetime

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from huduma.channels.desk.centres.counter import DESK_NAMES
from huduma.channels.desk.centres.place import centre_of
from huduma.contexts.centres import public as centres
from huduma.contexts.identity import public as identity
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.ui.requests import actor_of
from huduma.foundation.worktime.public import NAIROBI


@never_cache
def wall(request: HttpRequest) -> HttpResponse:
    """The day of a centre: waits, service times, staff, those who left, the forecast, and whether a counter is missing."""
    found = centres.wall_for(actor_of(request), centre_of(request).code, now=timezone.now())
    names = identity.staff_names({c.officer_id for c in found.counters if c.officer_id})
    most = max([half.came for half in found.halves] + [half.expected for half in found.halves] + [1])
    context = {
        "wall": found,
        "centre": found.now.centre,
        "staff": [(c, names.get(c.officer_id, "") if c.officer_id else "") for c in found.counters],
        "bars": [(half, 100 * half.came / most, 100 * half.expected / most) for half in found.halves],
        "waits": [_minutes(n) for n in (found.wait_median, found.wait_ninety, found.service_median)],
        "abandoned": round(100 * found.left / total) if (total := found.served + found.no_show + found.left) else 0,
    }
    return render(request, "desk/centres/wall.html", context)


def _minutes(seconds: float | None) -> str:
    return "–" if seconds is None else f"{float(seconds) / 60:.0f}"


@never_cache
def everywhere(request: HttpRequest) -> HttpResponse:
    """All centres now, the latest against its standard first."""
    return render(
        request, "desk/centres/everywhere.html", {"rows": centres.all_now_for(actor_of(request), now=timezone.now())}
    )


@never_cache
def settings(request: HttpRequest) -> HttpResponse:
    """Counters, closures, absences and the rules of a centre, for its supervisors."""
    actor, now, centre = actor_of(request), timezone.now(), centre_of(request)
    workforce.require_place(actor, centre.code, "supervisor")
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            _change(request, centre, now)
        except ValueError:
            errors["starts"] = (
                gettext("Write a day and a time.") if "starts" in request.POST else gettext("Write a number.")
            )
        except (NotPermitted, NotFound):
            raise
        except Refusal as refusal:
            errors["starts"] = refusal.message
        else:
            notes.success(request, gettext("Saved."))
            return redirect(f"{request.path}?centre={centre.code}")
    staff = identity.staff_names(set(workforce.staff_of(centre.code, on=timezone.localdate(now))))
    context = {
        "centre": centre, "counters": [(c, [DESK_NAMES[d] for d in c.desks]) for c in centres.list_counters(centre)],
        "closures": centres.list_closures(centre, now=now), "desks": [(d, DESK_NAMES[d]) for d in centres.DESKS],
        "staff": sorted(staff.items(), key=lambda pair: pair[1]), "errors": errors, "typed": request.POST,
    }  # fmt: skip
    return render(request, "desk/centres/settings.html", context, status=422 if errors else 200)


def _change(request: HttpRequest, centre: centres.Centre, now: datetime) -> None:
    actor, asked, what = actor_of(request), request.POST, request.POST.get("what", "")
    if what == "counter":
        desks = [desk for desk in asked.getlist("desks") if desk in centres.DESKS]
        centres.set_counter(
            actor=actor, centre_code=centre.code, number=int(asked.get("number", "")), desks=desks,
            has_long_hours=asked.get("long") == "on", now=now,
        )  # fmt: skip
    elif what == "rules":
        names = (
            "wait_standard_minutes",
            "walk_in_percent",
            "least_notice_minutes",
            "most_notice_days",
            "tell_when_ahead",
        )
        changes = {name: min(int(asked[name]), 20_000) for name in names if asked.get(name)}
        changes["walk_in_percent"] = min(changes.get("walk_in_percent", centre.walk_in_percent), 100)
        centres.change_centre(actor=actor, centre_code=centre.code, changes=changes, now=now)
    elif what == "closure":
        starts, ends = _moment(asked.get("starts", "")), _moment(asked.get("ends", ""))
        reason = {"en": asked.get("reason_en", "").strip()[:200], "sw": asked.get("reason_sw", "").strip()[:200]}
        centres.close_centre(
            actor=actor, centre_code=centre.code, starts_at=starts, ends_at=ends, reason=reason, now=now
        )
    elif what == "absence":
        starts, ends = _moment(asked.get("starts", "")), _moment(asked.get("ends", ""))
        accounts = {str(account): account for account in workforce.staff_of(centre.code, on=timezone.localdate(now))}
        if asked.get("account") not in accounts:
            raise NotFound
        workforce.record_absence(
            actor=actor, account_id=accounts[asked["account"]], place_code=centre.code, starts_at=starts, ends_at=ends,
            now=now,
        )  # fmt: skip


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NAIROBI)


urlpatterns = [
    path("wall/", wall, name="wall"),
    path("centres/", everywhere, name="centres"),
    path("centres/settings/", settings, name="centre_settings"),
]
