"""Forecasts and rotas: within law, leave and skills, short of as little as can be, and fair."""

from datetime import date, timedelta
from unittest import mock

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huduma.contexts.planning.rules import demand, rota

MONDAY = date(2026, 11, 30)
PATTERNS = rota.patterns([(16, 34)])  # 08:00 to 17:00
WHOLE = PATTERNS[0]


def days(needed, count=5, services=None):
    return [
        rota.Day(
            MONDAY + timedelta(days=n), dict.fromkeys(range(16, 34), needed),
            {half: frozenset(services or ()) for half in range(16, 34)}, PATTERNS,
        )
        for n in range(count)
    ]  # fmt: skip


def test_shifts_fit_the_opening_hours():
    assert rota.Pattern(((16, 24), (26, 34))) in PATTERNS
    assert {len(pattern.halves) for pattern in PATTERNS} == {8, 16}
    assert rota.patterns([(16, 24)]) == [rota.Pattern(((16, 24),))]  # a Saturday morning
    long = rota.patterns([(14, 40)])  # 07:00 to 20:00
    assert {pattern.spans[0][0] for pattern in long} >= {14, 18, 22}
    assert all(14 <= start < end <= 40 for pattern in long for start, end in pattern.spans)


def test_enough_people_cover_every_half_hour_and_their_breaks():
    people = [rota.Person(str(n), None) for n in range(4)]
    found = rota.solve(days(2), people, fixed={})
    assert found.short == {}
    assert found.is_best
    hours = [sum(len(p.halves) for (key, _), p in found.shifts.items() if key == person.key) for person in people]
    assert max(hours) - min(hours) <= 16  # nobody has more than one whole day more than another


def test_leave_other_places_and_the_rest_day_hold():
    off = {MONDAY + timedelta(days=1): frozenset(range(48))}
    tired = frozenset(MONDAY - timedelta(days=n) for n in range(1, 7))
    people = [rota.Person("leave", None, away=off), rota.Person("tired", None, worked=tired)]
    found = rota.solve(days(2, count=7), people, fixed={})
    assert ("leave", MONDAY + timedelta(days=1)) not in found.shifts
    assert ("tired", MONDAY) not in found.shifts  # six days in a row before it
    for key in ("leave", "tired"):
        own = {on: pattern for (who, on), pattern in found.shifts.items() if who == key}
        assert rota.breaks(people[key == "tired"], days(2, count=7), own) == ""
    assert found.short == rota.shortage(days(2, count=7), people, found.shifts) != {}


def test_work_at_another_place_counts_in_hours_and_rest():
    there = {MONDAY + timedelta(days=n): frozenset(range(16, 32)) for n in range(4)}
    person = rota.Person("two places", None, elsewhere=there)
    friday, saturday = MONDAY + timedelta(days=4), MONDAY + timedelta(days=5)
    assert rota.breaks(person, days(1), {MONDAY: WHOLE}) == "away"
    assert rota.breaks(person, days(1), {friday: WHOLE}) == ""
    assert rota.breaks(person, days(1, count=6), {friday: WHOLE, saturday: WHOLE}) == "hours"
    found = rota.solve(days(1, count=6), [person], fixed={})
    assert sum(len(pattern.halves) for pattern in found.shifts.values()) <= 16
    after = frozenset(MONDAY + timedelta(days=n) for n in range(5, 11))
    assert rota.breaks(rota.Person("next week", None, worked=after), days(1), {friday: WHOLE}) == "rest"


def test_somebody_who_can_serve_it_is_there():
    people = [rota.Person("all", None), *(rota.Person(str(n), frozenset({"a"})) for n in range(3))]
    one = days(1, count=1, services={"b"})
    found = rota.solve(one, people, fixed={})
    there = [rota.staffed(people, found.shifts, MONDAY, half) for half in range(16, 34)]
    assert sum("all" in who for who in there) >= 16  # all but the break
    why = rota.why(one[0], people, found.shifts, "all")
    assert why.only == ("b",)


def test_what_a_manager_decided_stays():
    people = [rota.Person(str(n), None) for n in range(3)]
    fixed = {("0", MONDAY): None, ("1", MONDAY): PATTERNS[1]}
    found = rota.solve(days(2, count=1), people, fixed=fixed)
    assert ("0", MONDAY) not in found.shifts
    assert found.shifts["1", MONDAY] == PATTERNS[1]


def test_weekends_go_round():
    saturday = rota.Day(MONDAY + timedelta(days=5), dict.fromkeys(range(16, 24), 1), {}, rota.patterns([(16, 24)]))
    people = [rota.Person("often", None, weekends=3), rota.Person("never", None)]
    found = rota.solve([saturday], people, fixed={})
    assert {key for key, _ in found.shifts} == {"never"}


def test_what_breaks_law_or_leave_is_named():
    person = rota.Person("a", None, away={MONDAY: frozenset({20})})
    week = days(1, count=7)
    assert rota.breaks(person, week, {MONDAY: WHOLE}) == "away"
    later = [MONDAY + timedelta(days=n) for n in range(1, 7)]
    assert rota.breaks(person, week, dict.fromkeys(later, WHOLE)) == "hours"
    half = rota.Pattern(((16, 24),))
    assert rota.breaks(rota.Person("b", None), week, dict.fromkeys([MONDAY, *later], half)) == "rest"
    assert rota.breaks(person, week, dict.fromkeys(later[:5], WHOLE)) == ""


@hypothesis.settings(deadline=None, max_examples=12)
@given(
    needed=st.integers(0, 3),
    skills=st.lists(st.sampled_from([None, frozenset({"a"}), frozenset({"b"})]), min_size=1, max_size=4),
    leave=st.sets(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=6),
)
def test_no_plan_breaks_law_or_leave(needed, skills, leave):
    people = [
        rota.Person(
            str(n), what,
            away={MONDAY + timedelta(days=d): frozenset(range(48)) for who, d in leave if who == n},
        )
        for n, what in enumerate(skills)
    ]  # fmt: skip
    week = days(needed, count=6, services={"a", "b"})
    with mock.patch.object(rota, "SOLVE_SECONDS", 0.3):  # a plan that is not proven best keeps the law as well
        found = rota.solve(week, people, fixed={})
    for person in people:
        own = {on: pattern for (key, on), pattern in found.shifts.items() if key == person.key}
        assert rota.breaks(person, week, own) == ""
    assert all(0 < missing <= needed for missing in found.short.values())


def test_a_forecast_follows_the_newest_weeks_and_says_how_sure_it_is():
    weeks = [MONDAY - timedelta(weeks=n) for n in range(1, 9)]
    counts = {(on, 16, "a"): 30 if on == weeks[0] else 10 for on in weeks}
    found = demand.forecast(counts, weeks)[16]
    assert 10 < found.people < 30
    assert found.people > sum(counts.values()) / len(weeks)  # the newest counts most
    assert found.low < found.people < found.high
    assert found.services == pytest.approx({"a": found.people})
    assert demand.forecast(counts, []) == {}
    one = demand.forecast({(weeks[0], 16, ""): 4}, weeks[:1])[16]
    assert (one.people, one.low, one.high) == (4, 1, 7)  # one day: no surer than people who come one by one
