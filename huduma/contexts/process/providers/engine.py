"""Running one case: the only module that moves SpiffWorkflow.

A case's state is a short list, not the engine's own dump (12 KB): the places where the case stands and what lies between
them, each with its facts where they differ from those of the place before. What can be foreseen is foreseen again on
loading, and history that no open branch hangs on is dropped, so the state does not grow with the age of a case. Facts are
plain scalars and never pass the engine's type registry: a key such as `typename` means nothing here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.specs.Join import Join
from SpiffWorkflow.task import Task as Place
from SpiffWorkflow.util.task import TaskState

from huduma.contexts.process import rules
from huduma.contexts.process.providers.definitions import Process, Step

FORMAT = 1
STEPS_AT_ONCE = 200
OPEN = TaskState.READY | TaskState.WAITING | TaskState.STARTED
WAITS = ("user", "manual", "message", "timer")


class EndlessProcess(RuntimeError):
    """The process went round without ever waiting; it would not have stopped."""


class _Expressions(PythonScriptEngine):
    """The engine's hook for conditions, without Python behind it."""

    def validate(self, expression: str) -> None:
        rules.names_in(expression)

    def evaluate(self, task: Place, expression: str, external_context: dict[str, Any] | None = None) -> Any:
        return rules.evaluate(expression, task.data)

    def execute(self, task: Place, script: str, external_context: dict[str, Any] | None = None) -> Any:
        raise rules.Forbidden("scripts do not run here")

    def call_service(self, task: Place, **kwargs: Any) -> Any:
        raise rules.Forbidden("services are called as actions only")


@dataclass(frozen=True)
class Wait:
    """A place where the case waits; `token` is its number in the state."""

    token: int
    step: Step


class Run:
    """A case in motion: open it, tell it what happened, read where it waits, take its state."""

    def __init__(self, process: Process, workflow: BpmnWorkflow, last_token: int = 0) -> None:
        self.process = process
        self._workflow = workflow
        self._last_token = last_token
        self._told = {wait.token for wait in self.waits()}

    @classmethod
    def begin(cls, process: Process, facts: dict[str, Any]) -> "Run":
        """Open a new case at its start event."""
        run = cls(process, BpmnWorkflow(process.spec, script_engine=_Expressions()))
        run._workflow.task_tree.data.update(facts)
        return run

    @classmethod
    def load(cls, process: Process, state: dict[str, Any]) -> "Run":
        """Open a case from its state."""
        workflow = BpmnWorkflow(process.spec, script_engine=_Expressions(), deserializing=True)
        for order, (token, key, place_state, parent, data) in enumerate(state["places"]):
            before = workflow.tasks.get(UUID(int=parent)) if parent else None
            place = Place(workflow, process.spec.task_specs[key], before, place_state, UUID(int=token))
            place.data = dict(before.data) if data is None and before else dict(data or {})
            place.last_state_change = order  # only the order matters, to joins
            if before is None:
                workflow.task_tree = place
        for place in list(workflow.tasks.values()):
            if place.has_state(OPEN):
                place._sync_children(place.task_spec.outputs, TaskState.MAYBE)  # the engine foresees the rest
        return cls(process, workflow, state["last"])

    def dump(self) -> dict[str, Any]:
        """Return the case's state, ready for JSON."""
        places = []
        top = self._top()
        kept = self._kept(top)
        for place in kept:
            parent = self._workflow.task_tree if place is top and place.parent else place.parent
            if parent is None and place is not top:
                data: (
                    dict[str, Any] | None
                ) = {}  # a place takes its parent's facts over again; old ones must not return
            else:
                data = None if parent and parent is not kept[0] and parent.data == place.data else place.data
            places.append([self._token(place), place.task_spec.name, place.state, self._token(parent), data])
        return {"format": FORMAT, "last": self._last_token, "places": places}

    def advance(self, enter: Callable[[Step, dict[str, Any]], dict[str, Any] | None]) -> bool:
        """Go on until the case waits everywhere or ends; returns whether it has ended.

        `enter` is called for each step that is entered, with its facts, and may return new facts (an action's, a decision's).
        Steps that wait are announced when the case comes to rest. Raises EndlessProcess.
        """
        for _ in range(STEPS_AT_ONCE):
            place = next((p for p in self._workflow.get_tasks(state=TaskState.READY) if not self._is_human(p)), None)
            if place is None:
                break
            step = self.process.steps.get(place.task_spec.name)
            if step is not None and step.kind not in WAITS:
                place.data.update(enter(step, place.data) or {})
            place.run()
        else:
            raise EndlessProcess(self.process.spec.name)
        for wait in self.waits():
            if wait.token not in self._told:
                self._told.add(wait.token)
                enter(wait.step, self._place(wait.token).data)
        return bool(self._workflow.completed)

    def waits(self) -> list[Wait]:
        """Return the places where the case waits for somebody or something."""
        return [
            Wait(self._token(place), step)
            for place in self._workflow.get_tasks(state=OPEN)
            if (step := self.process.steps.get(place.task_spec.name)) and step.kind in WAITS
        ]

    def finish(self, token: int, facts: dict[str, Any]) -> None:
        """An officer finished the task at a place."""
        place = self._place(token)
        place.data.update(facts)
        place.run()

    def happen(self, token: int, facts: dict[str, Any]) -> None:
        """What a place waited for (a message, a moment) happened."""
        place = self._place(token)
        place._set_internal_data(event_fired=True)
        place.task_spec._update(place)
        place.data.update(facts)

    def facts_at(self, token: int) -> dict[str, Any]:
        """Return the facts at a place."""
        return dict(self._place(token).data)

    def _is_human(self, place: Place) -> bool:
        step = self.process.steps.get(place.task_spec.name)
        return step is not None and step.kind in ("user", "manual")

    def _token(self, place: Place | None) -> int:
        """Return a place's number: the engine's random ids are replaced by small ones that last."""
        if place is None:
            return 0
        if place.id.int > 2**32:
            self._last_token += 1
            self._renumber(place, UUID(int=self._last_token))
        return int(place.id.int)

    def _renumber(self, place: Place, number: UUID) -> None:
        tasks = self._workflow.tasks
        if place.parent is not None:
            siblings = place.parent._children
            siblings[siblings.index(place.id)] = number
        for child in place.children:
            child._parent = number
        self._workflow.event_manager.tasks.pop(place.id, None)
        tasks[number] = tasks.pop(place.id)
        place.id = number

    def _place(self, token: int) -> Place:
        return self._workflow.tasks[UUID(int=token)]

    def _kept(self, top: Place) -> list[Place]:
        kept = [p for p in _below(top) if not p.has_state(TaskState.PREDICTED_MASK | TaskState.FUTURE)]
        return kept if top is self._workflow.task_tree else [self._workflow.task_tree, *kept]

    def _top(self) -> Place:
        """Return the lowest place that all open branches hang on; nothing above it can matter any more."""
        branches = [[*_above(place)][::-1] for place in self._workflow.get_tasks(state=OPEN)]
        if not branches:
            return self._workflow.task_tree
        common = [same[0] for same in zip(*branches, strict=False) if len({p.id for p in same}) == 1]
        top = common[-1]
        hangs = isinstance(top.task_spec, Join) or (top.parent and isinstance(top.parent.task_spec, BoundaryEventSplit))
        return top.parent if hangs and top.parent else top


def _above(place: Place) -> Iterator[Place]:
    current: Place | None = place
    while current is not None:
        yield current
        current = current.parent


def _below(place: Place) -> Iterator[Place]:
    yield place
    for child in place.children:
        yield from _below(child)
