"""Reading a BPMN document into steps. What may not stand in it is refused in `checking`; nothing is judged here."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lxml import etree

from huduma.contexts.process.providers import plugs
from huduma.contexts.process.providers.steps import HUMAN, Clock, Flow, Loop, Outcome, Step
from huduma.contexts.process.providers.xml import BPMN, HUDUMA, huduma, local

#: Element → kind of step; events are told apart by what they define.
KINDS = {
    "startEvent": "start", "endEvent": "end", "userTask": "user", "manualTask": "manual", "serviceTask": "service",
    "businessRuleTask": "decision", "receiveTask": "message", "subProcess": "sub", "callActivity": "sub",
    "exclusiveGateway": "choice", "parallelGateway": "parallel", "inclusiveGateway": "inclusive",
    "eventBasedGateway": "events", "intermediateCatchEvent": "catch", "boundaryEvent": "catch",
    "intermediateThrowEvent": "throw",
}  # fmt: skip
EVENTS = {
    "messageEventDefinition": "message", "timerEventDefinition": "timer", "signalEventDefinition": "signal",
    "errorEventDefinition": "error", "terminateEventDefinition": "terminate",
}  # fmt: skip
CLOCKS = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}
#: The built-in service that is a task in another body's list.
OPINION = "ask-opinion"
OPINIONS = {
    "no_objection": Outcome("no_objection", {"en": "No objection", "sw": "Hakuna pingamizi"}),
    "objection": Outcome("objection", {"en": "Objection", "sw": "Kuna pingamizi"}, frozenset({"reason"})),
}


class Reader:
    """Reads one document and what it calls. `elements` remembers where each step was written, for faults."""

    def __init__(self, root: etree._Element, library: dict[str, etree._Element]) -> None:
        self.named = {
            e.get("id", ""): e.get("errorCode" if local(e) == "error" else "name", "")
            for document in (root, *library.values())
            for e in document
            if local(e) in ("message", "signal", "error")
        }
        self.processes = {p.get("id", ""): p for p in root.findall(f"{{{BPMN}}}process")}
        for name, document in library.items():
            called = document.find(f"{{{BPMN}}}process")
            if called is not None:
                self.processes.setdefault(name, called)
        self.elements: dict[str, etree._Element] = {}
        self.flow_elements: dict[str, etree._Element] = {}
        #: Pairs of steps that two persons do; what names no step or lane beside it.
        self.apart: set[tuple[str, str]] = set()
        self.apart_from_nothing: list[tuple[etree._Element, str]] = []

    def read(self, process: etree._Element) -> dict[str, Step]:
        """Return the steps of a process, those of its sub-processes and of what it calls included."""
        steps: dict[str, Step] = {}
        self._container(process, "", "", steps, (process.get("id", ""),))
        people = {key for key, step in steps.items() if step.kind in HUMAN}
        for key in {key for key, _ in self.apart} & people:
            others = sorted(other for one, other in self.apart if one == key and other in people)
            steps[key] = replace(steps[key], apart=tuple(others))
        return steps

    def _container(
        self, container: etree._Element, prefix: str, scope: str, steps: dict[str, Step], calls: tuple[str, ...]
    ) -> None:
        lanes = _lanes(container)
        flows = [self._flow(e, prefix) for e in container if local(e) == "sequenceFlow"]
        here = [e for e in container if local(e) in KINDS]
        self._separate(container, here, prefix)
        for element in here:
            step = self._step(element, prefix, scope, lanes)
            border = tuple(
                prefix + e.get("id", "") for e in here if e.get("attachedToRef") and prefix + e.get("attachedToRef", "") == step.key
            )  # fmt: skip
            step = replace(
                step,
                into=tuple(f for f in flows if f.target == step.key),
                out=tuple(f for f in flows if f.source == step.key),
                border=border,
            )
            inside, inner, called = self._inside(element, prefix, calls)
            if inside is not None:
                first = next((e.get("id", "") for e in inside if local(e) == "startEvent"), "")
                step = replace(step, first=inner + first if first else "")
            steps[step.key] = step
            self.elements[step.key] = element
            if inside is not None:
                self._container(inside, inner, step.key, steps, called)

    def _inside(
        self, element: etree._Element, prefix: str, calls: tuple[str, ...]
    ) -> tuple[etree._Element | None, str, tuple[str, ...]]:
        """Return what an element contains or calls, and the prefix of the steps in it."""
        if local(element) == "subProcess":
            return element, prefix, calls
        if local(element) == "callActivity":
            name = element.get("calledElement", "").rpartition(":")[2]
            if name not in calls:  # a circle of calls; `checking` names it
                return self.processes.get(name), f"{prefix}{element.get('id', '')}/", (*calls, name)
        return None, "", calls

    def _separate(self, container: etree._Element, here: list[etree._Element], prefix: str) -> None:
        """Note which steps and lanes of a process are for two persons; it holds both ways."""
        lanes = [*container.iterfind(f"{{{BPMN}}}laneSet//{{{BPMN}}}lane")]
        members = {e.get("id", ""): {prefix + e.get("id", "")} for e in here}
        for lane in lanes:
            inside = lane.iterfind(f".//{{{BPMN}}}flowNodeRef")
            members[lane.get("id", "")] = {prefix + (reference.text or "").strip() for reference in inside}
        for element in [*here, *lanes]:
            for name in huduma(element, "separate_from").split():
                if name not in members:
                    self.apart_from_nothing.append((element, name))
                for one in members[element.get("id", "")]:
                    self.apart |= {pair for other in members.get(name, ()) for pair in ((one, other), (other, one))}

    def _flow(self, element: etree._Element, prefix: str) -> Flow:
        condition = element.find(f"{{{BPMN}}}conditionExpression")
        flow = Flow(
            prefix + element.get("id", ""), prefix + element.get("sourceRef", ""), prefix + element.get("targetRef", ""),
            (condition.text or "").strip() if condition is not None else "",
        )  # fmt: skip
        self.flow_elements[flow.key] = element
        return flow

    def _step(self, element: etree._Element, prefix: str, scope: str, lanes: dict[str, dict[str, str]]) -> Step:
        kind = KINDS[local(element)]
        event = next((e for e in element if local(e) in EVENTS), None)
        what = EVENTS[local(event)] if event is not None else ""
        if kind == "catch":
            kind = what or "catch"
        elif kind == "throw" and not what:
            kind = "pass"
        lane = lanes.get(element.get("id", ""), {})
        config = _config(element)
        step = Step(
            key=prefix + element.get("id", ""),
            kind=kind,
            name=named(element, huduma(element, "name_sw")),
            scope=scope,
            status=huduma(element, "status") or plugs.status_of(huduma(element, "action")),
            role=huduma(element, "role") or lane.get("role", "") or "officer",
            team=huduma(element, "team") or lane.get("team", ""),
            body=("value", huduma(element, "body") or lane.get("body", "")),
            share=tuple(huduma(element, "share").split()),
            outcomes={o.key: o for o in map(_outcome, element.iterfind(f"{{{BPMN}}}extensionElements/{{{HUDUMA}}}outcome"))},
            action=huduma(element, "action"),
            config=config,
            decision=huduma(element, "decision"),
            awaits=self._awaits(element, event),
            clock=_clock(event) if event is not None and what == "timer" else None,
            loop=_loop(element),
            host=prefix + element.get("attachedToRef", "") if element.get("attachedToRef") else "",
            interrupting=element.get("cancelActivity", "true") != "false",
            error=self.named.get(event.get("errorRef", ""), "") if event is not None and what == "error" else "",
            ends=what if kind == "end" else "",
            default=prefix + element.get("default", "") if element.get("default") else "",
        )  # fmt: skip
        if step.kind == "service" and step.action == OPINION:
            shared = tuple(config.get("share", ("", ""))[1].split())
            body = config.get("body", ("value", ""))
            return replace(step, kind="user", body=body, share=shared, outcomes=step.outcomes or OPINIONS)
        return step

    def _awaits(self, element: etree._Element, event: etree._Element | None) -> str:
        for holder in (element, event):
            if holder is not None and (reference := holder.get("messageRef") or holder.get("signalRef")):
                return self.named.get(reference, "")
        return ""


def facts_of(document: etree._Element) -> Iterator[tuple[str, bool]]:
    """Return the declared facts of a document: name, and whether it is a list."""
    for element in document.iter(f"{{{HUDUMA}}}fact"):
        yield element.get("name", ""), element.get("list") == "true"


def named(element: etree._Element, kiswahili: str | None) -> dict[str, str]:
    """Return what an element is called."""
    english = element.get("name", "")
    return {"en": english, "sw": kiswahili or english}


def _outcome(element: etree._Element) -> Outcome:
    needs = frozenset(element.get("needs", "").split())
    return Outcome(element.get("id", ""), named(element, element.get("name_sw")), needs)


def _config(element: etree._Element) -> dict[str, tuple[str, str]]:
    return {
        w.get("name", ""): ("fact", w.get("fact", "")) if w.get("fact") else ("value", w.get("value", ""))
        for w in element.iterfind(f"{{{BPMN}}}extensionElements/{{{HUDUMA}}}with")
    }


def _clock(event: etree._Element) -> Clock | None:
    for child in event:
        if local(child) in CLOCKS:
            kind: Any = CLOCKS[local(child)]
            return Clock(kind, (child.text or "").strip(), huduma(event, "time") == "working")
    return None


def _loop(element: etree._Element) -> Loop | None:
    loop = element.find(f"{{{BPMN}}}multiInstanceLoopCharacteristics")
    if loop is None:
        return None

    def text(name: str) -> str:
        return (loop.findtext(f"{{{BPMN}}}{name}") or "").strip()

    return Loop(
        count=text("loopCardinality"),
        collection=huduma(loop, "collection"),
        item=huduma(loop, "item") or "item",
        sequential=loop.get("isSequential") == "true",
        until=text("completionCondition"),
    )


def _lanes(container: etree._Element) -> dict[str, dict[str, str]]:
    """Return what the lanes of a process say for each step: role, team, body; an inner lane wins over the one around it."""
    found: dict[str, dict[str, str]] = {}
    for lane in container.iterfind(f"{{{BPMN}}}laneSet//{{{BPMN}}}lane"):
        given = {name: huduma(lane, name) for name in ("role", "team", "body") if huduma(lane, name)}
        for reference in lane.iterfind(f"{{{BPMN}}}flowNodeRef"):
            key = (reference.text or "").strip()
            found[key] = {**found.get(key, {}), **given}
    return found
