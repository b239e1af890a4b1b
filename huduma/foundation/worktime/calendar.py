"""Working time as arithmetic: opening hours, and a calendar that counts in them. Nothing here reads a database or a clock.

Kenya keeps one offset from UTC all year, so moments of a day are plain sums.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

import holidays

Unit = Literal["minutes", "hours", "days", "working_days"]
NAIROBI = ZoneInfo("Africa/Nairobi")
SUNDAY = 6
#: No promise reaches further than ten years: a calendar without any opening hours ends here instead of never.
SEARCH_LIMIT_DAYS = 3660
#: "Not exceeding six days" in s.57(d) of Cap. 2.
SHORT_PERIOD_DAYS = 6
DAY_START = time()
#: The last moment of a day, as it is written: deadlines of statutes end with the day.
DAY_END = time(23, 59, 59)


def _period(text: str) -> tuple[time, time]:
    opens, closes = text.split("-")
    return time.fromisoformat(opens), time.fromisoformat(closes)


@dataclass(frozen=True)
class Hours:
    """When a place is open, Monday to Sunday: for each day its periods (opens, closes), in order and apart."""

    week: tuple[tuple[tuple[time, time], ...], ...]

    def __post_init__(self) -> None:
        if len(self.week) != 7:
            raise ValueError("a week has seven days")
        for periods in self.week:
            bounds = [bound for period in periods for bound in period]
            if any(earlier >= later for earlier, later in pairwise(bounds)):
                raise ValueError("periods of a day do not follow each other")

    @classmethod
    def weekdays(cls, *periods: tuple[time, time]) -> "Hours":
        """Return the same periods from Monday to Friday, and closed weekends."""
        return cls((periods,) * 5 + ((),) * 2)

    @classmethod
    def parse(cls, text: str) -> "Hours":
        """Return the hours that a text names: periods parted by spaces, days from Monday on parted by semicolons; days left out are closed.

        `08:00-13:00 14:00-17:00; 08:00-17:00`: on Monday with a pause, on Tuesday without. Raises ValueError.
        """
        days = [tuple(_period(one) for one in day.split()) for day in text.split(";")]
        return cls((*days, *((),) * (7 - len(days))))

    def closes(self, day: date) -> time:
        """Return when a day ends; on a day without hours, when the first day of the week that has some ends."""
        own = self.week[day.weekday()] or next((periods for periods in self.week if periods), ())
        return own[-1][1] if own else DAY_END


#: Offices: 08:00 to 17:00, Monday to Friday.
OFFICE = Hours.weekdays((time(8), time(17)))
#: Huduma Centres with extended hours: 07:00 to 19:00, Monday to Friday
#: (Kenya Broadcasting Corporation, "18 select Huduma Centers to extend operating hours", kbc.co.ke/news/article/33707).
CENTRE = Hours.weekdays((time(7), time(19)))
#: What a package may name under `clocks.calendar`.
CALENDARS: dict[str, Hours] = {"office": OFFICE, "centre": CENTRE}


@cache
def _computed(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("KE", years=year, categories=("public", "islamic"))


def holiday_name(day: date) -> str | None:
    """Return the name of the holiday that the calendar computes for a date, or None."""
    return _computed(day.year).get(day)


class Calendar:
    """Opening hours on real dates: without holidays (Public Holidays Act, Cap. 110), and as the special days say.

    `special`: date → whether it is a working day, whatever the computed calendar says. A special working day at a weekend has
    the hours of a Monday. What was counted once is kept, so that one calendar answers many questions quickly.
    """

    def __init__(self, hours: Hours = OFFICE, special: Mapping[date, bool] | None = None) -> None:
        self.hours = hours
        self._special = dict(special or {})
        self._first = 0  # ordinal of the first day counted
        self._open_before: list[timedelta] = []  # opening time of all counted days before the n-th

    def works(self, day: date) -> bool:
        """Whether a date is a working day of these hours."""
        closed = not self.hours.week[day.weekday()] or holiday_name(day) is not None
        return self._special.get(day, not closed)

    def periods(self, day: date) -> tuple[tuple[time, time], ...]:
        """Return when it is open on a date."""
        if not self.works(day):
            return ()
        return self.hours.week[day.weekday()] or self.hours.week[0]

    def is_excluded(self, day: date) -> bool:
        """Whether a date is an excluded day of s.57 of Cap. 2: a Sunday or a public holiday."""
        return not self._special.get(day, day.weekday() != SUNDAY and holiday_name(day) is None)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the opening time between two moments; none when `end` is not after `start`."""
        if end <= start:
            return timedelta()
        passed = self._position(start.astimezone(NAIROBI))  # the earlier one first: it may move where counting begins
        return self._position(end.astimezone(NAIROBI)) - passed

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """Return the first moment at which `amount` of opening time has passed since `start`."""
        moment = start.astimezone(NAIROBI)
        if amount <= timedelta():
            return moment
        target = self._position(moment) + amount
        ordinal = moment.date().toordinal()
        for limit in range(ordinal + 31, ordinal + SEARCH_LIMIT_DAYS, 31):
            self._count_to(limit)
            if self._open_before[-1] >= target:
                break
        else:
            raise OverflowError("these hours never add up to that much time")
        index = bisect_left(self._open_before, target) - 1
        day = date.fromordinal(self._first + index)
        return self._within(day, target - self._open_before[index])

    def deadline(self, start: datetime, value: float, unit: Unit) -> datetime:
        """Return when a promise of `value` units, made at `start`, falls due. See `public.deadline`."""
        local = start.astimezone(NAIROBI)
        if unit == "days":
            return self.end_of_day(self._moved(local.date() + timedelta(days=int(value))))
        if unit == "working_days":
            day, left = local.date(), int(value)
            while left > 0:
                day += timedelta(days=1)
                left -= self.works(day)
            return self.end_of_day(day)
        return self.add(local, timedelta(**{unit: value}))

    def statutory_deadline(self, start: datetime, days: int, extra: timedelta = timedelta()) -> datetime:
        """Return the end of the last day of a statutory period that an event at `start` opens (Cap. 2, s.57).

        The day of the event is left out (a); a last day that is a Sunday or a public holiday moves to the next day that is
        neither (b); in a period of six days or less, such days are not counted at all (d). `extra`: time during which it stood still.
        """
        day = start.astimezone(NAIROBI).date()
        for _ in range(days):
            day += timedelta(days=1)
            while days <= SHORT_PERIOD_DAYS and self.is_excluded(day):
                day += timedelta(days=1)
        end = datetime.combine(day, DAY_END, NAIROBI) + extra
        return datetime.combine(self._moved(end.date()), DAY_END, NAIROBI)

    def end_of_day(self, day: date) -> datetime:
        """Return when a day's business ends."""
        return datetime.combine(day, self.hours.closes(day), NAIROBI)

    def _moved(self, day: date) -> date:
        while self.is_excluded(day):
            day += timedelta(days=1)
        return day

    def _position(self, moment: datetime) -> timedelta:
        """Return the opening time from the first day counted to a moment."""
        day = moment.date()
        self._count_to(day.toordinal())
        passed = timedelta()
        clock = _since_midnight(moment.time())
        for opens, closes in self.periods(day):
            passed += max(timedelta(), min(clock, _since_midnight(closes)) - _since_midnight(opens))
        return self._open_before[day.toordinal() - self._first] + passed

    def _within(self, day: date, left: timedelta) -> datetime:
        midnight = datetime.combine(day, DAY_START, NAIROBI)
        for opens, closes in self.periods(day):
            begins, length = _since_midnight(opens), _since_midnight(closes) - _since_midnight(opens)
            if left <= length:
                return midnight + begins + left
            left -= length
        raise AssertionError("the day has less opening time than was counted")

    def _count_to(self, ordinal: int) -> None:
        if not self._open_before or ordinal < self._first:
            self._first, self._open_before = ordinal - 31, [timedelta()]
        while self._first + len(self._open_before) <= ordinal + 1:
            day = date.fromordinal(self._first + len(self._open_before) - 1)
            spans = (_since_midnight(closes) - _since_midnight(opens) for opens, closes in self.periods(day))
            self._open_before.append(self._open_before[-1] + sum(spans, timedelta()))


@cache
def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond)
