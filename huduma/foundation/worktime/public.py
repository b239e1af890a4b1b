"""Working time: when an office works, and when a promise falls due.

Office hours are 08:00 to 17:00 Africa/Nairobi, Monday to Friday, without public holidays (Public Holidays Act, Cap. 110).
Holidays are computed by the `holidays` library (categories public and islamic); the table `SpecialDay` wins over it.
Other opening hours are an `Hours` (several periods a day, weekends too), given to `calendar`.
"""

from datetime import date, datetime

from huduma.foundation.worktime.calendar import CALENDARS, CENTRE, NAIROBI, OFFICE, Calendar, Hours, Unit, holiday_name
from huduma.foundation.worktime.operations import DayOutOfReach, ReasonMissing, clear_special_day, set_special_day
from huduma.foundation.worktime.queries import Day, calendar, list_special_days, named_calendars

__all__ = [
    "CALENDARS",
    "CENTRE",
    "NAIROBI",
    "OFFICE",
    "Calendar",
    "Day",
    "DayOutOfReach",
    "Hours",
    "ReasonMissing",
    "Unit",
    "calendar",
    "clear_special_day",
    "deadline",
    "holiday_name",
    "is_working_day",
    "list_special_days",
    "named_calendars",
    "set_special_day",
    "statutory_deadline",
    "working_seconds",
]


def is_working_day(day: date) -> bool:
    """Whether offices work on a date."""
    return calendar().works(day)


def deadline(start: datetime, value: float, unit: Unit) -> datetime:
    """Return when a promise of `value` units, made at `start`, falls due in office hours.

    `days` are calendar days and end with the office day (17:00); a last day that is a Sunday or a public holiday moves to the
    next day that is neither (Interpretation and General Provisions Act, Cap. 2, s.57(b)). `working_days` count from the day
    after `start` and end at 17:00; `hours` and `minutes` run in office hours only.
    """
    return calendar().deadline(start, value, unit)


def statutory_deadline(start: datetime, days: int) -> datetime:
    """Return the end of the last day of a period that a written law gives, counted by s.57 of Cap. 2."""
    return calendar().statutory_deadline(start, days)


def working_seconds(start: datetime, end: datetime) -> int:
    """Return how many seconds of office time lie between two moments (0 when end is not after start)."""
    return int(calendar().between(start, end).total_seconds())
