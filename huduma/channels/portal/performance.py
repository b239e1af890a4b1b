"""What people really got of a service, in figures that every charter shows; and what was improved."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext_lazy

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.performance import public as performance
from huduma.contexts.places import public as places
from huduma.contexts.reengineering import public as reengineering

CHANNELS = {
    "portal": gettext_lazy("Online, by oneself"),
    "desk": gettext_lazy("At a counter, typed by an officer"),
}


@dataclass(frozen=True)
class Row:
    """One county or channel: its figure, and how long its bars are, of a hundred."""

    name: Any
    figure: performance.Figure
    half_width: int
    most_width: int


def figures(service_code: str) -> dict[str, Any]:
    """What the pages of a service tell of the last 90 days; nothing where no case has ended."""
    found = performance.figures_of(service_code)
    if found is None:
        return {}
    longest = max((row.elapsed_p90 for row in [*found.counties, *found.channels]), default=0) or 1
    names = {county.code: county.name for county in places.list_counties()} if found.counties else {}
    return {
        "figures": found,
        "window_days": performance.WINDOW_DAYS,
        "least_cases": performance.LEAST_CASES,
        "parts": [
            (title, [_row(name_of(row.value), row, longest) for row in rows])
            for title, rows, name_of in (
                (gettext_lazy("By county"), found.counties, lambda code: names.get(code, code)),
                (gettext_lazy("By the way people applied"), found.channels, lambda code: CHANNELS.get(code, code)),
            )
            if rows
        ],
    }


def _row(name: Any, figure: performance.Figure, longest: int) -> Row:
    return Row(name, figure, figure.elapsed_median * 100 // longest, figure.elapsed_p90 * 100 // longest)


def innovations(request: HttpRequest) -> HttpResponse:
    """What public bodies improved, with figures before and after; for everybody."""
    names = {service.code: service.name for service in catalogue.list_services(online=True)}
    rows = [(one, names.get(one.service_code, {"en": one.service_code})) for one in reengineering.list_innovations()]
    return render(request, "portal/performance/innovations.html", {"rows": rows})


urlpatterns = [path("innovations/", innovations, name="innovations")]
