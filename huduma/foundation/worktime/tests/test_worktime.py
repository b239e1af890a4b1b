"""Promises in working time."""

import csv
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from huduma.foundation.access import NotPermitted
from huduma.foundation.journal.models import EntryRow
from huduma.foundation.worktime import public as worktime
from huduma.foundation.worktime.models import SpecialDay


def nairobi(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=worktime.NAIROBI)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("start", "value", "unit", "due"),
    [
        (nairobi(2026, 11, 23, 10), 1, "working_days", nairobi(2026, 11, 24, 17)),
        (nairobi(2026, 11, 27, 16), 1, "working_days", nairobi(2026, 11, 30, 17)),  # over a weekend
        (nairobi(2026, 12, 11, 9), 1, "working_days", nairobi(2026, 12, 14, 17)),  # Jamhuri Day falls on the Saturday
        (nairobi(2026, 12, 24, 9), 1, "working_days", nairobi(2026, 12, 28, 17)),  # Christmas, Utamaduni, weekend
        (nairobi(2026, 11, 23, 10), 28, "days", nairobi(2026, 12, 21, 17)),
        (nairobi(2026, 11, 23, 16), 2, "hours", nairobi(2026, 11, 24, 9)),
        (nairobi(2026, 11, 21, 12), 30, "minutes", nairobi(2026, 11, 23, 8, 30)),  # asked on a Saturday
    ],
)
def test_deadlines(start, value, unit, due):
    assert worktime.deadline(start, value, unit) == due


@pytest.mark.django_db
def test_offices_are_closed_on_every_listed_holiday_and_open_on_those_of_one_community():
    with (Path(__file__).parent / "holidays_ke_2019_2029.csv").open() as file:
        rows = list(csv.DictReader(file))
    closed = {row["date"] for row in rows if row["non_working_for_government"] == "yes"}
    open_days = {row["date"] for row in rows} - closed
    wrong = [day for day in sorted(closed) if worktime.is_working_day(date.fromisoformat(day))]
    wrong += [d for d in sorted(open_days) if worktime.is_working_day(date.fromisoformat(d)) == _weekend(d)]
    assert len(closed) > 150
    assert wrong == []


def test_no_holiday_is_computed_that_is_not_listed():
    with (Path(__file__).parent / "holidays_ke_2019_2029.csv").open() as file:
        listed = {date.fromisoformat(row["date"]) for row in csv.DictReader(file)}
    days = [date(2019, 1, 1) + timedelta(days=n) for n in range(365 * 11 + 3)]
    assert [day for day in days if worktime.holiday_name(day) and day not in listed] == []


def _weekend(day: str) -> bool:
    return date.fromisoformat(day).weekday() >= 5


@pytest.mark.django_db
def test_the_table_wins_over_the_computed_calendar():
    SpecialDay.objects.create(date=date(2026, 11, 24), is_working=False, reason="A day of mourning")
    SpecialDay.objects.create(date=date(2026, 12, 25), is_working=True, reason="A test of opening at Christmas")
    assert not worktime.is_working_day(date(2026, 11, 24))
    assert worktime.is_working_day(date(2026, 12, 25))
    assert worktime.deadline(nairobi(2026, 11, 23, 10), 1, "working_days") == nairobi(2026, 11, 25, 17)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("start", "days", "last_day"),
    [
        (nairobi(2026, 11, 23, 10), 21, date(2026, 12, 14)),
        (nairobi(2026, 11, 22, 10), 21, date(2026, 12, 14)),  # the 21st day is a Sunday
        (nairobi(2026, 12, 4, 10), 21, date(2026, 12, 28)),  # Christmas, then Utamaduni Day, then a Sunday
        (nairobi(2026, 11, 28, 10), 7, date(2026, 12, 5)),  # a Saturday is not excluded
        (nairobi(2026, 12, 23, 10), 3, date(2026, 12, 29)),  # six days or less: Christmas to Sunday do not count
    ],
)
def test_periods_of_written_laws_follow_section_57(start, days, last_day):
    assert worktime.statutory_deadline(start, days) == datetime.combine(last_day, time(23, 59, 59), worktime.NAIROBI)


