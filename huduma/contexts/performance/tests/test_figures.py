"""Figures of charters: each is what its rows say, and nothing is said of too few."""

import math
from datetime import timedelta

import pytest
from django.core.management import call_command

from huduma.contexts.clocks.models import Clock
from huduma.contexts.performance import public as performance
from huduma.contexts.performance.models import Figure, Outcome
from huduma.foundation.access import SYSTEM, NotPermitted
from huduma.foundation.journal.models import EntryRow
from tests.history import BODY, SERVICE, History

CASES = 120


@pytest.fixture
def past(version, now):
    """Cases of the last 80 days, rolled up this morning."""
    made = History(version).fill(CASES, until=now - timedelta(days=1), days=80)
    performance.roll_up(actor=SYSTEM, now=now)
    return made


def plainly(values, share):
    """The value that `share` of all do not exceed, by sorting."""
    return sorted(values)[math.ceil(len(values) * share) - 1]


def test_every_figure_is_what_its_rows_say(past):
    found = performance.figures_of(SERVICE)
    assert found.whole.cases == len(past) == Outcome.objects.count()
    for figure in [found.whole, *found.counties, *found.channels]:
        rows = Outcome.objects.filter(service_code=SERVICE)
        if figure.part == "county":
            rows = rows.filter(county_code=figure.value)
        if figure.part == "channel":
            rows = rows.filter(channel=figure.value)
        assert figure.cases == len(rows)
        assert figure.met == sum(row.met for row in rows)
        assert figure.elapsed_median == plainly([row.elapsed_seconds for row in rows], 0.5)
        assert figure.elapsed_p90 == plainly([row.elapsed_seconds for row in rows], 0.9)
        assert figure.spent_median == plainly([row.spent_seconds for row in rows], 0.5)
        assert figure.spent_p90 == plainly([row.spent_seconds for row in rows], 0.9)
        assert figure.share == figure.met * 100 // figure.promised
    assert {f.value for f in found.channels} == {"portal", "desk"}


def test_rolling_up_again_changes_nothing_and_is_journalled(past, now):
    before = list(Figure.objects.order_by("part", "value").values_list("part", "value", "cases", "elapsed_p90"))
    performance.roll_up(actor=SYSTEM, now=now)
    assert list(Figure.objects.order_by("part", "value").values_list("part", "value", "cases", "elapsed_p90")) == before
    assert EntryRow.objects.filter(act="performance.figures.rolled_up").count() == 2


def test_new_ends_are_taken_in_and_old_ones_leave_the_window(past, version, now):
    later = now + timedelta(days=60)
    fresh = History(version, seed=2).fill(40, until=later - timedelta(days=1), days=20)
    performance.roll_up(actor=SYSTEM, now=later)
    assert Outcome.objects.count() == len(past) + len(fresh)
    whole = performance.figures_of(SERVICE).whole
    assert whole.cases < len(past) + len(fresh)
    assert whole.to_on - whole.from_on == timedelta(days=performance.WINDOW_DAYS - 1)


def test_too_few_cases_say_nothing(version, now):
    History(version).fill(performance.LEAST_CASES - 2, until=now - timedelta(days=1), days=20)
    performance.roll_up(actor=SYSTEM, now=now)
    found = performance.figures_of(SERVICE)
    assert (found.whole, found.counties, found.channels) == (None, [], [])
    assert found.silent > 0
    assert performance.figures_of("police-clearance") is None


def test_what_was_cancelled_or_ended_a_moment_ago_does_not_count(version, now):
    made = History(version).fill(30, until=now, days=20)
    Clock.objects.filter(case_id=made[0]).update(cancelled=True, met=None)
    Clock.objects.filter(case_id=made[1]).update(ended_at=now - timedelta(minutes=9))
    performance.roll_up(actor=SYSTEM, now=now)
    counted = set(Outcome.objects.values_list("case_id", flat=True))
    assert counted == set(made[2:])


class TestTheCasesBehind:
    def test_they_are_exactly_the_cases_of_the_figure(self, past, officer_actor):
        whole = performance.figures_of(SERVICE).whole
        for actor in (officer_actor(BODY), officer_actor(BODY, "analyst"), officer_actor(None, "secretariat")):
            assert len(every(actor)) == whole.cases
        county = performance.figures_of(SERVICE).counties[0]
        assert len(every(officer_actor(BODY), part="county", value=county.value)) == county.cases
        desk = next(f for f in performance.figures_of(SERVICE).channels if f.value == "desk")
        assert len(every(officer_actor(BODY), part="channel", value="desk")) == desk.cases

    def test_officers_of_other_bodies_see_none_and_citizens_are_refused(self, past, officer_actor, citizen_actor):
        assert every(officer_actor("DCI")) == []
        assert performance.list_cases_for(officer_actor(BODY), service_code="none") == ([], None)
        with pytest.raises(NotPermitted):
            performance.list_cases_for(citizen_actor, service_code=SERVICE)
        with pytest.raises(NotPermitted):
            performance.list_figures_for(citizen_actor)
        with pytest.raises(NotPermitted):
            performance.roll_up(actor=officer_actor(BODY), now=None)

    def test_the_command_lists_them(self, past, capsys):
        call_command("figures", "behind", SERVICE)
        told = capsys.readouterr().out.splitlines()
        assert len(told) == len(past) + 1
        assert str(past[0]) in "\n".join(told)
        call_command("figures", "roll-up")
        call_command("figures", "behind", "none")
        assert "No case is behind" in capsys.readouterr().err


def every(actor, **given):
    """All pages of the cases behind a figure."""
    found, after = [], None
    while True:
        rows, after = performance.list_cases_for(actor, service_code=SERVICE, after=after, limit=17, **given)
        found += [row.case_id for row in rows]
        if after is None:
            assert len(found) == len(set(found))
            return found


def test_services_that_keep_their_promise_least_stand_first(past, officer_actor):
    Figure.objects.create(
        service_code="worst", part="all", from_on="2026-01-01", to_on="2026-01-02", cases=20, promised=20, met=0,
        elapsed_median=1, elapsed_p90=1, spent_median=1, spent_p90=1,
    )  # fmt: skip
    assert [row.service_code for row in performance.list_figures_for(officer_actor(BODY))] == ["worst", SERVICE]
