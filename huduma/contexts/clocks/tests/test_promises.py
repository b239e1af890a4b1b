"""Promises that stood still, beside a slow and obvious reference that counts minute by minute."""

from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from huduma.contexts.clocks import rules
from huduma.foundation.worktime.calendar import CENTRE, NAIROBI, OFFICE, Calendar

MINUTE = timedelta(minutes=1)
MONDAY = datetime(2026, 12, 7, tzinfo=NAIROBI)  # a week before two holidays: Jamhuri Day and Christmas
MOMENTS = st.integers(0, 14 * 24 * 60).map(lambda minutes: MONDAY + minutes * MINUTE)
CALENDARS = st.sampled_from(
    [Calendar(OFFICE), Calendar(CENTRE), Calendar(OFFICE, {date(2026, 12, 9): False, date(2026, 12, 12): True})]
)
PAUSES = st.lists(st.tuples(st.integers(0, 600), st.integers(0, 1500)), max_size=3)
DAYS = st.integers(1, 6)


def pauses_after(started, gaps):
    """One after the other: so many minutes until each begins, so many until it ends."""
    found, moment = [], started
    for before, length in gaps:
        begin = moment + before * MINUTE
        moment = begin + length * MINUTE
        found.append((begin, moment))
    return found


def is_open(calendar, moment):
    return any(opens <= moment.time() < closes for opens, closes in calendar.periods(moment.date()))


def counted(calendar, value, started, pauses):
    """The end of the `value`-th working day after the minute in which the case would have been sent, had it never stood."""
    stood = 0
    for begin, end in pauses:
        while begin < end:
            stood += is_open(calendar, begin)
            begin += MINUTE
    moment = started
    while stood:
        stood -= is_open(calendar, moment)
        moment += MINUTE
    day = moment.date()
    while value:
        day += timedelta(days=1)
        value -= calendar.works(day)
    return calendar.end_of_day(day)


def due(calendar, value, started, pauses):
    terms = rules.Terms(rules.Span(value, "working_days"))
    return rules.due(rules.SERVICE, terms, calendar, started, rules.stood(calendar, pauses))


@settings(max_examples=80, deadline=None)
@given(CALENDARS, DAYS, MOMENTS, PAUSES)
def test_as_if_sent_later(calendar, value, started, gaps):
    pauses = pauses_after(started, gaps)
    assert due(calendar, value, started, pauses) == counted(calendar, value, started, pauses)


@settings(max_examples=80, deadline=None)
@given(CALENDARS, DAYS, MOMENTS, PAUSES, st.integers(1, 600))
def test_a_longer_pause_never_makes_it_earlier_and_time_outside_office_hours_costs_nothing(
    calendar, value, started, gaps, more
):
    pauses = pauses_after(started, gaps)
    before, end = due(calendar, value, started, pauses), pauses[-1][1] if pauses else started
    longer = due(calendar, value, started, [*pauses, (end, end + more * MINUTE)])
    assert longer >= before
    if calendar.between(end, end + more * MINUTE) == timedelta():
        assert longer == before


@settings(max_examples=80, deadline=None)
@given(DAYS, st.integers(0, 9 * 60 - 1), st.integers(0, 9 * 60 - 1))
def test_who_pays_on_the_day_moves_nothing_and_who_pays_on_the_next_one_moves_one_day(value, sent, paid):
    calendar = Calendar(OFFICE)
    opening = MONDAY + timedelta(hours=8)
    started, same_day = opening + min(sent, paid) * MINUTE, opening + max(sent, paid) * MINUTE
    plain = due(calendar, value, started, [])
    assert due(calendar, value, started, [(started, same_day)]) == plain
    next_day = opening + timedelta(days=1) + (paid + 1) * MINUTE
    assert due(calendar, value, started, [(started, next_day)]) == calendar.deadline(plain, 1, "working_days")
