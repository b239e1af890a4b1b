"""Reading a BPMN file into a definition that runs, and refusing what has not been tested here.

SpiffWorkflow runs the flow; everything that is ours (names, statuses, outcomes, actions, decisions) is read here from
extension attributes, so the engine's own parsers and script engines never see it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser, full_tag
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.defaults import NoneTask
from SpiffWorkflow.bpmn.specs.event_definitions.base import EventDefinition
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent

from huduma.contexts.process import rules
from huduma.contexts.process.providers import decisions, plugs
from huduma.contexts.process.providers.decisions import Table
from huduma.contexts.process.providers.xml import BPMN, HUDUMA, Fault, Unreadable, huduma, line, local, read

FILE = "process.bpmn"
#: Element → what a step of it waits for or does.
KINDS = {
    "startEvent": "start", "endEvent": "end", "userTask": "user", "manualTask": "manual", "serviceTask": "service",
    "businessRuleTask": "decision", "exclusiveGateway": "choice", "parallelGateway": "parallel",
    "intermediateCatchEvent": "catch", "boundaryEvent": "timer",
}  # fmt: skip
FLOW = {"sequenceFlow", "conditionExpression", "incoming", "outgoing", "timeDuration"}
DEFINITIONS = {"messageEventDefinition", "timerEventDefinition", "terminateEventDefinition"}
SILENT = {
    "definitions", "process", "message", "documentation", "extensionElements", "textAnnotation", "text", "association",
}  # fmt: skip
SUPPORTED = {*KINDS, *FLOW, *DEFINITIONS, *SILENT}
STATUS_LENGTH = 30


@dataclass(frozen=True)
class Outcome:
    """One way in which an officer can finish a task. `needs`: of `reason`, `fields` (which questions to answer again)."""

    key: str
    name: dict[str, str]
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Step:
    """A place in the flow, as BPMN and our extensions describe it."""

    key: str
    kind: str
    name: dict[str, str]
    status: str = ""
    role: str = ""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    action: str = ""
    config: dict[str, tuple[str, str]] = field(default_factory=dict)  # name → ("value" | "fact", text)
    decision: str = ""
    message: str = ""
    after: timedelta = timedelta()


@dataclass(frozen=True)
class Process:
    """A definition, ready to run. Shared by all cases: nothing in it changes."""

    spec: BpmnProcessSpec
    steps: dict[str, Step]
    facts: frozenset[str]
    tables: dict[str, Table]


class Awaited(EventDefinition):
    """Stands for every message and timer: the case waits until this place is told that it happened."""


class _Parser(BpmnParser):
    # Actions and decisions run in our engine, when the flow reaches them; to SpiffWorkflow they are plain tasks.
    OVERRIDE_PARSER_CLASSES = {
        full_tag("serviceTask"): (TaskParser, NoneTask),
        full_tag("businessRuleTask"): (TaskParser, NoneTask),
    }


_cache: dict[str, Process] = {}


def cached(digest: str) -> Process | None:
    """Return the definition of a digest, where this process has read it before."""
    return _cache.get(digest)


def remember(digest: str, process: Process) -> Process:
    """Keep a definition in this process; there are as many as services have versions."""
    return _cache.setdefault(digest, process)


def check(bpmn: str, dmn: str = "") -> list[Fault]:
    """Return every fault of a definition, in the order of its lines; an empty list means that it can run."""
    try:
        build(bpmn, dmn)
    except Unreadable as unreadable:
        return [unreadable.fault]
    except Faulty as faulty:
        return faulty.faults
    return []


class Faulty(ValueError):
    """The definition has faults."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = sorted(set(faults))


