"""What a definition may contain: everything else is refused, with file, line, rule and remedy."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema_rs
from lxml import etree

from huduma.contexts.process import rules
from huduma.contexts.process.providers import plugs
from huduma.contexts.process.providers.reading import CLOCKS, EVENTS, KINDS, OPINION, Reader
from huduma.contexts.process.providers.steps import ACTIVITIES, HUMAN, Process, Step
from huduma.contexts.process.providers.steps import EVENTS as WAITING
from huduma.contexts.process.providers.xml import BPMN, Fault, huduma, line, local

FILE = "process.bpmn"
SILENT = {
    "definitions", "process", "message", "signal", "error", "documentation", "extensionElements", "textAnnotation", "text",
    "association", "collaboration", "participant", "messageFlow", "laneSet", "lane", "childLaneSet", "flowNodeRef",
    "sequenceFlow", "conditionExpression", "incoming", "outgoing", "multiInstanceLoopCharacteristics", "loopCardinality",
    "completionCondition",
}  # fmt: skip
SUPPORTED = {*KINDS, *EVENTS, *CLOCKS, *SILENT}
#: Element → the events that it may define.
TRIGGERS = {
    "startEvent": set(), "endEvent": {"terminate", "error", "signal"}, "intermediateThrowEvent": {"signal"},
    "intermediateCatchEvent": {"message", "timer", "signal"}, "boundaryEvent": {"message", "timer", "signal", "error"},
}  # fmt: skip
#: Attributes that change what an element does, and the only value that is supported.
PLAIN = {
    "triggeredByEvent": "false", "isForCompensation": "false", "instantiate": "false", "eventGatewayType": "Exclusive",
    "startQuantity": "1", "completionQuantity": "1", "behavior": "All", "parallelMultiple": "false",
}  # fmt: skip
STATUS_LENGTH, KEY_LENGTH = 30, 120
#: Facts that every case has: the latest outcome, and the team that works on it from here.
GIVEN = frozenset({"outcome", "team"})
OPINION_SCHEMA = {
    "properties": {"body": {}, "share": {}}, "required": ["body", "share"], "additionalProperties": False,
}  # fmt: skip
SEE = "see docs/bpmn.md"


def element_faults(root: etree._Element) -> list[Fault]:
    """Return the elements, events and attributes of a document that the engine does not run."""
    found = []
    for element in root.iter(f"{{{BPMN}}}*"):
        name = local(element)
        if name not in SUPPORTED:
            found.append(_fault(element, f"<{name}> is not supported", SEE))
        for attribute, value in PLAIN.items():
            if element.get(attribute, value) != value:
                rule = f'{attribute}="{element.get(attribute)}" is not supported on <{name}>'
                found.append(_fault(element, rule, f"remove it; {SEE}"))
        if name in TRIGGERS:
            found += _trigger_faults(element, name)
    return found


def _trigger_faults(element: etree._Element, name: str) -> Iterator[Fault]:
    events = [e for e in element if local(e).endswith("EventDefinition") or local(e) == "eventDefinitionRef"]
    for event in events:
        if local(event) in EVENTS and EVENTS[local(event)] not in TRIGGERS[name]:
            yield _fault(event, f"<{local(event)}> is not supported in <{name}>", SEE)
    if len(events) > 1 or (not events and name in ("intermediateCatchEvent", "boundaryEvent")):
        yield _fault(element, f"<{name}> {element.get('id')!r} has not one trigger", "give it one event definition")


def main_process(root: etree._Element) -> etree._Element | Fault:
    """Return the process that starts: the executable one, where there are several. The others can be called."""
    processes = root.findall(f"{{{BPMN}}}process")
    executable = [p for p in processes if p.get("isExecutable") == "true"] if len(processes) > 1 else processes
    if len(executable) != 1 or len(executable[0].findall(f"{{{BPMN}}}startEvent")) != 1:
        return _fault(root, "there is not one process with one start event", "keep one executable process")
    return executable[0]


def faults(process: Process, reader: Reader, main: etree._Element) -> Iterator[Fault]:
    """Return what is wrong with the steps, flows and expressions of a process."""
    known = GIVEN | process.facts | {name for table in process.tables.values() for name in table.outputs}
    local_facts = {step.loop.item for step in process.steps.values() if step.loop and step.loop.collection}
    if any(step.loop for step in process.steps.values()):
        known |= local_facts | {"index", "total"}
    if loose := list(_loose_ends(process, reader)):
        yield from loose
        return
    for step in process.steps.values():
        element = reader.elements[step.key]
        yield from _flow_faults(element, step, reader)
        yield from _kind_faults(element, step, process)
        yield from _loop_faults(element, step, process, known)
        yield from _clock_faults(element, step, process)
        yield from _service_faults(element, step)
        for how, text in [*step.config.values(), step.body]:
            if how == "fact":
                yield from _expression_faults(element, text, known)
        for flow in step.out:
            if flow.condition:
                yield from _expression_faults(reader.flow_elements[flow.key], flow.condition, known)
    for table in process.tables.values():
        for expression in table.inputs:
            yield from _expression_faults(main, expression, known)
    yield from _error_faults(process, reader)
    yield from _reach_faults(process, reader)
    for element, name in reader.apart_from_nothing:
        yield _fault(
            element, f"{name!r} in huduma:separate_from is no step or lane here", "name one of the same process"
        )


def _loose_ends(process: Process, reader: Reader) -> Iterator[Fault]:
    """Flows that do not join two steps of the same process or sub-process."""
    scopes = {key: step.scope for key, step in process.steps.items()}
    joined = {flow.key for step in process.steps.values() for flow in step.out if scopes.get(flow.target) == step.scope}
    for key, element in reader.flow_elements.items():
        if key not in joined:
            yield _fault(element, f"the flow {key!r} does not join two steps", "let it join two steps of one process")


def _flow_faults(element: etree._Element, step: Step, reader: Reader) -> Iterator[Fault]:
    if len(step.key) > KEY_LENGTH:
        yield _fault(element, f"the id {step.key!r} is longer than {KEY_LENGTH} characters", "shorten it")
    if not step.into and step.kind != "start" and not step.host:
        yield _fault(element, f"{step.key!r} is never reached", "connect it, or remove it")
    if step.into and (step.kind == "start" or step.host):
        yield _fault(element, f"a flow leads into {step.key!r}", "let it lead to the step behind it")
    if not step.out and step.kind != "end":
        yield _fault(element, f"{step.key!r} leads nowhere", "connect it to an end event")
    if step.out and step.kind == "end":
        yield _fault(element, f"the end {step.key!r} goes on", "remove the flow")
    if len(step.out) > 1 and step.kind not in ("choice", "parallel", "inclusive", "events"):
        yield _fault(element, f"{step.key!r} splits the flow without a gateway", "draw a gateway")
    conditional = [flow for flow in step.out if flow.condition]
    if step.kind in ("choice", "inclusive") and len(step.out) > 1:
        if step.default not in {flow.key for flow in step.out}:
            yield _fault(element, f"the gateway {step.key!r} has no default flow", "say what happens otherwise")
        for flow in step.out:
            if not flow.condition and flow.key != step.default:
                at = reader.flow_elements[flow.key]
                yield _fault(at, f"the flow {flow.key!r} has no condition", "add one, or make it the default")
    elif conditional:
        at = reader.flow_elements[conditional[0].key]
        yield _fault(at, "a condition stands outside an exclusive or inclusive gateway", "move it to one")


def _kind_faults(element: etree._Element, step: Step, process: Process) -> Iterator[Fault]:
    if huduma(element, "separate_from") and not step.apart:
        rule = f"no two persons do {step.key!r} and what huduma:separate_from names"
        yield _fault(element, rule, "name user or manual tasks, or lanes with such tasks")
    if step.kind in HUMAN:
        if not step.outcomes or not step.name["en"]:
            yield _fault(element, f"the task {step.key!r} has no name or no huduma:outcome", "add them")
        if step.role not in ("officer", "supervisor"):
            yield _fault(element, f"the role {step.role!r} is unknown", "use officer or supervisor")
        if step.body[1] and not step.share:
            rule = f"{step.key!r} is for another body, but nothing is shared with it"
            yield _fault(element, rule, "name the questions in huduma:share")
    if step.kind == "decision" and step.decision not in process.tables:
        yield _fault(element, f"rules.dmn has no decision {step.decision!r}", "correct huduma:decision")
    if step.kind in ("message", "signal", "throw") and not step.awaits:
        yield _fault(element, f"{step.key!r} waits for no named message or signal", "add one with a name")
    if step.kind == "sub":
        yield from _sub_faults(element, step, process)
    if step.kind == "events":
        for flow in step.out:
            if process.steps[flow.target].kind not in WAITING or len(process.steps[flow.target].into) > 1:
                yield _fault(
                    element, f"{flow.target!r} behind {step.key!r} is no event of its own", "draw a catching event"
                )
    if step.host and step.host in process.steps:
        host = process.steps[step.host]
        if host.kind not in ACTIVITIES or host.host or local(element) != "boundaryEvent":
            yield _fault(element, f"{step.key!r} sits on {step.host!r}, which is no task", "move it to a task")
    elif step.host:
        yield _fault(element, f"{step.key!r} sits on nothing", "attach it to a task")
    if step.kind == "error" and not step.interrupting:
        yield _fault(element, f"the error event {step.key!r} has to interrupt", "make it interrupting")
    if step.status and step.kind in ("parallel", "inclusive", "events"):
        yield _fault(element, "a status stands on a gateway that several branches meet at", "put it on a step")
    if len(step.status) > STATUS_LENGTH:
        yield _fault(element, f"the status is longer than {STATUS_LENGTH} characters", "shorten it")


def _sub_faults(element: etree._Element, step: Step, process: Process) -> Iterator[Fault]:
    if local(element) == "callActivity" and not step.first:
        name = element.get("calledElement", "")
        rule = f"{step.key!r} calls {name!r}, which is not there, or calls itself"
        yield _fault(element, rule, "call a process of this file or of the library")
    elif sum(1 for s in process.steps.values() if s.scope == step.key and s.kind == "start") != 1:
        yield _fault(element, f"the sub-process {step.key!r} has not one start event", "keep one")


def _loop_faults(element: etree._Element, step: Step, process: Process, known: frozenset[str]) -> Iterator[Fault]:
    loop = step.loop
    if loop is None:
        return
    if bool(loop.count) == bool(loop.collection):
        rule = f"{step.key!r} does not say how often it is done"
        yield _fault(element, rule, "give a loopCardinality or a huduma:collection, not both")
    if loop.collection and loop.collection not in process.lists:
        rule = f"{loop.collection!r} is no list of the case"
        yield _fault(element, rule, f'declare <huduma:fact name="{loop.collection}" list="true"/>')
    if not loop.item.isidentifier():
        yield _fault(element, f"{loop.item!r} is no name of a fact", "use letters, digits and _")
    if loop.count:
        yield from _expression_faults(element, loop.count, known)
    if loop.until:
        yield from _expression_faults(element, loop.until, known | {"done"})


def _clock_faults(element: etree._Element, step: Step, process: Process) -> Iterator[Fault]:
    if step.kind != "timer":
        return
    clock = step.clock
    if clock is None:
        yield _fault(element, f"{step.key!r} has no duration, date or cycle", "add a timeDuration such as P30D")
        return
    if clock.kind == "cycle" and (not step.host or step.interrupting):
        rule = f"the cycle of {step.key!r} would end with its first turn"
        yield _fault(element, rule, "use a cycle on the border of a task, not interrupting; or a duration")
    if clock.kind != "cycle" and clock.text.isidentifier() and clock.text in process.facts:
        return
    try:
        {"date": rules.moment, "duration": rules.duration, "cycle": rules.cycle}[clock.kind](clock.text)
    except rules.Forbidden as error:
        yield _fault(
            element, f"{step.key!r} has no duration, date or cycle: {error}", "write P30D, R3/P1D or 2026-12-31"
        )


def _service_faults(element: etree._Element, step: Step) -> Iterator[Fault]:
    if step.action == OPINION and step.kind == "user":
        schema: dict[str, Any] = OPINION_SCHEMA
    elif step.kind == "service":
        service = dict(plugs.actions.items()).get(step.action)
        if service is None:
            yield _fault(element, f"the action {step.action!r} is unknown", f"use {_known_actions()}")
            return
        schema = service.schema
    else:
        return
    values = {name: text for name, (how, text) in step.config.items() if how == "value"}
    for error in config_errors(schema, values, set(step.config)):
        yield _fault(element, f"{step.action} of {step.key!r}: {error}", "see its entry in docs/bpmn.md")


def config_errors(schema: dict[str, Any], values: dict[str, Any], given: set[str]) -> Iterator[str]:
    """Return what is wrong with a service task's configuration; what is worked out from facts counts as given."""
    for name in sorted(set(schema.get("required", ())) - given):
        yield f"{name!r} is missing"
    allowed = {**schema, "required": [], "additionalProperties": schema.get("additionalProperties", True)}
    instance = {**values, **dict.fromkeys(given - set(values))}
    for error in validator(json.dumps(allowed, sort_keys=True)).iter_errors(instance):
        if not error.instance_path or error.instance_path[0] in values:
            yield error.message


