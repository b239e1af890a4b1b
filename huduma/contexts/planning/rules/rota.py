"""Who works when in a week: the fewest half hours short of counters, within law, leave and skills, and fair to everybody.

Solved by OR-Tools CP-SAT. Times are half hours from midnight.

Law (docs/obligations.csv, with how sure each is): at least one rest day in every seven (Employment Act 2007, section 27(2); EM-01, sure);
forty hours a week (Human Resource Policies and Procedures Manual for the Public Service, 2016, official working hours; EM-02, the clause
was not read). A break of an hour in a day of eight hours is the manual's lunch hour; the Act names none.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

#: EM-02.
MOST_HALVES_A_WEEK = 80
#: EM-01.
MOST_DAYS_IN_SEVEN = 6
#: What a missing counter or skill costs for half an hour, beside half an hour at work and half an hour that one has more than another:
#: work is shared evenly, but none is added so that it is even.
SHORT, UNSKILLED, WORKED, UNFAIR = 1000, 600, 2, 1
#: A service is worth a shift of somebody who can serve it when so many people come for it in a half hour.
WORTH_A_SKILL = 0.25
SOLVE_SECONDS = 20.0


@dataclass(frozen=True)
class Pattern:
    """A shift: one span, or two with a break between them."""

    spans: tuple[tuple[int, int], ...]

    @property
    def halves(self) -> frozenset[int]:
        """The half hours at work."""
        return frozenset(half for start, end in self.spans for half in range(start, end))


@dataclass(frozen=True)
class Day:
    """A day that the centre is open: counters needed in each half hour, and the services that people come for."""

    on: date
    needed: Mapping[int, int]
    services: Mapping[int, frozenset[str]]
    patterns: Sequence[Pattern]


@dataclass(frozen=True)
class Person:
    """An officer. `away`: half hours of a date on leave; `planned`: those at work here already; `elsewhere`: at another place.

    `skills`: None is everything. `worked`: dates at work in the six days before and after. `weekends`: shifts on Saturdays and
    Sundays lately.
    """

    key: str
    skills: frozenset[str] | None
    away: Mapping[date, frozenset[int]] = field(default_factory=dict)
    planned: Mapping[date, frozenset[int]] = field(default_factory=dict)
    worked: frozenset[date] = frozenset()
    weekends: int = 0
    elsewhere: Mapping[date, frozenset[int]] = field(default_factory=dict)

    @property
    def known(self) -> dict[date, int]:
        """How many half hours they are at work already on each date, wherever that is."""
        dates = {*self.planned, *self.elsewhere}
        return {on: len(self.planned.get(on, frozenset()) | self.elsewhere.get(on, frozenset())) for on in dates}

    def can(self, service: str) -> bool:
        """Whether they can serve it."""
        return self.skills is None or service in self.skills


#: Who works what on a date.
Shifts = Mapping[tuple[str, date], Pattern]


@dataclass(frozen=True)
class Rota:
    """A plan: the shifts, the counters that stay missing, and whether it was proven that none is better."""

    shifts: Shifts
    short: Mapping[tuple[date, int], int]
    is_best: bool


def patterns(periods: Iterable[tuple[int, int]]) -> list[Pattern]:
    """Return the shifts that fit into a day's opening: whole days of eight hours with a staggered break, and halves of a day."""
    found: dict[Pattern, None] = {}
    for opens, closes in periods:
        if closes - opens <= 10:
            found[Pattern(((opens, closes),))] = None
            continue
        for start in dict.fromkeys((*range(opens, closes - 18, 4), max(opens, closes - 18))):
            end = min(closes, start + 18)
            for pause in (start + 8, start + 9, start + 10):
                if pause + 2 < end:
                    found[Pattern(((start, pause), (pause + 2, end)))] = None
        found[Pattern(((opens, opens + 8),))] = None
        found[Pattern(((closes - 8, closes),))] = None
    return list(found)


def solve(days: Sequence[Day], people: Sequence[Person], *, fixed: Mapping[tuple[str, date], Pattern | None]) -> Rota:
    """Return the best plan that is found. `fixed`: what a manager decided; None is a day off."""
    from ortools.sat.python import cp_model  # heavy: only who plans pays for it

    model = cp_model.CpModel()
    works: dict[tuple[str, date, Pattern], cp_model.IntVar] = {}
    for person in people:
        for day in days:
            decided = fixed.get((person.key, day.on), ...)
            own = [decided] if isinstance(decided, Pattern) else [] if decided is None else free(person, day)
            for pattern in own:
                works[person.key, day.on, pattern] = model.new_bool_var("")
            if isinstance(decided, Pattern):
                model.add(works[person.key, day.on, decided] == 1)
            model.add_at_most_one(works[person.key, day.on, pattern] for pattern in own)
    costs = [*_keep_the_law(model, works, days, people), *_cover(model, works, days, people)]
    model.minimize(sum(costs))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = SOLVE_SECONDS
    solver.parameters.random_seed, solver.parameters.num_workers = 1, 1
    status = solver.solve(model)
    shifts = {}
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        shifts = {(key, on): pattern for (key, on, pattern), yes in works.items() if solver.value(yes)}
    else:  # what is decided breaks the law already: it stays, and nothing is added to it
        shifts = {at: pattern for at, pattern in fixed.items() if pattern is not None}
    return Rota(shifts, shortage(days, people, shifts), status == cp_model.OPTIMAL)


