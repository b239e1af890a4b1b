"""What a definition may contain: the supported elements run, all others are refused with file, line, rule and remedy."""

from pathlib import Path

import pytest
from django.conf import settings

from huduma.contexts.process import public as process
from huduma.contexts.process.providers import definitions, plugs, ways
from huduma.contexts.process.tests.bpmn import END, HEAD, START, event, message, node, several, sub, timer, user
from huduma.contexts.process.tests.bpmn import process as bpmn
from huduma.foundation.sockets import Registry

CHOICE = node("exclusiveGateway", "choice", default="choice-end")


def test_the_services_of_this_house_can_run(actions):
    for name in ("ask-agreement", "require-appointment"):
        plugs.register_action(name)
    for folder in sorted(Path(settings.SERVICES_DIR).iterdir()):
        if (folder / "process.bpmn").exists():
            dmn = (folder / "rules.dmn").read_text() if (folder / "rules.dmn").exists() else ""
            assert process.check((folder / "process.bpmn").read_text(), dmn) == []


def test_the_diagrams_show_every_element():
    for path in Path(settings.SERVICES_DIR).glob("*/process.bpmn"):
        text = path.read_text()
        built = definitions.read(text, "process.bpmn")
        drawn = set(built.xpath("//@bpmnElement"))
        shown = {e.get("id") for e in next(built.iter("{*}process")) if e.get("id")}
        assert shown
        assert shown <= drawn


UNSUPPORTED = [
    node("scriptTask", "x", "<bpmn:script>1</bpmn:script>"), node("complexGateway", "x"), node("sendTask", "x"),
    node("task", "x"), node("transaction", "x"), node("adHocSubProcess", "x"),
    node("intermediateCatchEvent", "x", '<bpmn:linkEventDefinition name="l"/>'),
    node("intermediateCatchEvent", "x", "<bpmn:conditionalEventDefinition><bpmn:condition/></bpmn:conditionalEventDefinition>"),
    event("intermediateCatchEvent", "x", "error"), event("intermediateThrowEvent", "x", "message"),
    event("startEvent", "x", "message"), event("endEvent", "x", "message"), event("intermediateThrowEvent", "x", "terminate"),
    node("endEvent", "x", "<bpmn:compensateEventDefinition/>"), node("endEvent", "x", "<bpmn:escalationEventDefinition/>"),
    user("x", loop="<bpmn:standardLoopCharacteristics/>"), user("x", loop=several("2").replace(" isS", ' behavior="None" isS')),
    node("subProcess", "x", triggeredByEvent="true"), user("x").replace(' id="x"', ' id="x" isForCompensation="true"'),
    node("receiveTask", "x", instantiate="true"), node("eventBasedGateway", "x", eventGatewayType="Parallel"),
    node("dataObject", "x"), node("userTask", "x", '<bpmn:performer id="q"/>'),
]  # fmt: skip


@pytest.mark.parametrize("element", UNSUPPORTED)
def test_unsupported_elements_are_refused(element):
    faults = process.check(bpmn(START + element + END, ("start", "x"), ("x", "end")))
    assert faults
    assert "is not supported" in faults[0].rule
    assert faults[0].line > 1


LAME = START + user("a") + END
CHAIN = (("start", "a"), ("a", "end"))


def fork(*condition: str) -> str:
    """Return a process with a choice of which one way has this condition."""
    nodes = START + CHOICE + user("a") + END
    return bpmn(nodes, ("start", "choice"), ("choice", "end"), ("choice", "a", *condition), ("a", "end"))


def border(inner: str, *flows: tuple[str, ...], **given: str) -> str:
    """Return a process whose task has something on its border, which leads to b."""
    return bpmn(LAME + inner + user("b"), *CHAIN, ("t", "b"), ("b", "end"), *flows, **given)


