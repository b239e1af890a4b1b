"""Each supported element of BPMN, alone: the case is written and read again after every step.

`test_engine_reference.py` plays random processes made of all of them against an obvious reference.
"""

import pytest

from huduma.contexts.process import public as process
from huduma.contexts.process import rules
from huduma.contexts.process.providers import definitions
from huduma.contexts.process.providers.engine import EndlessProcess, Run, Standstill
from huduma.contexts.process.providers.plugs import RESTING
from huduma.contexts.process.tests.bpmn import END, START, arrows, event, message, node, several, sub, timer, user
from huduma.contexts.process.tests.bpmn import process as bpmn
from huduma.contexts.process.tests.play import Game

CHOICE = node("exclusiveGateway", "choice", default="choice-end")
FORK, JOIN = node("parallelGateway", "fork"), node("parallelGateway", "join")
INNER = node("startEvent", "s") + user("x") + node("endEvent", "e")
INNER_FLOWS = (("s", "x"), ("x", "e"))
CHAIN = (("start", "a"), ("a", "end"))
ON_A = {"tag": "boundaryEvent", "attachedToRef": "a"}


def game(nodes, *flows, acts=None, start=None, **given):
    source = bpmn(START + END + nodes, *flows, **given)
    assert process.check(source) == []
    return Game(source, facts=start, acts=acts)


def service(key="a", inner=""):
    return node("serviceTask", key, inner, h_action="raise-bill")


pytestmark = pytest.mark.usefixtures("actions")


class TestTasks:
    @pytest.mark.parametrize("tag", ["userTask", "manualTask"])
    def test_a_task_waits_for_its_officer(self, tag):
        case = game(user("a", tag=tag), *CHAIN)
        assert case.waiting == ["a"]
        assert case.do("a").ended

    def test_a_service_task_gives_facts(self):
        case = game(
            service() + user("b"), ("start", "a"), ("a", "b"), ("b", "end"), acts={"a": {"fee": 3}}, facts="fee"
        )
        assert case.run.facts_at(case.run.waits()[0].token)["fee"] == 3

    def test_a_service_task_can_wait_for_its_answer(self):
        case = game(service(), *CHAIN, acts={"a": lambda facts: RESTING})
        assert case.waiting == ["a"]
        assert case.do("a").ended

    def test_a_receive_task_waits_for_its_message(self):
        case = game(node("receiveTask", "a", messageRef="m-go"), *CHAIN)
        assert case.waiting == ["a"]
        assert case.do("a").ended

    def test_a_service_task_that_raises_stands_there_and_can_be_done_again_or_skipped(self):
        failing = [True, True, False]

        def act(facts):
            if failing.pop(0):
                raise ValueError
            return {"fee": 1}

        for way, acts in (("retry", 3), ("skip", 1)):
            failing[:] = [True, True, False]
            case = game(service(), *CHAIN, acts={"a": act}, facts="fee")
            for _ in range(acts - 1):
                assert [wait.stuck for wait in case.run.waits()] == [True]
                getattr(case.run, way)(case.run.waits()[0].token)
                case._go()
            if way == "skip":
                case.run.skip(case.run.waits()[0].token)
                case._go()
            assert case.ended
            assert case.trail == "start a end"


