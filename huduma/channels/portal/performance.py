"""What people really got of a service, in figures that every charter shows."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy

from huduma.contexts.performance import public as performance
from huduma.contexts.places import public as places

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
