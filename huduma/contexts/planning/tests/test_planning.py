"""Planning a centre's week: expected from history, proposed with reasons, overruled by a manager, put in force."""

from datetime import date, datetime, time, timedelta

import pytest
from django.db import IntegrityError, transaction

from huduma.contexts.centres.models import Centre, Ticket
from huduma.contexts.places.operations import load_places
from huduma.contexts.planning import operations, queries
from huduma.contexts.planning.models import Roster, RosterDay
from huduma.contexts.workforce import public as workforce
from huduma.contexts.workforce.models import Shift
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM, NotFound, NotPermitted
from huduma.foundation.journal import public as journal
from huduma.foundation.worktime.public import NAIROBI

pytestmark = pytest.mark.django_db
NEXT = date(2026, 11, 30)  # the Monday after `now`
MORNING, WHOLE = [[16, 24]], [[16, 24], [26, 34]]


def at(day, hour):
    return datetime.combine(day, time(hour), NAIROBI)


@pytest.fixture
def history(centre):
    """Four earlier Mondays: twelve people in the hour from eight, two in that from fourteen, for one service."""
    for week in range(1, 5):
        day = NEXT - timedelta(weeks=week)
        for n in range(14):
            came = at(day, 8 if n < 12 else 14) + timedelta(minutes=4 * n % 60)
            Ticket.objects.create(
                centre=centre, day=day, number=f"A{n:03}", service_code="police-clearance", source="kiosk", state="done",
                rank_at=came, arrived_at=came, waiting_since=came, ended_at=came,
            )  # fmt: skip
    return centre


@pytest.fixture
def manager(clerk):
    return clerk("mkuu", role="supervisor")


@pytest.fixture
def draft(history, manager, clerk, drain_jobs, now):
    staff = [clerk(name) for name in ("amani", "baraka", "neema")]
    roster = operations.ask_roster(actor=manager, centre_code="HC01", week_on=NEXT + timedelta(days=2), now=now)
    assert "planning.make_roster" in drain_jobs()
    roster.refresh_from_db()
    return roster, staff


def test_a_day_is_expected_from_the_same_weekday(history, manager, now):
    plan = queries.plan_for(manager, "HC01", NEXT, now=now)
    halves = {half.clock: half for half in plan.halves}
    assert plan.days_known == 3  # the fourth is today
    clocks = list(halves)
    assert (clocks[0], clocks[-1]) == ("08:00", "16:30")
    assert sum(half.expected.people for half in plan.halves) == pytest.approx(14)
    assert halves["08:00"].needed >= 3 > halves["10:00"].needed == 0
    assert {half.counters for half in plan.halves} == {3}  # no roster: what the centre has
    assert queries.plan_for(manager, "HC01", NEXT + timedelta(days=5), now=now).halves == []  # Saturday


def test_what_would_be_otherwise(history, manager, now):
    def plan(**change):
        found = queries.plan_for(manager, "HC01", NEXT, now=now, change=queries.Change(**change))
        return found.halves[0]

    base, fewer, more = plan(), plan(counters=-2), plan(people_percent=200)
    assert (fewer.counters, more.counters) == (1, 3)
    assert fewer.wait.mean_seconds > base.wait.mean_seconds
    assert fewer.wait.leaving > base.wait.leaving
    assert more.needed > base.needed
    assert plan(without_service="police-clearance").expected.people == 0


def test_a_week_is_proposed_with_reasons(draft, now):
    roster, _ = draft
    assert (roster.state, roster.week_on, roster.is_best) == ("draft", NEXT, True)
    days = queries.days_of(roster)
    people, shifts = queries.people_of(roster), queries.shifts_of(roster)
    assert len(days) == 5
    short = queries.rota.shortage(days, people, shifts)
    assert short == {}
    monday = [row for row in roster.days.filter(on=NEXT) if row.why["halves"]]
    assert len(monday) == 4  # three counters are needed at eight, one at half past two
    assert sorted(row.why["first"] for row in monday) == ["08:00", "08:00", "08:00", "14:30"]
    said = journal.entries_concerning(roster.id, acts=["planning.roster.made"])[0].facts
    assert (said["shifts"], said["short"]) == (len(shifts), 0)


def test_leave_and_skills_are_kept(history, manager, clerk, drain_jobs, now):
    amani, baraka = clerk("amani"), clerk("baraka")
    workforce.record_absence(
        actor=manager, account_id=amani.account_id, place_code="HC01", starts_at=at(NEXT, 0),
        ends_at=at(NEXT + timedelta(days=1), 0), now=now,
    )  # fmt: skip
    for one in (manager, amani):
        workforce.grant_skill(actor=SYSTEM, account_id=one.account_id, service_code="birth-cert-current", now=now)
    roster = operations.ask_roster(actor=manager, centre_code="HC01", week_on=NEXT, now=now)
    drain_jobs()
    monday = {row.account_id: row for row in roster.days.filter(on=NEXT)}
    assert amani.account_id not in monday
    assert monday[baraka.account_id].why["only"] == ["police-clearance"]