class TestGateways:
    def test_exclusive_takes_the_first_true_flow_else_the_default(self):
        nodes = user("review", "ok", "back") + CHOICE
        flows = ("start", "review"), ("review", "choice"), ("choice", "end"), ("choice", "review", 'outcome == "back"')
        assert game(nodes, *flows).do("review:ok").ended
        assert game(nodes, *flows).do("review:back").waiting == ["review"]

    def test_a_condition_that_cannot_be_told_stands_there_and_the_default_can_be_taken(self):
        nodes = CHOICE + user("a")
        flows = ("start", "choice"), ("choice", "end"), ("choice", "a", "size > 3"), ("a", "end")
        case = game(nodes, *flows, facts="size")
        assert case.waiting == ["choice"]
        assert isinstance(case.world.faults[0], rules.Forbidden)
        case.run.skip(case.run.waits()[0].token)
        case._go()
        assert case.ended

    def test_parallel_awaits_every_branch(self):
        flows = (
            ("start", "fork"), ("fork", "a"), ("fork", "b"), ("b", "c"), ("a", "join"), ("c", "join"), ("join", "z"), ("z", "end"),
        )  # fmt: skip
        case = game(FORK + JOIN + user("a") + user("b") + user("c") + user("z"), *flows).do("a", "b")
        assert case.waiting == ["c"]
        assert case.do("c").waiting == ["z"]
        assert case.trail == "start fork a b c join z"

    def test_a_fork_that_is_gone_through_again_waits_for_both_branches_again(self):
        merge = node("exclusiveGateway", "merge")
        flows = (
            ("start", "merge"), ("merge", "fork"), ("fork", "a"), ("fork", "b"), ("a", "join"), ("b", "join"), ("join", "z"),
            ("z", "choice"), ("choice", "end"), ("choice", "merge", 'outcome == "again"'),
        )  # fmt: skip
        nodes = merge + FORK + JOIN + user("a") + user("b") + user("z", "again", "done") + CHOICE
        case = game(nodes, *flows).do("a", "b", "z:again", "b")
        assert case.waiting == ["a"]
        assert case.do("a", "z:done").ended

    def test_a_token_that_comes_twice_by_one_flow_does_not_count_for_another(self):
        merge = node("exclusiveGateway", "merge")
        flows = (
            ("start", "fork"), ("fork", "a"), ("fork", "b"), ("fork", "c"), ("a", "merge"), ("b", "merge"), ("merge", "join"),
            ("c", "join"), ("join", "z"), ("z", "end"),
        )  # fmt: skip
        case = game(FORK + JOIN + merge + user("a") + user("b") + user("c") + user("z"), *flows).do("a", "b")
        assert case.waiting == ["c"]

    def test_one_gateway_may_join_and_split(self):
        both = node("parallelGateway", "both")
        flows = (
            ("start", "fork"), ("fork", "a"), ("fork", "b"), ("a", "both"), ("b", "both"), ("both", "c"), ("both", "d"),
            ("c", "join"), ("d", "join"), ("join", "end"),
        )  # fmt: skip
        case = game(FORK + both + JOIN + user("a") + user("b") + user("c") + user("d"), *flows).do("a", "b")
        assert case.waiting == ["c", "d"]
        assert case.do("c", "d").ended

    @pytest.mark.parametrize(("size", "waiting"), [(0, ["c"]), (1, ["a"]), (2, ["a", "b"])])
    def test_inclusive_takes_all_true_flows_and_awaits_only_those(self, size, waiting):
        split, meet = node("inclusiveGateway", "split", default="split-c"), node("inclusiveGateway", "meet")
        flows = (
            ("start", "split"), ("split", "a", "size > 0"), ("split", "b", "size > 1"), ("split", "c"), ("a", "meet"), ("b", "meet"),
            ("c", "meet"), ("meet", "z"), ("z", "end"),
        )  # fmt: skip
        case = game(
            split + meet + user("a") + user("b") + user("c") + user("z"), *flows, facts="size", start={"size": size}
        )
        assert case.waiting == waiting
        assert case.do(*waiting).waiting == ["z"]
        assert case.trail.count("z") == 1

    def test_inclusive_awaits_a_branch_that_loops_back_and_comes_later(self):
        split, meet = node("inclusiveGateway", "split", default="split-a"), node("inclusiveGateway", "meet")
        flows = (
            ("start", "split"), ("split", "a"), ("split", "b", "true"), ("split", "d", "true"), ("a", "meet"), ("d", "meet"),
            ("b", "choice"), ("choice", "meet"), ("choice", "b", 'outcome == "again"'), ("meet", "end"),
        )  # fmt: skip
        choice = node("exclusiveGateway", "choice", default="choice-meet")
        case = game(split + meet + choice + user("a") + user("b", "again", "done") + user("d"), *flows)
        assert case.waiting == ["b", "d"]
        assert case.do("d", "b:again").waiting == ["b"]
        assert case.do("b:done").ended

    @pytest.mark.parametrize(("first", "then"), [("m", "a"), ("t", "b"), ("r", "c")])
    def test_event_based_goes_the_way_of_what_happens_first(self, first, then):
        gate = node("eventBasedGateway", "gate")
        bell = event("intermediateCatchEvent", "r", "signal")
        flows = (
            ("start", "gate"), ("gate", "m"), ("gate", "t"), ("gate", "r"), ("m", "a"), ("t", "b"), ("r", "c"), ("a", "end"), ("b", "end"),
            ("c", "end"),
        )  # fmt: skip
        case = game(gate + message("m") + timer("t") + bell + user("a") + user("b") + user("c"), *flows)
        assert case.waiting == ["m", "r", "t"]
        assert case.do(first).waiting == [then]

    def test_a_join_for_a_branch_that_cannot_come_is_no_silence(self):
        choice = node("exclusiveGateway", "choice", default="choice-a")
        flows = ("start", "choice"), ("choice", "a"), ("choice", "join", "false"), ("a", "join"), ("join", "end")
        case = Game(bpmn(START + END + choice + JOIN + user("a"), *flows)).do("a")
        assert case.waiting == ["join"]
        assert isinstance(case.world.faults[0], Standstill)
        [wait] = case.run.waits()
        case.run.retry(wait.token)
        assert not case.run.advance(case.world)  # doing it again brings no branch
        [wait] = case.run.waits()
        case.run.skip(wait.token)
        assert case.run.advance(case.world)


