"""Cases at work: who may do what, what observers hear, what cannot go wrong twice."""

import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, connections

from huduma.contexts.process import operations
from huduma.contexts.process import public as process
from huduma.contexts.process.models import Instance, Task
from huduma.contexts.process.providers import plugs
from huduma.contexts.process.tests.bpmn import END, START, node, timer, user
from huduma.contexts.process.tests.bpmn import process as bpmn
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM, NotFound, NotPermitted
from huduma.foundation.journal import public as journal
from huduma.foundation.worktime import public as worktime


def package(code):
    folder = settings.SERVICES_DIR / code
    rules = folder / "rules.dmn"
    return (folder / "process.bpmn").read_text(), rules.read_text() if rules.exists() else ""


@pytest.fixture
def start(now, actions):
    """Start a case of a service, or of a process given as text."""

    def begin(service="birth-cert-current", *, source="", facts=None, body="CRS", due_at=None, case_id=None):
        bpmn_text, dmn = (source, "") if source else package(service)
        digest = process.define(actor=SYSTEM, bpmn=bpmn_text, dmn=dmn, now=now)
        return process.start(
            actor=SYSTEM, case_id=case_id or ids.uuid7(), digest=digest, body_code=body, service_code=service,
            facts=facts or {}, due_at=due_at, now=now,
        )  # fmt: skip

    return begin


@pytest.fixture
def review(start, now):
    """A paid birth certificate that waits for an officer: returns (case id, task)."""

    def reach(**given):
        case_id = start(**given).case_id
        process.deliver_message(actor=SYSTEM, case_id=case_id, name="bill-settled", now=now)
        return case_id, Task.objects.get(case_id=case_id, state="open", kind="user")

    return reach


def deliver(case_id, name, now, **facts):
    return process.deliver_message(actor=SYSTEM, case_id=case_id, name=name, facts=facts, now=now)


@pytest.mark.django_db
class TestTheThreeServices:
    def test_a_birth_certificate_goes_back_for_correction_and_is_issued(
        self, start, now, officer_actor, heard, actions, monkeypatch
    ):
        monkeypatch.setattr(plugs, "questions", [lambda case_id: {"father_name": "The father’s name", "sex": "Sex"}])
        did = []
        actions["raise-bill"] = lambda **given: did.append(("bill", given["config"]))
        actions["issue-credential"] = lambda **given: did.append(("issue", given["config"]))
        officer, case_id = officer_actor("CRS"), start().case_id
        assert deliver(case_id, "bill-settled", now)
        task, instance = process.get_task_for(officer, case_id)
        assert [o.key for o in process.outcomes_of(task)] == ["approve", "reject", "send_back"]
        process.complete_task(
            actor=officer, task_id=task.id, outcome="send_back", note="Father's name", fields=["father_name"],
            version=instance.version, now=now,
        )  # fmt: skip
        assert deliver(case_id, "corrected", now)
        task, _ = process.get_task_for(officer, case_id)
        process.complete_task(actor=officer, task_id=task.id, outcome="approve", now=now)
        assert deliver(case_id, "credential-issued", now)
        assert [status for _, status, _ in heard] == [
            "waiting_payment", "in_review", "waiting_correction", "in_review", "issuing", "issued",
        ]  # fmt: skip
        assert did == [("bill", {}), ("issue", {})]
        assert Instance.objects.get(case_id=case_id).run == "ended"
        assert process.open_tasks_of(case_id) == []
        sent_back, approved = process.decisions_of(case_id)
        assert (sent_back.note, sent_back.fields, approved.outcome) == ("Father's name", ["father_name"], "approve")

    def test_a_police_clearance_waits_for_the_visit_and_can_be_refused(self, start, now, officer_actor, heard):
        officer, case_id = officer_actor("DCI"), start("police-clearance", body="DCI").case_id
        deliver(case_id, "bill-settled", now)
        for outcome, note in (("done", ""), ("retake", "Blurred"), ("done", ""), ("reject", "A record was found")):
            task, _ = process.get_task_for(officer, case_id)
            process.complete_task(actor=officer, task_id=task.id, outcome=outcome, note=note, now=now)
        assert [status for _, status, _ in heard] == [
            "waiting_payment", "waiting_visit", "in_review", "waiting_visit", "in_review", "rejected",
        ]  # fmt: skip
        assert heard[-1] == ("rejected", "rejected", "reject")

    def test_a_permit_is_billed_by_county_activity_and_size(self, start, now, actions):
        billed = []
        actions["raise-bill"] = lambda **given: billed.append(given["config"])
        for facts in (
            {"county_code": "047", "activity": "workshop", "size": "small"},
            {"county_code": "047", "activity": "shop", "size": "small"},
            {"county_code": "001", "activity": "workshop", "size": "large"},
        ):
            start("county-sbp", facts=facts, body="CG-" + facts["county_code"])
        assert [(b["application_fee_cents"], b["permit_fee_cents"]) for b in billed] == [
            (20000, 1500000), (20000, 800000), (20000, 2000000),
        ]  # fmt: skip

    def test_a_size_that_no_rule_knows_is_refused_and_nothing_is_started(self, start):
        with pytest.raises(process.NoRule):
            start("county-sbp", facts={"county_code": "047", "activity": "workshop", "size": "titanic"})
        assert not Instance.objects.exists()