@cache
def validator(schema: str) -> Any:
    """Return a validator; schemas are few."""
    return jsonschema_rs.validator_for(json.loads(schema))


def _error_faults(process: Process, reader: Reader) -> Iterator[Fault]:
    """Every error that is thrown must be caught around it."""
    for step in process.steps.values():
        if step.ends != "error":
            continue
        around, caught = step.scope, False
        while around:
            host = process.steps[around]
            caught |= any(
                process.steps[key].kind == "error" and process.steps[key].error in ("", step.error)
                for key in host.border
            )
            around = host.scope
        if not caught:
            rule = f"nothing catches the error {step.error!r} of {step.key!r}"
            yield _fault(reader.elements[step.key], rule, "catch it on the border of the sub-process around")


def _reach_faults(process: Process, reader: Reader) -> Iterator[Fault]:
    """Every step can be reached from a start, and from every step an end."""
    ahead: dict[str, list[str]] = {key: [flow.target for flow in step.out] for key, step in process.steps.items()}
    for key, step in process.steps.items():
        if step.host in ahead:
            ahead[step.host].append(key)
        if step.kind == "start" and step.scope in ahead:
            ahead[step.scope].append(key)
    behind: dict[str, list[str]] = {key: [] for key in ahead}
    for key, following in ahead.items():
        for other in following:
            behind[other].append(key)
    from_start = _closure(
        {key for key, step in process.steps.items() if step.kind == "start" and not step.scope}, ahead
    )
    to_end = _closure({key for key, step in process.steps.items() if step.kind == "end"}, behind)
    for key, step in process.steps.items():
        if key not in from_start and step.into:
            rule = f"{key!r} can be reached only from steps that are never reached themselves"
            yield _fault(reader.elements[key], rule, "connect it with the start, or remove it")
        if key not in to_end and step.out:
            rule = f"from {key!r} no way leads to an end"
            yield _fault(reader.elements[key], rule, "let a flow lead to an end event")


def _closure(found: set[str], ways: dict[str, list[str]]) -> set[str]:
    fresh = list(found)
    while fresh:
        added = set(ways[fresh.pop()]) - found
        found |= added
        fresh += added
    return found


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
    known = [*sorted(name for name, _ in plugs.actions.items()), OPINION]
    return ", ".join(known) if len(known) > 1 else "none (no application is installed)"


def _fault(element: etree._Element, rule: str, remedy: str) -> Fault:
    docinfo = element.getroottree().docinfo
    return Fault(docinfo.URL or FILE, line(element), rule, remedy)
