"""What a package says about time, and when a clock's turns come. No framework, no database.

The charter's `turnaround` is the promise; `clocks` adds calendar, pauses, warnings, escalations, limits of single steps and the
times that laws give (`catalogue/schemas/service.schema.json` has the shapes, `docs/bpmn.md` the meaning).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from huduma.foundation.worktime.calendar import NAIROBI, Calendar, Unit

#: Statuses in which a case waits for its applicant, or for those whom the applicant named: the service's clock stands still.
WAITS_FOR_APPLICANT = frozenset({"waiting_payment", "waiting_correction", "waiting_visit", "waiting_agreement"})
#: What `kind` a clock has.
SERVICE, STEP, LAW = "service", "step", "law"


@dataclass(frozen=True)
class Span:
    """A length of time in the words of a package."""

    value: float
    unit: Unit


@dataclass(frozen=True)
class Terms:
    """What one clock follows. `within` None: nothing is promised, the time is measured only.

    `warn`: how long before the end. `escalate`: how long after the end, and to which role. `silence`: what a law says of an
    end without an answer: `counts_as`, `outcome`, and `meaning` and `appeal` in both languages.
    """

    within: Span | None
    calendar: str = "office"
    pauses: frozenset[str] = WAITS_FOR_APPLICANT
    warn: Span | None = None
    escalate: tuple[tuple[Span, str], ...] = ()
    basis: str = ""
    silence: dict[str, Any] | None = None


@dataclass(frozen=True)
class Stood:
    """How long a clock stood still: whole time, and the opening time in it."""

    whole: timedelta = timedelta()
    opening: timedelta = timedelta()

    def __add__(self, other: "Stood") -> "Stood":
        return Stood(self.whole + other.whole, self.opening + other.opening)


@dataclass(frozen=True, order=True)
class Turn:
    """A moment at which something is to be done about a clock: `warn`, `lapse`, or `escalate` to a role."""

    at: datetime
    what: str
    to: str = ""


def read(service: dict[str, Any]) -> dict[tuple[str, str], Terms]:
    """Return the clocks of a `service.yaml` by kind and key (a step's id, a law's id, or "")."""
    declared = service.get("clocks", {})
    shared: dict[str, Any] = {"calendar": declared.get("calendar", "office")}
    if "pauses" in declared:
        shared["pauses"] = frozenset(declared["pauses"])
    promise = declared.get("promise", {})
    found = {(SERVICE, ""): Terms(_span(service.get("turnaround")), **shared, **_turns(promise))}
    for key, step in declared.get("steps", {}).items():
        found[(STEP, key)] = Terms(_span(step["within"]), **shared, **_turns(step))
    for law in declared.get("law", []):
        found[(LAW, law["id"])] = Terms(
            Span(law["within_days"], "days"), calendar=shared["calendar"], pauses=frozenset(law.get("pauses", ())),
            basis=law["basis"], silence=law.get("silence"), **_turns(law),
        )  # fmt: skip
    return found


def _span(given: dict[str, Any] | None) -> Span | None:
    return Span(given["value"], given["unit"]) if given else None


def _turns(given: dict[str, Any]) -> dict[str, Any]:
    escalations = tuple((Span(e["after"]["value"], e["after"]["unit"]), e["to"]) for e in given.get("escalate", ()))
    return {"warn": _span(given.get("warn")), "escalate": escalations}


def stood(calendar: Calendar, pauses: Iterable[tuple[datetime, datetime]]) -> Stood:
    """Return how long pauses are together; one that a slower machine's clock ends before it began is none."""
    return sum((Stood(end - begin, calendar.between(begin, end)) for begin, end in pauses if begin < end), Stood())


def due(kind: str, terms: Terms, calendar: Calendar, started: datetime, still: Stood) -> datetime | None:
    """Return when a clock runs out, or None where nothing is promised. `still`: how long it stood still.

    A promise in days is counted as if the case had been sent as much later as it stood still, so it ends with a day, like one
    that never stood; working days move by office time, calendar days by whole time. Hours and minutes move by just what passed.
    """
    if terms.within is None:
        return None
    value, unit = terms.within.value, terms.within.unit
    if kind == LAW:
        return calendar.statutory_deadline(started, int(value), still.whole)
    if unit == "days":
        return calendar.deadline(started + still.whole, value, unit)
    if unit == "working_days":
        return calendar.deadline(calendar.add(started, still.opening), value, unit)
    return calendar.add(calendar.deadline(started, value, unit), still.opening)


def turns(terms: Terms, calendar: Calendar, due_at: datetime | None) -> list[Turn]:
    """Return a clock's turns in order. A law's end is a turn of its own."""
    if due_at is None:
        return []
    found = [Turn(after(calendar, due_at, span), "escalate", to) for span, to in terms.escalate]
    if terms.warn:
        found.append(Turn(before(calendar, due_at, terms.warn), "warn"))
    if terms.basis:
        found.append(Turn(due_at + timedelta(seconds=1), "lapse"))
    return sorted(found)


def after(calendar: Calendar, moment: datetime, span: Span) -> datetime:
    """Return the moment that lies a span after another: office time, or whole calendar days."""
    if span.unit == "days":
        return moment + timedelta(days=span.value)
    if span.unit == "working_days":
        return calendar.deadline(moment, span.value, "working_days") if span.value else moment
    return calendar.add(moment, timedelta(**{span.unit: span.value}))


def before(calendar: Calendar, moment: datetime, span: Span) -> datetime:
    """Return the moment that lies a span before another, counted like `after`."""
    if span.unit == "days":
        return moment - timedelta(days=span.value)
    if span.unit == "working_days":
        day, left = moment.astimezone(NAIROBI).date(), int(span.value)
        while left > 0:
            day -= timedelta(days=1)
            left -= calendar.works(day)
        return calendar.end_of_day(day)
    amount, reach = timedelta(**{span.unit: span.value}), timedelta(days=7)
    while (there := calendar.between(moment - reach, moment)) <= amount:
        reach *= 2
        if reach > timedelta(days=3660):
            return moment
    return calendar.add(moment - reach, there - amount)


def spent(calendar: Calendar, start: datetime, end: datetime, still: Stood) -> timedelta:
    """Return the office time between two moments without that in which the clock stood still; never less than none."""
    return max(calendar.between(start, end) - still.opening, timedelta())