@pytest.mark.django_db
class TestFacts:
    def test_answers_stay_out_of_the_state(self, start):
        facts = {
            "county_code": "047",
            "activity": "shop",
            "size": "kiosk",
            "surname": "Mfano",
            "note": {"typename": "x"},
        }
        instance = start("county-sbp", facts=facts)
        assert "Mfano" not in str(Instance.objects.values_list("state", flat=True))
        assert instance.state["tokens"]
        assert "surname" not in instance.state["facts"]

    def test_a_key_called_typename_bricks_no_case(self, start, now, officer_actor):
        """The engine's own serializer takes such a key for the name of a class and cannot load the case any more."""
        source = bpmn(
            START + user("a") + user("b") + END, ("start", "a"), ("a", "b"), ("b", "end"), facts="typename kind"
        )
        case_id = start(source=source, facts={"typename": "Task", "kind": "typename"}).case_id
        officer = officer_actor("CRS")
        for _ in "ab":
            task, instance = process.get_task_for(officer, case_id)
            assert "Task" in str(instance.state)
            process.complete_task(actor=officer, task_id=task.id, outcome="done", now=now)
        assert Instance.objects.get(case_id=case_id).run == "ended"

    def test_a_fact_that_is_no_scalar_is_refused(self, start):
        source = bpmn(START + user("a") + END, ("start", "a"), ("a", "end"), facts="kind")
        with pytest.raises(ValueError, match="kind"):
            start(source=source, facts={"kind": {"typename": "Task"}})

    def test_what_an_action_returns_becomes_facts_where_they_are_declared(self, start, actions, heard):
        actions["raise-bill"] = lambda **_: {"free": True, "secret": "x"}
        choice = node("exclusiveGateway", "g", default="g-wait")
        source = bpmn(
            START + node("serviceTask", "bill", h_action="raise-bill") + choice + user("wait") + END,
            ("start", "bill"), ("bill", "g"), ("g", "wait"), ("wait", "end"), ("g", "end", "free == true"), facts="free",
        )  # fmt: skip
        assert start(source=source).run == "ended"

    def test_a_condition_that_acts_is_never_published(self, actions, now):
        source = bpmn(
            START + node("exclusiveGateway", "g", default="g-end") + user("a") + END,
            ("start", "g"), ("g", "end"), ("g", "a", '__import__("os").system("true")'), ("a", "end"),
        )  # fmt: skip
        with pytest.raises(process.FaultyProcess) as refused:
            process.define(actor=SYSTEM, bpmn=source, now=now)
        assert "call" in str(refused.value.faults[0])


