"""Promises, limits and statutory times: they stand still, move, warn, escalate and lapse as their package says."""

from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.clocks import operations, rules
from huduma.contexts.clocks import public as clocks
from huduma.contexts.clocks.models import Clock, Pause
from huduma.contexts.clocks.operations import recomputing, sweeping
from huduma.contexts.clocks.providers import plugs
from huduma.contexts.clocks.tests.conftest import CLOCKS
from huduma.contexts.identity import public as identity
from huduma.contexts.messages.models import Message
from huduma.contexts.process import public as process
from huduma.contexts.process.models import Instance, Task
from huduma.foundation.access import SYSTEM, NotPermitted
from huduma.foundation.journal import public as journal
from huduma.foundation.worktime import public as worktime
from huduma.foundation.worktime.models import SpecialDay

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def nairobi(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=worktime.NAIROBI)


def clock(case_id, kind="service"):
    return Clock.objects.get(case_id=case_id, kind=kind)


def pay(case_id, at):
    assert process.deliver_message(actor=SYSTEM, case_id=case_id, name="bill-settled", now=at)


def decide(case_id, officer, outcome, at):
    task = Task.objects.get(case_id=case_id, state="open", kind="user")
    process.complete_task(actor=officer, task_id=task.id, outcome=outcome, note="Because", now=at)


class TestPauses:
    def test_a_promise_is_counted_from_when_nobody_is_awaited(self, begin, now):
        case_id = begin()  # Monday 10:00; promised for Tuesday 17:00
        assert clock(case_id).due_at == nairobi(2026, 11, 24, 17)
        time = clocks.time_of(case_id)
        assert (time.waits_in, time.waits_since) == ("waiting_payment", now)
        assert clock(case_id).next_at is None
        pay(case_id, nairobi(2026, 11, 24, 8, 1))  # on the next morning: eight office hours later
        assert clock(case_id).due_at == nairobi(2026, 11, 25, 17)
        assert Instance.objects.get(case_id=case_id).due_at == nairobi(2026, 11, 25, 17)
        time = clocks.time_of(case_id)
        assert time.waits_in == ""
        assert [(p.status, p.began_at, p.ended_at) for p in time.stood] == [
            ("waiting_payment", now, nairobi(2026, 11, 24, 8, 1))
        ]
        moved = journal.entries_concerning(case_id, acts=["clocks.due.moved"])
        assert [e.facts["due_at"] for e in moved] == [nairobi(2026, 11, 25, 17).isoformat()]

    def test_one_minute_moves_nothing(self, begin, now):
        case_id = begin()
        pay(case_id, now + timedelta(minutes=1))
        assert clock(case_id).due_at == nairobi(2026, 11, 24, 17)
        assert Instance.objects.get(case_id=case_id).due_at == nairobi(2026, 11, 24, 17)
        assert journal.entries_concerning(case_id, acts=["clocks.due.moved"]) == []

    def test_several_pauses_add_up_and_those_who_keep_a_copy_hear(self, begin, now, officer_actor, monkeypatch):
        heard = []
        monkeypatch.setattr(plugs, "due_followers", [lambda *, dues: heard.append(dues)])
        case_id = begin()
        pay(case_id, now + 4 * HOUR)
        assert clock(case_id).due_at == nairobi(2026, 11, 24, 17)
        decide(case_id, officer_actor("CRS"), "send_back", now + 5 * HOUR)
        assert clocks.time_of(case_id).waits_in == "waiting_correction"
        process.deliver_message(actor=SYSTEM, case_id=case_id, name="corrected", now=nairobi(2026, 11, 24, 10))
        assert clock(case_id).due_at == nairobi(2026, 11, 25, 17)  # four hours and four: as if sent on Tuesday
        assert heard == [{case_id: nairobi(2026, 11, 24, 17)}, {case_id: nairobi(2026, 11, 25, 17)}]

    def test_a_law_does_not_wait_for_the_applicant(self, begin, now):
        case_id = begin()
        law = clock(case_id, "law")
        assert law.paused_at is None
        assert clocks.time_of(case_id).laws[0].due_at == nairobi(2026, 12, 14, 23, 59, 59)

    def test_when_the_reason_changes_who_waits_on_still_stands_and_who_does_not_goes_on(self, begin, now):
        law = {"id": "answer", "basis": "An Act (example), s.9", "within_days": 21, "pauses": ["waiting_payment"]}
        case_id = begin({"law": [law]})
        for status, at in (("waiting_correction", now + HOUR), ("in_review", now + 4 * HOUR)):
            operations.follow_case(rest=process.Rest(case_id, "running", status, {}), now=at)
        assert [(p.status, p.began_at, p.ended_at) for p in clocks.time_of(case_id).stood] == [
            ("waiting_payment", now, now + HOUR), ("waiting_correction", now + HOUR, now + 4 * HOUR)
        ]  # fmt: skip
        assert (clock(case_id).stood, clock(case_id, "law").stood) == (4 * HOUR, HOUR)
        SpecialDay.objects.create(date=date(2026, 11, 23), is_working=False, reason="An example")
        operations.recompute(day=date(2026, 11, 23), now=now + 4 * HOUR)
        assert (clock(case_id).stood, clock(case_id).stood_open) == (4 * HOUR, timedelta())
        assert clock(case_id, "law").stood == HOUR

    def test_the_hundredth_pause_costs_what_the_first_did_and_one_that_was_never_counted_is(self, begin, now):
        case_id = begin()
        at = [now + number * timedelta(minutes=1) for number in range(1, 21)]
        with CaptureQueriesContext(connection) as captured:
            for number, moment in enumerate(at):
                status = "waiting_visit" if number % 2 else "in_review"
                operations.follow_case(rest=process.Rest(case_id, "running", status, {}), now=moment)
        assert not any('SELECT "clocks_pause"' in query["sql"] for query in captured)
        assert clock(case_id).stood == 10 * timedelta(minutes=1)
        Clock.objects.filter(case_id=case_id).update(stood=None, stood_open=None)  # as it was kept in the past
        operations.follow_case(rest=process.Rest(case_id, "running", "in_review", {}), now=at[-1] + HOUR)
        assert clock(case_id).stood == clock(case_id).stood_open == 10 * timedelta(minutes=1) + HOUR

    def test_while_it_stands_still_nothing_is_late(self, begin, now):
        case_id = begin()
        assert operations.sweep(now=now + timedelta(days=5)) == 0
        assert Instance.objects.get(case_id=case_id).due_at is None

    def test_the_database_allows_one_pause_at_a_time(self, begin, now):
        case_id = begin()
        with pytest.raises(Exception, match="clocks_one_pause_at_a_time"):
            Pause.objects.create(case_id=case_id, status="waiting_visit", began_at=now)


