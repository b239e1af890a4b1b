"""Playing a process without a database: somebody answers wherever the case waits."""

import json
from typing import Any

from huduma.contexts.process.providers import definitions
from huduma.contexts.process.providers.engine import Run, Wait
from huduma.contexts.process.providers.plugs import Result, Thrown
from huduma.contexts.process.providers.steps import HUMAN, Step


class World:
    """Writes down what a case did; `acts` says what service tasks give: facts, or the code of an error as text."""

    def __init__(self, acts: dict[str, Any] | None = None) -> None:
        self.trail: list[str] = []
        self.acts = acts or {}
        self.faults: list[Exception] = []

    def enter(self, step: Step, facts: dict[str, Any]) -> None:
        """Write down that a step was entered."""
        self.trail.append(step.key)

    def act(self, step: Step, facts: dict[str, Any], token: int) -> Result:
        """Do what the test says."""
        given = self.acts.get(step.key)
        if isinstance(given, str):
            raise Thrown(given)
        return given(facts) if callable(given) else given

    def failed(self, step: Step, token: int, error: Exception) -> None:
        """Keep the fault."""
        self.faults.append(error)


class Game:
    """One case. With `save`, it is written and read again after each step, as between two transactions."""

    def __init__(
        self, source: str, *, facts: dict[str, Any] | None = None, acts: dict[str, Any] | None = None, save: bool = True
    ) -> None:
        self.process = definitions.build(source)
        self.world = World(acts)
        self.save = save
        self.run = Run.begin(self.process, facts or {})
        self._go()

    def _go(self) -> None:
        self.ended = self.run.advance(self.world)
        if self.save:
            self.run = Run.load(self.process, json.loads(json.dumps(self.run.dump())))

    def do(self, *acts: str, **facts: Any) -> "Game":
        """Answer where the case waits, one after the other: `step`, or `step:outcome`; the oldest of several."""
        for act in acts:
            key, _, outcome = act.partition(":")
            self._answer(next(wait for wait in self.run.waits() if wait.step.key == key), outcome, facts)
        return self

    def at(self, place: str) -> None:
        """Answer at one of `places`."""
        self._answer(next(wait for wait in self.run.waits() if self._place(wait) == place), "", {})

    def _answer(self, wait: Wait, outcome: str, facts: dict[str, Any]) -> None:
        if wait.step.kind in (*HUMAN, "service"):
            self.run.finish(wait.token, outcome or "done", facts)
        else:
            self.run.happen(wait.token, facts)
        self._go()

    def signal(self, name: str) -> "Game":
        """Let the case hear a signal from outside."""
        self.run.signal(name)
        self._go()
        return self

    @property
    def waiting(self) -> list[str]:
        """Where the case waits."""
        return sorted(wait.step.key for wait in self.run.waits())

    @property
    def places(self) -> list[str]:
        """Where the case waits, each with the numbers of the instances that it lies in: `step.2.1`."""
        return [self._place(wait) for wait in self.run.waits()]

    def _place(self, wait: Wait) -> str:
        above = [*self.run._above(self.run._tokens[wait.token])][::-1]
        return ".".join([wait.step.key, *(str(token.local["index"]) for token in above if token.local)])

    @property
    def trail(self) -> str:
        """What was entered, in its order."""
        return " ".join(self.world.trail)