class TestSubProcesses:
    def test_an_embedded_one_is_done_when_nothing_in_it_runs(self):
        inside = node("startEvent", "s") + FORK + user("x") + user("y") + node("endEvent", "e") + node("endEvent", "e2")
        flows = ("s", "fork"), ("fork", "x"), ("fork", "y"), ("x", "e"), ("y", "e2")
        case = game(sub("a", inside, *flows), *CHAIN)
        assert case.waiting == ["x", "y"]
        assert not case.do("x").ended
        assert case.do("y").ended

    def test_terminate_ends_what_it_lies_in_and_nothing_else(self):
        inside = (
            node("startEvent", "s") + node("parallelGateway", "f2") + user("x") + user("y") + node("endEvent", "e")
            + event("endEvent", "stop", "terminate")
        )  # fmt: skip
        flows = ("s", "f2"), ("f2", "x"), ("f2", "y"), ("x", "stop"), ("y", "e")
        outer = (
            ("start", "fork"),
            ("fork", "a"),
            ("fork", "b"),
            ("a", "c"),
            ("c", "join"),
            ("b", "join"),
            ("join", "end"),
        )
        case = game(sub("a", inside, *flows) + FORK + JOIN + user("b") + user("c"), *outer).do("x")
        assert case.waiting == ["b", "c"]

    def test_terminate_of_the_case_ends_all(self):
        stop = event("endEvent", "stop", "terminate")
        flows = ("start", "fork"), ("fork", "a"), ("fork", "b"), ("a", "stop"), ("b", "end")
        assert game(FORK + user("a") + user("b") + stop, *flows).do("a").ended

    def test_a_call_runs_a_process_of_the_same_file_each_time_anew(self):
        called = f'<bpmn:process id="check">{INNER}{arrows(*INNER_FLOWS)}</bpmn:process>'
        calls = node("callActivity", "a", calledElement="check") + node("callActivity", "b", calledElement="check")
        case = game(calls, ("start", "a"), ("a", "b"), ("b", "end"), more=called)
        assert case.waiting == ["a/x"]
        assert case.do("a/x").waiting == ["b/x"]
        assert case.do("b/x").ended

    def test_sub_processes_nest(self):
        inner = sub("i", INNER, *INNER_FLOWS)
        outer = sub("o", node("startEvent", "s2") + inner + node("endEvent", "e2"), ("s2", "i"), ("i", "e2"))
        assert game(outer, ("start", "o"), ("o", "end")).do("x").ended


