"""Pure decisions: when there is room, who is called first, how long it takes. No framework, no clock."""

import itertools
import math
import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Protocol
from uuid import UUID

#: Until enough people were served to learn from, a service is taken to last this long at a counter.
DEFAULT_SERVICE_SECONDS = 600
#: Quartiles of a service that nothing is known of: the declared time, half of it, and half as much again.
DEFAULT_QUARTILES = (300, 600, 900)
#: So many people have to be served before their times are trusted, and so many of the newest count.
LEARN_FROM, LEARN_UP_TO = 20, 200
#: Starts of appointments are this far apart at least.
STEP = timedelta(minutes=5)
#: Who is called as if they had come earlier, in minutes. A centre may differ (`Centre.credit_minutes`).
CREDIT_MINUTES = {"elderly": 30, "disability": 30, "pregnant": 30, "infant": 30, "appointment": 30}
#: What is usual weighs as much as this many people of the day: when as many are expected to have come, both count alike.
PACE_WEIGHT = 20
#: Half hours of the same weekday, so many weeks back, make the forecast.
FORECAST_WEEKS = 8
#: 80 % of a normal distribution lie within so many standard deviations on each side.
EIGHTY_PERCENT = 1.28
EARTH_KM = 6371.0


@dataclass(frozen=True)
class Window:
    """A span in which a number of counters is open."""

    starts_at: datetime
    ends_at: datetime
    counters: int


@dataclass(frozen=True)
class Taken:
    """A span that an appointment takes in a lane, with an officer or without."""

    starts_at: datetime
    ends_at: datetime
    lane: int
    officer_id: UUID | None


@dataclass(frozen=True)
class Room:
    """A span that is free: the lane, and the officer where a roster exists."""

    starts_at: datetime
    ends_at: datetime
    lane: int
    officer_id: UUID | None


class Officer(Protocol):
    """Somebody on duty."""

    @property
    def account_id(self) -> UUID:
        """Who."""

    @property
    def skills(self) -> frozenset[str] | None:
        """What they can serve; None is everything."""

    def serves(self, services: frozenset[str], start: datetime, end: datetime) -> bool:
        """Whether they are there for the whole span and can serve all these services."""


def lanes(counters: int, walk_in_percent: int) -> int:
    """Return how many counters may be promised at once: what walk-ins leave, yet one where there is a counter at all."""
    if counters == 0 or walk_in_percent >= 100:
        return 0
    return max(1, counters * (100 - walk_in_percent) // 100)


def visit_length(seconds: Iterable[float], people: int) -> timedelta:
    """Return how long a visit takes that needs each of these times once for each of the people, in whole steps."""
    return math.ceil(sum(seconds) * people / STEP.total_seconds()) * STEP


def rooms(
    *,
    windows: Sequence[Window],
    length: timedelta,
    walk_in_percent: int,
    services: frozenset[str],
    officers: Sequence[Officer] | None,
    taken: Collection[Taken],
) -> list[Room]:
    """Return one free room for every start of the day at which there is any, in order.

    `windows` are in order; a visit may run from one into the next when they touch, never beyond the last.
    `officers`: None where nobody made a roster, so that counters alone count.
    """
    rest = {
        "windows": windows, "length": length, "walk_in_percent": walk_in_percent, "services": services,
        "officers": officers, "taken": taken,
    }  # fmt: skip
    found = (room_at(start, **rest) for start in _starts(windows, length))  # type: ignore[arg-type]  # the same arguments
    return [room for room in found if room is not None]


def _starts(windows: Sequence[Window], length: timedelta) -> Iterable[datetime]:
    begin = None
    for index, window in enumerate(windows):
        if begin is None:
            begin = window.starts_at
        touches = index + 1 < len(windows) and windows[index + 1].starts_at == window.ends_at
        if not touches:
            while begin + length <= window.ends_at:
                yield begin
                begin += length
            begin = None


def room_at(
    start: datetime,
    *,
    windows: Sequence[Window],
    length: timedelta,
    walk_in_percent: int,
    services: frozenset[str],
    officers: Sequence[Officer] | None,
    taken: Collection[Taken],
) -> Room | None:
    """Return a free room at a start, or None: the lowest lane, and of the officers who can, the least versatile."""
    end = start + length
    counters = counters_open(windows, start, end)
    if officers is not None:
        counters = min(counters, sum(officer.serves(frozenset(), start, end) for officer in officers))
    there = [one for one in taken if one.starts_at < end and start < one.ends_at]
    busy_lanes = {one.lane for one in there}
    lane = next((n for n in range(lanes(counters, walk_in_percent)) if n not in busy_lanes), None)
    if lane is None:
        return None
    if officers is None:
        return Room(start, end, lane, None)
    busy = {one.officer_id for one in there}
    able = [o for o in officers if o.account_id not in busy and o.serves(services, start, end)]
    if not able:
        return None
    best = min(able, key=lambda o: (o.skills is None, len(o.skills or ()), o.account_id))
    return Room(start, end, lane, best.account_id)


def counters_open(windows: Sequence[Window], start: datetime, end: datetime) -> int:
    """Return how many counters are open throughout a span; none where the place is shut in any part of it."""
    touched = [window for window in windows if window.starts_at < end and start < window.ends_at]
    if not touched or touched[0].starts_at > start or touched[-1].ends_at < end:
        return 0
    if any(earlier.ends_at != later.starts_at for earlier, later in pairwise(touched)):
        return 0
    return min(window.counters for window in touched)


def without(windows: Iterable[Window], closed: Collection[tuple[datetime, datetime]]) -> list[Window]:
    """Return the windows less the spans in which the place is shut."""
    left = list(windows)
    for shut, opens in closed:
        left = [
            part
            for window in left
            for part in (
                Window(window.starts_at, min(window.ends_at, shut), window.counters),
                Window(max(window.starts_at, opens), window.ends_at, window.counters),
            )
            if part.starts_at < part.ends_at
        ]
    return left


def rank(came_at: datetime, priority: str, policy: Mapping[str, int]) -> datetime:
    """Return the moment by which a ticket is called: nobody who waits is overtaken for longer than the credit."""
    credit = policy.get(priority, CREDIT_MINUTES.get(priority, 0))
    return came_at - timedelta(minutes=credit)


def ticket_number(count: int) -> str:
    """Return what is written on the n-th ticket of a day: A001 … A999, B001 …"""
    letter, number = divmod(count - 1, 999)
    return f"{'ABCDEFGHJKLMNPQRSTUVWXYZ'[letter % 24]}{number + 1:03}"


def paper_number(typed: str) -> tuple[str, int]:
    """Return what stands on a paper ticket: P (printed) or H (written by hand) and the number, as `p12`, `12` or `H 3` is typed.

    Raises ValueError for anything else.
    """
    text = typed.strip().upper()
    letter, digits = (text[0], text[1:].strip()) if text[:1] in ("P", "H") else ("P", text)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 6 and int(digits)):
        raise ValueError(typed)
    return letter, int(digits)


