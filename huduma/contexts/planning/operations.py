"""All writes of planning: a roster is asked for, proposed, overruled, and put in force."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from huduma.contexts.centres import public as centres
from huduma.contexts.planning import events, queries
from huduma.contexts.planning.models import Roster, RosterDay
from huduma.contexts.planning.rules import demand, rota
from huduma.contexts.workforce import public as workforce
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal
from huduma.foundation.worktime.public import NAIROBI


class WeekPast(Refusal):
    """This week has begun already. Plan the next one, or change single shifts with those who work them."""


class NotDraft(Refusal):
    """This roster is in force already, or is being made. Look at its page again."""


class AwayThen(Refusal):
    """This officer is on leave or at work elsewhere at that time. Choose another time or another officer."""


class TooManyHours(Refusal):
    """That would be more than forty hours in the week. Take another shift from this officer first."""


class NoRestDay(Refusal):
    """That would leave no rest day in seven, and the law gives one. Take another day from this officer first."""


class NotInForce(Refusal):
    """Only shifts of a roster in force are cancelled. In a proposal, decide otherwise instead."""


class NoShift(Refusal):
    """This shift is not within the opening hours of that day. Choose one from the list."""


BROKEN = {"away": AwayThen, "hours": TooManyHours, "rest": NoRestDay}


def _record(actor: Actor, kind: type[events.RosterEvent], roster: Roster, now: datetime, **facts: Any) -> None:
    event = kind(roster_id=roster.id, centre_code=roster.centre_id, week_on=roster.week_on.isoformat(), **facts)
    journal.record(actor=actor, event=event, now=now)


@transaction.atomic
def ask_roster(*, actor: Actor, centre_code: str, week_on: date, now: datetime) -> Roster:
    """Ask for the roster of a week, to be proposed by a job; asking again makes it anew, and keeps what a manager decided.

    Shifts that are in force already stay. Raises NotFound, NotPermitted, WeekPast.
    """
    workforce.require_place(actor, centre_code, "supervisor")
    centre = centres.get_centre(centre_code)
    monday = week_on - timedelta(days=week_on.weekday())
    if monday <= timezone.localdate(now):
        raise WeekPast
    roster, created = Roster.objects.select_for_update().get_or_create(
        centre=centre, week_on=monday, state__in=["asked", "draft"], defaults={"asked_at": now, "state": "asked"}
    )
    if not created:
        roster.state, roster.asked_at = "asked", now
        roster.save(update_fields=["state", "asked_at"])
    _record(actor, events.RosterAsked, roster, now)
    jobs.defer("planning.make_roster", once=f"planning.make_roster:{roster.id}", roster_id=str(roster.id))
    return roster


def make_roster(*, roster_id: UUID, now: datetime) -> bool:
    """Propose who works when; returns whether there was something to do. The solver runs outside any transaction."""
    roster = Roster.objects.select_related("centre").get(id=roster_id)
    if roster.state != "asked":
        return False
    asked_at = roster.asked_at
    roster.needs = {day.isoformat(): _needs(roster.centre, day, now) for day in queries.week_of(roster)}
    days, people, fixed = queries.days_of(roster), queries.people_of(roster), queries.fixed_of(roster)
    found = rota.solve(days, people, fixed=fixed)
    by_date = {day.on: day for day in days}
    with transaction.atomic():
        locked = Roster.objects.select_for_update().get(id=roster_id)
        if locked.state != "asked" or locked.asked_at != asked_at:
            return False  # asked for anew while this was being made: that job makes it
        locked.days.filter(is_overruled=False).delete()
        RosterDay.objects.bulk_create(
            RosterDay(
                roster=locked, account_id=UUID(key), on=on, spans=[list(span) for span in pattern.spans],
                why=_why(by_date[on], people, found.shifts, key),
            )
            for (key, on), pattern in found.shifts.items()
            if (key, on) not in fixed
        )  # fmt: skip
        locked.needs, locked.is_best, locked.state, locked.made_at = roster.needs, found.is_best, "draft", now
        locked.save()
        _record(
            SYSTEM, events.RosterMade, locked, now, shifts=len(found.shifts), short=sum(found.short.values())
        )  # fmt: skip
    return True


def _needs(centre: centres.Centre, day: date, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "half": half.number, "people": round(half.expected.people, 1), "needed": min(half.needed, half.possible),
            "services": sorted(s for s, n in half.expected.services.items() if s and n >= rota.WORTH_A_SKILL),
        }
        for half in queries.plan_day(centre, day, now=now).halves
    ]  # fmt: skip


def _why(day: rota.Day, people: list[rota.Person], shifts: rota.Shifts, key: str) -> dict[str, Any]:
    why = rota.why(day, people, shifts, key)
    return {
        "halves": why.halves, "first": demand.clock(why.first) if why.first is not None else "", "only": list(why.only),
    }  # fmt: skip


@transaction.atomic
def overrule(
    *, actor: Actor, roster_id: UUID, account_id: UUID, on: date, spans: list[list[int]], note: str, now: datetime
) -> RosterDay:
    """Decide what somebody works on a day of a draft, whatever was proposed; no span is a day off. Law and leave hold for it too.

    Raises NotFound, NotPermitted, NotDraft, NoShift, AwayThen, TooManyHours, NoRestDay.
    """
    queries.get_roster_for(actor, roster_id)
    roster = Roster.objects.select_for_update(of=("self",)).select_related("centre").get(id=roster_id)
    workforce.require_place(actor, roster.centre_id, "supervisor")
    if roster.state != "draft":
        raise NotDraft
    people = {person.key: person for person in queries.people_of(roster)}
    days = queries.days_of(roster)
    day = next((one for one in days if one.on == on), None)
    if day is None or str(account_id) not in people:
        raise NotFound
    pattern = queries.pattern_of(spans)
    if pattern is not None and pattern not in day.patterns:
        raise NoShift
    if pattern is not None:
        own = {at: one for (key, at), one in queries.shifts_of(roster).items() if key == str(account_id)} | {
            on: pattern
        }
        if broken := rota.breaks(people[str(account_id)], days, own):
            raise BROKEN[broken]
    row, _ = RosterDay.objects.update_or_create(
        roster=roster, account_id=account_id, on=on,
        defaults={"spans": spans, "is_overruled": True, "note": note.strip()[:200], "why": {}},
    )  # fmt: skip
    clocks = [[demand.clock(start), demand.clock(end)] for start, end in spans]
    _record(actor, events.RosterOverruled, roster, now, account_id=account_id, on=on.isoformat(), spans=clocks)
    return row


@transaction.atomic
def publish_roster(*, actor: Actor, roster_id: UUID, now: datetime) -> Roster:
    """Put a draft in force: its shifts go to the workforce, and appointments are offered by them. Again changes nothing.

    Raises NotFound, NotPermitted, NotDraft, WeekPast, AwayThen, TooManyHours, NoRestDay, workforce.ShiftOverlaps.
    """
    queries.get_roster_for(actor, roster_id)
    roster = Roster.objects.select_for_update(of=("self",)).select_related("centre").get(id=roster_id)
    workforce.require_place(actor, roster.centre_id, "supervisor")
    if roster.state == "published":
        return roster
    if roster.state != "draft":
        raise NotDraft
    if roster.week_on <= timezone.localdate(now):
        raise WeekPast
    people = {person.key: person for person in queries.people_of(roster)}
    days, shifts = queries.days_of(roster), queries.shifts_of(roster)
    for key in sorted({key for key, _ in shifts}):  # leave, or work elsewhere, that was recorded since
        if key not in people:
            raise AwayThen
        if broken := rota.breaks(people[key], days, {on: one for (who, on), one in shifts.items() if who == key}):
            raise BROKEN[broken]
    for (key, on), pattern in shifts.items():
        _plan(actor, roster, UUID(key), on, pattern, now)
    roster.state, roster.published_at = "published", now
    roster.save(update_fields=["state", "published_at"])
    _record(actor, events.RosterPublished, roster, now)
    return roster


def _plan(actor: Actor, roster: Roster, account_id: UUID, on: date, pattern: rota.Pattern, now: datetime) -> None:
    midnight = datetime.combine(on, time(), NAIROBI)
    for start, end in pattern.spans:
        workforce.plan_shift(
            actor=actor, account_id=account_id, place_code=roster.centre_id,
            starts_at=midnight + start * queries.HALF, ends_at=midnight + end * queries.HALF, now=now,
        )  # fmt: skip


@transaction.atomic
def cancel_shift(
    *, actor: Actor, roster_id: UUID, account_id: UUID, on: date, why: str, instead: UUID | None = None, now: datetime
) -> RosterDay:
    """Cancel somebody's shift of a roster in force, or what is left of it; a colleague takes it over where one is named.

    `why`: one of workforce.CANCELLED_WHY. Whom they were to serve is served by a colleague at the same time, or is offered another
    time with an apology (`centres`). Again changes nothing.
    Raises NotFound, NotPermitted, NotInForce, workforce.NoReason, workforce.ShiftOver; of the colleague AwayThen, TooManyHours,
    NoRestDay.
    """
    queries.get_roster_for(actor, roster_id)
    roster = Roster.objects.select_for_update(of=("self",)).select_related("centre").get(id=roster_id)
    workforce.require_place(actor, roster.centre_id, "supervisor")
    if roster.state != "published":
        raise NotInForce
    row = RosterDay.objects.filter(roster=roster, account_id=account_id, on=on).exclude(spans=[]).first()
    if row is None:
        raise NotFound
    if row.cancelled_at is not None:
        return row
    midnight = datetime.combine(on, time(), NAIROBI)
    if why not in workforce.CANCELLED_WHY:
        raise workforce.NoReason
    left = queries.still_to_work(row, now=now)
    if left is None:
        raise workforce.ShiftOver
    for shift_id in workforce.shifts_of(
        account_id, roster.centre_id, midnight, midnight + timedelta(days=1), after=now
    ):
        workforce.cancel_shift(actor=actor, shift_id=shift_id, why=why, now=now)
    row.cancelled_at, row.cancelled_why = now, why
    row.save(update_fields=["cancelled_at", "cancelled_why"])
    if instead is not None:
        if instead == account_id:
            raise NotFound
        _take_over(actor, roster, instead, on, left, now)
    _record(
        actor,
        events.RosterShiftCancelled,
        roster,
        now,
        account_id=account_id,
        on=on.isoformat(),
        why=why,
        instead=instead,
    )
    return row


def _take_over(actor: Actor, roster: Roster, account_id: UUID, on: date, pattern: rota.Pattern, now: datetime) -> None:
    person = next((one for one in queries.people_of(roster) if one.key == str(account_id)), None)
    if person is None:
        raise NotFound
    if broken := rota.breaks(person, queries.days_of(roster), {on: pattern}):
        raise BROKEN[broken]
    RosterDay.objects.update_or_create(
        roster=roster, account_id=account_id, on=on,
        defaults={
            "spans": [list(span) for span in pattern.spans], "is_overruled": True, "note": "", "why": {},
            "cancelled_at": None, "cancelled_why": "",
        },
    )  # fmt: skip
    _plan(actor, roster, account_id, on, pattern, now)