@pytest.mark.django_db
def test_calendar_days_that_end_on_a_sunday_or_a_holiday_move_on():
    assert worktime.deadline(nairobi(2026, 11, 23, 10), 6, "days") == nairobi(2026, 11, 30, 17)
    assert worktime.deadline(nairobi(2026, 12, 11, 10), 14, "days") == nairobi(2026, 12, 28, 17)
    assert worktime.deadline(nairobi(2026, 11, 23, 10), 5, "days") == nairobi(2026, 11, 28, 17)


def test_opening_hours_follow_each_other():
    with pytest.raises(ValueError, match="follow"):
        worktime.Hours.weekdays((time(8), time(13)), (time(12), time(17)))
    with pytest.raises(ValueError, match="seven"):
        worktime.Hours(((),))


def test_hours_that_never_open_end_the_search():
    with pytest.raises(OverflowError):
        worktime.Calendar(worktime.Hours(((),) * 7)).add(nairobi(2026, 11, 23, 10), timedelta(minutes=1))


class TestTheTable:
    """Administrators edit it; everybody else reads."""

    def test_an_administrator_makes_a_day_special_and_takes_it_back(self, db, officer_actor, now):
        boss, day = officer_actor(None, "administrator"), date(2026, 11, 24)
        worktime.set_special_day(actor=boss, day=day, is_working=False, reason=" Gazette Notice (example) ", now=now)
        assert not worktime.is_working_day(day)
        assert worktime.Day(day, "", False, "Gazette Notice (example)") in worktime.list_special_days(2026)
        worktime.set_special_day(actor=boss, day=day, is_working=False, reason="Gazette Notice (example)", now=now)
        worktime.clear_special_day(actor=boss, day=day, now=now)
        worktime.clear_special_day(actor=boss, day=day, now=now)
        assert worktime.is_working_day(day)
        entries = EntryRow.objects.filter(act="worktime.special_day.changed").order_by("sequence")
        assert [(e.facts["day"], e.facts["is_working"]) for e in entries] == [
            ("2026-11-24", False),
            ("2026-11-24", None),
        ]

    def test_what_is_refused(self, db, officer_actor, now):
        boss = officer_actor(None, "administrator")
        with pytest.raises(worktime.ReasonMissing):
            worktime.set_special_day(actor=boss, day=date(2026, 11, 24), is_working=False, reason=" ", now=now)
        with pytest.raises(worktime.DayOutOfReach):
            worktime.set_special_day(actor=boss, day=date(2062, 11, 24), is_working=False, reason="A slip", now=now)
        for actor in (officer_actor("CRS", "supervisor"), officer_actor(None, "secretariat")):
            with pytest.raises(NotPermitted):
                worktime.set_special_day(actor=actor, day=date(2026, 11, 24), is_working=True, reason="x", now=now)
            with pytest.raises(NotPermitted):
                worktime.clear_special_day(actor=actor, day=date(2026, 11, 24), now=now)


# The engine against a slow and obvious one, which asks of every minute whether it is open.

START, END = date(2025, 1, 1), date(2027, 12, 1)
moments = st.datetimes(datetime.combine(START, time()), datetime.combine(END, time())).map(
    lambda value: value.replace(microsecond=0, second=0, tzinfo=worktime.NAIROBI)
)
minutes_of_day = st.integers(0, 23 * 60 + 59)


