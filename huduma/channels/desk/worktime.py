"""The working calendar: every officer reads it, an administrator makes days special."""

from datetime import date

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.foundation.access import NotFound
from huduma.foundation.ui.requests import actor_of
from huduma.foundation.worktime import public as worktime

FIELDS = ("day", "month", "year", "is_working", "reason")


@never_cache
def special_days(request: HttpRequest) -> HttpResponse:
    """The holidays of a year and the days that somebody made special; administrators add one."""
    actor, now = actor_of(request), timezone.now()
    this_year = timezone.localdate(now).year
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isascii() and asked.isdigit() and abs(int(asked) - this_year) <= 5 else this_year
    errors, typed = {}, {name: request.POST.get(name, "").strip() for name in FIELDS}
    if request.method == "POST":
        actor.require_role("administrator")
        day = _day(typed)
        if day is None:
            errors["day"] = gettext("Write a real date, such as 12 12 2026.")
        if typed["is_working"] not in ("yes", "no"):
            errors["is_working"] = gettext("Choose whether offices work on that day.")
        if day is not None and not errors:
            try:
                worktime.set_special_day(
                    actor=actor, day=day, is_working=typed["is_working"] == "yes", reason=typed["reason"], now=now
                )
            except worktime.ReasonMissing as refusal:
                errors["reason"] = refusal.message
            except worktime.DayOutOfReach as refusal:
                errors["day"] = refusal.message
            else:
                notes.success(request, gettext("The day is entered. Open promises are being worked out anew."))
                return redirect(f"{reverse('desk:special_days')}?year={day.year}")
    context = {
        "year": year, "days": worktime.list_special_days(year), "errors": errors, "typed": typed,
        "may_edit": actor.has_role("administrator"),
    }  # fmt: skip
    return render(request, "desk/special_days.html", context, status=422 if errors else 200)


def _day(typed: dict[str, str]) -> date | None:
    try:
        return date(int(typed["year"]), int(typed["month"]), int(typed["day"]))
    except (ValueError, OverflowError):
        return None


@require_POST
def clear(request: HttpRequest) -> HttpResponse:
    """Let a day follow the computed calendar again."""
    try:
        day = date.fromisoformat(request.POST.get("date", ""))
    except ValueError:
        raise NotFound from None
    worktime.clear_special_day(actor=actor_of(request), day=day, now=timezone.now())
    notes.success(request, gettext("The day follows the calendar again. Open promises are being worked out anew."))
    return redirect(f"{reverse('desk:special_days')}?year={day.year}")


urlpatterns = [
    path("working-days/", special_days, name="special_days"),
    path("working-days/clear/", clear, name="clear_special_day"),
]