def test_a_manager_overrules_within_law_and_leave_and_it_stays(draft, manager, drain_jobs, now):
    roster, (amani, baraka, _) = draft
    about = {"actor": manager, "roster_id": roster.id, "note": "training", "now": now}
    operations.overrule(account_id=amani.account_id, on=NEXT, spans=[], **about)
    operations.overrule(account_id=baraka.account_id, on=NEXT, spans=MORNING, **about)
    operations.ask_roster(actor=manager, centre_code="HC01", week_on=NEXT, now=now)
    with pytest.raises(operations.NotDraft):
        operations.overrule(account_id=amani.account_id, on=NEXT, spans=WHOLE, **about)
    drain_jobs()
    monday = {row.account_id: row for row in roster.days.filter(on=NEXT)}
    assert (monday[amani.account_id].spans, monday[baraka.account_id].spans) == ([], MORNING)
    assert monday[amani.account_id].note == "training"
    with pytest.raises(operations.NoShift):
        operations.overrule(account_id=amani.account_id, on=NEXT, spans=[[0, 8]], **about)
    with pytest.raises(NotFound):
        operations.overrule(account_id=ids.uuid7(), on=NEXT, spans=MORNING, **about)
    workforce.record_absence(
        actor=manager,
        account_id=amani.account_id,
        place_code="HC01",
        starts_at=at(NEXT, 9),
        ends_at=at(NEXT, 10),
        now=now,
    )
    with pytest.raises(operations.AwayThen):
        operations.overrule(account_id=amani.account_id, on=NEXT, spans=MORNING, **about)
    said = journal.entries_concerning(roster.id, acts=["planning.roster.overruled"])
    assert [(one.facts["account_id"], one.facts["spans"]) for one in said] == [
        (str(baraka.account_id), [["08:00", "12:00"]]), (str(amani.account_id), []),
    ]  # fmt: skip


def test_forty_hours_are_a_week(draft, manager, now):
    roster, (amani, *_) = draft
    Centre.objects.filter(code="HC01").update(hours=[[["08:00", "17:00"]]] * 6 + [[]])
    day = roster.needs[NEXT.isoformat()]
    roster.needs = {on.isoformat(): day for on in queries.week_of(roster)[:6]}
    roster.save()
    about = {"actor": manager, "roster_id": roster.id, "account_id": amani.account_id, "note": "", "now": now}
    for n in range(5):
        operations.overrule(on=NEXT + timedelta(days=n), spans=WHOLE, **about)
    with pytest.raises(operations.TooManyHours):
        operations.overrule(on=NEXT + timedelta(days=5), spans=MORNING, **about)


def test_a_roster_in_force_is_what_appointments_and_the_next_plan_see(draft, manager, drain_jobs, now):
    roster, _ = draft
    about = {"actor": manager, "roster_id": roster.id, "now": now}
    operations.publish_roster(**about)
    operations.publish_roster(**about)
    spans = sum(len(row.spans) for row in roster.days.all())
    assert Shift.objects.count() == spans > 0
    assert workforce.on_duty("HC01", at(NEXT, 8), at(NEXT, 9))
    counters = {half.clock: half.counters for half in queries.plan_for(manager, "HC01", NEXT, now=now).halves}
    assert counters["08:00"] == 3
    assert counters["16:30"] < 3 or counters["10:00"] <= 3
    again = operations.ask_roster(actor=manager, centre_code="HC01", week_on=NEXT, now=now)
    drain_jobs()
    again.refresh_from_db()
    assert again.id != roster.id
    assert list(again.days.filter(on=NEXT)) == []  # nothing is missing: nothing is added
    with pytest.raises(operations.WeekPast):
        operations.ask_roster(actor=manager, centre_code="HC01", week_on=now.date(), now=now)


def test_leave_that_came_later_stops_a_roster(draft, manager, now):
    roster, _ = draft
    row = roster.days.exclude(spans=[]).first()
    workforce.record_absence(
        actor=manager,
        account_id=row.account_id,
        place_code="HC01",
        starts_at=at(row.on, 0),
        ends_at=at(row.on, 23),
        now=now,
    )
    with pytest.raises(operations.AwayThen):
        operations.publish_roster(actor=manager, roster_id=roster.id, now=now)
    assert not Shift.objects.exists()


def test_who_may_plan(draft, clerk, now):
    roster, (officer, *_) = draft
    stranger = clerk("mgeni", role="supervisor", posted=False)
    for actor, refusal in ((officer, NotPermitted), (stranger, NotPermitted)):
        with pytest.raises(refusal):
            operations.ask_roster(actor=actor, centre_code="HC01", week_on=NEXT, now=now)
        with pytest.raises(refusal):
            operations.publish_roster(actor=actor, roster_id=roster.id, now=now)
    with pytest.raises(NotPermitted):
        queries.get_roster_for(stranger, roster.id)


def test_the_database_keeps_one_draft_of_a_week(draft, centre, now):
    roster, _ = draft
    with pytest.raises(IntegrityError), transaction.atomic():
        Roster.objects.create(centre=centre, week_on=NEXT, asked_at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Roster.objects.create(centre=centre, week_on=NEXT + timedelta(days=1), state="published", asked_at=now)
    taken = roster.days.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        RosterDay.objects.create(roster=roster, account_id=taken.account_id, on=taken.on)


def test_where_a_centre_is_missing(centre, manager, now):
    load_places(actor=SYSTEM)
    Centre.objects.filter(code="HC01").update(latitude=-1.2864, longitude=36.8172)  # the middle of Nairobi
    gaps = queries.gaps_for(manager, within_km=50)
    assert len(gaps) == 20
    assert [gap.people for gap in gaps] == sorted((gap.people for gap in gaps), reverse=True)
    assert all(gap.nearest_km > 50 and gap.nearest == "Huduma Centre Mfano" for gap in gaps)
    assert "Nairobi" not in {gap.constituency.county.name for gap in gaps}
    assert gaps[0].people > 1_000_000