class TestTheEnd:
    def test_a_kept_promise(self, begin, now, officer_actor):
        case_id = begin()
        pay(case_id, now + HOUR)
        decide(case_id, officer_actor("CRS"), "reject", now + 3 * HOUR)
        ended = clock(case_id)
        assert (ended.met, ended.spent_seconds, ended.ended_at) == (True, 2 * 3600, now + 3 * HOUR)
        assert clock(case_id, "law").met
        assert not Pause.objects.filter(ended_at=None).exists()
        [(_, row)] = clocks.iter_ended(after=None, until=now + timedelta(days=1), limit=10)
        assert (row.case_id, row.met, row.spent_seconds) == (case_id, True, 2 * 3600)

    def test_by_a_machine_whose_clock_is_slow(self, begin, now, officer_actor):
        case_id = begin()
        pay(case_id, now - HOUR)
        decide(case_id, officer_actor("CRS"), "reject", now - 2 * HOUR)
        assert clock(case_id).spent_seconds == 0
        assert [pause.began_at - pause.ended_at for pause in Pause.objects.all()] == [timedelta()]

    def test_a_broken_one(self, begin, now, officer_actor):
        case_id = begin()
        pay(case_id, now)
        decide(case_id, officer_actor("CRS"), "reject", now + timedelta(days=3))
        assert clock(case_id).met is False

    def test_a_cancelled_case_is_no_figure(self, begin, now):
        case_id = begin()
        process.cancel(actor=SYSTEM, case_id=case_id, now=now + HOUR)
        assert (clock(case_id).met, clock(case_id).cancelled) == (None, True)
        assert clock(case_id).spent_seconds == 0