def free(person: Person, day: Day) -> list[Pattern]:
    """Return the shifts of a day that somebody can work: none where they have one already, here or elsewhere."""
    if person.known.get(day.on):
        return []
    return [pattern for pattern in day.patterns if not pattern.halves & person.away.get(day.on, frozenset())]


def _keep_the_law(model, works, days, people):  # type: ignore[no-untyped-def]  # OR-Tools' own types are those of its C++
    """Add limits on everybody's week, and return what unfairness and work cost."""
    totals, weekends, costs = [], [], []
    for person in people:
        mine = {(on, pattern): yes for (key, on, pattern), yes in works.items() if key == person.key}
        at_work = person.known
        planned = sum(at_work.values())
        total = sum(len(pattern.halves) * yes for (_, pattern), yes in mine.items()) + planned
        model.add(total <= max(MOST_HALVES_A_WEEK, planned))
        dates = {day.on for day in days} | person.worked | set(at_work)
        for first in sorted(dates):
            span = [first + timedelta(days=n) for n in range(7)]
            known = sum(on in person.worked or bool(at_work.get(on)) for on in span)
            added = sum(yes for (on, _), yes in mine.items() if on in span and not at_work.get(on))
            if known <= MOST_DAYS_IN_SEVEN:
                model.add(added + known <= MOST_DAYS_IN_SEVEN)
        if any(free(person, day) for day in days):
            totals.append(total)
            weekends.append(person.weekends + sum(yes for (on, _), yes in mine.items() if on.weekday() >= 5))
        costs.append(WORKED * total)
    for amounts, weight in ((totals, UNFAIR), (weekends, 8 * UNFAIR)):
        if len(amounts) > 1:
            most, least = model.new_int_var(0, 1000, ""), model.new_int_var(0, 1000, "")
            model.add_max_equality(most, amounts)
            model.add_min_equality(least, amounts)
            costs.append(weight * (most - least))
    return costs


def _cover(model, works, days, people):  # type: ignore[no-untyped-def]
    """Return what missing counters and missing skills cost."""
    costs, can = [], {person.key: person for person in people}
    there = _there(works, people)
    for day in days:
        for half, needed in day.needed.items():
            present = there[day.on, half]
            if needed:
                short = model.new_int_var(0, needed, "")
                model.add(sum(map(sum, present.values()), start=short) >= needed)
                costs.append(SHORT * short)
            for service in day.services.get(half, ()):
                able = [key for key in present if can[key].can(service)]
                if len(able) < len(present) or not present:
                    missing = model.new_bool_var("")
                    model.add(sum((sum(present[key]) for key in able), start=missing) >= 1)
                    costs.append(UNSKILLED * missing)
    return costs


def _there(works, people):  # type: ignore[no-untyped-def]
    """Return for each half hour of a date who may be at work in it: what decides it, or 1 for who is planned already."""
    found: Any = defaultdict(lambda: defaultdict(list))
    for (key, on, pattern), yes in works.items():
        for half in pattern.halves:
            found[on, half][key].append(yes)
    for person in people:
        for on, halves in person.planned.items():
            for half in halves:
                found[on, half][person.key] = [1]
    return found


def staffed(people: Sequence[Person], shifts: Shifts, on: date, half: int) -> set[str]:
    """Return who is at work in a half hour."""
    planned = {person.key for person in people if half in person.planned.get(on, ())}
    return planned | {key for (key, day), pattern in shifts.items() if day == on and half in pattern.halves}


def shortage(days: Sequence[Day], people: Sequence[Person], shifts: Shifts) -> dict[tuple[date, int], int]:
    """Return how many counters are missing, where any is."""
    return {
        (day.on, half): missing
        for day in days
        for half, needed in day.needed.items()
        if (missing := needed - len(staffed(people, shifts, day.on, half))) > 0
    }


@dataclass(frozen=True)
class Why:
    """Why somebody works: half hours that would be short without them, the first of them, and services only they can serve."""

    halves: int
    first: int | None
    only: tuple[str, ...]


def why(day: Day, people: Sequence[Person], shifts: Shifts, key: str) -> Why:
    """Return what would be missing on a day without somebody's shift."""
    pattern = shifts[key, day.on]
    can = {person.key: person for person in people}
    needed, only = [], set()
    for half in sorted(pattern.halves):
        there = staffed(people, shifts, day.on, half)
        if len(there) - 1 < day.needed.get(half, 0):
            needed.append(half)
        for service in day.services.get(half, ()):
            if can[key].can(service) and not any(can[one].can(service) for one in there - {key} if one in can):
                only.add(service)
    return Why(len(needed), needed[0] if needed else None, tuple(sorted(only)))


def breaks(person: Person, days: Sequence[Day], own: Mapping[date, Pattern]) -> str:
    """Return what a person's own shifts of a week break: `away`, `hours`, `rest`, or nothing."""
    known = person.known
    for on, pattern in own.items():
        if known.get(on) or pattern.halves & person.away.get(on, frozenset()):
            return "away"
    if sum(len(pattern.halves) for pattern in own.values()) + sum(known.values()) > MOST_HALVES_A_WEEK:
        return "hours"
    at_work = set(own) | set(person.worked) | {on for on, halves in known.items() if halves}
    for first in sorted(at_work):
        if sum(first + timedelta(days=n) in at_work for n in range(7)) > MOST_DAYS_IN_SEVEN:
            return "rest"
    return ""
