"""How many people the contact centre needs: what came on earlier days and today, through the planner of the centres.

Calls wait for nobody, so they are reckoned by the half hour (Erlang); what is written waits for hours, so it needs so many people
throughout the day. How long a call takes, how patient callers are and how much one person answers in writing is measured in the same days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from huduma.contexts.inbox import rules
from huduma.contexts.inbox.queries import work
from huduma.contexts.inbox.queries.conversations import colleagues
from huduma.contexts.planning import public as planning
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import Actor
from huduma.foundation.worktime.public import NAIROBI

HALF = timedelta(minutes=30)
DAYS = """
WITH span AS (SELECT day, day::timestamp AT TIME ZONE 'Africa/Nairobi' AS opens, (day + 1)::timestamp AT TIME ZONE 'Africa/Nairobi' AS ends
              FROM unnest(%s::date[]) day)
"""
CALLS = f"""{DAYS}
SELECT day, floor(extract(epoch FROM call.started_at - opens) / 1800)::int AS half, talk.language, count(*)
FROM span JOIN inbox_call call ON call.started_at >= opens AND call.started_at < ends
    JOIN inbox_conversation talk ON talk.id = call.conversation_id
WHERE call.direction = 'in' GROUP BY 1, 2, 3
"""  # noqa: S608 -- of constants
HANDLED = f"""{DAYS}
SELECT avg(call.seconds) FILTER (WHERE call.how = 'answered' AND call.seconds > 0),
    avg(extract(epoch FROM talk.closed_at - call.ended_at)) FILTER
        (WHERE call.how = 'answered' AND talk.closed_at >= call.ended_at AND talk.closed_at < call.ended_at + interval '15 minutes'),
    sum(extract(epoch FROM coalesce(call.answered_at, call.ended_at) - call.started_at))
        FILTER (WHERE call.answered_at IS NOT NULL OR call.how IN ('missed', 'callback')),
    count(*) FILTER (WHERE call.how = 'missed')
FROM span JOIN inbox_call call ON call.started_at >= opens AND call.started_at < ends
    JOIN inbox_conversation talk ON talk.id = call.conversation_id
WHERE call.direction = 'in'
"""  # noqa: S608 -- of constants
WRITTEN = f"""{DAYS}
SELECT day, half, count(DISTINCT conversation_id) FILTER (WHERE side = 'customer'),
    count(DISTINCT (account_id, conversation_id)) FILTER (WHERE side = 'staff' AND account_id IS NOT NULL),
    count(DISTINCT account_id) FILTER (WHERE side = 'staff')
FROM (SELECT day, floor(extract(epoch FROM said.at - opens) / 1800)::int AS half, side, conversation_id, account_id
      FROM span JOIN inbox_message said ON said.at >= opens AND said.at < ends
      WHERE said.channel <> 'phone' AND said.side IN ('customer', 'staff')) x GROUP BY 1, 2
"""  # noqa: S608 -- of constants


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What earlier days say of the work, in seconds; `pace`: how many conversations one person answers in half an hour of writing.

    None where no record says it: then the rules' assumption counts (of pace there is none).
    """

    talk: float | None
    wrap_up: float | None
    patience: float | None
    pace: float | None


@dataclass(frozen=True, kw_only=True)
class Staffing:
    """A day of the contact centre. `came`: calls of each half hour so far, where the day is today; `so_far`: 1 is as expected.

    `languages`: code, calls expected, people there who speak it. `written`: conversations to answer; `writers`: people they need all day.
    """

    on: date
    days_known: int
    halves: list[planning.Half]
    came: dict[int, int]
    so_far: float
    is_rostered: bool
    languages: list[tuple[str, float, int]]
    written: float
    writers: float
    measured: Measured


@dataclass(frozen=True, kw_only=True)
class Member:
    """Somebody of the contact centre: what they speak and serve, when they are to be there on a day, and whether they are away then."""

    account_id: UUID
    name: str
    abilities: workforce.Abilities
    shifts: tuple[tuple[datetime, datetime], ...]
    is_away: bool


def require_planner(actor: Actor) -> None:
    """Raise NotPermitted unless the actor plans the contact centre: its supervisors, the Secretariat, administrators."""
    workforce.require_place(actor, workforce.CONTACT_CENTRE, "supervisor")