def service(action: str, **config: str) -> str:
    """Return a process of one service task."""
    given = "".join(f'<huduma:with name="{name}" value="{value}"/>' for name, value in config.items())
    inner = f"<bpmn:extensionElements>{given}</bpmn:extensionElements>"
    return bpmn(START + node("serviceTask", "a", inner, h_action=action) + END, *CHAIN)


ON_A = {"tag": "boundaryEvent", "attachedToRef": "a"}
GATE, INNER = node("exclusiveGateway", "g"), node("startEvent", "s") + node("endEvent", "e")
FAULTS = {
    "is not an expression": fork("outcome ="),
    "not in the language": fork('__import__("os")'),
    "which is no fact": fork("income > 3"),
    "has no condition": fork(),
    "has no default flow": bpmn(LAME + GATE, ("start", "g"), ("g", "end", "1 == 1"), ("g", "a", "1 == 2"), CHAIN[1]),
    "outside an exclusive": bpmn(LAME, ("start", "a"), ("a", "end", "1 == 1")),
    "splits the flow": bpmn(LAME + user("b"), *CHAIN, ("a", "b"), ("b", "end")),
    "is never reached": bpmn(LAME + user("b"), *CHAIN, ("b", "end")),
    "leads nowhere": bpmn(LAME + user("b"), *CHAIN, ("start", "b")),
    "does not join two steps": bpmn(LAME + sub("x", INNER + user("y"), ("s", "y"), ("y", "e")), *CHAIN, ("a", "y")),
    "the end 'end' goes on": bpmn(LAME, *CHAIN, ("end", "a")),
    "a flow leads into 't'": border(timer("t", **ON_A), ("a", "t")),
    "no huduma:outcome": bpmn(START + node("userTask", "a", name="a") + END, *CHAIN),
    "the role 'boss' is unknown": bpmn(START + user("a", role="boss") + END, *CHAIN),
    "the action 'fly' is unknown": service("fly"),
    "raise-bill of 'a': 'cents' is missing": service("raise-bill", wings="2"),
    "raise-bill of 'a': Additional properties": service("raise-bill", cents="2", wings="2"),
    '"x" does not match': service("raise-bill", cents="x"),
    "ask-opinion of 'a': 'body' is missing": service("ask-opinion", share="x"),
    "nothing is shared with it": bpmn(START + user("a", body="DCI") + END, *CHAIN),
    "is no step or lane here": bpmn(START + user("a", separate_from="b") + END, *CHAIN),
    "no two persons do 'a'": bpmn(
        START + user("a", separate_from="b") + node("serviceTask", "b", h_action="raise-bill", h_separate_from="c") + user("c") + END,
        ("start", "b"), ("b", "a"), ("a", "c"), ("c", "end"),
    ),
    "has no decision 'fee'": bpmn(START + node("businessRuleTask", "a", h_decision="fee") + END, *CHAIN),
    "waits for no named message": bpmn(START + message("a", "m-none") + END, *CHAIN),
    "has no duration": bpmn(START + timer("a", "P1Y") + END, *CHAIN),
    "is not a date": bpmn(START + timer("a", "tomorrow", kind="timeDate") + END, *CHAIN),
    "would end with its first turn": border(timer("t", "R3/P1D", kind="timeCycle", **ON_A)),
    "more often than once an hour": border(timer("t", "R3/PT1M", kind="timeCycle", cancelActivity="false", **ON_A)),
    "which is no task": border(timer("t", tag="boundaryEvent", attachedToRef="start")),
    "sits on nothing": border(timer("t", tag="boundaryEvent", attachedToRef="b").replace('attachedToRef="b"', 'attachedToRef="zzz"')),
    "has to interrupt": border(event("boundaryEvent", "t", "error", attachedToRef="a", cancelActivity="false")),
    "has not one trigger": bpmn(START + node("intermediateCatchEvent", "a") + END, *CHAIN),
    "nothing catches the error": bpmn(START + event("endEvent", "stop", "error"), ("start", "stop")),
    "has not one start event": bpmn(START + sub("a", user("x")) + END, *CHAIN),
    "which is not there, or calls itself": bpmn(START + node("callActivity", "a", calledElement="p") + END, *CHAIN),
    "does not say how often": bpmn(START + user("a", loop=several()) + END, *CHAIN),
    "is no list of the case": bpmn(START + user("a", loop=several(collection="owners")) + END, *CHAIN, facts="owners"),
    "is no event of its own": bpmn(
        LAME + node("eventBasedGateway", "g") + message("m"), ("start", "g"), ("g", "a"), ("g", "m"), ("m", "a"), CHAIN[1]
    ),
    "a status stands on a gateway": bpmn(
        LAME + node("parallelGateway", "g", h_status="x"), ("start", "g"), ("g", "a"), ("a", "end")
    ),
    "not one process with one start event": bpmn(LAME + node("startEvent", "again"), *CHAIN, ("again", "a")),
    "longer than 30 characters": bpmn(START + user("a", status="x" * 31) + END, *CHAIN),
    "not XML": HEAD,
    "a DTD is declared": bpmn(LAME, *CHAIN).replace("?>", '?><!DOCTYPE d [<!ENTITY e "x">]>', 1),
    "larger than 1 MB": bpmn(LAME, *CHAIN) + " " * 1_000_001,
    "not expected": bpmn(LAME + "<bpmn:nonsense/>", *CHAIN),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "source"), FAULTS.items(), ids=list(FAULTS))
