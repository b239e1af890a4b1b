"""Running cases that go on under another definition, and back."""

from datetime import timedelta

import pytest

from huduma.contexts.process import operations
from huduma.contexts.process import public as process
from huduma.contexts.process.models import Instance, Task
from huduma.contexts.process.tests.bpmn import END, START, message, node, timer, user
from huduma.contexts.process.tests.bpmn import process as bpmn
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM, NotFound, NotPermitted

pytestmark = pytest.mark.django_db
FIRST = bpmn(START + user("a") + user("b") + END, ("start", "a"), ("a", "b"), ("b", "end"))
LATE = {"tag": "boundaryEvent", "attachedToRef": "a"}


@pytest.fixture
def define(now, actions):
    return lambda source: process.define(actor=SYSTEM, bpmn=source, now=now)


@pytest.fixture
def case_id(define, now):
    case_id = ids.uuid7()
    process.start(actor=SYSTEM, case_id=case_id, digest=define(FIRST), body_code="CRS", facts={}, due_at=None, now=now)
    return case_id


@pytest.fixture
def boss(officer_actor):
    return officer_actor("CRS", "supervisor")


def open_steps(case_id):
    return sorted(task.step for task in process.open_tasks_of(case_id))


def test_a_case_goes_on_under_the_new_definition_with_its_officer(define, case_id, boss, officer_actor, now):
    officer = officer_actor("CRS")
    process.claim_task(actor=officer, task_id=Task.objects.get().id, now=now)
    target = define(
        bpmn(START + user("a", "yes", "no") + user("c") + timer("late", **LATE) + END,
             ("start", "a"), ("a", "c"), ("c", "end"), ("late", "end")).replace('name="a"', 'name="Check again"')
    )  # fmt: skip
    process.move(actor=boss, case_id=case_id, digest=target, now=now)
    assert open_steps(case_id) == ["a", "late"]
    task = Task.objects.get(step="a")
    assert (task.name["en"], task.assignee_id) == ("Check again", officer.account_id)
    process.complete_task(actor=officer, task_id=task.id, outcome="yes", now=now)
    assert open_steps(case_id) == ["c"]
    with pytest.raises(process.CannotUndo):
        process.undo_move(actor=boss, case_id=case_id, now=now)


def test_a_move_is_taken_back_and_clocks_with_it(define, case_id, boss, now, officer_actor):
    clocked = FIRST.replace(
        "</bpmn:process>",
        timer("late", **LATE) + '<bpmn:sequenceFlow id="l" sourceRef="late" targetRef="end"/></bpmn:process>',
    )
    process.move(actor=boss, case_id=case_id, digest=define(clocked), now=now)
    before = Instance.objects.get(case_id=case_id).state
    process.move(actor=boss, case_id=case_id, digest=define(FIRST), now=now + timedelta(seconds=1))
    assert open_steps(case_id) == ["a"]
    process.undo_move(actor=boss, case_id=case_id, now=now)
    assert open_steps(case_id) == ["a", "late"]
    assert Instance.objects.get(case_id=case_id).state == before
    clock = Task.objects.get(kind="timer")
    operations.fire_timer(task_id=clock.id, now=clock.due_at)
    assert Instance.objects.get(case_id=case_id).run == "ended"
    with pytest.raises(NotFound):
        process.undo_move(actor=boss, case_id=case_id, now=now)


@pytest.mark.parametrize(
    ("nodes", "flows", "why"),
    [
        (user("z"), (("start", "z"), ("z", "end")), "gone"),
        (message("a"), (("start", "a"), ("a", "end")), "changed"),
        (node("serviceTask", "a", h_action="raise-bill"), (("start", "a"), ("a", "end")), "changed"),
    ],
)  # fmt: skip
def test_what_cannot_move_stays_and_says_why(define, case_id, boss, now, nodes, flows, why):
    target = define(bpmn(START + END + nodes, *flows))
    [obstacle] = process.obstacles([case_id], target)[case_id]
    assert (obstacle.step, obstacle.why) == ("a", why)
    before = Instance.objects.values().get(case_id=case_id)
    with pytest.raises(process.CannotMove):
        process.move(actor=boss, case_id=case_id, digest=target, now=now)
    assert Instance.objects.values().get(case_id=case_id) == before