class TestSeveralTimes:
    def test_at_once_for_each_entry_of_a_list(self):
        loop = several(collection="owners", item="owner")
        case = game(user("a", loop=loop), *CHAIN, lists="owners", start={"owners": ["Amina", "Otieno"]})
        assert [wait.item for wait in case.run.waits()] == ["Amina", "Otieno"]
        seen = case.run.facts_at(case.run.waits()[1].token)
        assert (seen["owner"], seen["index"], seen["total"]) == ("Otieno", 2, 2)
        assert not case.do("a").ended
        assert case.do("a").ended
        assert case.trail == "start a end"

    def test_one_after_the_other_a_number_of_times(self):
        case = game(user("a", loop=several("size + 1", sequential=True)), *CHAIN, facts="size", start={"size": 2})
        for _ in range(3):
            assert case.waiting == ["a"]
            case.do("a")
        assert case.ended

    def test_no_entry_means_nothing_to_do(self):
        assert game(user("a", loop=several("0")), *CHAIN).ended

    @pytest.mark.parametrize("sequential", [True, False])
    def test_a_condition_ends_the_rest_early(self, sequential):
        loop = several("3", sequential=sequential, until='outcome == "no"')
        nodes = user("a", "yes", "no", loop=loop) + CHOICE + user("b")
        flows = ("start", "a"), ("a", "choice"), ("choice", "end"), ("choice", "b", 'outcome == "no"'), ("b", "end")
        assert game(nodes, *flows).do("a:yes", "a:no").waiting == ["b"]
        assert game(nodes, *flows).do("a:yes", "a:yes", "a:yes").ended

    def test_a_sub_process_for_each_entry_keeps_what_each_learned_apart(self):
        inside = node("startEvent", "s") + service("look") + user("x") + node("endEvent", "e")
        loop = several(collection="plots", item="plot")
        body = sub("a", inside, ("s", "look"), ("look", "x"), ("x", "e"), inner=loop)
        case = game(
            body, *CHAIN, lists="plots", facts="size", start={"plots": [7, 9]}, acts={"look": lambda f: {"size": f["plot"] * 2}}
        )  # fmt: skip
        assert [case.run.facts_at(wait.token)["size"] for wait in case.run.waits()] == [14, 18]
        assert case.do("x", "x").ended
        assert "size" not in case.run.facts

    @pytest.mark.parametrize("count", ["51", "0 - 1", '"many"', "true"])
    def test_a_number_that_makes_no_sense_stands_there(self, count):
        case = game(user("a", loop=several(count)), *CHAIN)
        assert [wait.stuck for wait in case.run.waits()] == [True]

    def test_one_after_another_ends_where_the_list_became_shorter_meanwhile(self):
        loop = several(collection="owners", sequential=True)
        flows = ("start", "fork"), ("fork", "a"), ("fork", "b"), ("a", "join"), ("b", "join"), ("join", "end")
        case = game(
            FORK + JOIN + user("a", loop=loop) + user("b"), *flows, start={"owners": ["x", "y", "z"]}, lists="owners"
        )
        case.do("b", owners=["x", "y"]).do("a", "a")
        assert case.ended