def build(bpmn: str, dmn: str = "") -> Process:
    """Return a definition that runs. Raises Unreadable or Faulty."""
    root = read(bpmn, FILE)
    if faults := [_fault(e, f"<{local(e)}> is not supported", "see docs/bpmn.md") for e in _unsupported(root)]:
        raise Faulty(faults)
    processes = root.findall(f"{{{BPMN}}}process")
    if len(processes) != 1 or len(processes[0].findall(f"{{{BPMN}}}startEvent")) != 1:
        raise Faulty([_fault(root, "there is not one process with one start event", "keep one")])
    tables = decisions.read_tables(dmn) if dmn else {}
    messages = {m.get("id"): m.get("name", "") for m in root.findall(f"{{{BPMN}}}message")}
    facts = frozenset(e.get("name", "") for e in processes[0].iter(f"{{{HUDUMA}}}fact"))
    steps = {e.get("id", ""): _step(e, messages) for e in processes[0] if local(e) in KINDS}
    if faults := list(_faults(processes[0], steps, facts, tables)):
        raise Faulty(faults)
    return Process(_specification(root, processes[0], steps), steps, facts, tables)


def _unsupported(root: etree._Element) -> Iterator[etree._Element]:
    for element in root.iter(f"{{{BPMN}}}*"):
        if local(element) not in SUPPORTED:
            yield element


def _specification(root: etree._Element, process: etree._Element, steps: dict[str, Step]) -> BpmnProcessSpec:
    parser = _Parser()
    try:
        parser.add_bpmn_xml(root)
        spec = parser.get_process_parser(process.get("id")).get_spec()
    except Exception as error:
        raise Faulty([_fault(process, f"the engine refuses it: {error}", "see docs/bpmn.md")]) from error
    for task_spec in spec.task_specs.values():
        if isinstance(task_spec, CatchingEvent) and steps[task_spec.name].kind != "start":
            task_spec.event_definition = Awaited(name=task_spec.name)
    return spec


def _step(element: etree._Element, messages: dict[str | None, str]) -> Step:
    kind = KINDS[local(element)]
    message = element.find(f"{{{BPMN}}}messageEventDefinition")
    duration = element.find(f".//{{{BPMN}}}timeDuration")
    if kind == "catch":
        kind = "message" if message is not None else "timer"
    config = {
        w.get("name", ""): ("fact", w.get("fact", "")) if w.get("fact") else ("value", w.get("value", ""))
        for w in element.iter(f"{{{HUDUMA}}}with")
    }
    return Step(
        key=element.get("id", ""),
        kind=kind,
        name=_name(element, huduma(element, "name_sw")),
        status=huduma(element, "status"),
        role=huduma(element, "role") or "officer",
        outcomes={o.key: o for o in map(_outcome, element.iter(f"{{{HUDUMA}}}outcome"))},
        action=huduma(element, "action"),
        config=config,
        decision=huduma(element, "decision"),
        message=messages.get(message.get("messageRef"), "") if message is not None else "",
        after=_after(duration.text or "") if duration is not None else timedelta(),
    )


def _after(text: str) -> timedelta:
    try:
        return rules.duration(text)
    except rules.Forbidden:
        return timedelta()  # _faults names the line


def _name(element: etree._Element, kiswahili: str | None) -> dict[str, str]:
    english = element.get("name", "")
    return {"en": english, "sw": kiswahili or english}


def _outcome(element: etree._Element) -> Outcome:
    needs = frozenset(element.get("needs", "").split())
    return Outcome(element.get("id", ""), _name(element, element.get("name_sw")), needs)


def _faults(
    process: etree._Element, steps: dict[str, Step], facts: frozenset[str], tables: dict[str, Table]
) -> Iterator[Fault]:
    known = facts | {"outcome"} | {name for table in tables.values() for name in table.outputs}
    flows = process.findall(f"{{{BPMN}}}sequenceFlow")
    for element in process:
        step = steps.get(element.get("id", ""))
        if step is not None:
            out = [flow for flow in flows if flow.get("sourceRef") == step.key]
            into = [flow for flow in flows if flow.get("targetRef") == step.key]
            yield from _flow_faults(element, step, into, out)
            yield from _step_faults(element, step, tables, known)
    for flow in flows:
        condition = flow.find(f"{{{BPMN}}}conditionExpression")
        if condition is not None:
            yield from _expression_faults(flow, condition.text or "", known)
    for table in tables.values():
        for expression in table.inputs:
            yield from _expression_faults(process, expression, known)


