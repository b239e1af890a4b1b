"""Reading the queue: what stands at a counter, what a display shows, how long one waits, and how the day goes."""

from collections import Counter as Tally
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from huduma.contexts.centres import rules
from huduma.contexts.centres.models import Centre, Counter, Ticket
from huduma.contexts.centres.models.queue import AT_COUNTER
from huduma.contexts.centres.queries import places
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import Actor, NotFound

LAST_CALLED = 5
HALF_SECONDS = 1800
#: The day of a centre in figures: waits and service times in seconds.
FIGURES = """
SELECT count(*) FILTER (WHERE outcome IN ('done', 'not-done')), count(*) FILTER (WHERE outcome = 'no-show'),
       count(*) FILTER (WHERE outcome = 'left'), percentile_cont(0.5) WITHIN GROUP (ORDER BY wait),
       percentile_cont(0.9) WITHIN GROUP (ORDER BY wait), percentile_cont(0.5) WITHIN GROUP (ORDER BY service)
FROM (
  SELECT outcome, extract(epoch FROM called_at - waiting_since) AS wait,
         CASE WHEN outcome IN ('done', 'not-done') THEN extract(epoch FROM ended_at - serving_at) END AS service
  FROM centres_stop WHERE centre_id = %s AND ended_at >= %s AND ended_at < %s
) AS stops
"""
ARRIVALS = """
SELECT day, extract(hour FROM arrived_at AT TIME ZONE 'Africa/Nairobi')::int * 2
       + (extract(minute FROM arrived_at AT TIME ZONE 'Africa/Nairobi') >= 30)::int AS half, service_code, count(*)
FROM centres_ticket WHERE centre_id = %s AND day = ANY(%s) AND source <> 'quick' GROUP BY day, half, service_code
"""


@dataclass(frozen=True)
class Call:
    """One line of the public display; nobody's name."""

    number: str
    counter: int
    at: datetime


@dataclass(frozen=True)
class Board:
    """What the public display of a centre shows."""

    centre_code: str
    calls: list[Call]
    waiting: int

    def as_json(self) -> dict[str, Any]:
        """Return what is sent to displays. `key` changes with every call and recall."""
        return {
            "calls": [
                {"number": c.number, "counter": c.counter, "key": f"{c.number}@{c.at.timestamp()}"} for c in self.calls
            ],
            "waiting": self.waiting,
        }


@dataclass(frozen=True)
class Place:
    """Where a ticket stands: how many are called before it, and the range of minutes that it will probably wait."""

    ahead: int
    minutes: tuple[int, int] | None


@dataclass(frozen=True)
class Half:
    """A half hour of the day, counted from midnight: arrivals so far and as the same weekday usually brings."""

    number: int
    came: int
    expected: float

    @property
    def starts(self) -> str:
        """When it begins."""
        return f"{self.number // 2:02}:{'30' if self.number % 2 else '00'}"


@dataclass(frozen=True)
class Wall:
    """A centre's day as its manager sees it. Waits and service times are seconds; None where nobody was served yet.

    `to_open`: how many more counters the standard needs for who waits and for who is expected, `coming` people until `until`: as many as
    usual, times how many of the usual came so far today (`came`, `usual`).
    """

    now: places.CentreNow
    served: int
    no_show: int
    left: int
    wait_median: float | None
    wait_ninety: float | None
    service_median: float | None
    halves: list[Half]
    counters: list[Counter]
    came: int
    usual: float
    coming: float
    until: datetime
    to_open: int

    @property
    def is_too_small(self) -> bool:
        """Whether more counters are needed than the centre has."""
        return self.to_open > self.now.counters - self.now.counters_open


def door_key(centre_code: str) -> str:
    """Return the secret part of the addresses by which people arrive at a centre: on its kiosk, and in the QR at its door."""
    return salted_hmac("huduma.centres.door", centre_code, algorithm="sha256").hexdigest()[:12]


def centre_at_door(centre_code: str, key: str) -> Centre:
    """Return the centre whose door key this is. Raises NotFound."""
    if not constant_time_compare(key, door_key(centre_code)):
        raise NotFound
    return places.get_centre(centre_code)


def board_of(centre_code: str, *, now: datetime) -> Board:
    """Return what a centre's display shows now."""
    today = Ticket.objects.filter(centre_id=centre_code, day=timezone.localdate(now))
    called = today.filter(announced_at__isnull=False, counter__isnull=False).order_by("-announced_at")
    rows = called.values_list("number", "counter__number", "announced_at")[:LAST_CALLED]
    return Board(
        centre_code,
        [Call(number, counter, at) for number, counter, at in rows if at is not None],
        today.filter(state="waiting").count(),
    )


def counter_of(actor: Actor) -> Counter | None:
    """Return the counter that the actor has open."""
    mine = Counter.objects.filter(officer_id=actor.account_id).select_related("centre")
    return mine.first() if actor.account_id else None


def at_counter(counter: Counter) -> tuple[Ticket | None, list[Ticket]]:
    """Return the ticket that is called or served at a counter, and those put aside there."""
    rows = list(Ticket.objects.filter(counter=counter, state__in=[*AT_COUNTER, "held"]).select_related("person"))
    current = next((ticket for ticket in rows if ticket.state in AT_COUNTER), None)
    return current, [ticket for ticket in rows if ticket.state == "held"]


def count_waiting(counter: Counter, *, now: datetime) -> int:
    """Return how many wait for a counter's desks."""
    return Ticket.objects.filter(
        centre_id=counter.centre_id, day=timezone.localdate(now), state="waiting", desk__in=counter.desks
    ).count()