@pytest.mark.django_db
class TestWhoMayDoWhat:
    def test_an_officer_of_another_body_may_neither_see_nor_act(self, review, now, officer_actor, citizen_actor):
        case_id, task = review()
        for stranger in (officer_actor("DCI"), officer_actor("CRS", "secretariat"), citizen_actor, SYSTEM):
            for act in (process.claim_task, process.release_task):
                with pytest.raises(NotPermitted):
                    act(actor=stranger, task_id=task.id, now=now)
            with pytest.raises(NotPermitted):
                process.complete_task(actor=stranger, task_id=task.id, outcome="approve", now=now)
        with pytest.raises(NotPermitted):
            process.get_task_for(officer_actor("DCI"), case_id)
        assert process.list_tasks_for(officer_actor("DCI"), now=now).tasks == []
        with pytest.raises(NotPermitted):
            process.list_tasks_for(citizen_actor, now=now)

    def test_a_task_for_supervisors_is_closed_to_officers(self, start, now, officer_actor):
        source = bpmn(START + user("a", role="supervisor") + END, ("start", "a"), ("a", "end"))
        start(source=source)
        task = Task.objects.get()
        with pytest.raises(NotPermitted):
            process.claim_task(actor=officer_actor("CRS"), task_id=task.id, now=now)
        process.claim_task(actor=officer_actor("CRS", "supervisor"), task_id=task.id, now=now)

    def test_claim_release_and_what_a_colleague_is_told(self, review, now, officer_actor):
        case_id, task = review()
        one, two, boss = officer_actor("CRS"), officer_actor("CRS"), officer_actor("CRS", "supervisor")
        process.claim_task(actor=one, task_id=task.id, now=now)
        process.claim_task(actor=one, task_id=task.id, now=now)
        with pytest.raises(process.AlreadyClaimed):
            process.claim_task(actor=two, task_id=task.id, now=now)
        with pytest.raises(process.NotYours):
            process.release_task(actor=two, task_id=task.id, now=now)
        with pytest.raises(process.NotYours):
            process.complete_task(actor=two, task_id=task.id, outcome="approve", now=now)
        process.release_task(actor=boss, task_id=task.id, now=now)
        process.claim_task(actor=two, task_id=task.id, now=now)
        acts = [e.facts["how"] for e in journal.entries_concerning(case_id, acts=["process.task.assigned"])]
        assert sorted(acts) == ["claimed", "claimed", "released"]

    def test_only_a_supervisor_hands_over_and_only_to_a_colleague(self, review, now, officer_actor, colleague):
        _, task = review()
        boss = officer_actor("CRS", "supervisor")
        with pytest.raises(NotPermitted):
            process.reassign_task(actor=officer_actor("CRS"), task_id=task.id, to_account_id=colleague, now=now)
        with pytest.raises(process.CannotHandOver):
            process.reassign_task(actor=boss, task_id=task.id, to_account_id=ids.uuid7(), now=now)
        assert (
            process.reassign_task(actor=boss, task_id=task.id, to_account_id=colleague, now=now).assignee_id
            == colleague
        )

    def test_a_task_that_is_none_is_not_found(self, now, officer_actor, start):
        start()
        waiting = Task.objects.get(kind="message")
        for task_id in (ids.uuid7(), waiting.id):
            with pytest.raises(NotFound):
                process.claim_task(actor=officer_actor("CRS"), task_id=task_id, now=now)

    def test_what_cannot_be_decided(self, review, now, officer_actor):
        _, task = review()
        officer = officer_actor("CRS")
        for given, refusal in (
            ({"outcome": "burn"}, process.NoSuchOutcome),
            ({"outcome": "reject", "note": "  "}, process.ReasonNeeded),
            ({"outcome": "approve", "version": 1}, process.CaseMoved),
        ):
            with pytest.raises(refusal):
                process.complete_task(actor=officer, task_id=task.id, now=now, **given)
        assert Task.objects.get(id=task.id).state == "open"