def _flow_faults(element: etree._Element, step: Step, into: list[Any], out: list[Any]) -> Iterator[Fault]:
    boundary = local(element) == "boundaryEvent"
    if not into and step.kind != "start" and not boundary:
        yield _fault(element, f"{step.key!r} is never reached", "connect it, or remove it")
    if not out and step.kind != "end":
        yield _fault(element, f"{step.key!r} leads nowhere", "connect it to an end event")
    if len(out) > 1 and step.kind not in ("choice", "parallel"):
        yield _fault(element, f"{step.key!r} splits the flow without a gateway", "draw a gateway")
    if step.kind == "parallel" and len(out) > 1 and len(into) > 1:
        yield _fault(element, f"{step.key!r} joins and splits at once", "draw two gateways")
    conditional = [flow for flow in out if flow.find(f"{{{BPMN}}}conditionExpression") is not None]
    if step.kind == "choice" and len(out) > 1:
        default = element.get("default")
        if default is None:
            yield _fault(element, f"the gateway {step.key!r} has no default flow", "say what happens otherwise")
        for flow in out:
            if flow not in conditional and flow.get("id") != default:
                yield _fault(flow, f"the flow {flow.get('id')!r} has no condition", "add one, or make it the default")
    elif conditional:
        yield _fault(conditional[0], "a condition stands outside an exclusive gateway", "move it to one")


def _step_faults(
    element: etree._Element, step: Step, tables: dict[str, Table], known: frozenset[str]
) -> Iterator[Fault]:
    if step.kind in ("user", "manual"):
        if not step.outcomes or not step.name["en"]:
            yield _fault(element, f"the task {step.key!r} has no name or no huduma:outcome", "add them")
        if step.role not in ("officer", "supervisor"):
            yield _fault(element, f"the role {step.role!r} is unknown", "use officer or supervisor")
    if step.kind == "service" and step.action not in dict(plugs.actions.items()):
        yield _fault(element, f"the action {step.action!r} is unknown", f"use {_known_actions()}")
    if step.kind == "decision" and step.decision not in tables:
        yield _fault(element, f"rules.dmn has no decision {step.decision!r}", "correct huduma:decision")
    if step.kind == "message" and not step.message:
        yield _fault(element, f"{step.key!r} waits for no named message", "add a message with a name")
    if step.kind == "timer" and not step.after:
        yield _fault(element, f"{step.key!r} has no duration", "add a timeDuration such as P30D")
    if element.get("cancelActivity") == "false":
        yield _fault(element, "a boundary timer that does not interrupt is not supported", "make it interrupt")
    if len(step.status) > STATUS_LENGTH:
        yield _fault(element, "the status is longer than 30 characters", "shorten it")
    for how, text in step.config.values():
        if how == "fact":
            yield from _expression_faults(element, text, known)


def _expression_faults(element: etree._Element, expression: str, known: frozenset[str]) -> Iterator[Fault]:
    try:
        unknown = rules.names_in(expression) - known
    except rules.Forbidden as error:
        yield _fault(element, str(error), "see the language in docs/bpmn.md")
        return
    if unknown:
        named = ", ".join(sorted(unknown))
        yield _fault(element, f"{expression!r} uses {named}, which is no fact", "declare it as a huduma:fact")


def _known_actions() -> str:
    return ", ".join(sorted(name for name, _ in plugs.actions.items())) or "none (no application is installed)"


def _fault(element: etree._Element, rule: str, remedy: str) -> Fault:
    return Fault(FILE, line(element), rule, remedy)
