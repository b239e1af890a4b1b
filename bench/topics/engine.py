"""The process engine alone, without a database: what a step costs and what a case weighs, beside SpiffWorkflow's own serializer.

A review that is sent back and corrected, again and again. A step is: read the state, finish the task or take the message, go on until
the case rests, write the state.
"""

import json
import re
import sys
import time
from pathlib import Path

from django.conf import settings
from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.serializer.workflow import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from huduma.contexts.process.providers import definitions
from huduma.contexts.process.providers.engine import Run
from huduma.contexts.process.providers.steps import Process, Step

ROUNDS = 100


class _Nothing:
    """A world in which service tasks do nothing."""

    def enter(self, step: Step, facts: dict[str, object]) -> None:
        """Hear of a step."""

    def act(self, step: Step, facts: dict[str, object], token: int) -> None:
        """Do nothing."""

    def failed(self, step: Step, token: int, error: Exception) -> None:
        """Fail."""
        raise error


def measure(url: str) -> None:
    """Measure a case's first rounds and those after a hundred others."""
    text = (Path(settings.SERVICES_DIR) / "birth-cert-current" / "process.bpmn").read_text()
    for name, begin, step in (("engine", _begin, _step), ("SpiffWorkflow", _spiff_begin, _spiff_step)):
        known, state = begin(text)
        young = _round(known, state, step, 10)
        for _ in range(ROUNDS - 10):
            state = step(known, step(known, state, "review", "send_back"), "wait-correction", None)
        old = _round(known, state, step, 10)
        print(
            f"{name:<14} step {young[1]:6.2f} ms, after {ROUNDS} rounds {old[1]:6.2f} ms"
            f"   state {young[0]:6} bytes, after {ROUNDS} rounds {old[0]:6} bytes"
        )
    process = definitions.build(text)
    print(f"a case in memory while it moves: {_weight(process)} bytes, its definition is shared")


def _round(known, state, step, rounds):
    began = time.perf_counter()
    for _ in range(rounds):
        state = step(known, step(known, state, "review", "send_back"), "wait-correction", None)
    return len(state), 1000 * (time.perf_counter() - began) / (2 * rounds)


def _begin(text):
    process = definitions.build(text)
    run = Run.begin(process, {})
    run.advance(_Nothing())
    return process, _step(process, json.dumps(run.dump()), "wait-payment", None)


def _step(process: Process, state: str, key: str, outcome: str | None) -> str:
    run = Run.load(process, json.loads(state))
    token = next(wait.token for wait in run.waits() if wait.step.key == key)
    if outcome:
        run.finish(token, outcome)
    else:
        run.happen(token)
    run.advance(_Nothing())
    return json.dumps(run.dump())


def _spiff_begin(text):
    # Our service tasks mean nothing to SpiffWorkflow: let it pass them.
    parser = BpmnParser()
    parser.add_bpmn_xml(etree.fromstring(re.sub(r"bpmn:serviceTask", "bpmn:task", text).encode()))
    serializer = BpmnWorkflowSerializer()
    workflow = BpmnWorkflow(parser.get_spec("birth-cert-current"))
    _spiff_go_on(workflow)
    return serializer, _spiff_step(serializer, serializer.serialize_json(workflow), "wait-payment", None)


def _spiff_step(serializer, state, key, outcome):
    workflow = serializer.deserialize_json(state)
    task = next(t for t in workflow.get_tasks(state=TaskState.READY | TaskState.WAITING) if t.task_spec.name == key)
    if outcome:
        task.data["outcome"] = outcome
        task.run()
    else:
        task._set_internal_data(event_fired=True)
        task.task_spec._update(task)
    _spiff_go_on(workflow)
    return serializer.serialize_json(workflow)


def _spiff_go_on(workflow):
    while task := next((t for t in workflow.get_tasks(state=TaskState.READY) if t.task_spec.name != "review"), None):
        task.run()


def _weight(process: Process) -> int:
    run = Run.begin(process, {})
    run.advance(_Nothing())
    parts = [run, run.facts, run._tokens, run._ready, run._silent, run.rested, *run._tokens.values()]
    return sum(map(sys.getsizeof, parts))
