"""Working time: when an office works, and when a promise falls due.

Office hours are 08:00 to 17:00 Africa/Nairobi, Monday to Friday, without public holidays (Public Holidays Act, Cap. 110).
Holidays are computed by the `holidays` library (categories public and islamic); the table `SpecialDay` wins over it.
"""

from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

import holidays

from huduma.foundation.worktime.models import SpecialDay

__all__ = ["CLOSES", "NAIROBI", "OPENS", "Unit", "deadline", "holiday_name", "is_working_day", "working_seconds"]

Unit = Literal["minutes", "hours", "days", "working_days"]
NAIROBI = ZoneInfo("Africa/Nairobi")
OPENS, CLOSES = time(8), time(17)
SEARCH_LIMIT_DAYS = 3660


@cache
def _computed(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("KE", years=year, categories=("public", "islamic"))


def holiday_name(day: date) -> str | None:
    """Return the name of the holiday that the calendar computes for a date, or None."""
    return _computed(day.year).get(day)


class _Calendar:
    """The special days of a span, read once."""

    def __init__(self, start: date, end: date) -> None:
        self._special = dict(SpecialDay.objects.filter(date__range=(start, end)).values_list("date", "is_working"))

    def works(self, day: date) -> bool:
        return self._special.get(day, day.weekday() < 5 and holiday_name(day) is None)


def is_working_day(day: date) -> bool:
    """Whether offices work on a date."""
    return _Calendar(day, day).works(day)


def deadline(start: datetime, value: int, unit: Unit) -> datetime:
    """Return when a promise of `value` units, made at `start`, falls due.

    `days` are calendar days and end with the office day (17:00); `working_days` count from the day after `start` and end
    at 17:00; `hours` and `minutes` run in office hours only.
    """
    local = start.astimezone(NAIROBI)
    if unit == "days":
        return _at(local.date() + timedelta(days=value), CLOSES)
    calendar = _Calendar(local.date(), local.date() + timedelta(days=SEARCH_LIMIT_DAYS))
    if unit == "working_days":
        return _at(_nth_working_day(calendar, local.date(), value), CLOSES)
    return _run_office_time(calendar, local, timedelta(**{unit: value}))


def working_seconds(start: datetime, end: datetime) -> int:
    """Return how many seconds of office time lie between two moments (0 when end is not after start)."""
    first, last = start.astimezone(NAIROBI), end.astimezone(NAIROBI)
    if last <= first:
        return 0
    calendar = _Calendar(first.date(), last.date())
    total = timedelta()
    for offset in range((last.date() - first.date()).days + 1):
        day = first.date() + timedelta(days=offset)
        if calendar.works(day):
            total += max(timedelta(), min(last, _at(day, CLOSES)) - max(first, _at(day, OPENS)))
    return int(total.total_seconds())


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, NAIROBI)


def _nth_working_day(calendar: _Calendar, start: date, count: int) -> date:
    day = start
    while count > 0:
        day += timedelta(days=1)
        count -= calendar.works(day)
    return day


def _run_office_time(calendar: _Calendar, start: datetime, left: timedelta) -> datetime:
    moment = start
    while left > timedelta():
        day = moment.date()
        begins = max(moment, _at(day, OPENS))
        available = max(timedelta(), _at(day, CLOSES) - begins) if calendar.works(day) else timedelta()
        if available >= left:
            return begins + left
        left -= available
        moment = _at(day + timedelta(days=1), time())
    return moment
