"""Promises in working time."""

import csv
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

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


moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 1)).map(  # noqa: DTZ001 -- the zone is added next
    lambda value: value.replace(microsecond=0, second=0, tzinfo=worktime.NAIROBI)
)


class Properties(TestCase):
    """The engine against a slow and obvious one that walks minute by minute."""

    @settings(max_examples=30, deadline=None)
    @given(moments, st.integers(0, 72 * 60))
    def test_working_seconds_agree_with_counting_minutes(self, start, minutes):
        slow = 0
        for minute in range(minutes):
            moment = start + timedelta(minutes=minute)
            open_now = worktime.OPENS <= moment.time() < worktime.CLOSES
            slow += 60 * (open_now and worktime.is_working_day(moment.date()))
        assert worktime.working_seconds(start, start + timedelta(minutes=minutes)) == slow

    @settings(max_examples=50, deadline=None)
    @given(moments, st.integers(1, 5000))
    def test_a_deadline_in_minutes_leaves_exactly_that_much_office_time(self, start, minutes):
        due = worktime.deadline(start, minutes, "minutes")
        assert worktime.working_seconds(start, due) == minutes * 60