def get_ticket(ticket_id: UUID) -> Ticket:
    """Return a ticket to whoever has its unguessable id: number and place, nothing of a person. Raises NotFound."""
    ticket = Ticket.objects.select_related("centre", "counter").filter(id=ticket_id).first()
    if ticket is None:
        raise NotFound
    return ticket


def tickets_of(person_id: UUID) -> list[UUID]:
    """Return the latest tickets of a person, for a context that has asked who may see them and journals it."""
    return list(Ticket.objects.filter(person_id=person_id).order_by("-arrived_at").values_list("id", flat=True)[:200])


def place_of(ticket: Ticket) -> Place:
    """Return where a waiting ticket stands now."""
    before = Q(rank_at__lt=ticket.rank_at) | Q(rank_at=ticket.rank_at, id__lt=ticket.id)
    ahead = Ticket.objects.filter(
        before, centre_id=ticket.centre_id, day=ticket.day, state="waiting", desk=ticket.desk
    ).count()
    servers = Counter.objects.filter(
        centre_id=ticket.centre_id, officer_id__isnull=False, desks__contains=[ticket.desk]
    ).count()
    quartiles = places.quartiles_of(ticket.centre, ticket.service_code)
    return Place(ahead, rules.wait_range(ahead, servers, quartiles))


def wait_at(centre: Centre, *, now: datetime) -> tuple[int, int] | None:
    """Return the range of minutes that somebody who came now would wait, or None where nobody can say."""
    here = places.now_at(centre, now=now)
    if here is None:
        return None
    return rules.wait_range(here.waiting, here.counters_open, places.quartiles_of(centre, ""))


def near_their_turn(centre_code: str, *, now: datetime) -> list[Ticket]:
    """Return the waiting tickets with a phone number that have few enough ahead, and were not told yet."""
    centre = places.get_centre(centre_code)
    first = Ticket.objects.filter(centre=centre, day=timezone.localdate(now), state="waiting").order_by("rank_at", "id")
    found = []
    seen: dict[str, int] = {}
    for ticket in first[:200]:
        ahead = seen.get(ticket.desk, 0)
        seen[ticket.desk] = ahead + 1
        if ticket.phone and ticket.told_at is None and ahead <= centre.tell_when_ahead:
            found.append(ticket)
    return found


def wall_for(actor: Actor, centre_code: str, *, now: datetime) -> Wall:
    """Return a centre's day, to its own staff. Raises NotFound, NotPermitted."""
    workforce.require_place(actor, centre_code, "officer", "supervisor")
    centre = places.get_centre(centre_code)
    here = places.now_at(centre, now=now) or places.CentreNow(centre, 0, 0, 0, 0, 0)
    day = timezone.localdate(now)
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(FIGURES, [centre.code, midnight, midnight + timedelta(days=1)])
        served, no_show, left, median, ninety, service = cursor.fetchone()
    quarter, middle, three = places.quartiles_of(centre, "")
    mean = service or (quarter + middle + three) / 3
    halves = _halves(centre, day)
    number, begun = divmod(int((now - midnight).total_seconds()), HALF_SECONDS)
    open_at = places.periods_on(centre, day)  # on a holiday nobody comes, whatever the weekday
    usual = {half.number: half.expected for half in halves if _is_within(open_at, midnight, half.number)}
    came = sum(half.came for half in halves)
    by_now = sum(people for n, people in usual.items() if n < number) + usual.get(number, 0.0) * begun / HALF_SECONDS
    pace = rules.pace(came, by_now)
    coming = [
        (HALF_SECONDS - begun, pace * usual.get(number, 0.0) * (1 - begun / HALF_SECONDS)),
        (HALF_SECONDS, pace * usual.get(number + 1, 0.0)),
    ]
    return Wall(
        here, served, no_show, left, median, ninety, service, halves, places.list_counters(centre),
        came, by_now, sum(people for _, people in coming), midnight + (number + 2) * timedelta(seconds=HALF_SECONDS),
        rules.counters_to_open(
            waiting=here.waiting, coming=coming, servers=here.counters_open, mean_seconds=float(mean),
            standard_minutes=centre.wait_standard_minutes,
        ),
    )  # fmt: skip


def _is_within(periods: list[tuple[datetime, datetime]], midnight: datetime, half: int) -> bool:
    begins, ends = (midnight + n * timedelta(seconds=HALF_SECONDS) for n in (half, half + 1))
    return any(opens < ends and begins < closes for opens, closes in periods)


def _halves(centre: Centre, day: date) -> list[Half]:
    before = [day - timedelta(weeks=n) for n in range(1, rules.FORECAST_WEEKS + 1)]
    counts: Tally[tuple[date, int]] = Tally()
    for (on, half, _), count in count_arrivals(centre.code, [day, *before]).items():
        counts[on, half] += count
    known = [on for on in before if any(d == on for d, _ in counts)]  # days before the centre began do not count
    expected = rules.forecast({key: n for key, n in counts.items() if key[0] != day}, known)
    halves = sorted({half for _, half in counts} | set(expected))
    return [Half(half, counts.get((day, half), 0), expected.get(half, 0.0)) for half in halves]


def count_arrivals(centre_code: str, days: list[date]) -> dict[tuple[date, int, str], int]:
    """Return how many people came on each of some days, by half hour (16 is 08:00) and service (empty: not known)."""
    with connection.cursor() as cursor:
        cursor.execute(ARRIVALS, [centre_code, days])
        return {(day, half, service): count for day, half, service, count in cursor.fetchall()}
