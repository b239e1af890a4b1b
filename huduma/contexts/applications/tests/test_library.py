"""The library of service tasks, each as a package uses it: through the process of a case, with its registers, officers and notices."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from huduma.contexts.applications import public as applications
from huduma.contexts.applications import queries
from huduma.contexts.applications.tests.test_applying import decide, pay, save
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import public as centres
from huduma.contexts.centres.models import Centre
from huduma.contexts.clocks import public as clocks
from huduma.contexts.credentials import public as credentials
from huduma.contexts.messages.models import Message
from huduma.contexts.payments import public as payments
from huduma.contexts.places import public as places
from huduma.contexts.process import public as process
from huduma.foundation.access import SYSTEM, NotPermitted
from huduma.foundation.journal import public as journal

PACKAGE = Path(__file__).parent / "packages" / "stall-licence"
CODE = "stall-licence"


@pytest.fixture
def asha(db, citizen, sandbox):
    places.load_places(actor=SYSTEM)
    catalogue.load_packages(actor=SYSTEM, path=PACKAGE, now=timezone.now())
    return citizen()


@pytest.fixture
def send(asha, drain_jobs):
    """Sends an application and lets its first jobs run."""

    def submit(slip="BN-0001", size="4"):
        draft = applications.open_application(actor=asha, service_code=CODE, now=timezone.now())
        assert save(asha, draft, "slip", slip_number=slip) == {}
        assert save(asha, draft, "stall", goods="Beans", size=size) == {}
        sent = applications.submit(actor=asha, application_id=draft.id, now=timezone.now())
        drain_jobs()
        sent.refresh_from_db()
        return sent

    return submit


def steps(application):
    return [task.step for task in process.open_tasks_of(application.id)]


def told(application):
    """The notices to the applicant, without `applications.`, oldest first."""
    sms = Message.objects.filter(about=application.id, medium="sms").order_by("created_at", "id")
    return [kind.removeprefix("applications.") for kind in sms.values_list("kind", flat=True)]


def test_from_an_unknown_slip_to_a_licence_that_is_declared_void(asha, send, officer_actor, drain_jobs):
    application = send("BN-9999")
    # Ask the applicant for more: the register knew nothing, and the process caught that.
    assert (application.status, application.to_correct) == ("waiting_correction", ["slip_number"])
    assert applications.waits_for(application) == "We do not find your slip. Check its number."
    assert clocks.time_of(application.id).waits_in == "waiting_correction"
    assert told(application) == ["in_review", "waiting_correction"]
    assert save(asha, application, "slip", slip_number="BN-0001") == {}
    applications.send_correction(actor=asha, application_id=application.id, now=timezone.now())
    drain_jobs()
    # Look up a register, decide by rule, raise a bill.
    application.refresh_from_db()
    assert application.status == "waiting_payment"
    instance = process.Instance.objects.get(case_id=application.id)
    assert instance.state["facts"]["place"] == "Pumwani Maternity Hospital"
    assert "child_name" not in instance.state["facts"]
    [bill] = payments.bills_for_payable(application.id)
    assert bill.total_cents == 30000
    pay(application, drain_jobs)
    # Ask another body for an opinion: it sees what is shared, and decides nothing else.
    detective, ours = officer_actor("DCI"), officer_actor("CRS")
    sections = applications.shared_sections_for(detective, application.id, now=timezone.now())
    assert [answer.name for section in sections for answer in section.answers] == ["goods", "size"]
    with pytest.raises(NotPermitted):
        applications.get_case_for(detective, application.id, now=timezone.now())
    with pytest.raises(NotPermitted):
        decide(officer_actor("NEMA"), application, "no_objection", drain_jobs)
    decide(detective, application, "no_objection", drain_jobs)
    with pytest.raises(NotPermitted):
        applications.shared_sections_for(detective, application.id, now=timezone.now())
    # Assign to a team, issue, revoke, send a message.
    assert process.get_task_for(ours, application.id)[0].team == "markets"
    decide(ours, application, "approve", drain_jobs)
    assert application.status == "issued"
    assert credentials.document_of(application.id).state == "valid"
    decide(ours, application, "closed", drain_jobs)
    document = credentials.document_of(application.id)
    assert (document.state, document.revoke_reason) == ("revoked", "The stall was given up. / Kibanda kimefungwa.")
    assert told(application)[-2:] == ["credentials.credential.revoked", "licence_ended"]
    assert "has ended" in Message.objects.get(about=application.id, kind="applications.licence_ended").text
    assert process.Instance.objects.get(case_id=application.id).run == "ended"


def test_an_objection_is_a_reason_that_the_applicant_reads(asha, send, officer_actor, drain_jobs):
    application = send()
    pay(application, drain_jobs)
    detective = officer_actor("DCI")
    with pytest.raises(process.ReasonNeeded):
        decide(detective, application, "objection", drain_jobs)
    decide(detective, application, "objection", drain_jobs, note="These beans were reported stolen.")
    assert application.status == "rejected"
    assert applications.waits_for(application) == "These beans were reported stolen."


@pytest.fixture
def visit(asha, drain_jobs):
    """Books a visit for an application at a centre, and says whether somebody came."""
    Centre.objects.create(
        code="HC01", name="Huduma Centre Mfano", status="operational", hours=[[["08:00", "17:00"]]] * 7
    )
    for number in (1, 2):
        centres.set_counter(actor=SYSTEM, centre_code="HC01", number=number, desks=["service"], now=timezone.now())

    def attend(application, came):
        now, centre, wish = timezone.now(), centres.get_centre("HC01"), centres.Wish((CODE,))
        day = centres.days_with_room(centre, wish, now=now)[0][0]
        starts_at = centres.free_rooms(centre, day, wish, now=now)[0].starts_at
        booked = centres.book_appointment(
            actor=asha, centre_code="HC01", wish=wish, starts_at=starts_at, case_id=application.id, now=now
        )
        centres.record_attendance(actor=SYSTEM, appointment_id=booked.id, attended=came, now=starts_at)
        drain_jobs()
        application.refresh_from_db()

    return attend


def test_a_visit_is_required_missed_told_of_and_kept(asha, send, visit, drain_jobs):
    application = send(size="12")
    pay(application, drain_jobs)
    assert (application.status, steps(application)) == ("waiting_visit", ["appointment"])
    visit(application, came=False)
    assert (application.status, steps(application)) == ("waiting_visit", ["appointment"])
    assert "come_again" in told(application)
    visit(application, came=True)
    assert (application.status, steps(application)) == ("in_review", ["opinion"])


def test_a_register_that_is_down_is_asked_again_later_and_then_seen_retried_and_skipped(
    asha, send, sandbox, officer_actor, drain_jobs
):
    sandbox.post("/_control/crs", json={"fault": "down", "times": -1})
    application = send()
    task = process.Task.objects.get(case_id=application.id, state="open")
    assert (task.attempts, task.stuck_at) == (1, None)
    later = timezone.now()
    for minutes in (1, 4, 16, 64, 256):  # the queue's own clock: each try comes when its pause is over, not before
        assert "process.call_service" not in drain_jobs(until=later)
        later += timedelta(minutes=minutes + 1)
        assert "process.call_service" in drain_jobs(until=later)
    boss = officer_actor("CRS", "supervisor")
    [row] = process.list_stuck_for(boss)
    assert (row.case_id, row.attempts) == (application.id, 6)
    assert "does not answer" in row.fault
    assert journal.entries_concerning(application.id, acts=["process.step.stuck"])
    # Tried again, it is a call like the first one: still down, it waits for its next turn.
    process.retry_step(actor=boss, task_id=row.id, now=timezone.now())
    drain_jobs()
    assert (steps(application), process.list_stuck_for(boss)) == (["look-up"], [])
    sandbox.post("/_control/reset")
    drain_jobs(until=timezone.now() + timedelta(minutes=5))
    application.refresh_from_db()
    assert application.status == "waiting_payment"


def test_a_step_that_lacks_its_words_is_stuck_and_skipped_with_a_reason(
    asha, send, visit, officer_actor, drain_jobs, monkeypatch
):
    application = send(size="12")
    pay(application, drain_jobs)
    monkeypatch.setitem(queries.package_of(application.version_id), "messages", {})
    visit(application, came=False)
    boss = officer_actor("CRS", "supervisor")
    [row] = process.list_stuck_for(boss)
    assert "no words for the message" in row.fault
    process.skip_step(actor=boss, task_id=row.id, reason="Told by telephone", now=timezone.now())
    assert steps(application) == ["appointment"]


def test_the_package_declares_what_each_task_takes():
    """What a task cannot take is refused before anything is loaded."""
    process_bpmn = (PACKAGE / "process.bpmn").read_text()
    rules = (PACKAGE / "rules.dmn").read_text()
    assert process.check(process_bpmn, rules) == []
    for old, new, rule in (
        ('name="notice" value="come_again"', 'name="text" value="come_again"', "'notice' is missing"),
        ('name="key.slip" value', 'name="slip" value', "Additional properties"),
        ('name="fields" value="slip_number"', 'name="fields" value="slip-number"', "does not match"),
        ('name="body" value="DCI"', 'name="question" value="DCI"', "'body' is missing"),
        ('name="team" value="markets"', 'name="team" value=""', "does not match"),
        ('huduma:action="require-appointment"', 'huduma:action="require-visit"', "is unknown"),
    ):
        assert old in process_bpmn
        faults = process.check(process_bpmn.replace(old, new, 1), rules)
        assert any(rule in fault.rule for fault in faults), (new, faults)