class TestLimitsOfSteps:
    def test_a_task_falls_due_by_its_own_limit_where_that_comes_first(self, begin, now, officer_actor):
        case_id = begin()
        pay(case_id, now)
        task = Task.objects.get(case_id=case_id, kind="user")
        assert task.due_at == nairobi(2026, 11, 23, 13)
        assert clock(case_id, "step").task_id == task.id
        decide(case_id, officer_actor("CRS"), "send_back", now + HOUR)
        assert clock(case_id, "step").met
        process.deliver_message(actor=SYSTEM, case_id=case_id, name="corrected", now=now + 2 * HOUR)
        assert Clock.objects.filter(case_id=case_id, kind="step").count() == 2

    def test_the_promise_where_that_comes_first(self, begin, now):
        case_id = begin({"steps": {"review": {"within": {"value": 9, "unit": "working_days"}}}})
        pay(case_id, now)
        assert Task.objects.get(case_id=case_id, kind="user").due_at == nairobi(2026, 11, 24, 17)


class TestTheSweep:
    @pytest.fixture
    def staff(self, now):
        def open_account(name, role, body):
            account = identity.open_staff_account(
                actor=SYSTEM, email=f"{name}@example.org", password="correct-horse-battery", first_name=name,
                surname="Mfano", now=now,
            )  # fmt: skip
            identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=body, now=now)
            return account

        return open_account

    def test_it_warns_the_officer_then_escalates_to_whom_the_package_says(
        self, begin, now, staff, officer_actor, drain_jobs
    ):
        case_id = begin({"promise": CLOCKS["promise"]})
        pay(case_id, now)
        for name, role, body in (
            ("boss", "supervisor", "CRS"),
            ("other", "supervisor", "DCI"),
            ("sec", "secretariat", None),
        ):
            staff(name, role, body)
        taker = staff("taker", "officer", "CRS")
        task = Task.objects.get(case_id=case_id, kind="user")
        actor = identity.actor_for(taker, channel="desk", purpose="casework", second_factor=True)
        process.claim_task(actor=actor, task_id=task.id, now=now)
        due = nairobi(2026, 11, 24, 17)
        assert operations.sweep(now=due - 2 * HOUR - timedelta(seconds=1)) == 0
        assert operations.sweep(now=due - 2 * HOUR) == 1
        assert operations.sweep(now=due - HOUR) == 0
        assert Message.objects.get(kind="clocks.warned").recipient == "taker@example.org"
        boss, secretariat = officer_actor("CRS", "supervisor"), officer_actor(None, "secretariat")
        assert clocks.list_escalated_for(boss)[0] == []
        assert operations.sweep(now=due) == 1
        assert [row.case_id for row in clocks.list_escalated_for(boss)[0]] == [case_id]
        assert clocks.list_escalated_for(officer_actor("DCI", "supervisor"))[0] == []
        assert clocks.list_escalated_for(secretariat)[0] == []
        assert operations.sweep(now=due + timedelta(days=1)) == 1
        assert clocks.list_escalated_for(boss)[0] == []
        assert [row.flagged_to for row in clocks.list_escalated_for(secretariat)[0]] == ["secretariat"]
        assert clocks.time_of(case_id).flagged_to == "secretariat"
        told = {m.recipient for m in Message.objects.filter(kind="clocks.escalated")}
        assert told == {"boss@example.org", "sec@example.org"}
        acts = [e.act for e in journal.entries_concerning(case_id) if e.act.startswith("clocks.clock")]
        assert acts[::-1] == ["clocks.clock.warned", "clocks.clock.escalated", "clocks.clock.escalated"]
        decide(case_id, actor, "reject", due + timedelta(days=2))
        assert clocks.list_escalated_for(secretariat)[0] == []

    def test_supervisors_get_one_notice_an_hour_however_many_cases_are_late(self, begin, now, staff, monkeypatch):
        monkeypatch.setattr(sweeping, "BATCH", 2)
        for _ in range(5):
            pay(begin({"promise": {"escalate": CLOCKS["promise"]["escalate"][:1]}}), now)
        staff("boss", "supervisor", "CRS")
        assert operations.sweep(now=now + timedelta(days=2)) == 5
        assert Message.objects.filter(kind="clocks.escalated").count() == 1

    def test_escalations_are_read_page_by_page(self, begin, now, officer_actor):
        made = {begin({"promise": {"escalate": CLOCKS["promise"]["escalate"][:1]}}) for _ in range(5)}
        for case_id in made:
            pay(case_id, now)
        operations.sweep(now=now + timedelta(days=2))
        boss, seen, after = officer_actor("CRS", "supervisor"), [], None
        while True:
            rows, after = clocks.list_escalated_for(boss, limit=2, after=after)
            seen += [row.case_id for row in rows]
            if after is None:
                break
        assert (len(seen), set(seen)) == (5, made)
        assert len(clocks.list_escalated_for(boss, after="nonsense")[0]) == 5
        with pytest.raises(NotPermitted):
            clocks.list_escalated_for(officer_actor("CRS"))

    def test_it_reads_one_index(self, begin, now):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("EXPLAIN SELECT id FROM clocks_clock WHERE next_at <= now() ORDER BY next_at LIMIT 500")
            assert "clocks_next" in "".join(row[0] for row in cursor.fetchall())