def test_only_supervisors_of_the_deciding_body_move(define, case_id, now, officer_actor):
    for stranger in (officer_actor("CRS"), officer_actor("DCI", "supervisor")):
        for act in (
            lambda who=stranger: process.move(actor=who, case_id=case_id, digest=define(FIRST), now=now),
            lambda who=stranger: process.undo_move(actor=who, case_id=case_id, now=now),
        ):
            with pytest.raises(NotPermitted):
                act()


def test_the_same_definition_changes_nothing_and_new_facts_are_filled_in(define, case_id, boss, now):
    assert process.move(actor=boss, case_id=case_id, digest=define(FIRST), now=now) is None
    wider = bpmn(START + user("a") + END, ("start", "a"), ("a", "end"), facts="size")
    process.move(actor=boss, case_id=case_id, digest=define(wider), facts={"size": 3, "surname": "Mfano"}, now=now)
    assert Instance.objects.get(case_id=case_id).state["facts"] == {"size": 3}


def test_a_case_goes_on_after_a_move_was_taken_back_and_can_move_again(define, case_id, boss, officer_actor, now):
    officer, clocked = officer_actor("CRS"), bpmn(
        START + user("a") + user("b") + timer("late", **LATE) + END,
        ("start", "a"), ("a", "b"), ("b", "end"), ("late", "end"),
    )  # fmt: skip
    for days in (0, 1):
        process.move(actor=boss, case_id=case_id, digest=define(clocked), now=now + timedelta(days=days))
        assert Task.objects.get(kind="timer", state="open").due_at == now + timedelta(days=30 + days)
        process.undo_move(actor=boss, case_id=case_id, now=now + timedelta(days=days))
    process.complete_task(actor=officer, task_id=Task.objects.get(step="a").id, outcome="done", now=now)
    assert open_steps(case_id) == ["b"]


def test_what_happened_on_a_border_does_not_happen_again_because_the_case_moved(define, now, boss):
    def reminded(more):
        border = timer("remind", "P7D", cancelActivity="false", **LATE)
        return bpmn(
            START + user("a") + user("c") + node("endEvent", "said") + border + END + more,
            ("start", "a"), ("a", "end"), ("remind", "c"), ("c", "said"),
        )  # fmt: skip

    case_id = ids.uuid7()
    digest = define(reminded(""))
    process.start(actor=SYSTEM, case_id=case_id, digest=digest, body_code="CRS", facts={}, due_at=None, now=now)
    clock = Task.objects.get(kind="timer")
    operations.fire_timer(task_id=clock.id, now=clock.due_at)
    process.move(actor=boss, case_id=case_id, digest=define(reminded("<!-- other -->")), now=now)
    assert open_steps(case_id) == ["a", "c"]


def test_a_case_does_not_move_to_a_join_whose_other_branch_cannot_come(define, case_id, boss, now):
    fork, join = node("parallelGateway", "fork"), node("parallelGateway", "join")
    target = define(
        bpmn(START + user("a") + user("c") + user("b") + fork + join + END, ("start", "fork"), ("fork", "a"), ("fork", "c"),
             ("a", "join"), ("c", "join"), ("join", "b"), ("b", "end"))
    )  # fmt: skip
    assert [(o.step, o.why) for o in process.obstacles([case_id], target)[case_id]] == [("a", "changed")]
    process.complete_task(actor=boss, task_id=Task.objects.get(step="a").id, outcome="done", now=now)
    assert process.obstacles([case_id], target)[case_id] == []  # behind the join it can
