"""Reading what to expect at a centre, what it needs, what would be otherwise, and its rosters."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from huduma.contexts.centres import public as centres
from huduma.contexts.places import public as places
from huduma.contexts.planning.models import Roster, RosterDay
from huduma.contexts.planning.rules import demand, rota
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import Actor, NotFound
from huduma.foundation.worktime.public import NAIROBI

#: So many of the same weekday make the forecast, found within so many weeks before.
WEEKS, LOOK_BACK_WEEKS = 8, 16
HALF = timedelta(minutes=30)
#: Weekend shifts of so many weeks before count for fairness.
FAIR_WEEKS = 4


@dataclass(frozen=True)
class DayPlan:
    """A date of a centre in half hours, and how many earlier days speak for it."""

    on: date
    days_known: int
    halves: list[demand.Half]


@dataclass(frozen=True)
class Change:
    """What a manager asks about: so many counters more or fewer, a service moved away, more or fewer people, in percent."""

    counters: int = 0
    without_service: str = ""
    people_percent: int = 100


def plan_for(actor: Actor, centre_code: str, day: date, *, now: datetime, change: Change | None = None) -> DayPlan:
    """Return what to expect on a date and what the standard needs, beside the counters that there will be.

    Counters: those on the roster; where there is none for the day, all that the centre has. Raises NotFound, NotPermitted.
    """
    workforce.require_place(actor, centre_code, "officer", "supervisor")
    return plan_day(centres.get_centre(centre_code), day, now=now, change=change or Change())


def plan_day(centre: centres.Centre, day: date, *, now: datetime, change: Change | None = None) -> DayPlan:
    """Return the plan of a date, whoever asks."""
    change = change or Change()
    before = [day - timedelta(weeks=n) for n in range(1, LOOK_BACK_WEEKS + 1)]
    counts = centres.count_arrivals(centre.code, [on for on in before if on < timezone.localdate(now)])
    spoke = {on for on, _, _ in counts}  # days on which the centre was shut do not speak
    known = [on for on in before if on in spoke][:WEEKS]
    usual = sum(centres.quartiles_of(centre, "")) / 3
    seconds = {
        code: sum(centres.quartiles_of(centre, code)) / 3 for code in {service for _, _, service in counts} - {""}
    }
    start = datetime.combine(day, time(), NAIROBI)
    duties = workforce.on_duty(centre.code, start, start + timedelta(days=1))
    windows = centres.counters_on(centre, day)
    expected = demand.forecast(counts, known)
    halves = []
    for half in _open_halves(centre, day):
        mean = _changed(expected.get(half, demand.Expected(0.0, 0, 0)), change)
        begins, ends = start + half * HALF, start + (half + 1) * HALF
        there = counters = max((w.counters for w in windows if w.starts_at < ends and begins < w.ends_at), default=0)
        if duties:
            there = min(counters, sum(duty.serves(frozenset(), begins, ends) for duty in duties))
        halves.append(
            demand.look(
                half,
                mean,
                service_seconds=demand.service_seconds(mean.services, seconds, otherwise=usual),
                standard_seconds=60 * centre.wait_standard_minutes,
                counters=max(0, there + change.counters),
                possible=counters,
            )
        )
    return DayPlan(day, len(known), halves)


def _changed(expected: demand.Expected, change: Change) -> demand.Expected:
    gone, factor = expected.services.get(change.without_service, 0.0), change.people_percent / 100
    if not gone and factor == 1:
        return expected
    stays = {code: count * factor for code, count in expected.services.items() if code != change.without_service}
    share = (expected.people - gone) / expected.people * factor if expected.people else 0.0
    return demand.Expected(
        expected.people * share, round(expected.low * share), round(expected.high * share), stays
    )  # fmt: skip


def _open_halves(centre: centres.Centre, day: date) -> list[int]:
    found = []
    for opens, closes in _periods(centre, day):
        found += list(range(opens, closes))
    return found


def _periods(centre: centres.Centre, day: date) -> list[tuple[int, int]]:
    midnight = datetime.combine(day, time(), NAIROBI)
    return [
        (int((opens - midnight).total_seconds() // 1800), int(-(-(closes - midnight).total_seconds() // 1800)))
        for opens, closes in centres.periods_on(centre, day)
    ]


def list_rosters_for(actor: Actor, centre_code: str) -> list[Roster]:
    """Return the newest rosters of a centre, to its staff. Raises NotPermitted."""
    workforce.require_place(actor, centre_code, "officer", "supervisor")
    return list(Roster.objects.filter(centre_id=centre_code).order_by("-week_on", "-asked_at")[:12])


def get_roster_for(actor: Actor, roster_id: UUID) -> Roster:
    """Return a roster to the staff of its centre. Raises NotFound, NotPermitted."""
    found = Roster.objects.select_related("centre").filter(id=roster_id).first()
    if found is None:
        raise NotFound
    workforce.require_place(actor, found.centre_id, "officer", "supervisor")
    return found


def week_of(roster: Roster) -> list[date]:
    """Return the dates of a roster."""
    return [roster.week_on + timedelta(days=n) for n in range(7)]


def days_of(roster: Roster) -> list[rota.Day]:
    """Return the days of a roster as its forecast saw them, with the shifts that fit into each."""
    found = []
    for day in week_of(roster):
        halves: list[dict[str, Any]] = roster.needs.get(day.isoformat(), [])
        if halves:
            found.append(
                rota.Day(
                    day,
                    {one["half"]: one["needed"] for one in halves},
                    {one["half"]: frozenset(one["services"]) for one in halves},
                    rota.patterns(_periods(roster.centre, day)),
                )
            )
    return found


def people_of(roster: Roster) -> list[rota.Person]:
    """Return who is posted to the centre, what they can serve, and when they are away or at work already."""
    week = week_of(roster)
    start = datetime.combine(week[0] - timedelta(weeks=FAIR_WEEKS), time(), NAIROBI)
    end = datetime.combine(week[-1] + timedelta(days=7), time(), NAIROBI)
    posted = workforce.postings_at(roster.centre_id, week[0], week[-1])
    return [
        _person(diary, posted[diary.account_id], week, roster.centre_id)
        for diary in workforce.diaries_of(set(posted), start, end)
    ]


def _person(
    diary: workforce.Diary, posted: list[tuple[date, date | None]], week: list[date], centre_code: str
) -> rota.Person:
    away: dict[date, set[int]] = defaultdict(set)
    planned: dict[date, set[int]] = defaultdict(set)
    elsewhere: dict[date, set[int]] = defaultdict(set)
    worked, weekends = set(), set()
    for day in week:
        if not any(first <= day and (last is None or day <= last) for first, last in posted):
            away[day] = set(range(48))
    for leaves, returns in diary.away:
        _mark(away, leaves, returns)
    for place, starts, ends in diary.shifts:
        _mark(planned if place == centre_code else elsewhere, starts, ends)
        on = timezone.localdate(starts)
        if not week[0] <= on <= week[-1]:
            worked.add(on)
        if on < week[0] and on.weekday() >= 5:
            weekends.add(on)
    near = {week[0] - timedelta(days=n) for n in range(1, 7)} | {week[-1] + timedelta(days=n) for n in range(1, 7)}
    return rota.Person(
        str(diary.account_id), diary.skills, _within(away, week), _within(planned, week), frozenset(worked & near),
        len(weekends), _within(elsewhere, week),
    )  # fmt: skip


def _mark(halves: dict[date, set[int]], starts: datetime, ends: datetime) -> None:
    day = timezone.localdate(starts)
    while day <= timezone.localdate(ends):
        midnight = datetime.combine(day, time(), NAIROBI)
        first = max(0, int((starts - midnight).total_seconds() // 1800))
        last = min(48, int(-(-(ends - midnight).total_seconds() // 1800)))
        halves[day] |= set(range(first, last))
        day += timedelta(days=1)


def _within(halves: Mapping[date, set[int]], week: list[date]) -> dict[date, frozenset[int]]:
    return {day: frozenset(halves[day]) for day in week if halves.get(day)}


def fixed_of(roster: Roster) -> dict[tuple[str, date], rota.Pattern | None]:
    """Return what a manager decided."""
    return {
        (str(row.account_id), row.on): pattern_of(row.spans) for row in roster.days.filter(is_overruled=True)
    }  # fmt: skip


def shifts_of(roster: Roster) -> dict[tuple[str, date], rota.Pattern]:
    """Return the shifts that a roster has now, without those that were cancelled."""
    found = (
        (str(row.account_id), row.on, pattern_of(row.spans)) for row in roster.days.all() if row.cancelled_at is None
    )
    return {(key, on): pattern for key, on, pattern in found if pattern is not None}


def still_to_work(row: RosterDay, *, now: datetime) -> rota.Pattern | None:
    """Return what is left of a shift, from the half hour that has begun; None where it is over."""
    begun = (now - datetime.combine(row.on, time(), NAIROBI)) // HALF
    spans = tuple((max(start, begun), end) for start, end in row.spans if end > begun)
    return rota.Pattern(spans) if spans else None


def colleagues_for(roster: Roster, row: RosterDay, *, now: datetime) -> list[UUID]:
    """Return who could take a shift over within law and leave, those with the fewest hours in the week first."""
    left = still_to_work(row, now=now)
    if left is None:
        return []
    days = days_of(roster)
    able = [
        (sum(one.known.values()), one.key)
        for one in people_of(roster)
        if one.key != str(row.account_id) and not rota.breaks(one, days, {row.on: left})
    ]
    return [UUID(key) for _, key in sorted(able)]


def get_day_for(actor: Actor, roster_id: UUID, account_id: UUID, on: date) -> RosterDay:
    """Return somebody's shift of a date to the staff of the roster's centre. Raises NotFound, NotPermitted."""
    roster = get_roster_for(actor, roster_id)
    row = RosterDay.objects.filter(roster=roster, account_id=account_id, on=on).exclude(spans=[]).first()
    if row is None:
        raise NotFound
    row.roster = roster
    return row


def visits_with(row: RosterDay, *, now: datetime) -> int:
    """Return how many booked visits of a shift are still to come."""
    midnight = datetime.combine(row.on, time(), NAIROBI)
    return centres.count_with_officer(row.account_id, max(now, midnight), midnight + timedelta(days=1))


def pattern_of(spans: list[list[int]]) -> rota.Pattern | None:
    """Return a shift from its spans; None is a day off."""
    return rota.Pattern(tuple((start, end) for start, end in spans)) if spans else None


@dataclass(frozen=True)
class Gap:
    """A place that would bring a centre near: the people within reach of it who have none now, and the nearest centre now."""

    constituency: places.Constituency
    people: int
    nearest_km: float
    nearest: str


def gaps_for(actor: Actor, *, within_km: float) -> list[Gap]:
    """Return where a new centre would reach the most people who have none within some kilometres, best first.

    People are those of the 2019 census, each county's spread evenly over its constituencies, for want of a finer count; distances
    are as the crow flies between middles. Raises NotPermitted for those who are not staff.
    """
    actor.require_role("officer", "supervisor", "secretariat", "administrator")
    open_ones = [(c.name, there) for c in centres.list_centres() if c.is_open_to_public and (there := c.position)]
    all_of = places.list_constituencies()
    sizes = Counter(one.county_id for one in all_of)
    spots = {one.code: spot for one in all_of if (spot := one.position)}
    people = {one.code: int(one.county.facts.get("population_2019") or 0) // sizes[one.county_id] for one in all_of}
    near = {
        code: min(((centres.distance_km(spot, there), name) for name, there in open_ones), default=(0.0, ""))
        for code, spot in spots.items()
    }
    far = {code for code, (km, _) in near.items() if km > within_km}
    gaps = [
        Gap(
            one, sum(people[code] for code in far if centres.distance_km(spots[one.code], spots[code]) <= within_km),
            *near[one.code],
        )
        for one in all_of
        if one.code in far
    ]  # fmt: skip
    return sorted(gaps, key=lambda gap: -gap.people)[:20]