@pytest.mark.django_db
class TestNothingHappensTwice:
    def test_starting_twice_makes_one_case(self, start, actions):
        bills, case_id = [], ids.uuid7()
        actions["raise-bill"] = lambda **given: bills.append(given)
        assert start(case_id=case_id).id == start(case_id=case_id).id
        assert len(bills) == 1

    def test_a_message_counts_once_and_only_where_it_is_awaited(self, start, now):
        case_id = start().case_id
        assert not deliver(case_id, "corrected", now)
        assert deliver(case_id, "bill-settled", now)
        assert not deliver(case_id, "bill-settled", now)
        assert not deliver(ids.uuid7(), "bill-settled", now)

    def test_a_double_click_is_told_that_it_is_done(self, review, now, officer_actor):
        _, task = review()
        officer = officer_actor("CRS")
        process.complete_task(actor=officer, task_id=task.id, outcome="approve", now=now)
        with pytest.raises(process.TaskClosed):
            process.complete_task(actor=officer, task_id=task.id, outcome="approve", now=now)

    def test_a_cancelled_case_is_over(self, review, now, officer_actor):
        case_id, task = review()
        assert process.cancel(actor=SYSTEM, case_id=case_id, now=now)
        assert not process.cancel(actor=SYSTEM, case_id=case_id, now=now)
        assert not deliver(case_id, "corrected", now)
        with pytest.raises(process.TaskClosed):
            process.claim_task(actor=officer_actor("CRS"), task_id=task.id, now=now)

    def test_a_timer_runs_out_once_and_not_before_its_time(self, start, now, drain_jobs):
        source = bpmn(
            START + user("a") + timer("late", "P10D", "boundaryEvent", attachedToRef="a") + user("b") + END,
            ("start", "a"), ("a", "end"), ("late", "b"), ("b", "end"),
        )  # fmt: skip
        case_id = start(source=source).case_id
        clock = Task.objects.get(kind="timer")
        assert clock.due_at == now + timedelta(days=10)
        operations.fire_timer(task_id=clock.id, now=now)
        assert {t.step for t in process.open_tasks_of(case_id)} == {"a", "late"}
        drain_jobs(until=now + timedelta(days=9))
        operations.fire_timer(task_id=clock.id, now=clock.due_at)
        operations.fire_timer(task_id=clock.id, now=clock.due_at)
        assert [t.step for t in process.open_tasks_of(case_id)] == ["b"]
        assert Task.objects.get(step="a").state == "cancelled"