class TestEvents:
    def test_a_message_brings_facts(self):
        case = game(message("m") + user("a"), ("start", "m"), ("m", "a"), ("a", "end"), facts="size").do("m", size=4)
        assert case.run.facts_at(case.run.waits()[0].token)["size"] == 4

    @pytest.mark.parametrize(
        ("kind", "when"),
        [("timeDuration", "P3D"), ("timeDate", "2027-01-01"), ("timeDate", "day"), ("timeDuration", "day")],
    )
    def test_timers_of_a_duration_a_date_or_a_fact(self, kind, when):
        case = game(timer("t", when, kind=kind), ("start", "t"), ("t", "end"), facts="day")
        assert case.waiting == ["t"]
        assert case.do("t").ended

    def test_a_signal_thrown_in_one_branch_is_heard_in_another(self):
        ring, hear = (
            event("intermediateThrowEvent", "ring", "signal"),
            event("intermediateCatchEvent", "hear", "signal"),
        )
        flows = (
            ("start", "fork"), ("fork", "a"), ("fork", "hear"), ("a", "ring"), ("ring", "join"), ("hear", "b"), ("b", "join"),
            ("join", "end"),
        )  # fmt: skip
        case = game(FORK + JOIN + ring + hear + user("a") + user("b"), *flows)
        assert case.waiting == ["a", "hear"]
        assert case.do("a").waiting == ["b"]

    def test_a_signal_from_outside_and_one_at_an_end(self):
        hear, ring = event("intermediateCatchEvent", "hear", "signal"), event("endEvent", "ring", "signal")
        flows = ("start", "fork"), ("fork", "hear"), ("fork", "a"), ("a", "ring"), ("hear", "end")
        assert game(FORK + hear + ring + user("a"), *flows).do("a").ended
        assert game(FORK + hear + ring + user("a"), *flows).signal("bell").waiting == ["a"]

    def test_an_event_without_a_trigger_is_passed(self):
        assert game(node("intermediateThrowEvent", "a"), *CHAIN).trail == "start a end"

    def test_an_error_at_an_end_is_caught_around_it_by_its_code(self):
        inside = node("startEvent", "s") + user("x") + event("endEvent", "stop", "error")
        catch = event("boundaryEvent", "t", "error", attachedToRef="a")
        flows = ("t", "b"), ("b", "end")
        case = game(sub("a", inside, ("s", "x"), ("x", "stop")) + catch + user("b"), *CHAIN, *flows).do("x")
        assert case.waiting == ["b"]
        assert case.run.facts_at(case.run.waits()[0].token)["outcome"] == "broken"

    def test_an_error_of_a_service_task_is_caught_on_its_border_or_further_out(self):
        inside = node("startEvent", "s") + service("x") + node("endEvent", "e")
        for nodes, acts in (
            (service(), {"a": "broken"}), (sub("a", inside, ("s", "x"), ("x", "e")), {"x": "broken"}),
        ):  # fmt: skip
            catch = event("boundaryEvent", "t", "error", attachedToRef="a")
            case = game(nodes + catch + user("b"), *CHAIN, ("t", "b"), ("b", "end"), acts=acts)
            assert case.waiting == ["b"]

    def test_an_error_that_nobody_catches_stands_there(self):
        case = game(service(), *CHAIN, acts={"a": "other"})
        assert [wait.stuck for wait in case.run.waits()] == [True]


