"""Reading centres: where they are, when they are open, what they offer, how busy they are."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import rules
from huduma.contexts.centres.models import Centre, Closure, Counter, Offering, ServiceTime
from huduma.foundation.access import Actor, NotFound, NotPermitted
from huduma.foundation.worktime import public as worktime

#: One row for each centre with counters: who waits, since when the longest, and what is open.
NOW = """
SELECT c.code, coalesce(t.waiting, 0), t.oldest, coalesce(t.serving, 0), k.staffed, k.counters
FROM centres_centre c
JOIN (SELECT centre_id, count(*) AS counters, count(officer_id) AS staffed FROM centres_counter GROUP BY centre_id) k
  ON k.centre_id = c.code
LEFT JOIN (
  SELECT centre_id, count(*) FILTER (WHERE state = 'waiting') AS waiting,
         min(waiting_since) FILTER (WHERE state = 'waiting') AS oldest, count(*) FILTER (WHERE state = 'serving') AS serving
  FROM centres_ticket WHERE day = %(day)s AND state IN ('waiting', 'called', 'serving', 'held') GROUP BY centre_id
) t ON t.centre_id = c.code
WHERE %(code)s::varchar IS NULL OR c.code = %(code)s
"""


@dataclass(frozen=True)
class CentreNow:
    """How a centre is at this moment. `longest_minutes`: how long the first in the queue has waited."""

    centre: Centre
    waiting: int
    longest_minutes: int
    serving: int
    counters_open: int
    counters: int

    @property
    def is_late(self) -> bool:
        """Whether somebody waits longer than the standard."""
        return self.longest_minutes > self.centre.wait_standard_minutes


def list_centres(county_code: str | None = None) -> list[Centre]:
    """Return the centres, of one county or all; teams and vehicles are not among them (`list_sites`)."""
    centres = Centre.objects.select_related("county").filter(kind="centre")
    return list(centres.filter(county_id=county_code) if county_code else centres)


def list_sites() -> list[Centre]:
    """Return the outreach teams and vehicles, by name."""
    return list(Centre.objects.exclude(kind="centre").select_related("county").order_by("name"))


def get_centre(code: str) -> Centre:
    """Return a centre. Raises NotFound."""
    centre = Centre.objects.select_related("county", "constituency").filter(code=code).first()
    if centre is None:
        raise NotFound
    return centre


def now_at(centre: Centre, *, now: datetime) -> CentreNow | None:
    """Return how a centre is now, or None where it has no counters that are known."""
    return next(iter(_now(now, centre)), None)


def all_now_for(actor: Actor, *, now: datetime) -> list[CentreNow]:
    """Return every centre now, the latest against its standard first. Raises NotPermitted for those who are not staff."""
    if not actor.is_staff:
        raise NotPermitted
    found = _now(now)
    return sorted(found, key=lambda one: one.centre.wait_standard_minutes - one.longest_minutes)


def _now(now: datetime, centre: Centre | None = None) -> list[CentreNow]:
    known = {centre.code: centre} if centre else {one.code: one for one in (*list_centres(), *list_sites())}
    with connection.cursor() as cursor:
        cursor.execute(NOW, {"day": timezone.localdate(now), "code": centre.code if centre else None})
        rows = cursor.fetchall()
    return [
        CentreNow(
            known[code], waiting, int((now - oldest).total_seconds() // 60) if oldest else 0, serving, staffed, counters
        )
        for code, waiting, oldest, serving, staffed, counters in rows
    ]


def hours_of(text: list[list[list[str]]]) -> worktime.Hours:
    """Return opening hours as the calendar counts them, from how a centre keeps them."""
    clock = time.fromisoformat
    return worktime.Hours(tuple(tuple((clock(a), clock(b)) for a, b in periods) for periods in text))


def periods_on(centre: Centre, day: date) -> list[tuple[datetime, datetime]]:
    """Return when a centre is open on a date, the longest hours of any of its desks, holidays and closures taken out."""
    windows = opening_of(centre, day, day, counters=(1, 1)).windows(day)
    return [(w.starts_at, w.ends_at) for w in _joined(windows)]


def counters_on(centre: Centre, day: date) -> list[rules.Window]:
    """Return the spans of a date in which a centre is open, each with the number of counters that can be open in it."""
    return opening_of(centre, day, day).windows(day)


def _joined(windows: list[rules.Window]) -> list[rules.Window]:
    found: list[rules.Window] = []
    for window in windows:
        if found and found[-1].ends_at == window.starts_at:
            found[-1] = rules.Window(found[-1].starts_at, window.ends_at, window.counters)
        else:
            found.append(window)
    return found


@dataclass(frozen=True)
class Opening:
    """When a centre is open in some days, and with how many counters; read once for all of them."""

    total: int
    long: int
    usual: worktime.Calendar | None
    extended: worktime.Calendar | None
    closed: list[tuple[datetime, datetime]]

    def windows(self, day: date) -> list[rules.Window]:
        """Return the spans of a date with the number of counters that can be open in each."""
        if self.usual is None:
            return []
        usual = _spans(self.usual.periods(day), day)
        extended = _spans(self.extended.periods(day), day) if self.extended else usual
        edges = sorted({edge for span in (*usual, *extended) for edge in span})
        windows = [
            rules.Window(
                a, b,
                (self.total - self.long if _within(a, b, usual) else 0) + (self.long if _within(a, b, extended) else 0),
            )
            for a, b in pairwise(edges)
        ]  # fmt: skip
        return rules.without([w for w in windows if w.counters], self.closed)


def opening_of(centre: Centre, first: date, last: date, *, counters: tuple[int, int] | None = None) -> Opening:
    """Return when a centre is open from one date to another.

    `counters`: how many there are, and how many of them have the long hours; counted when not given.
    """
    total, long = counters or count_counters(centre)
    closed = Closure.objects.filter(
        centre=centre,
        starts_at__lt=datetime.combine(last + timedelta(days=1), time(), worktime.NAIROBI),
        ends_at__gt=datetime.combine(first, time(), worktime.NAIROBI),
    ).values_list("starts_at", "ends_at")
    usual = worktime.calendar(hours_of(centre.hours)) if centre.hours else None
    extended = worktime.calendar(hours_of(centre.long_hours)) if centre.long_hours else None
    return Opening(total, long, usual, extended, list(closed))


def _spans(found: tuple[tuple[time, time], ...], day: date) -> list[tuple[datetime, datetime]]:
    at = datetime.combine
    return [(at(day, opens, worktime.NAIROBI), at(day, closes, worktime.NAIROBI)) for opens, closes in found]


def _within(start: datetime, end: datetime, spans: list[tuple[datetime, datetime]]) -> bool:
    return any(a <= start and end <= b for a, b in spans)


def count_counters(centre: Centre) -> tuple[int, int]:
    """Return how many counters a centre has, and how many of them have the long hours."""
    long = list(centre.counters.values_list("has_long_hours", flat=True))
    return len(long), sum(long)


def list_counters(centre: Centre) -> list[Counter]:
    """Return a centre's counters by number."""
    return list(centre.counters.all())