def wait_range(ahead: int, servers: int, quartiles: tuple[float, float, float]) -> tuple[int, int] | None:
    """Return between how many minutes and how many more a person with `ahead` people before them will probably wait.

    None where no counter is open: nobody can say. The mean and the spread of a service time come from its quartiles (Wan et
    al., BMC Medical Research Methodology 14:135, 2014); the range holds 80 % of the cases where people come one by one.
    """
    if servers < 1:
        return None
    quarter, median, three_quarter = quartiles
    mean, spread = (quarter + median + three_quarter) / 3, (three_quarter - quarter) / 1.35
    rounds = ahead / servers
    low = max(0.0, rounds * mean - EIGHTY_PERCENT * spread * math.sqrt(rounds))
    high = (rounds + 1) * mean + EIGHTY_PERCENT * spread * math.sqrt(rounds + 1) if ahead else mean / servers
    return int(low // 60), math.ceil(high / 60)


def counters_to_open(
    *, waiting: int, coming: Sequence[tuple[float, float]], servers: int, mean_seconds: float, standard_minutes: int
) -> int:  # fmt: skip
    """Return how many more counters are needed so that nobody waits longer than the standard, now and as far as people are expected.

    `coming`: the stretches of time that follow, each with its seconds and the people expected in it. The queue is taken to grow and
    shrink evenly (a fluid), which says what a mean day brings; chance comes on top and is what the plan of the day allows for.
    """
    if not waiting and sum(people for _, people in coming) < 1:
        return 0

    def is_met(counters: int) -> bool:
        queues = [float(waiting)]
        for seconds, people in coming:
            queues.append(max(0.0, queues[-1] + people - counters * seconds / mean_seconds))
        return max(queues) * mean_seconds <= counters * standard_minutes * 60

    return next(n for n in itertools.count(max(1, servers)) if is_met(n)) - servers


def forecast(counts: Mapping[tuple[date, int], int], days: Sequence[date]) -> dict[int, float]:
    """Return the arrivals to expect in each half hour (0 is midnight to 00:30): the median over the days, quiet ones included."""
    halves = sorted({half for _, half in counts})
    return {half: statistics.median([counts.get((day, half), 0) for day in days]) for half in halves} if days else {}


def pace(came: int, usual: float) -> float:
    """Return how many times as many people as usual come today, by how many `came` so far where `usual` are expected to have.

    The mean of a Gamma-Poisson model whose prior weighs as `PACE_WEIGHT` people who come as usual: the first few of a day move little.
    """
    return (came + PACE_WEIGHT) / (usual + PACE_WEIGHT)


def distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the great-circle distance of two positions (latitude, longitude in degrees)."""
    phi, psi = math.radians(a[0]), math.radians(b[0])
    half = (psi - phi) / 2, math.radians(b[1] - a[1]) / 2
    chord = math.sin(half[0]) ** 2 + math.cos(phi) * math.cos(psi) * math.sin(half[1]) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(chord))


def periods(text: str) -> list[list[str]]:
    """Return the opening periods that the table of centres writes as `08:00-17:00`; anything else is closed."""
    opens, dash, closes = text.strip().partition("-")
    return [[opens, closes]] if dash and opens.count(":") == closes.count(":") == 1 else []


def read_periods(typed: str) -> list[list[str]]:
    """Return the opening periods of a day as a manager types them: `8:00-13:00, 14:00-17:00`; empty is closed.

    Raises ValueError for what cannot be read.
    """
    parts = [part for part in typed.replace("–", "-").replace(";", ",").split(",") if part.strip()]
    return [[time.fromisoformat(edge.strip().zfill(5)).strftime("%H:%M") for edge in _edges(part)] for part in parts]


def _edges(part: str) -> tuple[str, str]:
    opens, dash, closes = part.partition("-")
    if not dash or "-" in closes:
        raise ValueError(part)
    return opens, closes


def is_week(hours: object) -> bool:
    """Whether hours are seven days of periods that follow one another, each of which ends after it began."""
    if not isinstance(hours, list) or len(hours) != 7:
        return False
    try:
        edges = [[time.fromisoformat(edge) for period in day for edge in period] for day in hours]
        return all(len(period) == 2 for day in hours for period in day) and all(
            one < other for day in edges for one, other in pairwise(day)
        )
    except (TypeError, ValueError):
        return False
