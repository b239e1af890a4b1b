"""Service tasks that wait, that ask the outside, that fail; teams, other bodies, clocks and signals: cases with their rows."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import OperationalError, connection

from huduma.contexts.process import operations
from huduma.contexts.process import public as process
from huduma.contexts.process.models import Instance, Task, TeamMember
from huduma.contexts.process.providers import plugs
from huduma.contexts.process.tests.bpmn import END, START, event, node, several, timer, user
from huduma.contexts.process.tests.bpmn import process as bpmn
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM, NotPermitted, Refusal
from huduma.foundation.journal import public as journal
from huduma.foundation.worktime import public as worktime

pytestmark = pytest.mark.django_db
CHAIN = (("start", "a"), ("a", "end"))


class Broken(Refusal):
    """The printer is out of paper. Ask the clerk."""


def service(key="a", action="raise-bill", **config):
    given = "".join(f'<huduma:with name="{name}" {value}/>' for name, value in config.items())
    inner = f"<bpmn:extensionElements>{given}</bpmn:extensionElements>" if given else ""
    return node("serviceTask", key, inner, name=key, h_action=action)


@pytest.fixture
def begin(now, actions):
    def start(nodes, *flows, facts=None, body="CRS", **given):
        digest = process.define(actor=SYSTEM, bpmn=bpmn(START + END + nodes, *flows, **given), now=now)
        return process.start(
            actor=SYSTEM, case_id=ids.uuid7(), digest=digest, body_code=body, facts=facts or {}, due_at=None, now=now
        ).case_id

    return start


def open_steps(case_id):
    return sorted(task.step for task in process.open_tasks_of(case_id))


class TestStuck:
    def test_an_officers_decision_is_kept_when_the_step_behind_it_fails(
        self, begin, now, actions, officer_actor, drain_jobs
    ):
        actions["raise-bill"] = lambda **_: (_ for _ in ()).throw(Broken())
        case_id = begin(user("u") + service(), ("start", "u"), ("u", "a"), ("a", "end"))
        officer, boss = officer_actor("CRS"), officer_actor("CRS", "supervisor")
        task, _ = process.get_task_for(officer, case_id)
        process.complete_task(actor=officer, task_id=task.id, outcome="done", now=now)
        assert Task.objects.get(step="u").state == "done"
        [row] = process.list_stuck_for(boss)
        assert (row.case_id, row.fault) == (case_id, Broken.default_message())
        assert not process.retry_step(actor=boss, task_id=row.id, now=now)
        actions["raise-bill"] = lambda **_: None
        [row] = process.list_stuck_for(boss)
        assert process.retry_step(actor=boss, task_id=row.id, now=now)
        assert Instance.objects.get(case_id=case_id).run == "ended"
        acts = {entry.act for entry in journal.entries_concerning(case_id)}
        assert {"process.step.stuck", "process.step.unstuck"} <= acts
        with pytest.raises(process.TaskClosed):
            process.retry_step(actor=boss, task_id=row.id, now=now)

    def test_what_a_failed_action_wrote_is_taken_back(self, begin, now, actions):
        def write(**_):
            TeamMember.objects.create(body_code="X", team="x", account_id=ids.uuid7())
            raise ZeroDivisionError("a secret answer")

        actions["raise-bill"] = write
        case_id = begin(service(), *CHAIN)
        assert not TeamMember.objects.exists()
        assert Task.objects.get(case_id=case_id).fault == "ZeroDivisionError"

    def test_what_two_transactions_did_to_each_other_leaves_no_step_stuck(self, begin, now, actions, officer_actor):
        def collide(**_):
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = 'deadlock_detected'; END $$")

        actions["raise-bill"] = collide
        case_id = begin(user("u") + service(), ("start", "u"), ("u", "a"), ("a", "end"))
        task = Task.objects.get(case_id=case_id)
        for act in (collide, lambda **_: None):
            actions["raise-bill"] = act
            with pytest.raises(OperationalError) if act is collide else nullcontext():
                process.complete_task(actor=officer_actor("CRS"), task_id=task.id, outcome="done", now=now)
        assert Instance.objects.get(case_id=case_id).run == "ended"

    def test_a_supervisor_skips_with_a_reason_that_is_kept(self, begin, now, actions, officer_actor):
        actions["raise-bill"] = lambda **_: 1 / 0
        case_id = begin(service() + user("b"), ("start", "a"), ("a", "b"), ("b", "end"))
        boss = officer_actor("CRS", "supervisor")
        task_id = process.list_stuck_for(boss)[0].id
        with pytest.raises(process.ReasonNeeded):
            process.skip_step(actor=boss, task_id=task_id, reason=" ", now=now)
        process.skip_step(actor=boss, task_id=task_id, reason="Paid in cash", now=now)
        done = Task.objects.get(id=task_id)
        assert (done.state, done.outcome, done.note, done.assignee_id) == (
            "done",
            "skipped",
            "Paid in cash",
            boss.account_id,
        )
        assert open_steps(case_id) == ["b"]

    def test_only_supervisors_of_the_deciding_body(self, begin, now, actions, officer_actor):
        actions["raise-bill"] = lambda **_: 1 / 0
        task_id = Task.objects.get(case_id=begin(service(), *CHAIN)).id
        for stranger in (officer_actor("CRS"), officer_actor("DCI", "supervisor")):
            with pytest.raises(NotPermitted):
                process.retry_step(actor=stranger, task_id=task_id, now=now)
            with pytest.raises(NotPermitted):
                process.skip_step(actor=stranger, task_id=task_id, reason="x", now=now)
        with pytest.raises(NotPermitted):
            process.list_stuck_for(officer_actor("CRS"))
        assert process.list_stuck_for(officer_actor("DCI", "supervisor")) == []

    def test_a_case_that_cannot_even_start_is_refused(self, begin, actions):
        actions["raise-bill"] = lambda **_: (_ for _ in ()).throw(Broken())
        with pytest.raises(Broken):
            begin(service(), *CHAIN)
        assert not Instance.objects.exists()

    def test_a_choice_that_cannot_be_made_waits_for_a_supervisor_who_takes_the_default(self, begin, now, officer_actor):
        choice = node("exclusiveGateway", "choice", default="choice-end")
        digest = process.define(
            actor=SYSTEM, now=now,
            bpmn=bpmn(
                START + END + choice + user("a"), ("start", "choice"), ("choice", "end"), ("choice", "a", "size > 3"), ("a", "end"),
                facts="size",
            ),
        )  # fmt: skip
        case_id = ids.uuid7()
        process.start(actor=SYSTEM, case_id=case_id, digest=digest, body_code="CRS", facts={}, due_at=None, now=now)
        boss = officer_actor("CRS", "supervisor")
        process.skip_step(actor=boss, task_id=process.list_stuck_for(boss)[0].id, reason="No size needed", now=now)
        assert Instance.objects.get(case_id=case_id).run == "ended"


class TestWaiting:
    @pytest.fixture
    def visit(self, actions):
        plugs.register_action("visit", awaits={"attended": "came", "missed": "stayed away"})

    @pytest.mark.parametrize(("name", "goes"), [("attended", "end"), ("missed", "b")])
    def test_a_service_task_ends_with_one_of_its_messages(self, begin, now, visit, name, goes):
        choice = node("exclusiveGateway", "choice", default="choice-end")
        case_id = begin(
            service(action="visit") + choice + user("b"), ("start", "a"), ("a", "choice"), ("choice", "end"),
            ("choice", "b", 'outcome == "stayed away"'), ("b", "end"),
        )  # fmt: skip
        assert open_steps(case_id) == ["a"]
        assert not process.deliver_message(actor=SYSTEM, case_id=case_id, name="go", now=now)
        assert process.deliver_message(actor=SYSTEM, case_id=case_id, name=name, now=now)
        assert not process.deliver_message(actor=SYSTEM, case_id=case_id, name=name, now=now)
        assert open_steps(case_id) == ([] if goes == "end" else ["b"])

    def test_an_action_may_find_that_there_is_nothing_to_wait_for(self, begin, actions):
        plugs.register_action("pay", lambda **_: {}, awaits={"paid": "paid"})
        plugs.register_action("pay-later", lambda **_: plugs.RESTING, awaits={"paid": "paid"})
        assert open_steps(begin(service(action="pay"), *CHAIN)) == []
        assert open_steps(begin(service(action="pay-later"), *CHAIN)) == ["a"]


class TestCalls:
    @pytest.fixture
    def called(self, actions):
        answers = []

        def call(**given):
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        plugs.register_action("ask", call=call, schema={"properties": {"who": {"type": "string"}}})
        return answers

    FLOWS = ("start", "a"), ("a", "b"), ("b", "end"), ("t", "c"), ("c", "end")
    NODES = (
        service(action="ask", who='value="x"')
        + user("b")
        + user("c")
        + event("boundaryEvent", "t", "error", attachedToRef="a")
    )

    def test_the_answer_becomes_facts(self, begin, now, called, drain_jobs):
        called.append({"size": 4, "name": "kept out"})
        case_id = begin(self.NODES, *self.FLOWS)
        assert open_steps(case_id) == ["a"]
        drain_jobs()
        assert open_steps(case_id) == ["b"]
        assert "kept out" not in str(Instance.objects.get(case_id=case_id).state)

    def test_an_error_that_the_process_catches(self, begin, called, drain_jobs):
        called.append(plugs.Thrown("broken"))
        case_id = begin(self.NODES, *self.FLOWS)
        drain_jobs()
        assert open_steps(case_id) == ["c"]

    def test_an_outage_is_tried_again_later_and_then_seen_by_a_supervisor(self, begin, now, called, officer_actor):
        called += [ConnectionError("10.0.0.1")] * operations.stuck.CALL_ATTEMPTS
        case_id = begin(self.NODES, *self.FLOWS)
        task_id = Task.objects.get(case_id=case_id).id
        boss = officer_actor("CRS", "supervisor")
        for attempt in range(1, operations.stuck.CALL_ATTEMPTS + 1):
            assert process.list_stuck_for(boss) == []
            operations.call_service(task_id=task_id, now=now)
            assert Task.objects.get(id=task_id).attempts == attempt
        [row] = process.list_stuck_for(boss)
        assert row.fault == "ConnectionError"
        operations.call_service(task_id=task_id, now=now)  # a job that comes late changes nothing
        called.append({})
        process.retry_step(actor=boss, task_id=task_id, now=now)
        operations.call_service(task_id=Task.objects.get(case_id=case_id, state="open").id, now=now)
        assert open_steps(case_id) == ["b"]

    def test_the_pauses_grow(self, begin, now, called, monkeypatch):
        deferred = []
        monkeypatch.setattr(operations.stuck.jobs, "defer", lambda name, **given: deferred.append(given.get("at")))
        called += [ConnectionError()] * 5
        task_id = Task.objects.get(case_id=begin(self.NODES, *self.FLOWS)).id
        for _ in range(5):
            operations.call_service(task_id=task_id, now=now)
        pauses = [(at - now) / timedelta(minutes=1) for at in deferred if at]
        assert pauses == [1, 4, 16, 64, 256]

    def test_an_answer_that_comes_after_the_case_was_cancelled_changes_nothing(self, begin, now, called):
        called.append({})
        case_id = begin(self.NODES, *self.FLOWS)
        task_id = Task.objects.get(case_id=case_id).id
        process.cancel(actor=SYSTEM, case_id=case_id, now=now)
        operations.call_service(task_id=task_id, now=now)
        assert Instance.objects.get(case_id=case_id).run == "cancelled"


class TestTeamsAndBodies:
    LANES = (
        '<bpmn:laneSet id="ls"><bpmn:lane id="l1" huduma:role="supervisor"><bpmn:flowNodeRef>a</bpmn:flowNodeRef></bpmn:lane>'
        '<bpmn:lane id="l2" huduma:team="inspectors"><bpmn:flowNodeRef>b</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>'
    )
    FLOWS = ("start", "a"), ("a", "b"), ("b", "end")

    def in_lanes(self, nodes):
        return bpmn(self.LANES + START + END + nodes, *self.FLOWS)

    def test_a_lane_says_role_and_team(self, now, actions, officer_actor, heard):
        digest = process.define(actor=SYSTEM, bpmn=self.in_lanes(user("a") + user("b")), now=now)
        case_id = ids.uuid7()
        process.start(actor=SYSTEM, case_id=case_id, digest=digest, body_code="CRS", facts={}, due_at=None, now=now)
        one, two, boss = officer_actor("CRS"), officer_actor("CRS"), officer_actor("CRS", "supervisor")
        first = Task.objects.get(step="a")
        with pytest.raises(NotPermitted):
            process.claim_task(actor=one, task_id=first.id, now=now)
        process.complete_task(actor=boss, task_id=first.id, outcome="done", now=now)
        task = Task.objects.get(step="b")
        assert task.team == "inspectors"
        for officer in (one, two, boss):  # a team without members is the whole body
            assert [row.id for row in process.list_tasks_for(officer, now=now).tasks] == [task.id]
        TeamMember.objects.create(body_code="CRS", team="inspectors", account_id=one.account_id)
        assert [len(process.list_tasks_for(who, now=now).tasks) for who in (one, two, boss)] == [1, 0, 1]
        with pytest.raises(NotPermitted):
            process.claim_task(actor=two, task_id=task.id, now=now)
        process.claim_task(actor=one, task_id=task.id, now=now)

    def test_who_is_handed_a_task_can_do_it(self, begin, now, officer_actor, colleague):
        case_id = begin(user("a", team="archive") + user("b", role="supervisor"), *self.FLOWS)
        boss, theirs = officer_actor("CRS", "supervisor"), replace(officer_actor("CRS"), account_id=colleague)
        TeamMember.objects.create(body_code="CRS", team="archive", account_id=ids.uuid7())
        task = Task.objects.get(step="a")
        process.reassign_task(actor=boss, task_id=task.id, to_account_id=colleague, now=now)
        process.complete_task(actor=theirs, task_id=task.id, outcome="done", now=now)  # though of no team
        task = Task.objects.get(case_id=case_id, step="b")
        with pytest.raises(process.SupervisorsOnly):
            process.reassign_task(actor=boss, task_id=task.id, to_account_id=colleague, now=now)

    def test_a_step_gives_the_case_to_a_team(self, begin, now, actions):
        plugs.register_action(
            "assign-team", operations.assign_team, schema={"properties": {"team": {"type": "string"}}}
        )
        nodes = service(action="assign-team", team='value="archive"') + user("b")
        begin(nodes, *self.FLOWS)
        assert Task.objects.get(step="b").team == "archive"

    def test_a_team_is_set_by_its_supervisor_from_the_bodys_officers(self, begin, now, officer_actor):
        begin(user("a", team="archive"), *CHAIN)
        boss = officer_actor("CRS", "supervisor")
        assert process.list_teams("CRS") == ["archive"]
        process.set_team(actor=boss, body_code="CRS", team="archive", account_ids=set(), now=now)
        with pytest.raises(process.CannotHandOver):
            process.set_team(actor=boss, body_code="CRS", team="archive", account_ids={ids.uuid7()}, now=now)
        for stranger in (officer_actor("CRS"), officer_actor("DCI", "supervisor")):
            with pytest.raises(NotPermitted):
                process.set_team(actor=stranger, body_code="CRS", team="archive", account_ids=set(), now=now)

    def test_another_body_is_asked_and_sees_only_what_is_shared(self, begin, now, officer_actor):
        asked = service(action="ask-opinion", body='value="NEMA"', share='value="site size_of_site"')
        case_id = begin(asked + user("b"), *self.FLOWS)
        ours, theirs, others = officer_actor("CRS"), officer_actor("NEMA"), officer_actor("DCI")
        task, _ = process.get_task_for(theirs, case_id)
        assert process.shared_with(theirs, case_id) == {"site", "size_of_site"}
        assert [outcome.key for outcome in process.outcomes_of(task)] == ["no_objection", "objection"]
        assert process.list_tasks_for(ours, now=now).tasks == []
        for stranger in (ours, others):
            with pytest.raises(NotPermitted):
                process.shared_with(stranger, case_id)
            with pytest.raises(NotPermitted):
                process.claim_task(actor=stranger, task_id=task.id, now=now)
        with pytest.raises(NotPermitted):
            process.get_task_for(others, case_id)
        process.complete_task(actor=theirs, task_id=task.id, outcome="objection", note="Wetland", now=now)
        assert open_steps(case_id) == ["b"]
        for act in (process.get_task_for, process.shared_with):  # what was shared is shared no longer
            with pytest.raises(NotPermitted):
                act(theirs, case_id)

    def test_each_of_several_has_a_task_of_its_own(self, now, actions):
        source = bpmn(START + END + user("a", loop=several(collection="owners")), *CHAIN, lists="owners")
        digest = process.define(actor=SYSTEM, bpmn=source, now=now)
        process.start(
            actor=SYSTEM, case_id=ids.uuid7(), digest=digest, body_code="CRS", facts={"owners": ["Amina", "Otieno"]}, due_at=None,
            now=now,
        )  # fmt: skip
        assert [task.item for task in Task.objects.order_by("token")] == ["Amina", "Otieno"]


class TestClocksAndSignals:
    @pytest.mark.parametrize(
        ("kind", "when", "time", "expected"),
        [
            (
                "timeDuration",
                "P3D",
                "",
                datetime(2026, 11, 30, 6, tzinfo=UTC),
            ),  # a Friday, 09:00 in Nairobi, and 3 days
            ("timeDuration", "P3D", "working", datetime(2026, 12, 2, 14, tzinfo=UTC)),  # Wednesday, 17:00
            (
                "timeDuration",
                "PT10H",
                "working",
                datetime(2026, 11, 30, 7, tzinfo=UTC),
            ),  # 8 hours on Friday, 2 on Monday
            ("timeDate", "2027-01-01", "", datetime(2026, 12, 31, 21, tzinfo=UTC)),  # midnight in Nairobi
            ("timeDate", "day", "", datetime(2027, 3, 1, 9, tzinfo=UTC)),
        ],
    )
    def test_when_a_timer_runs_out(self, actions, kind, when, time, expected):
        friday = datetime(2026, 11, 27, 6, tzinfo=UTC)
        source = bpmn(START + END + timer("a", when, kind=kind, time=time), *CHAIN, facts="day")
        digest = process.define(actor=SYSTEM, bpmn=source, now=friday)
        process.start(
            actor=SYSTEM, case_id=ids.uuid7(), digest=digest, body_code="CRS", facts={"day": "2027-03-01T12:00:00+03:00"}, due_at=None,
            now=friday,
        )  # fmt: skip
        assert Task.objects.get().due_at == expected

    def test_a_timer_whose_fact_is_no_time_waits_for_a_supervisor(self, actions, now, officer_actor):
        source = bpmn(START + END + timer("a", "day", kind="timeDate"), *CHAIN, facts="day")
        digest = process.define(actor=SYSTEM, bpmn=source, now=now)
        case_id = ids.uuid7()
        process.start(
            actor=SYSTEM, case_id=case_id, digest=digest, body_code="CRS", facts={"day": "soon"}, due_at=None, now=now
        )
        boss = officer_actor("CRS", "supervisor")
        process.skip_step(actor=boss, task_id=process.list_stuck_for(boss)[0].id, reason="Agreed by phone", now=now)
        assert Instance.objects.get(case_id=case_id).run == "ended"

    def test_a_reminder_comes_as_often_as_it_says_and_ends_with_the_task(self, begin, now, officer_actor, drain_jobs):
        clock = timer("t", "R2/P1D", "boundaryEvent", "timeCycle", attachedToRef="a", cancelActivity="false")
        case_id = begin(user("a") + clock + user("b"), *CHAIN, ("t", "b"), ("b", "end"))
        for count in (1, 2):
            waiting = Task.objects.get(kind="timer", state="open")
            operations.fire_timer(task_id=waiting.id, now=waiting.due_at)
            assert open_steps(case_id).count("b") == count
        assert not Task.objects.filter(kind="timer", state="open").exists()

    def test_a_signal_is_heard_by_every_case_that_waits_for_it_when_it_is_thrown(self, begin, now, officer_actor):
        hear = event("intermediateCatchEvent", "hear", "signal") + user("b")
        flows = ("start", "hear"), ("hear", "b"), ("b", "end")
        listening = [begin(hear, *flows) for _ in range(3)]
        thrower = begin(event("intermediateThrowEvent", "a", "signal"), *CHAIN)
        operations.broadcast(name="bell", except_case=thrower, thrown_at=now, now=now)
        assert all(open_steps(case_id) == ["b"] for case_id in listening)
        operations.broadcast(name="bell", except_case=thrower, thrown_at=now, now=now)

    def test_a_case_that_waits_later_hears_nothing_of_it(self, begin, now):
        case_id = begin(event("intermediateCatchEvent", "a", "signal"), *CHAIN)
        operations.broadcast(name="bell", except_case=ids.uuid7(), thrown_at=now - timedelta(seconds=1), now=now)
        assert open_steps(case_id) == ["a"]

    def test_a_case_that_fails_keeps_no_other_from_hearing(self, begin, now, monkeypatch):
        hear = event("intermediateCatchEvent", "hear", "signal") + user("b", "done")
        flows = ("start", "hear"), ("hear", "b"), ("b", "end")
        first, second = begin(hear, *flows), begin(hear, *flows)

        def fail(rest, now):
            if rest.case_id == first:
                raise ZeroDivisionError

        monkeypatch.setattr(plugs, "followers", [fail])
        with pytest.raises(ZeroDivisionError):  # the job is tried again
            operations.broadcast(name="bell", except_case=ids.uuid7(), thrown_at=now, now=now)
        assert (open_steps(first), open_steps(second)) == (["hear"], ["b"])
        monkeypatch.setattr(plugs, "followers", [])
        operations.broadcast(name="bell", except_case=ids.uuid7(), thrown_at=now, now=now)
        assert open_steps(first) == ["b"]

    def test_a_timer_that_a_fast_clock_wakes_too_early_waits_again(self, begin, now, drain_jobs):
        begin(timer("a", "P3D"), *CHAIN)
        clock = Task.objects.get(kind="timer")
        with connection.cursor() as cursor:  # another machine took its job and was behind the time of the database
            cursor.execute("UPDATE procrastinate_jobs SET status = 'succeeded'")
        operations.fire_timer(task_id=clock.id, now=clock.due_at - timedelta(milliseconds=1))
        with connection.cursor() as cursor:
            cursor.execute("SELECT scheduled_at FROM procrastinate_jobs WHERE status = 'todo'")
            assert cursor.fetchall() == [(clock.due_at,)]

    def test_a_new_holiday_moves_the_timers_that_it_touches(self, begin, now, officer_actor, drain_jobs):
        begin(timer("a", "P3D", time="working"), *CHAIN)
        begin(timer("a", "P3D"), *CHAIN)
        admin, day = officer_actor(None, "administrator"), date(2026, 11, 25)

        def dues():
            return [task.due_at for task in Task.objects.filter(kind="timer").order_by("created_at", "id")]

        working, plain = dues()
        worktime.set_special_day(actor=admin, day=day, is_working=False, reason="Gazette Notice (example)", now=now)
        operations.recompute_timers(day=day, now=now)
        assert dues() == [working + timedelta(days=1), plain]
        worktime.clear_special_day(actor=admin, day=day, now=now)
        assert "process.recompute_timers" in drain_jobs()
        assert dues() == [working, plain]
        with connection.cursor() as cursor:
            cursor.execute("SELECT scheduled_at FROM procrastinate_jobs WHERE task_name = 'process.fire_timer'")
            assert (working,) in cursor.fetchall()
