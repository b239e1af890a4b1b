"""Four eyes: where a process says that two steps are for two persons, nobody gets both of them."""

import pytest
from django.conf import settings

from huduma.contexts.identity import public as identity
from huduma.contexts.places.models import PublicBody
from huduma.contexts.process import public as process
from huduma.contexts.process.models import Task
from huduma.contexts.process.tests.bpmn import END, START, node, several, user
from huduma.contexts.process.tests.bpmn import process as bpmn
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.django_db
VERIFY_ENROL = bpmn(
    START + END + user("verify", "done", "again") + user("enrol", "done", "back", separate_from="verify")
    + node("exclusiveGateway", "choice", default="choice-end"),
    ("start", "verify"), ("verify", "enrol"), ("enrol", "choice"), ("choice", "end"), ("choice", "verify", 'outcome == "back"'),
)  # fmt: skip


@pytest.fixture
def begin(now, actions):
    def start(source, facts=None):
        digest = process.define(actor=SYSTEM, bpmn=source, now=now)
        case_id = ids.uuid7()
        process.start(
            actor=SYSTEM, case_id=case_id, digest=digest, body_code="CRS", facts=facts or {}, due_at=None, now=now
        )
        return case_id

    return start


@pytest.fixture
def finish(now):
    def complete(officer, case_id, step, outcome="done"):
        task = Task.objects.filter(case_id=case_id, state="open", step=step).order_by("id").first()
        return process.complete_task(actor=officer, task_id=task.id, outcome=outcome, now=now)

    return complete


def test_who_verified_neither_takes_nor_finishes_the_enrolment(begin, finish, now, officer_actor):
    verifier, enroller = officer_actor("CRS", "supervisor"), officer_actor("CRS")
    case_id = begin(VERIFY_ENROL)
    finish(verifier, case_id, "verify")
    task, instance = process.get_task_for(verifier, case_id)
    assert not process.may_do(instance, task, verifier.account_id)
    with pytest.raises(process.SamePerson):
        process.claim_task(actor=verifier, task_id=task.id, now=now)
    with pytest.raises(process.SamePerson):
        finish(verifier, case_id, "enrol")
    finish(enroller, case_id, "enrol")
    assert process.open_tasks_of(case_id) == []


def test_it_holds_both_ways_and_for_the_whole_case(begin, finish, officer_actor):
    first, second = officer_actor("CRS"), officer_actor("CRS")
    case_id = begin(VERIFY_ENROL)
    finish(first, case_id, "verify")
    finish(second, case_id, "enrol", "back")
    with pytest.raises(process.SamePerson):
        finish(second, case_id, "verify")
    finish(first, case_id, "verify")
    finish(second, case_id, "enrol")


def test_of_two_that_are_open_at_once_nobody_holds_both(begin, finish, now, officer_actor):
    fork, join = node("parallelGateway", "fork"), node("parallelGateway", "join")
    source = bpmn(
        START + END + fork + join + user("a") + user("b", separate_from="a"),
        ("start", "fork"), ("fork", "a"), ("fork", "b"), ("a", "join"), ("b", "join"), ("join", "end"),
    )  # fmt: skip
    officer, colleague = officer_actor("CRS"), officer_actor("CRS")
    case_id = begin(source)
    tasks = {task.step: task for task in process.open_tasks_of(case_id)}
    process.claim_task(actor=officer, task_id=tasks["b"].id, now=now)
    with pytest.raises(process.SamePerson):
        process.claim_task(actor=officer, task_id=tasks["a"].id, now=now)
    with pytest.raises(process.SamePerson):
        finish(officer, case_id, "a")
    process.release_task(actor=officer, task_id=tasks["b"].id, now=now)
    finish(officer, case_id, "a")
    with pytest.raises(process.SamePerson):
        process.claim_task(actor=officer, task_id=tasks["b"].id, now=now)
    finish(colleague, case_id, "b")


def test_a_supervisor_does_not_hand_it_to_who_did_the_other_step(begin, finish, now):
    PublicBody.objects.create(code="CRS", name_en="CRS", name_sw="CRS", kind="department", level="national")

    def staff(name, role):
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{name}@crs.example", password="correct-horse-battery", first_name=name,
            surname="Mfano", now=now,
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code="CRS", now=now)
        return identity.actor_for(account, channel="desk", purpose="casework", second_factor=True)

    boss, first, second = staff("boss", "supervisor"), staff("first", "officer"), staff("second", "officer")
    case_id = begin(VERIFY_ENROL)
    finish(first, case_id, "verify")
    task, _ = process.get_task_for(boss, case_id)
    with pytest.raises(process.SamePerson):
        process.reassign_task(actor=boss, task_id=task.id, to_account_id=first.account_id, now=now)
    process.reassign_task(actor=boss, task_id=task.id, to_account_id=second.account_id, now=now)
    finish(second, case_id, "enrol")


def test_lanes_are_for_two_persons_and_a_gateway_in_one_is_for_nobody(begin, finish, officer_actor):
    lanes = (
        '<bpmn:laneSet id="lanes"><bpmn:lane id="verifiers"><bpmn:flowNodeRef>verify</bpmn:flowNodeRef>'
        "<bpmn:flowNodeRef>choice</bpmn:flowNodeRef></bpmn:lane>"
        '<bpmn:lane id="enrollers" huduma:separate_from="verifiers"><bpmn:flowNodeRef>enrol</bpmn:flowNodeRef>'
        "</bpmn:lane></bpmn:laneSet>"
    )
    source = VERIFY_ENROL.replace(' huduma:separate_from="verify"', "").replace(
        'isExecutable="true">', f'isExecutable="true">{lanes}'
    )
    assert process.check(source) == []
    officer = officer_actor("CRS")
    case_id = begin(source)
    finish(officer, case_id, "verify")
    with pytest.raises(process.SamePerson):
        finish(officer, case_id, "enrol")


def test_a_step_that_names_itself_is_done_by_another_person_each_time(begin, finish, officer_actor):
    source = bpmn(
        START + END + user("vote", loop=several("3"), separate_from="vote"), ("start", "vote"), ("vote", "end")
    )
    case_id = begin(source)
    voters = [officer_actor("CRS") for _ in range(3)]
    for voter in voters:
        finish(voter, case_id, "vote")
        if voter is not voters[-1]:
            with pytest.raises(process.SamePerson):
                finish(voter, case_id, "vote")
    assert process.open_tasks_of(case_id) == []


def test_the_benefit_is_verified_and_enrolled_by_two_persons(begin, finish, officer_actor):
    case_id = begin((settings.SERVICES_DIR / "inua-jamii-older" / "process.bpmn").read_text())
    boss = officer_actor("CRS", "supervisor")
    finish(boss, case_id, "review", "approve")
    with pytest.raises(process.SamePerson):
        finish(boss, case_id, "enrol", "approve")
    finish(officer_actor("CRS", "supervisor"), case_id, "enrol", "approve")
