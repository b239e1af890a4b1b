"""What a definition may contain: the supported elements run, all others are refused with file, line, rule and remedy."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from huduma.contexts.process import public as process
from huduma.contexts.process.providers import definitions
from huduma.contexts.process.providers.engine import EndlessProcess, Run
from huduma.contexts.process.tests.bpmn import END, HEAD, START, message, node, timer, user
from huduma.contexts.process.tests.bpmn import process as bpmn

CHOICE = node("exclusiveGateway", "choice", default="choice-end")
REVIEW_LOOP = bpmn(
    START + user("review", "approve", "back") + CHOICE + message("fix") + END,
    ("start", "review"), ("review", "choice"), ("choice", "end"), ("choice", "fix", 'outcome == "back"'), ("fix", "review"),
)  # fmt: skip
PARALLEL = bpmn(
    START + node("parallelGateway", "fork") + user("a") + user("b") + user("c") + node("parallelGateway", "join") + user("z") + END,
    ("start", "fork"), ("fork", "a"), ("fork", "b"), ("b", "c"), ("a", "join"), ("c", "join"), ("join", "z"), ("z", "end"),
)  # fmt: skip
PARALLEL_LOOP = bpmn(
    START + node("exclusiveGateway", "merge") + node("parallelGateway", "fork") + user("a") + user("b")
    + node("parallelGateway", "join") + user("z", "again", "done") + CHOICE + END,
    ("start", "merge"), ("merge", "fork"), ("fork", "a"), ("fork", "b"), ("a", "join"), ("b", "join"), ("join", "z"), ("z", "choice"),
    ("choice", "end"), ("choice", "merge", 'outcome == "again"'),
)  # fmt: skip
DEADLINE = bpmn(
    START + user("review", "approve", "back") + timer("late", "P10D", "boundaryEvent", attachedToRef="review") + CHOICE
    + user("chase") + END,
    ("start", "review"), ("review", "choice"), ("choice", "end"), ("choice", "review", 'outcome == "back"'),
    ("late", "chase"), ("chase", "review"),
)  # fmt: skip
TERMINATE = bpmn(
    START + node("parallelGateway", "fork") + user("a") + user("b") + END
    + node("endEvent", "stop", "<bpmn:terminateEventDefinition/>"),
    ("start", "fork"), ("fork", "a"), ("fork", "b"), ("a", "stop"), ("b", "end"),
)  # fmt: skip
TIMER = bpmn(START + timer("wait", "PT2H") + END, ("start", "wait"), ("wait", "end"))
FLOWS = [REVIEW_LOOP, PARALLEL, PARALLEL_LOOP, DEADLINE, TERMINATE, TIMER]


def play(source: str, choices: list[int], *, save: bool) -> tuple[list[str], Run]:
    """Let somebody answer wherever the case waits; return what was entered, and the case."""
    built = definitions.build(source)
    trail: list[str] = []
    run = Run.begin(built, {})
    ended = run.advance(lambda step, facts: trail.append(step.key))
    for choice in choices:
        if ended:
            break
        if save:
            run = Run.load(built, json.loads(json.dumps(run.dump())))
        waits = sorted(run.waits(), key=lambda wait: wait.step.key)
        wait = waits[choice % len(waits)]
        outcomes = sorted(wait.step.outcomes)
        if outcomes:
            run.finish(wait.token, {"outcome": outcomes[choice % len(outcomes)]})
        else:
            run.happen(wait.token, {})
        trail.append(f"<{wait.step.key}>")
        ended = run.advance(lambda step, facts: trail.append(step.key))
    return [*trail, "ended" if ended else " ".join(sorted(w.step.key for w in run.waits()))], run


@pytest.mark.parametrize("source", FLOWS)
def test_supported_elements_are_accepted(source):
    assert process.check(source) == []


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([flow for flow in FLOWS if flow is not PARALLEL_LOOP]), st.lists(st.integers(0, 11), max_size=14)
)
def test_a_case_saved_after_each_step_goes_the_way_of_one_that_is_never_saved(source, choices):
    assert play(source, choices, save=True)[0] == play(source, choices, save=False)[0]


def test_both_branches_are_awaited():
    trail, _ = play(PARALLEL, [0, 0, 0, 0], save=True)
    assert trail == ["start", "fork", "a", "b", "<a>", "<b>", "c", "<c>", "join", "z", "<z>", "end", "ended"]


@given(st.tuples(st.integers(0, 1), st.integers(0, 1)))
def test_a_fork_that_is_gone_through_again_waits_for_both_branches_again(order):
    """The engine alone lets a join of the second round through with one branch: a cancelled wait of the first counts."""
    first, second = order
    trail, _ = play(PARALLEL_LOOP, [first, 0, 0, second, 0, 1], save=True)
    assert trail.count("join") == 2
    assert trail[-2:] == ["end", "ended"]


def test_a_boundary_timer_takes_the_task_away():
    trail, run = play(DEADLINE, [0], save=True)
    assert trail == ["start", "review", "late", "<late>", "chase", "chase"]
    assert [wait.step.key for wait in run.waits()] == ["chase"]


def test_a_terminate_end_stops_the_other_branch():
    assert play(TERMINATE, [0], save=True)[0][-2:] == ["stop", "ended"]


def test_state_does_not_grow_with_the_age_of_a_case():
    young = len(json.dumps(play(REVIEW_LOOP, [1, 0], save=True)[1].dump()))
    old = len(json.dumps(play(REVIEW_LOOP, [1, 0] * 60, save=True)[1].dump()))
    assert old <= young + 40
    assert old < 400


def test_the_services_of_this_house_can_run(actions):
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
    node("scriptTask", "x", "<bpmn:script>1</bpmn:script>"), node("inclusiveGateway", "x"), node("complexGateway", "x"),
    node("eventBasedGateway", "x"), node("sendTask", "x"), node("receiveTask", "x"), node("task", "x"),
    node("subProcess", "x"), node("transaction", "x"), node("adHocSubProcess", "x"), node("callActivity", "x"),
    node("intermediateThrowEvent", "x"),
    node("intermediateCatchEvent", "x", '<bpmn:linkEventDefinition name="l"/>'),
    node("intermediateCatchEvent", "x", "<bpmn:signalEventDefinition/>"),
    node("intermediateCatchEvent", "x", "<bpmn:conditionalEventDefinition><bpmn:condition/></bpmn:conditionalEventDefinition>"),
    node("endEvent", "x", "<bpmn:errorEventDefinition/>"), node("endEvent", "x", "<bpmn:compensateEventDefinition/>"),
    user("x").replace("</bpmn:userTask>", '<bpmn:multiInstanceLoopCharacteristics isSequential="true"/></bpmn:userTask>'),
    user("x").replace("</bpmn:userTask>", "<bpmn:standardLoopCharacteristics/></bpmn:userTask>"),
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


LINGERING = timer("t", "P1D", "boundaryEvent", attachedToRef="a", cancelActivity="false")
GATE, JOINT = node("exclusiveGateway", "g"), node("parallelGateway", "g")
FAULTS = {
    "is not an expression": fork("outcome ="),
    "not in the language": fork('__import__("os")'),
    "which is no fact": fork("income > 3"),
    "has no condition": fork(),
    "has no default flow": bpmn(LAME + GATE, ("start", "g"), ("g", "end", "1 == 1"), ("g", "a", "1 == 2"), CHAIN[1]),
    "outside an exclusive gateway": bpmn(LAME, ("start", "a"), ("a", "end", "1 == 1")),
    "splits the flow": bpmn(LAME + user("b"), *CHAIN, ("a", "b"), ("b", "end")),
    "joins and splits at once": bpmn(
        LAME + JOINT + user("b"), ("start", "g"), ("g", "a"), ("g", "b"), ("a", "g"), ("b", "end")
    ),
    "is never reached": bpmn(LAME + user("b"), *CHAIN, ("b", "end")),
    "leads nowhere": bpmn(LAME + user("b"), *CHAIN, ("start", "b")),
    "no huduma:outcome": bpmn(START + node("userTask", "a", name="a") + END, *CHAIN),
    "the role 'boss' is unknown": bpmn(START + user("a", role="boss") + END, *CHAIN),
    "the action 'fly' is unknown": bpmn(START + node("serviceTask", "a", h_action="fly") + END, *CHAIN),
    "has no decision 'fee'": bpmn(START + node("businessRuleTask", "a", h_decision="fee") + END, *CHAIN),
    "waits for no named message": bpmn(START + message("a", "m-none") + END, *CHAIN),
    "has no duration": bpmn(START + timer("a", "P1Y") + END, *CHAIN),
    "does not interrupt": bpmn(LAME + LINGERING + user("b"), *CHAIN, ("t", "b"), ("b", "end")),
    "not one process with one start event": bpmn(LAME + node("startEvent", "again"), *CHAIN, ("again", "a")),
    "longer than 30 characters": bpmn(START + user("a", status="x" * 31) + END, *CHAIN),
    "not XML": HEAD,
    "a DTD is declared": bpmn(LAME, *CHAIN).replace("?>", '?><!DOCTYPE d [<!ENTITY e "x">]>', 1),
    "larger than 1 MB": bpmn(LAME, *CHAIN) + " " * 1_000_001,
    "not expected": bpmn(LAME + "<bpmn:nonsense/>", *CHAIN),
}


@pytest.mark.parametrize(("rule", "source"), FAULTS.items(), ids=list(FAULTS))
def test_faults_are_named(rule, source):
    faults = process.check(source)
    assert any(rule in fault.rule for fault in faults), faults
    assert all(fault.file == "process.bpmn" and fault.line >= 1 and fault.remedy for fault in faults)


def test_a_circle_that_never_waits_is_stopped(actions):
    source = bpmn(
        START + node("serviceTask", "spin", h_action="raise-bill") + CHOICE + END,
        ("start", "spin"), ("spin", "choice"), ("choice", "end"), ("choice", "spin", "1 == 1"),
    )  # fmt: skip
    with pytest.raises(EndlessProcess):
        Run.begin(definitions.build(source), {}).advance(lambda step, facts: None)