def list_closures(centre: Centre, *, now: datetime) -> list[Closure]:
    """Return the closures that have not ended."""
    return list(centre.closures.filter(ends_at__gt=now))


def is_open(centre: Centre, *, now: datetime) -> bool:
    """Whether a centre is open at a moment."""
    return any(opens <= now < closes for opens, closes in periods_on(centre, timezone.localdate(now)))


def weekdays_of(centre: Centre, service_codes: tuple[str, ...]) -> dict[str, set[int]]:
    """Return on which weekdays (0 is Monday) a centre serves each service.

    As its own list says, or on all days because the charter says that every centre serves it. Raises NotFound for a service
    that does not exist.
    """
    own = dict(
        Offering.objects.filter(centre=centre, service_id__in=service_codes).values_list("service_id", "weekdays")
    )
    every = set(range(7))
    return {
        code: (set(own[code]) or every)
        if code in own
        else (every if catalogue.get_service(code).content.get("at_huduma") is True else set())
        for code in service_codes
    }


def offers(centre: Centre, service_code: str, day: date) -> bool:
    """Whether a centre serves a service on a date."""
    return day.weekday() in weekdays_of(centre, (service_code,))[service_code]


def services_at(centre: Centre) -> list[tuple[catalogue.Service, Offering | None]]:
    """Return the services of a centre by name: those on its own list, then those that the charter says every centre has."""
    own = {o.service_id: o for o in Offering.objects.filter(centre=centre)}
    return [(service, own.get(service.code)) for service in catalogue.list_at_centres(also=set(own))]


def centres_offering(service_code: str) -> list[Centre]:
    """Return the working centres that serve a service, by county and name."""
    working = Centre.objects.filter(status__startswith="operational", kind="centre").select_related("county")
    if catalogue.get_service(service_code).content.get("at_huduma") is True:
        return list(working)
    return list(working.filter(offerings__service_id=service_code))


def quartiles_of(centre: Centre | None, service_code: str) -> tuple[float, float, float]:
    """Return a service's times in seconds: learned at this centre, else at all centres, else the declared default."""
    here = Q(centre=centre) | Q(centre__isnull=True)
    found = ServiceTime.objects.filter(here, service_code=service_code).order_by("centre_id").first()
    if found is None:
        return rules.DEFAULT_QUARTILES
    return found.quarter_seconds, found.median_seconds, found.three_quarter_seconds


def nearest(to: tuple[float, float] | None, others: list[Centre]) -> list[tuple[Centre, float | None]]:
    """Return centres with their distance in km from a position (see `rules.distance_km`), nearest first; unknown ones stand last."""

    def far(other: Centre) -> float | None:
        there = other.position
        return rules.distance_km(to, there) if to and there else None

    return sorted(((other, far(other)) for other in others), key=lambda pair: (pair[1] is None, pair[1] or 0.0))