class TestBorders:
    EVENTS = {
        "timer": timer("t", **ON_A), "message": event("boundaryEvent", "t", "message", attachedToRef="a"),
        "signal": event("boundaryEvent", "t", "signal", attachedToRef="a"),
    }  # fmt: skip
    HOSTS = {
        "task": user("a"), "several": user("a", loop=several("2")), "receive": node("receiveTask", "a", messageRef="m-paid"),
        "sub-process": sub("a", INNER, *INNER_FLOWS),
    }  # fmt: skip

    @pytest.mark.parametrize("kind", EVENTS)
    @pytest.mark.parametrize("host", HOSTS)
    def test_an_interrupting_event_takes_the_activity_away(self, host, kind):
        case = game(self.HOSTS[host] + self.EVENTS[kind] + user("b"), *CHAIN, ("t", "b"), ("b", "end"))
        assert "t" in case.waiting
        assert "t" not in case.trail.split()
        assert case.do("t").waiting == ["b"]
        assert "t" in case.trail.split()

    @pytest.mark.parametrize("kind", EVENTS)
    @pytest.mark.parametrize("host", HOSTS)
    def test_one_that_does_not_interrupt_runs_beside_it(self, host, kind):
        beside = self.EVENTS[kind].replace("attachedToRef", 'cancelActivity="false" attachedToRef')
        case = game(self.HOSTS[host] + beside + user("b"), *CHAIN, ("t", "b"), ("b", "end"))
        before = [key for key in case.waiting if key != "t"]
        case.do("t")
        assert case.waiting == sorted([*before, "b", *([] if kind == "timer" else ["t"])])
        if kind != "timer":
            assert case.do("t").waiting.count("b") == 2

    def test_a_finished_activity_takes_its_events_along(self):
        for kind in self.EVENTS.values():
            assert game(user("a") + kind + user("b"), *CHAIN, ("t", "b"), ("b", "end")).do("a").ended

    def test_a_cycle_comes_as_often_as_it_says(self):
        clock = timer("t", "R2/P1D", kind="timeCycle", cancelActivity="false", **ON_A)
        case = game(user("a") + clock + user("b"), *CHAIN, ("t", "b"), ("b", "end")).do("t")
        assert case.waiting == ["a", "b", "t"]
        assert case.do("t").waiting == ["a", "b", "b"]

    def test_a_signal_thrown_inside_takes_the_sub_process_away(self):
        ring = event("endEvent", "ring", "signal")
        inside = (
            node("startEvent", "s")
            + node("parallelGateway", "f2")
            + user("x")
            + user("y")
            + ring
            + node("endEvent", "e")
        )
        flows = ("s", "f2"), ("f2", "x"), ("f2", "y"), ("x", "ring"), ("y", "e")
        case = game(sub("a", inside, *flows) + self.EVENTS["signal"] + user("b"), *CHAIN, ("t", "b"), ("b", "end")).do(
            "x"
        )
        assert case.waiting == ["b"]


def test_state_does_not_grow_with_the_age_of_a_case():
    nodes = user("review", "ok", "back") + CHOICE + message("fix")
    flows = (
        ("start", "review"),
        ("review", "choice"),
        ("choice", "end"),
        ("choice", "fix", 'outcome == "back"'),
        ("fix", "review"),
    )
    case = game(nodes, *flows).do("review:back", "fix")
    young = len(str(case.run.dump()))
    case.do(*["review:back", "fix"] * 60)
    assert len(str(case.run.dump())) <= young + 4
    assert young < 100


def test_a_circle_that_never_waits_is_stopped():
    flows = ("start", "a"), ("a", "choice"), ("choice", "end"), ("choice", "a", "1 == 1")
    with pytest.raises(EndlessProcess):
        Game(bpmn(START + END + service() + CHOICE, *flows))


def test_a_tool_that_writes_the_file_anew_changes_nothing():
    """Other prefixes, other spacing, its own extension elements: as BPMN tools do."""
    flows = ("start", "a"), ("a", "choice"), ("choice", "end"), ("choice", "a", 'outcome == "back"')
    ours = bpmn(START + END + user("a", "ok", "back:reason", status="in_review") + CHOICE, *flows)
    theirs = (
        ours.replace("bpmn:", "").replace("xmlns:bpmn=", "xmlns=").replace("huduma:", "h:").replace("xmlns:huduma", "xmlns:h")
        .replace("<extensionElements>", '<extensionElements><m:color xmlns:m="https://modeler.example/ns" fill="#fff"/>')
        .replace("><", ">\n  <").replace('id="test"', 'id="test" exporter="A modeler" exporterVersion="1.0"')
    )  # fmt: skip
    assert definitions.build(theirs).steps == definitions.build(ours).steps


def test_facts_never_heard_of_are_null_and_answers_stay_out():
    case = game(user("a"), *CHAIN, facts="size")
    assert case.run.facts_at(case.run.waits()[0].token) == {"size": None, "team": None, "outcome": None}
    assert Run.load(case.process, case.run.dump()).dump() == case.run.dump()
