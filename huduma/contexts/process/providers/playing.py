"""A case played without a database, for those who ask what a process would do: the same engine, but nothing is done and nobody told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from huduma.contexts.process import rules
from huduma.contexts.process.providers import plugs
from huduma.contexts.process.providers.engine import Run, Standstill
from huduma.contexts.process.providers.plugs import RESTING, Result
from huduma.contexts.process.providers.steps import HUMAN, Process, Step
from huduma.contexts.process.providers.timers import due
from huduma.foundation.worktime import public as worktime


@dataclass(frozen=True)
class Place:
    """Where a played case waits. `stuck`: how it goes on cannot be told from its facts. `prompt`: a machine answers, nobody is awaited."""

    token: int
    step: Step
    stuck: bool
    prompt: bool


class _Stage:
    """Decision tables decide; service tasks that come back by themselves are done at once, others wait."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def enter(self, step: Step, facts: dict[str, Any]) -> None:
        """Nobody is told."""

    def act(self, step: Step, facts: dict[str, Any], token: int) -> Result:
        """Decide by a table; do nothing of what a service task does."""
        if step.kind == "decision":
            return self._process.tables[step.decision].decide(facts)
        service = plugs.actions.get(step.action)
        return RESTING if service.action is None or service.awaits or service.call else None

    def failed(self, step: Step, token: int, error: Exception) -> None:
        """The case stands there, and whoever plays says how it goes on; but nobody can say that of a join. Raises Standstill."""
        if isinstance(error, Standstill):
            raise error


class Play:
    """One case of a process that was checked. `facts`: what is known of it; what the process does not declare stays out."""

    def __init__(self, process: Process, facts: Mapping[str, Any]) -> None:
        self._process, self._stage = process, _Stage(process)
        self._run = Run.begin(process, _fitting(process, facts))
        self._run.advance(self._stage)

    @property
    def ended(self) -> bool:
        """Whether nothing is left to happen."""
        return self._run.ended

    def places(self) -> list[Place]:
        """Return where the case waits."""
        return [Place(wait.token, wait.step, wait.stuck, _is_prompt(wait.step)) for wait in self._run.waits()]

    def runs_out(self, place: Place, now: datetime, calendar: worktime.Calendar) -> datetime | None:
        """Return when the timer at a place runs out that starts now; None where that cannot be told."""
        try:
            return due(place.step, self._run.facts_at(place.token), now, calendar)
        except rules.Forbidden:
            return None

    def go_on(self, place: Place, outcome: str = "") -> None:
        """Let what a place waits for be done, or happen, and go on until the case waits everywhere or ends."""
        if place.step.kind in (*HUMAN, "service"):
            self._run.finish(place.token, outcome or None)
        else:
            self._run.happen(place.token)
        self._run.advance(self._stage)

    def pass_by(self, place: Place, flow: str = "") -> None:
        """Go on from a step at which the case is stuck: by a flow, or as if the step had been done."""
        if flow:
            self._run.take(place.token, flow)
        else:
            self._run.skip(place.token)
        self._run.advance(self._stage)


def _is_prompt(step: Step) -> bool:
    return step.kind == "service" and plugs.actions.get(step.action).call is not None


def _fitting(process: Process, facts: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in process.facts & facts.keys():
        try:
            found |= rules.scalar_facts({name: facts[name]}, process.facts, process.lists)
        except rules.Forbidden:
            continue
    return found