class TestLaws:
    def test_silence_counts_as_refusal_and_the_case_moves_by_itself(self, begin, now, drain_jobs):
        case_id = begin({"law": CLOCKS["law"]})
        pay(case_id, now)
        last = nairobi(2026, 12, 14, 23, 59, 59)
        assert operations.sweep(now=last) == 0
        assert operations.sweep(now=last + timedelta(seconds=1)) == 1
        operations.lapse(clock_id=clock(case_id, "law").id, now=last + timedelta(seconds=1))
        operations.lapse(clock_id=clock(case_id, "law").id, now=last + timedelta(seconds=1))
        instance = Instance.objects.get(case_id=case_id)
        assert (instance.run, instance.status) == ("ended", "rejected")
        entries = journal.entries_concerning(case_id, acts=["clocks.clock.lapsed"])
        assert [(e.facts["counts_as"], e.facts["moved"]) for e in entries] == [("refusal", True)]
        assert clocks.time_of(case_id).laws[0].silence["meaning"]["en"] == "No answer means no."

    def test_silence_counts_as_acceptance_and_the_document_is_ordered(self, begin, now):
        accepted = {**CLOCKS["law"][0]["silence"], "counts_as": "acceptance", "outcome": "approve"}
        case_id = begin({"law": [{**CLOCKS["law"][0], "silence": accepted}]})
        pay(case_id, now)
        operations.lapse(clock_id=clock(case_id, "law").id, now=nairobi(2026, 12, 15, 0, 0, 1))
        instance = Instance.objects.get(case_id=case_id)
        assert (instance.run, instance.status) == ("running", "issuing")
        [entry] = journal.entries_concerning(case_id, acts=["clocks.clock.lapsed"])
        assert (entry.facts["counts_as"], entry.facts["moved"]) == ("acceptance", True)
        assert Task.objects.get(case_id=case_id, outcome="approve").assignee_id is None

    def test_an_answer_in_time_leaves_nothing_to_lapse(self, begin, now, officer_actor):
        case_id = begin({"law": CLOCKS["law"]})
        pay(case_id, now)
        law = clock(case_id, "law")
        decide(case_id, officer_actor("CRS"), "approve", now + timedelta(days=20))
        process.deliver_message(actor=SYSTEM, case_id=case_id, name="credential-issued", now=now + timedelta(days=20))
        assert operations.sweep(now=now + timedelta(days=30)) == 0
        operations.lapse(clock_id=law.id, now=now + timedelta(days=30))
        assert journal.entries_concerning(case_id, acts=["clocks.clock.lapsed"]) == []
        assert clocks.time_of(case_id).laws[0].silence is None

    def test_where_no_task_can_end_so_a_person_has_to_see_to_it(self, begin, now):
        case_id = begin({"law": CLOCKS["law"]})  # not paid: nobody could decide
        operations.lapse(clock_id=clock(case_id, "law").id, now=now + timedelta(days=40))
        [entry] = journal.entries_concerning(case_id, acts=["clocks.clock.lapsed"])
        assert entry.facts["moved"] is False
        assert Instance.objects.get(case_id=case_id).run == "running"