@st.composite
def periods(draw):
    """Up to three periods of a day, in order and apart."""
    bounds = sorted(draw(st.sets(minutes_of_day, max_size=6)))
    bounds = bounds[: len(bounds) // 2 * 2]
    clocks = [time(*divmod(minute, 60)) for minute in bounds]
    return tuple(zip(clocks[::2], clocks[1::2], strict=True))


hours = st.one_of(
    st.sampled_from([worktime.OFFICE, worktime.CENTRE]),
    st.tuples(*[periods()] * 7).filter(any).map(worktime.Hours),
)
special_days = st.dictionaries(st.dates(START, END), st.booleans(), max_size=5)


def is_open(moment, opening, special):
    """Whether a minute is open: the rule in one sentence after the other."""
    day = moment.date()
    own = opening.week[day.weekday()]
    works = bool(own) and worktime.holiday_name(day) is None
    if day in special:
        works = special[day]
        own = own or opening.week[0]
    return works and any(opens <= moment.time() < closes for opens, closes in own)


@settings(max_examples=60, deadline=None)
@given(moments, st.integers(-60, 6 * 24 * 60), hours, special_days)
def test_time_between_two_moments_agrees_with_counting_minutes(start, minutes, opening, special):
    slow = sum(is_open(start + timedelta(minutes=n), opening, special) for n in range(minutes))
    counted = worktime.Calendar(opening, special).between(start, start + timedelta(minutes=minutes))
    assert counted == timedelta(minutes=slow)


ONE_MINUTE_A_WEEK = worktime.Hours(((),) * 6 + (((time(0, 0), time(0, 1)),),))


@settings(max_examples=60, deadline=None)
@given(moments, st.integers(1, 3000), hours, special_days)
@example(datetime(2025, 1, 1, tzinfo=worktime.NAIROBI), 510, ONE_MINUTE_A_WEEK, {})
def test_adding_time_stops_at_the_first_moment_that_has_it(start, minutes, opening, special):
    calendar = worktime.Calendar(opening, special)
    try:
        due = calendar.add(start, timedelta(minutes=minutes))
    except OverflowError:  # only when what was asked for is ten years away, but for the last month that is looked at
        assert calendar.between(start, start + timedelta(days=3600)) < timedelta(minutes=minutes)
        return
    assert calendar.between(start, due) == timedelta(minutes=minutes)
    assert calendar.between(start, due - timedelta(seconds=1)) < timedelta(minutes=minutes)
    if due - start < timedelta(days=10):
        left, moment = minutes, start
        while left:
            left -= is_open(moment, opening, special)
            moment += timedelta(minutes=1)
        assert moment == due


@settings(max_examples=60, deadline=None)
@given(moments, st.integers(1, 40), special_days)
def test_days_agree_with_walking_day_by_day(start, count, special):
    calendar = worktime.Calendar(worktime.OFFICE, special)

    def works(day):
        return special.get(day, day.weekday() < 5 and worktime.holiday_name(day) is None)

    def excluded(day):
        return not special.get(day, day.weekday() != 6 and worktime.holiday_name(day) is None)

    day, left = start.date(), count
    while left:
        day += timedelta(days=1)
        left -= works(day)
    assert calendar.deadline(start, count, "working_days").date() == day

    day = start.date() + timedelta(days=count)
    while excluded(day):
        day += timedelta(days=1)
    assert calendar.deadline(start, count, "days").date() == day
    if count > 6:
        assert calendar.statutory_deadline(start, count).date() == day
    else:
        day, left = start.date(), count
        while left:
            day += timedelta(days=1)
            left -= not excluded(day)
        assert calendar.statutory_deadline(start, count).date() == day


@settings(max_examples=40, deadline=None)
@given(moments, st.lists(st.integers(0, 5000), min_size=2, max_size=6), hours, special_days)
def test_questions_in_any_order_have_the_same_answers(start, offsets, opening, special):
    one = worktime.Calendar(opening, special)
    for offset in offsets:
        end = start + timedelta(days=offset % 400, minutes=offset)
        assert one.between(start, end) == worktime.Calendar(opening, special).between(start, end)
        start = start - timedelta(days=offset % 90)


def test_hours_are_read_from_a_text_with_pauses_and_days_left_out():
    hours = worktime.Hours.parse("08:00-12:00 14:00-16:30; 09:00-10:00;")
    assert hours.week[:3] == (((time(8), time(12)), (time(14), time(16, 30))), ((time(9), time(10)),), ())
    for odd in ("08:00", "12:00-08:00", "08:00-10:00 09:00-11:00", "x", ";;;;;;;"):
        with pytest.raises(ValueError, match=r".+"):
            worktime.Hours.parse(odd)