def staffing_for(actor: Actor, day: date, *, now: datetime, more: int = 0, percent: int = 100) -> Staffing:
    """Return what to expect on a day and whom it needs; `more` people than planned, `percent` of what is expected, to ask what if.

    Raises NotPermitted.
    """
    if not actor.has_role("agent"):
        require_planner(actor)
    today = timezone.localdate(now)
    hours = work.hours()
    is_workday = hours.works(day)
    before = [day - timedelta(weeks=n) for n in range(1, 2 * planning.WEEKS)]
    before = [on for on in before if on < today and hours.works(on) == is_workday][: planning.WEEKS]
    counts, answered, writers = _calls(before), 0, 0
    written: dict[date, int] = {}
    for on, _, asked, done, people in _rows(WRITTEN, before):
        written[on] = written.get(on, 0) + asked
        answered, writers = answered + done, writers + people
    known = [on for on in before if written.get(on) or any(at == on for at, _, _ in counts)]
    measured = _measured(before, answered / writers if writers else None)
    expected = planning.forecast(counts, known)
    came, so_far, half_now = _today(expected, day, now)
    there, is_rostered, spoken = _there(day)
    halves = []
    for number in _halves(hours.periods(day), expected, came):
        share = percent / 100 * (so_far if number >= half_now else 1)
        mean = planning.scaled(expected.get(number, planning.Expected(0.0, 0, 0)), share)
        halves.append(
            planning.look(
                number, mean,
                service_seconds=(measured.talk or rules.TALK_SECONDS) + (measured.wrap_up or 0),
                standard_seconds=rules.ANSWER_SECONDS, counters=max(0, there[number] + more),
                patience_seconds=measured.patience or rules.PATIENCE_SECONDS,
            )
        )  # fmt: skip
    by_language = {code: sum(half.expected.services.get(code, 0.0) for half in halves) for code in workforce.LANGUAGES}
    weight = planning.forecast({(on, 0, ""): count for on, count in written.items()}, known)
    mean_written = (weight[0].people if weight else 0.0) * percent / 100
    return Staffing(
        on=day, days_known=len(known), halves=halves, came=came, so_far=so_far, is_rostered=is_rostered,
        languages=[(code, calls, sum(code in one for one in spoken)) for code, calls in by_language.items()],
        written=mean_written, writers=mean_written / measured.pace / len(halves) if measured.pace and halves else 0.0,
        measured=measured,
    )  # fmt: skip


def team_for(actor: Actor, day: date) -> list[Member]:
    """Return who answers in the contact centre, by name, as they are on a day. Raises NotPermitted."""
    require_planner(actor)
    start = datetime.combine(day, time(), NAIROBI)
    accounts = {one.account_id: one.name for one in colleagues()}
    abilities = workforce.abilities_of(accounts)
    diaries = workforce.diaries_of(set(accounts), start, start + timedelta(days=1))
    found = [
        Member(
            account_id=one.account_id, name=accounts[one.account_id], abilities=abilities[one.account_id],
            shifts=tuple((opens, ends) for place, opens, ends in one.shifts if place == workforce.CONTACT_CENTRE),
            is_away=bool(one.away),
        )
        for one in diaries
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.name, one.account_id))


def _rows(query: str, days: Sequence[date]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, [list(days)])
        return cursor.fetchall()


def _calls(days: Sequence[date]) -> dict[tuple[date, int, str], int]:
    return {(day, half, language): count for day, half, language, count in _rows(CALLS, days)}


def _measured(days: Sequence[date], pace: float | None) -> Measured:
    ((talk, wrap_up, waited, hung_up),) = _rows(HANDLED, days)
    # Time waited by all, divided by those who gave up: the estimate where most never show how long they would have waited
    # (maximum likelihood of an exponential patience under censoring; A. Mandelbaum, S. Zeltyn, 2007).
    patience = float(waited) / hung_up if hung_up and waited else None
    return Measured(
        talk=float(talk) if talk else None, wrap_up=float(wrap_up) if wrap_up else None, patience=patience, pace=pace
    )  # fmt: skip


def _today(expected: dict[int, planning.Expected], day: date, now: datetime) -> tuple[dict[int, int], float, int]:
    """Return the calls of a day so far, how they compare, and the first half hour that is not over (0 on any other day)."""
    if day != timezone.localdate(now):
        return {}, 1.0, 0
    half_now = int((now - datetime.combine(day, time(), NAIROBI)) / HALF)
    came: dict[int, int] = {}
    for (_, half, _), count in _calls([day]).items():
        came[half] = came.get(half, 0) + count
    over = sum(one.people for half, one in expected.items() if half < half_now)
    return came, planning.share_so_far(sum(n for half, n in came.items() if half < half_now), over), half_now


def _there(day: date) -> tuple[list[int], bool, list[frozenset[str]]]:
    """Return how many are there in each half hour: by the shifts of the day, else all agents; and what each of them speaks."""
    start = datetime.combine(day, time(), NAIROBI)
    duties = workforce.on_duty(workforce.CONTACT_CENTRE, start, start + timedelta(days=1))
    accounts = {one.account_id for one in duties} or {one.account_id for one in colleagues()}
    spoken = [one.languages for one in workforce.abilities_of(accounts).values()]
    if not duties:
        return [len(accounts)] * 48, False, spoken
    return [
        sum(duty.serves(frozenset(), start + n * HALF, start + (n + 1) * HALF) for duty in duties) for n in range(48)
    ], True, spoken  # fmt: skip


def _halves(
    periods: Sequence[tuple[time, time]], expected: dict[int, planning.Expected], came: dict[int, int]
) -> range:
    """Return the half hours of a day: from opening to closing, and what goes beyond them in calls."""
    minutes = [60 * bound.hour + bound.minute for period in periods for bound in period]
    seen = [*expected, *came, *(range(minutes[0] // 30, -(-minutes[-1] // 30)) if minutes else ())]
    return range(min(seen), max(seen) + 1) if seen else range(0)
