"""Planning a centre's week: expected from history, proposed with reasons, overruled by a manager, put in force."""

from datetime import date, datetime, time, timedelta

import pytest
from django.db import IntegrityError, transaction

from huduma.contexts.centres.models import Centre, Ticket
from huduma.contexts.places.operations import load_places
from huduma.contexts.planning import operations, queries
from huduma.contexts.planning.models import Roster, RosterDay
from huduma.contexts.workforce import public as workforce
from huduma.contexts.workforce.models import Posting, Shift
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


@pytest.fixture
def in_force(draft, manager, centre, now):
    """A roster in force in which two have the Monday morning, and one is free."""
    roster, (amani, baraka, neema) = draft
    about = {"actor": manager, "roster_id": roster.id, "note": "", "on": NEXT, "now": now}
    RosterDay.objects.filter(roster=roster).delete()
    for actor in (amani, baraka):
        operations.overrule(account_id=actor.account_id, spans=MORNING, **about)
    operations.publish_roster(actor=manager, roster_id=roster.id, now=now)
    return roster, amani, baraka, neema


def test_a_colleague_takes_a_cancelled_shift_over(in_force, manager, now):
    roster, amani, baraka, neema = in_force
    row = queries.get_day_for(manager, roster.id, amani.account_id, NEXT)
    assert neema.account_id in (able := queries.colleagues_for(roster, row, now=now))
    assert not {amani.account_id, baraka.account_id} & set(able)
    about = {"actor": manager, "roster_id": roster.id, "account_id": amani.account_id, "on": NEXT, "now": now}
    for instead, refusal in (
        (baraka.account_id, operations.AwayThen),
        (amani.account_id, NotFound),
        (ids.uuid7(), NotFound),
    ):
        with pytest.raises(refusal), transaction.atomic():
            operations.cancel_shift(why="away", instead=instead, **about)
    assert Shift.objects.filter(cancelled_at__isnull=False).count() == 0
    for _ in range(2):  # a double click
        operations.cancel_shift(why="away", instead=neema.account_id, **about)
    assert list(Shift.objects.filter(cancelled_at__isnull=False).values_list("account_id", flat=True)) == [
        amani.account_id
    ]
    assert Shift.objects.get(account_id=neema.account_id).starts_at == at(NEXT, 8)
    there = [
        duty.account_id
        for duty in workforce.on_duty("HC01", at(NEXT, 8), at(NEXT, 9))
        if duty.serves(frozenset(), at(NEXT, 8), at(NEXT, 9))
    ]
    assert sorted(there) == sorted([baraka.account_id, neema.account_id])
    assert {key for key, _ in queries.shifts_of(roster)} == {str(baraka.account_id), str(neema.account_id)}
    said = journal.entries_concerning(roster.id, acts=["planning.roster.shift_cancelled"])
    assert [(one.facts["why"], one.facts["instead"]) for one in said] == [("away", str(neema.account_id))]


def test_what_was_worked_of_a_shift_stays_when_the_rest_is_cancelled(in_force, manager):
    roster, amani, baraka, _ = in_force
    about = {"actor": manager, "roster_id": roster.id, "on": NEXT}
    with pytest.raises(workforce.NoReason):
        operations.cancel_shift(account_id=amani.account_id, why="ill", now=at(NEXT, 10), **about)
    operations.cancel_shift(account_id=amani.account_id, why="away", now=at(NEXT, 10), **about)
    spans = Shift.objects.filter(account_id=amani.account_id).order_by("starts_at")
    assert [(s.starts_at, s.ends_at, s.cancelled_why) for s in spans] == [
        (at(NEXT, 8), at(NEXT, 10), ""), (at(NEXT, 10), at(NEXT, 12), "away"),
    ]  # fmt: skip
    with pytest.raises(workforce.ShiftOver):
        operations.cancel_shift(account_id=baraka.account_id, why="away", now=at(NEXT, 12), **about)


def test_who_may_cancel_which_shift(in_force, draft, manager, clerk, now):
    roster, amani, _, neema = in_force
    about = {"roster_id": roster.id, "on": NEXT, "why": "away", "now": now}
    for actor in (amani, clerk("mgeni", role="supervisor", posted=False)):
        with pytest.raises(NotPermitted):
            operations.cancel_shift(actor=actor, account_id=amani.account_id, **about)
    with pytest.raises(NotFound):
        operations.cancel_shift(actor=manager, account_id=neema.account_id, **about)
    Roster.objects.filter(id=roster.id).update(state="draft", published_at=None)
    with pytest.raises(operations.NotInForce):
        operations.cancel_shift(actor=manager, account_id=amani.account_id, **about)


def test_who_comes_or_goes_in_the_week_works_while_posted(draft, clerk, now):
    roster, (amani, *_) = draft
    leaves, comes = NEXT + timedelta(days=1), NEXT + timedelta(days=3)
    Posting.objects.filter(account_id=amani.account_id).update(to_on=leaves)
    late = clerk("pendo", posted=False)
    workforce.post_staff(actor=SYSTEM, account_id=late.account_id, place_code="HC01", from_on=comes, now=now)
    away = {person.key: set(person.away) for person in queries.people_of(roster)}
    week = queries.week_of(roster)
    assert away[str(amani.account_id)] == {on for on in week if on > leaves}
    assert away[str(late.account_id)] == {on for on in week if on < comes}


def test_a_forecast_looks_past_the_days_on_which_the_centre_was_shut(history, manager, now):
    Ticket.objects.exclude(day=NEXT - timedelta(weeks=4)).delete()
    Ticket.objects.update(day=NEXT - timedelta(weeks=16))
    assert queries.plan_for(manager, "HC01", NEXT, now=now).days_known == 1


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
