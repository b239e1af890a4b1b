"""A process as a discrete-event simulation (simpy): real arrivals, given teams, times drawn from measured ones.

Where a case goes is not modelled here: it walks through its process by the engine that will run it (`Walk`), with the facts that
it really had. What is drawn is how long people take, which outcome an officer chooses, and which way is taken where the facts do
not tell. Officers work in opening hours; everything else passes in real time. Every draw comes from one seeded generator, so the
same question has the same answer.

Known limits: the office is empty when the span begins; officers do nothing else than this service; who is asked last quarter would
have come as well if the service had been quicker.
"""

import math
import random
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import simpy

from huduma.foundation.worktime.calendar import Calendar, Unit

HUMAN = ("user", "manual")
GATEWAYS = ("choice", "inclusive")
STEPS_AT_MOST = 500
INSTANT = timedelta(microseconds=1)


class Flow(Protocol):
    """What is read of a sequence flow."""

    @property
    def key(self) -> str: ...


class Step(Protocol):
    """What is read of a step."""

    @property
    def key(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def team(self) -> str: ...
    @property
    def body(self) -> tuple[str, str]: ...
    @property
    def outcomes(self) -> Mapping[str, Any]: ...
    @property
    def awaits(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def out(self) -> Sequence[Flow]: ...


class Place(Protocol):
    """Where a case waits; see `process.Place`."""

    @property
    def token(self) -> int: ...
    @property
    def step(self) -> Step: ...
    @property
    def stuck(self) -> bool: ...
    @property
    def prompt(self) -> bool: ...


class Walk(Protocol):
    """A case on its way through a process; see `process.Play`."""

    @property
    def ended(self) -> bool: ...
    def places(self) -> Sequence[Any]: ...
    def runs_out(self, place: Any, now: datetime, calendar: Calendar) -> datetime | None: ...
    def go_on(self, place: Any, outcome: str = "") -> None: ...
    def pass_by(self, place: Any, flow: str = "") -> None: ...


class CannotSimulate(ValueError):
    """A case does not come to an end; the message names where."""


@dataclass(frozen=True)
class Question:
    """What is simulated. Samples are seconds: of work in opening time, of waits in real time; by step, or by `awaited(step)`.

    `begin(number)`: the case with that place in `arrivals`, at its start. `teams`: `team_of(step)` → officers at once.
    `comes`: how often an event on a border really came, of 1. `outcomes`: how often each outcome was chosen at a step; `ways`: how
    often each flow was taken. `mine`: steps at which the applicant is awaited. `promise`: value and unit.
    `new_work`, `new_wait`: the mean where nothing was measured.
    """

    arrivals: Sequence[datetime]
    begin: Callable[[int], Walk]
    teams: Mapping[str, int]
    calendar: Calendar
    work: Mapping[str, Sequence[float]] = field(default_factory=dict)
    waits: Mapping[str, Sequence[float]] = field(default_factory=dict)
    comes: Mapping[str, float] = field(default_factory=dict)
    outcomes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    ways: Mapping[str, int] = field(default_factory=dict)
    mine: frozenset[str] = frozenset()
    promise: tuple[float, Unit] | None = None
    new_work: float = 900.0
    new_wait: float = 86_400.0


@dataclass
class Case:
    """One simulated case. `number`: its place in the order of arrival, in which officers take cases. Seconds."""

    number: int
    arrived: datetime
    ended: datetime | None = None
    stood: float = 0.0
    queued: float = 0.0
    steps: int = 0
    guessed: int = 0
    doing: dict[int, simpy.Process] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What one replication gave: seconds for each case in the order of arrival, how busy each team was (0 to 1), how many kept the
    promise (None where there is none), and how many ways had to be guessed because the facts did not tell."""

    elapsed: list[float]
    queued: list[float]
    busy: dict[str, float]
    kept: int | None
    guessed: int


def team_of(step: Step) -> str:
    """Return who does a step, as a key: the team or the role, before it the body where another one is asked."""
    return " ".join(part for part in (step.body[1], step.team or step.role) if part)


def awaited(step: Step) -> str:
    """Return what is awaited at a step, as a key: the same message or service takes as long wherever a redesign puts it."""
    return f"awaits {step.awaits or step.action}"


def simulate(question: Question, seed: int) -> Answer:
    """Run one replication. Raises CannotSimulate."""
    return _World(question, random.Random(seed)).run()  # noqa: S311 -- a model, not a secret


class _World:
    def __init__(self, question: Question, chance: random.Random) -> None:
        self.question, self.chance = question, chance
        self.env = simpy.Environment()
        self.origin = question.arrivals[0] if question.arrivals else datetime.now().astimezone()
        self.teams = {name: simpy.PriorityResource(self.env, capacity=size) for name, size in question.teams.items()}
        self.busy = dict.fromkeys(question.teams, 0.0)

    def run(self) -> Answer:
        cases = [Case(number, arrived) for number, arrived in enumerate(self.question.arrivals)]
        for case in cases:
            self.env.process(self._live(case))
        self.env.run()
        ended = [(case, case.ended) for case in cases if case.ended is not None]
        last = max((end for _, end in ended), default=self.origin)
        span = self.question.calendar.between(self.origin, last).total_seconds() or 1.0
        return Answer(
            [(end - case.arrived).total_seconds() for case, end in ended],
            [case.queued for case, _ in ended],
            {name: used / (span * self.question.teams[name]) for name, used in self.busy.items()},
            sum(self._in_time(case, end) for case, end in ended) if self.question.promise else None,
            sum(case.guessed for case in cases),
        )

    def _in_time(self, case: Case, end: datetime) -> bool:
        assert self.question.promise is not None
        calendar = self.question.calendar
        due = calendar.deadline(case.arrived, *self.question.promise)
        return end <= calendar.add(due, timedelta(seconds=case.stood))

    @property
    def now(self) -> datetime:
        return self.origin + timedelta(seconds=self.env.now)

    def _until(self, moment: datetime) -> simpy.Event:
        return self.env.timeout(max(0.0, (moment - self.origin).total_seconds() - self.env.now))

    def _live(self, case: Case) -> Generator[Any, Any, None]:
        yield self._until(case.arrived)
        self._follow(case, self.question.begin(case.number))

    def _follow(self, case: Case, walk: Walk) -> None:
        """Let everything begin that the case waits for now, and end what it does not wait for any more."""
        places = {place.token: place for place in walk.places()}
        for token in [token for token in case.doing if token not in places]:
            case.doing.pop(token).interrupt()
        for token, place in places.items():
            if token not in case.doing:
                case.doing[token] = self.env.process(self._rest(case, walk, place))
        if walk.ended:
            case.ended = self.now

    def _rest(self, case: Case, walk: Walk, place: Place) -> Generator[Any, Any, None]:
        """Stay at a place until what it waits for has come, or until the case does not wait for it any more."""
        step = place.step
        try:
            if place.stuck:
                yield self.env.timeout(0)
            elif step.kind in HUMAN:
                yield from self._work(case, step)
            else:
                yield self._coming(case, walk, place)
        except simpy.Interrupt:
            return
        del case.doing[place.token]
        case.steps += 1
        if case.steps > STEPS_AT_MOST:
            raise CannotSimulate(f"a case goes round without end at {step.key}")
        if place.stuck:
            case.guessed += 1
            walk.pass_by(place, self._guess(step))
        else:
            walk.go_on(place, self._outcome(step))
        self._follow(case, walk)

    def _work(self, case: Case, step: Step) -> Generator[Any, Any, None]:
        """Wait for somebody of the team, and be worked on in opening hours; older cases first."""
        calendar, team = self.question.calendar, team_of(step)
        come = self.now
        yield self._until(calendar.add(come, INSTANT) - INSTANT)  # when the office is open
        with self.teams[team].request(priority=case.number) as turn:
            yield turn
            case.queued += calendar.between(come, self.now).total_seconds()
            length = self._draw(self.question.work.get(step.key), self.question.new_work)
            self.busy[team] += length
            yield self._until(calendar.add(self.now, timedelta(seconds=length)))

    def _coming(self, case: Case, walk: Walk, place: Place) -> simpy.Event:
        """Return when that comes which is awaited at a place."""
        step, now, calendar = place.step, self.now, self.question.calendar
        if step.kind == "timer":
            at = walk.runs_out(place, now, calendar) or now + timedelta(seconds=self.question.new_wait)
            return self._until(at)
        if step.host and self.chance.random() >= self.question.comes.get(step.key, 0.0):
            return self.env.event()  # never
        samples = self.question.waits.get(step.key) or self.question.waits.get(awaited(step))
        seconds = 0.0 if place.prompt and not samples else self._draw(samples, self.question.new_wait)
        until = now + timedelta(seconds=seconds)
        if step.key in self.question.mine:
            case.stood += calendar.between(now, until).total_seconds()
        return self._until(until)

    def _outcome(self, step: Step) -> str:
        counts = self.question.outcomes.get(step.key, {})
        known = {outcome: counts.get(outcome, 0) for outcome in step.outcomes} if step.outcomes else counts
        if not any(known.values()):
            return next(iter(known), "")
        return self.chance.choices([*known], [*known.values()])[0]

    def _guess(self, step: Step) -> str:
        if step.kind not in GATEWAYS:
            return ""
        weights = [self.question.ways.get(flow.key, 0) for flow in step.out]
        return self.chance.choices(step.out, weights if any(weights) else None)[0].key

    def _draw(self, samples: Sequence[float] | None, mean: float) -> float:
        return self.chance.choice(samples) if samples else self.chance.expovariate(1 / mean)


def quantile(values: Iterable[float], share: float) -> float:
    """Return the value that `share` of all do not exceed (nearest rank); 0 of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)] if ordered else 0.0