@pytest.mark.django_db
class TestWorklist:
    def test_a_promise_for_tomorrow_is_not_nearly_late_from_its_first_minute(self, review, now, officer_actor):
        """Promised on a Monday morning for Tuesday's end of work, and for Monday in two weeks."""
        review(due_at=now + timedelta(days=1, hours=7))
        review(due_at=now + timedelta(days=14, hours=7))

        def at(**later):
            moment = now + timedelta(**later)
            rows = process.list_tasks_for(officer_actor("CRS"), now=moment).tasks
            late = process.list_tasks_for(officer_actor("CRS"), now=moment, view="late").tasks
            assert [row.urgency for row in late] == [row.urgency for row in rows if row.urgency != "on_time"]
            return [row.urgency for row in rows]

        assert at(hours=0) == ["on_time", "on_time"]
        assert at(days=1, hours=4) == ["on_time", "on_time"]
        assert at(days=1, hours=6) == ["soon", "on_time"]
        assert at(days=14) == ["late", "soon"]

    def test_views_and_order(self, review, now, officer_actor):
        officer = officer_actor("CRS")
        dues = [now + timedelta(days=9), now - timedelta(days=1), now + timedelta(hours=1), None]
        tasks = [review(due_at=due)[1] for due in dues]
        review(due_at=now, body="DCI")
        page = process.list_tasks_for(officer, now=now)
        assert [row.id for row in page.tasks] == [tasks[i].id for i in (1, 2, 0, 3)]
        assert [row.urgency for row in page.tasks] == ["late", "soon", "on_time", ""]
        assert [row.id for row in process.list_tasks_for(officer, now=now, view="late").tasks] == [
            tasks[1].id,
            tasks[2].id,
        ]
        assert process.list_tasks_for(officer, now=now, view="mine").tasks == []
        process.claim_task(actor=officer, task_id=tasks[3].id, now=now)
        assert [row.id for row in process.list_tasks_for(officer, now=now, view="mine").tasks] == [tasks[3].id]
        assert len(process.list_tasks_for(officer, now=now, service_code="birth-cert-current").tasks) == 4
        assert process.list_tasks_for(officer, now=now, service_code="county-sbp").tasks == []

    def test_pages_hang_together(self, review, now, officer_actor):
        officer, same = officer_actor("CRS"), now + timedelta(days=3)
        made = {review(due_at=same)[1].id for _ in range(7)}
        seen, after = [], None
        while True:
            page = process.list_tasks_for(officer, now=now, limit=3, after=after)
            seen += [row.id for row in page.tasks]
            after = page.after
            if after is None:
                break
        assert len(seen) == 7
        assert set(seen) == made
        assert len(process.list_tasks_for(officer, now=now, after="nonsense").tasks) == 7

    def test_a_list_opens_no_state_and_reads_one_index(self, review, now, officer_actor, django_assert_max_num_queries):
        for _ in range(3):
            review(due_at=now)
        officer = officer_actor("CRS")
        worktime.deadline(now, 1, "working_days")
        with django_assert_max_num_queries(2) as queries:
            process.list_tasks_for(officer, now=now, view="team")
        assert not any("process_instance" in q["sql"] for q in queries.captured_queries)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {queries.captured_queries[-1]['sql']}")
            assert "process_team" in str(cursor.fetchall())


@pytest.mark.django_db(transaction=True)
class TestTogether:
    def together(self, *acts):
        """Let several threads act at the same moment; return what each got or was refused with."""
        gate, results = threading.Barrier(len(acts)), [None] * len(acts)

        def run(number, act):
            gate.wait()
            try:
                results[number] = act()
            except Exception as refused:
                results[number] = refused
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def test_two_officers_who_finish_one_task_at_the_same_moment(self, review, now, officer_actor, actions):
        issued = []
        actions["issue-credential"] = lambda **given: issued.append(given)
        _, task = review()

        def finish(officer, outcome):
            return lambda: process.complete_task(
                actor=officer, task_id=task.id, outcome=outcome, note="Because", now=now
            )

        results = self.together(finish(officer_actor("CRS"), "approve"), finish(officer_actor("CRS"), "approve"))
        assert sorted(type(r).__name__ for r in results) == ["Task", "TaskClosed"]
        assert len(issued) == 1

    def test_two_who_claim_one_task_at_the_same_moment(self, review, now, officer_actor):
        _, task = review()
        officers = [officer_actor("CRS"), officer_actor("CRS")]
        results = self.together(*(lambda o=o: process.claim_task(actor=o, task_id=task.id, now=now) for o in officers))
        assert sorted(type(r).__name__ for r in results) == ["AlreadyClaimed", "Task"]

    def test_a_start_and_a_message_that_arrive_twice_at_once(self, start, now, actions):
        bills, case_id = [], ids.uuid7()
        actions["raise-bill"] = lambda **given: bills.append(given)
        self.together(lambda: start(case_id=case_id), lambda: start(case_id=case_id))
        assert len(bills) == 1
        results = self.together(*[lambda: deliver(case_id, "bill-settled", now)] * 2)
        assert sorted(results) == [False, True]
