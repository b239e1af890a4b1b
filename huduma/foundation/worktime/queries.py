"""The calendar as it is today: the computed one, corrected by the table."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from huduma.foundation.worktime.calendar import CALENDARS, OFFICE, Calendar, Hours, holiday_name
from huduma.foundation.worktime.models import SpecialDay


@dataclass(frozen=True)
class Day:
    """A day that is not like its weekday: `name` as the calendar computes it, `reason` where the table says so."""

    date: date
    name: str
    is_working: bool
    reason: str


def calendar(hours: Hours = OFFICE) -> Calendar:
    """Return the calendar of some opening hours with the special days as they are now. One small read."""
    return _kept(hours, frozenset(SpecialDay.objects.values_list("date", "is_working")))


def named_calendars() -> dict[str, Calendar]:
    """Return every calendar that a package may name, with the special days as they are now. One small read."""
    special = frozenset(SpecialDay.objects.values_list("date", "is_working"))
    return {name: _kept(hours, special) for name, hours in CALENDARS.items()}


@lru_cache(maxsize=64)
def _kept(hours: Hours, special: frozenset[tuple[date, bool]]) -> Calendar:
    return Calendar(hours, dict(special))


def list_special_days(year: int) -> list[Day]:
    """Return the holidays of a year and every day that the table makes special, in order."""
    table = {row.date: row for row in SpecialDay.objects.filter(date__year=year)}
    days = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
    found = []
    for day in (d for d in days if d.year == year):
        row, name = table.get(day), holiday_name(day)
        if row is not None:
            found.append(Day(day, name or "", row.is_working, row.reason))
        elif name is not None:
            found.append(Day(day, name, is_working=False, reason=""))
    return found