class TestTheCalendarChanges:
    def test_a_new_holiday_moves_what_it_touches_and_nothing_else(self, begin, now, officer_actor, drain_jobs):
        touched, over, later = begin(), begin(), begin(at=now + timedelta(days=2))
        for case_id in (touched, over, later):
            pay(case_id, now + timedelta(days=2) if case_id == later else now)
        decide(over, officer_actor("CRS"), "reject", now + HOUR)
        drain_jobs()
        worktime.set_special_day(
            actor=officer_actor(None, "administrator"), day=date(2026, 11, 24), is_working=False,
            reason="Gazette Notice (example)", now=now + HOUR,
        )  # fmt: skip
        assert "clocks.recompute" in drain_jobs()
        assert clock(touched).due_at == nairobi(2026, 11, 25, 17)
        assert Instance.objects.get(case_id=touched).due_at == nairobi(2026, 11, 25, 17)
        assert Task.objects.get(case_id=touched, kind="user").due_at == nairobi(2026, 11, 23, 13)  # its own limit
        assert clock(over).due_at == nairobi(2026, 11, 24, 17)
        assert clock(later).due_at == nairobi(2026, 11, 26, 17)
        worktime.clear_special_day(actor=officer_actor(None, "administrator"), day=date(2026, 11, 24), now=now + HOUR)
        drain_jobs()
        assert clock(touched).due_at == nairobi(2026, 11, 24, 17)

    def test_batches_come_to_the_same_and_the_run_is_journalled(self, begin, now, monkeypatch):
        monkeypatch.setattr(recomputing, "BATCH", 2)
        cases = [begin({}) for _ in range(5)]
        for case_id in cases:
            pay(case_id, now)
        worktime_before = {clock(case_id).due_at for case_id in cases}
        assert operations.recompute(day=date(2026, 11, 24), now=now) == 0

        SpecialDay.objects.create(date=date(2026, 11, 24), is_working=False, reason="An example")
        assert operations.recompute(day=date(2026, 11, 24), now=now) == 5
        assert {clock(case_id).due_at for case_id in cases} != worktime_before

    def test_a_case_that_is_not_late_any_more_is_taken_from_the_list(self, begin, now, officer_actor):
        case_id = begin({"promise": CLOCKS["promise"]})
        pay(case_id, now)
        due = nairobi(2026, 11, 24, 17)
        operations.sweep(now=due)
        operations.sweep(now=due)
        assert clock(case_id).flagged_to == "supervisor"
        boss = officer_actor(None, "administrator")
        worktime.set_special_day(actor=boss, day=date(2026, 11, 24), is_working=False, reason="Example", now=due)
        operations.recompute(day=date(2026, 11, 24), now=due)
        assert (clock(case_id).flagged_to, clock(case_id).due_at) == ("", nairobi(2026, 11, 25, 17))
        assert clock(case_id).next_at == nairobi(2026, 11, 25, 15)


class TestThePackage:
    def test_what_is_wrong_is_named(self, db, package):
        declared = {
            "steps": {"inspect": {"within": {"value": 3, "unit": "hours"}}},
            "law": [{**CLOCKS["law"][0], "silence": {**CLOCKS["law"][0]["silence"], "outcome": "burn"}}],
        }
        [found] = catalogue.check_packages(package(declared))
        told = "\n".join(map(str, found.faults))
        assert "no officer's task 'inspect'" in told
        assert "can end with 'burn'" in told

    def test_a_silence_without_kiswahili_is_refused(self, db, package):
        silence = {**CLOCKS["law"][0]["silence"], "meaning": {"en": "No answer means no."}}
        [found] = catalogue.check_packages(package({"law": [{**CLOCKS["law"][0], "silence": silence}]}))
        assert any("sw" in fault.rule for fault in found.faults)

    def test_a_charter_without_clocks_keeps_its_promise_only(self):
        found = rules.read({"turnaround": {"value": 2, "unit": "working_days"}})
        assert list(found) == [("service", "")]
        assert found["service", ""].pauses == rules.WAITS_FOR_APPLICANT


@pytest.mark.parametrize(
    ("span", "moment"),
    [
        (rules.Span(2, "hours"), nairobi(2026, 11, 20, 16)),
        (rules.Span(1, "working_days"), nairobi(2026, 11, 20, 17)),
        (rules.Span(3, "days"), nairobi(2026, 11, 20, 9)),
        (rules.Span(9, "hours"), nairobi(2026, 11, 20, 9)),
    ],
)
def test_a_span_before_a_moment_is_counted_like_one_after(span, moment):
    calendar, monday = worktime.Calendar(), nairobi(2026, 11, 23, 9)
    assert rules.before(calendar, monday, span) == moment


def test_only_the_platform_starts_clocks(begin, officer_actor, now):
    with pytest.raises(NotPermitted):
        clocks.start_clocks(
            actor=officer_actor("CRS"), case_id=now, version_id=now, service_code="", body_code="", now=now
        )