def test_faults_are_named(rule, source, actions, monkeypatch):
    monkeypatch.setattr(plugs, "actions", Registry("action"))
    schema = {"properties": {"cents": {"type": "string", "pattern": "^[0-9]+$"}}, "required": ["cents"]}
    plugs.register_action("raise-bill", lambda **_: None, schema=schema)
    faults = process.check(source)
    assert any(rule in fault.rule for fault in faults), faults
    assert all(fault.file == "process.bpmn" and fault.line >= 1 and fault.remedy for fault in faults)


@pytest.mark.parametrize("name", sorted(path.stem for path in definitions.LIBRARY.glob("*.bpmn")))
def test_a_shared_process_can_be_called(name, actions):
    """Each with the services of the real library: a package needs to know nothing of what is inside."""
    plugs.register_action("wait-for-payment", awaits={"bill-settled": "paid"})
    source = bpmn(START + END + node("callActivity", "a", calledElement=name), *CHAIN)
    assert process.check(source) == []
    assert definitions.shared(source).keys() == {name}


def test_what_is_called_is_kept_with_the_version(actions, monkeypatch):
    """A later file of the same name changes no case."""
    source = bpmn(START + END + node("callActivity", "a", calledElement="sign-document-1"), *CHAIN)
    called = definitions.shared(source)
    monkeypatch.setattr(definitions, "_library", dict)
    assert "a/signed" in definitions.build(source, "", called).steps
    assert "which is not there" in process.check(source)[0].rule


@pytest.mark.parametrize(
    ("flows", "unpaid"),
    [
        ([("visit", "join"), ("join", "issue"), ("issue", "end")], []),
        ([("visit", "issue"), ("issue", "join"), ("join", "end")], [("bill", "issue")]),
    ],
)
def test_a_document_is_paid_for_where_one_of_the_branches_that_meet_before_it_waits(actions, flows, unpaid):
    plugs.register_action("wait-for-payment")
    steps = {"bill": "raise-bill", "pay": "wait-for-payment", "issue": "issue-credential"}
    nodes = [node("serviceTask", key, h_action=action) for key, action in steps.items()]
    nodes += [START, END, user("visit", "ok"), node("parallelGateway", "fork"), node("parallelGateway", "join")]
    shared = [("start", "bill"), ("bill", "fork"), ("fork", "pay"), ("fork", "visit"), ("pay", "join")]
    built = definitions.build(bpmn("".join(nodes), *shared, *flows))
    assert list(ways.issued_unpaid(built)) == unpaid
