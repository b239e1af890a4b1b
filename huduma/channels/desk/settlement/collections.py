"""Today's collections, what is owed to bodies and how old it is; the revenue of a month or quarter, on screen, paper and as a workbook."""

from datetime import date

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache

from huduma.contexts.places import public as places
from huduma.contexts.settlement import public as settlement
from huduma.foundation.access import Actor
from huduma.foundation.translated import pick
from huduma.foundation.ui.requests import actor_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def names() -> dict[str, str]:
    """Return the names of public bodies by code."""
    return {one.code: pick(one.name) for one in places.list_bodies()}


def currency_of(request: HttpRequest) -> str:
    """Return the currency that is looked at."""
    asked = request.GET.get("currency", "")
    return asked if asked in settlement.CURRENCIES else settlement.CURRENCIES[0]


def keeps_books(actor: Actor) -> bool:
    """Whether the actor keeps the books of all bodies."""
    return actor.has_everywhere(*settlement.BOOKKEEPERS)


def sees_all(actor: Actor) -> bool:
    """Whether the actor sees the money of all bodies."""
    return settlement.bodies_seen(actor) is None


@never_cache
def collections(request: HttpRequest) -> HttpResponse:
    """How each revenue account stands now, and what waits for a person."""
    actor, now, currency = actor_of(request), timezone.now(), currency_of(request)
    rows = settlement.standings_for(actor, now, currency)
    by_code = names()
    waiting, lines = settlement.unmatched_for(actor)
    ages = [sum(row.aged[place].cents for row in rows) for place in range(len(rows[0].aged))] if rows else []
    context = {
        "rows": [(by_code.get(row.body_code, row.body_code), row) for row in rows],
        "today": sum(row.today_cents for row in rows), "owed": sum(row.owed_cents for row in rows), "ages": ages,
        "late": sum(one.cents for row in rows for one in row.aged if one.is_late),
        "currency": currency, "currencies": settlement.currencies_for(actor), "waiting": waiting, "lines": lines,
        "batches": settlement.batches_for(actor)[:5], "proposable": proposable(actor, by_code), "now": now,
        "sees_all": sees_all(actor),
    }  # fmt: skip
    return render(request, "desk/settlement/collections.html", context)


def proposable(actor: Actor, by_code: dict[str, str]) -> list[tuple[str, str]]:
    """Return the bodies whose money the actor may propose to hand over: code and name; "" for all."""
    own = sorted(one.body_code for one in actor.grants if one.role in settlement.BOOKKEEPERS and one.body_code)
    if keeps_books(actor):
        return [("", ""), *sorted(by_code.items(), key=lambda one: one[1])]
    return [(code, by_code.get(code, code)) for code in own]


@never_cache
def revenue(request: HttpRequest) -> HttpResponse:
    """The revenue statement of a month, or the report of a quarter."""
    actor, currency = actor_of(request), currency_of(request)
    quarterly = request.GET.get("span") == "quarter"
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        day = timezone.localdate()
    since, before = settlement.quarter_of(day) if quarterly else settlement.month_of(day)
    report = settlement.revenue_report(actor, since, before, currency, quarterly=quarterly)
    name = f"revenue-{since}-{currency}"
    if (answer := as_file(request, report, name)) is not None:
        return answer
    context = {
        "report": report, "rows": [(row[: report.words], row[report.words :]) for row in report.rows],
        "totals": report.totals[report.words :], "day": day, "quarterly": quarterly, "currency": currency,
        "currencies": settlement.CURRENCIES,
    }  # fmt: skip
    return render(request, "desk/settlement/revenue.html", context)


def as_file(request: HttpRequest, report: settlement.Report, name: str) -> HttpResponse | None:
    """Return a table as PDF or workbook, if that was asked for."""
    wanted = request.GET.get("as")
    if wanted == "pdf":
        specimen = "SPECIMEN" if settings.SANDBOX else ""
        content = settlement.pdf(report, language=get_language() or "en", day=timezone.localdate(), specimen=specimen)
        answer = HttpResponse(content, content_type="application/pdf")
    elif wanted == "xlsx":
        answer = HttpResponse(settlement.workbook(report), content_type=XLSX)
    else:
        return None
    answer["Content-Disposition"] = f'attachment; filename="{name}.{wanted}"'
    return answer


urlpatterns = [
    path("collections/", collections, name="collections"),
    path("collections/revenue/", revenue, name="revenue"),
]
