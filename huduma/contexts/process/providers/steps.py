"""A definition as it runs: steps, the flows between them, and what each waits for or does. Nothing here changes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from huduma.contexts.process.providers.decisions import Table

#: Kinds that people finish, that something from outside ends, and that a case can rest at.
HUMAN = ("user", "manual")
EVENTS = ("message", "timer", "signal")
ACTIVITIES = (*HUMAN, "service", "decision", "message", "sub")
GATEWAYS = ("choice", "parallel", "inclusive", "events")


@dataclass(frozen=True)
class Outcome:
    """One way in which an officer can finish a task. `needs`: of `reason`, `fields` (which questions to answer again)."""

    key: str
    name: dict[str, str]
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Flow:
    """An arrow. `condition` is "" where there is none."""

    key: str
    source: str
    target: str
    condition: str = ""


@dataclass(frozen=True)
class Clock:
    """When a timer runs out: an ISO 8601 date, duration or cycle, or the name of a fact that holds one.

    `working`: a duration counts working days and office hours.
    """

    kind: Literal["date", "duration", "cycle"]
    text: str
    working: bool = False


@dataclass(frozen=True)
class Loop:
    """An activity done several times: as often as `count` says, or once for each entry of the fact `collection`.

    In each instance the facts `item`, `index` (from 1) and `total` are set. `until`: a condition that ends the rest early.
    """

    count: str = ""
    collection: str = ""
    item: str = "item"
    sequential: bool = False
    until: str = ""


@dataclass(frozen=True)
class Step:
    """A place in the flow, as BPMN and our extensions describe it.

    `kind`: start, end, user, manual, service, decision, sub (sub-process or call), message, timer, signal, error (boundary
    only), throw, pass (an event without a trigger), choice, parallel, inclusive, events. `scope`: the key of the sub-process
    that the step lies in, or "". `awaits`: the message or signal that it waits for or throws. `host`: the activity on whose
    border the event sits. `body`: who does it, where that is not the deciding body ("value" or "fact", text); `share`: the
    questions whose answers that body sees. `apart`: the steps of a case that nobody may do who did this one, or the other way
    round; a step that is apart from itself is done by another person each time.
    """

    key: str
    kind: str
    name: dict[str, str]
    scope: str = ""
    status: str = ""
    role: str = ""
    team: str = ""
    body: tuple[str, str] = ("value", "")
    share: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    action: str = ""
    config: dict[str, tuple[str, str]] = field(default_factory=dict)  # name → ("value" | "fact", text)
    decision: str = ""
    awaits: str = ""
    clock: Clock | None = None
    loop: Loop | None = None
    host: str = ""
    interrupting: bool = True
    error: str = ""
    ends: str = ""  # of an end event: "", terminate, error, signal
    first: str = ""  # of a sub-process: its start event
    default: str = ""
    into: tuple[Flow, ...] = ()
    out: tuple[Flow, ...] = ()
    border: tuple[str, ...] = ()


@dataclass(frozen=True)
class Process:
    """A definition, ready to run. Shared by all cases: nothing in it changes, but `_reach` remembers what was worked out."""

    key: str
    first: str
    steps: dict[str, Step]
    facts: frozenset[str]
    lists: frozenset[str]
    tables: dict[str, Table]
    _reach: dict[str, dict[str, frozenset[str]]] = field(default_factory=dict, compare=False, repr=False)

    def reach(self, gateway: str) -> dict[str, frozenset[str]]:
        """Return, for each step of a gateway's scope, by which of its incoming flows the gateway can be reached from there.

        Ways that lead through the gateway itself do not count, nor those over an event on a border on the way.
        """
        if gateway not in self._reach:
            self._reach[gateway] = self._reaching(self.steps[gateway])
        return self._reach[gateway]

    def _reaching(self, gateway: Step) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for flow in gateway.into:
            todo = [flow.source]
            while todo:
                key = todo.pop()
                if key != gateway.key and flow.key not in found.setdefault(key, set()):
                    found[key].add(flow.key)
                    todo += [before.source for before in self.steps[key].into]
        return {key: frozenset(flows) for key, flows in found.items()}

    def within(self, test: Callable[[Step], bool]) -> list[str]:
        """Return the keys of the steps of which something is true."""
        return [step.key for step in self.steps.values() if test(step)]
