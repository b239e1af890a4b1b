"""The manager's screens: the day of one centre, all centres now, and what a centre is like."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache

from huduma.channels.desk.centres.counter import DESK_NAMES, PRIORITY_NAMES
from huduma.channels.desk.centres.place import centre_of
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import public as centres
from huduma.contexts.identity import public as identity
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.ui.requests import actor_of
from huduma.foundation.worktime.public import NAIROBI

DAYS = [
    gettext_lazy("Monday"), gettext_lazy("Tuesday"), gettext_lazy("Wednesday"), gettext_lazy("Thursday"),
    gettext_lazy("Friday"), gettext_lazy("Saturday"), gettext_lazy("Sunday"),
]  # fmt: skip
ACCESS = {
    "step_free": gettext_lazy("Entrance without steps"), "lift": gettext_lazy("Lift"),
    "toilet": gettext_lazy("Accessible toilet"), "sign_language": gettext_lazy("Kenyan Sign Language"),
    "parking": gettext_lazy("Parking near the entrance"),
}  # fmt: skip
UNREADABLE = {
    "closure": gettext_lazy("Write a day and a time."), "absence": gettext_lazy("Write a day and a time."),
    "hours": gettext_lazy("Write the hours of a day like 08:00-13:00, 14:00-17:00, in their order; leave a day empty on which it is shut."),
}  # fmt: skip


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
    """Hours, counters, services, closures, absences and the rules of a centre, for its supervisors."""
    actor, now, centre = actor_of(request), timezone.now(), centre_of(request)
    workforce.require_place(actor, centre.code, "supervisor")
    errors: dict[str, str] = {}
    what = request.POST.get("what", "")
    if request.method == "POST":
        try:
            _change(request, centre, now)
        except ValueError:
            errors[what] = str(UNREADABLE.get(what, gettext("Write a number.")))
        except (NotPermitted, NotFound):
            raise
        except Refusal as refusal:
            errors[what] = refusal.message
        else:
            notes.success(request, gettext("Saved."))
            return redirect(f"{request.path}?centre={centre.code}")
    staff = identity.staff_names(set(workforce.staff_of(centre.code, on=timezone.localdate(now))))
    own = [(service, offering) for service, offering in centres.services_at(centre) if offering]
    context = {
        "centre": centre, "counters": [(c, [DESK_NAMES[d] for d in c.desks]) for c in centres.list_counters(centre)],
        "closures": centres.list_closures(centre, now=now), "desks": [(d, DESK_NAMES[d]) for d in centres.DESKS],
        "staff": sorted(staff.items(), key=lambda pair: pair[1]), "errors": errors, "what": what,
        "typed": request.POST if errors else {}, "week": _week(request, centre), "days": list(enumerate(DAYS)),
        "offered": [
            (service, [DAYS[n] for n in offering.weekdays], [DESK_NAMES[d] for d in offering.journey])
            for service, offering in own
        ],
        "services": catalogue.list_services(),
        "credits": [
            (key, name, centre.credit_minutes.get(key, centres.CREDIT_MINUTES[key])) for key, name in PRIORITY_NAMES.items()
        ],
        "access": [(name, label, centre.accessibility.get(name)) for name, label in ACCESS.items()],
    }  # fmt: skip
    return render(request, "desk/centres/settings.html", context, status=422 if errors else 200)


def _week(request: HttpRequest, centre: centres.Centre) -> list[tuple[int, Any, str, str]]:
    """Return each day with its usual and its long hours as they stand, or as they were typed."""

    def written(name: str, hours: list[Any] | None, n: int) -> str:
        if request.POST.get("what") == "hours":
            return request.POST.get(f"{name}-{n}", "")
        return ", ".join(f"{opens}-{closes}" for opens, closes in hours[n]) if hours else ""

    return [
        (n, day, written("usual", centre.hours, n), written("long", centre.long_hours, n)) for n, day in enumerate(DAYS)
    ]


def _change(request: HttpRequest, centre: centres.Centre, now: datetime) -> None:
    about: dict[str, Any] = {"actor": actor_of(request), "centre_code": centre.code, "now": now}
    CHANGES.get(request.POST.get("what", ""), _nothing)(request.POST, centre, about)


def _nothing(asked: QueryDict, centre: centres.Centre, about: dict[str, Any]) -> None:
    raise NotFound


def _counter(asked: QueryDict, centre: centres.Centre, about: dict[str, Any]) -> None:
    desks = [desk for desk in asked.getlist("desks") if desk in centres.DESKS]
    number = int(asked.get("number", ""))
    if not 1 <= number <= 200:
        raise ValueError
    centres.set_counter(**about, number=number, desks=desks, has_long_hours=asked.get("long") == "on")


def _hours(asked: QueryDict, centre: centres.Centre, about: dict[str, Any]) -> None:
    usual, long = ([centres.read_periods(asked.get(f"{name}-{n}", "")) for n in range(7)] for name in ("usual", "long"))
    centres.change_centre(**about, changes={"hours": usual, "long_hours": long if any(long) else None})


def _rules(asked: QueryDict, centre: centres.Centre, about: dict[str, Any]) -> None:
    names = (
        "wait_standard_minutes", "walk_in_percent", "least_notice_minutes", "most_notice_days", "tell_when_ahead",
    )  # fmt: skip
    changes: dict[str, Any] = {name: max(0, min(int(asked.get(name, "")), 20_000)) for name in names if asked.get(name)}
    changes["walk_in_percent"] = min(changes.get("walk_in_percent", centre.walk_in_percent), 100)
    centres.change_centre(**about, changes=changes)


def _credits(asked: QueryDict, centre: centres.Centre, about: dict[str, Any]) -> None:
    minutes = {
        key: max(0, min(int(asked.get(f"credit-{key}", "")), 600))
        for key in centres.CREDIT_MINUTES
        if asked.get(f"credit-{key}")
    }
    own = {key: number for key, number in minutes.items() if number != centres.CREDIT_MINUTES[key]}
    centres.change_centre(**about, changes={"credit_minutes": own})


def _access(asked: QueryDict, centre: centres.Centre, about: dict[str, Any]) -> None:
    known = {
        name: asked.get(f"access-{name}") == "yes" for name in ACCESS if asked.get(f"access-{name}") in ("yes", "no")
    }
    centres.change_centre(**about, changes={"accessibility": known})


def _offering(asked: QueryDict, centre: centres.Centre, about: dict[str, Any]) -> None:
    journey = [desk for desk in centres.DESKS if desk in asked.getlist("journey")]
    weekdays = sorted({int(day) for day in asked.getlist("weekdays")})
    centres.set_offering(**about, service_code=asked.get("service", ""), weekdays=weekdays, journey=journey)


def _drop(asked: QueryDict, centre: centres.Centre, about: dict[str, Any]) -> None:
    centres.drop_offering(**about, service_code=asked.get("service", ""))


def _closure(asked: QueryDict, centre: centres.Centre, about: dict[str, Any]) -> None:
    reason = {"en": asked.get("reason_en", "").strip()[:200], "sw": asked.get("reason_sw", "").strip()[:200]}
    centres.close_centre(
        **about, starts_at=_moment(asked.get("starts", "")), ends_at=_moment(asked.get("ends", "")), reason=reason
    )


def _reopen(asked: QueryDict, centre: centres.Centre, about: dict[str, Any]) -> None:
    centres.reopen_centre(actor=about["actor"], closure_id=UUID(asked.get("closure", "")), now=about["now"])


def _absence(asked: QueryDict, centre: centres.Centre, about: dict[str, Any]) -> None:
    starts, ends = _moment(asked.get("starts", "")), _moment(asked.get("ends", ""))
    there = workforce.staff_of(centre.code, on=timezone.localdate(about["now"]))
    accounts = {str(account): account for account in there}
    account = accounts.get(asked.get("account", ""))
    if account is None:
        raise NotFound
    workforce.record_absence(
        actor=about["actor"], account_id=account, place_code=centre.code, starts_at=starts,
        ends_at=ends, now=about["now"],
    )  # fmt: skip


CHANGES: dict[str, Callable[[QueryDict, centres.Centre, dict[str, Any]], None]] = {
    "counter": _counter, "hours": _hours, "rules": _rules, "credits": _credits, "access": _access,
    "offering": _offering, "drop": _drop, "closure": _closure, "reopen": _reopen, "absence": _absence,
}  # fmt: skip


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NAIROBI)


urlpatterns = [
    path("wall/", wall, name="wall"),
    path("centres/", everywhere, name="centres"),
    path("centres/settings/", settings, name="centre_settings"),
]
