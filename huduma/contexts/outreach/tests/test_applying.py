"""Records become what they would have been at a counter: once, or a person decides."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from huduma.contexts.applications.models import Application, Upload
from huduma.contexts.catalogue.models import ServiceVersion
from huduma.contexts.centres.models import Ticket
from huduma.contexts.identity.models import Person
from huduma.contexts.messages.models import Message
from huduma.contexts.outreach import operations
from huduma.contexts.outreach import public as outreach
from huduma.contexts.outreach.models import Record
from huduma.contexts.payments.models import Bill, Payment, TillSession
from huduma.foundation.access import NotPermitted
from huduma.foundation.files.models import StoredFile
from huduma.foundation.journal import public as journal
from tests.an_outreach import application, photo, record, ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def bring(tablet, picture, drain_jobs):
    """Takes an application in, with its photo, and runs the jobs; returns its record as it then is."""
    references = iter(tablet.pack().json()["blocks"]["references"])
    numbers = iter(range(1, 999))

    def make(drain=True, photo_taken=True, **more):
        content = picture(next(numbers))
        made = application(next(references), content if photo_taken else None, **more)
        tablet.send(made)
        if photo_taken:
            tablet.upload(made["body"]["files"][0], made, content)
        if drain:
            drain_jobs()
        return Record.objects.get(id=made["id"])

    return make


@pytest.fixture
def decide(supervisor, drain_jobs):
    """The supervisor decides a conflict, and the job goes on."""

    def make(one, choice):
        outreach.decide_conflict(
            actor=supervisor, record_id=one.id, choice=choice, reason="Seen with the card", now=timezone.now()
        )
        drain_jobs()
        one.refresh_from_db()
        return one

    return make


def test_an_application_is_sent_as_taken_in_assisted_and_consented(bring, tablet, officer):
    before = timezone.now()
    done = bring()
    sent = Application.objects.get()
    assert (done.state, done.result_id, done.number) == ("done", sent.id, sent.reference)
    assert (sent.reference, sent.channel, sent.submitted_at) == (done.body["reference"], "outreach", done.made_at)
    assert sent.status == "waiting_payment"
    assert sent.due_at > before
    assert Upload.objects.get().file.sha256 == done.body["files"][0]["sha256"]
    assert StoredFile.objects.count() == 1
    person = Person.objects.get(id=sent.person_id)
    assert (person.full_name, person.verified_by) == ("Asha Mfano", "assisted")
    acts = {one.act: one for one in journal.entries_concerning(person.id)}
    assert acts["identity.person.assisted"].actor_account_id == officer.account_id
    assert acts["applications.application.submitted"].channel == "outreach"
    assert tablet.states({"id": str(done.id)}) == ["done"]


def test_the_signature_is_kept_as_what_shows_the_consent(bring, tablet, picture, drain_jobs):
    signed = picture(200)
    file = photo(signed)
    one = bring(drain=False, signature={"file": file["id"]})
    assert Record.objects.get().state == "waiting"
    tablet.upload(file, {"id": str(one.id)}, signed)
    drain_jobs()
    assert Record.objects.get().state == "done"
    assert {bytes(one.content) for one in StoredFile.objects.all()} >= {signed}
    told = journal.entries_concerning(Record.objects.get().person_id, acts=("identity.person.assisted",))[0]
    assert told.facts["consent"] == "by-mark"


def test_a_ticket_counts_where_the_team_served(tablet, drain_jobs):
    tablet.send(ticket("VA001", sex="F", age_band="60+", priority="elderly"))
    drain_jobs()
    kept = Ticket.objects.get()
    assert (kept.centre_id, kept.number, kept.source, kept.outcome) == ("HM01", "VA001", "outreach", "done")


@pytest.mark.parametrize("first", ["ticket", "application"])
def test_a_ticket_is_tied_to_what_its_person_applied_for_whichever_comes_first(bring, tablet, drain_jobs, first):
    served = ticket("VA001")
    if first == "ticket":
        tablet.send(served)
        drain_jobs()
    form = bring(ticket=str(served["id"]))
    if first == "application":
        tablet.send(served)
        drain_jobs()
    kept, applied = Ticket.objects.get(), Record.objects.get(id=form.id)
    assert (kept.person_id, kept.case_id) == (applied.person_id, applied.result_id)
    assert kept.case_id is not None


def test_cash_is_taken_for_the_bill_at_a_till_of_the_visit_with_the_receipt_that_was_given(bring, tablet, drain_jobs):
    form = bring(drain=False)
    number = f"R{tablet.device.code}-001"
    paid = record(
        "receipt", number=number, application=str(form.id), reference=form.number, amount_minor=105_000, currency="KES",
        payer_name="Asha", at=timezone.now().isoformat(),
    )  # fmt: skip
    assert tablet.send(paid)[0]["state"] == "stored"
    drain_jobs()
    assert tablet.states(paid) == ["done"]
    payment = Payment.objects.get()
    assert (payment.receipt, payment.gateway, payment.amount_cents) == (number, "cash", 105_000)
    assert payment.till_session.till == f"{tablet.device.visit.reference} VA"
    assert Bill.objects.get().state == "settled"
    tablet.send(paid)
    drain_jobs()
    assert Payment.objects.count() == 1


def test_a_receipt_waits_for_its_application(tablet, bring, drain_jobs):
    content_first = record(
        "receipt", number=f"R{tablet.device.code}-001", application="01980000-0000-7000-8000-000000000001",
        reference="HA00000000A", amount_minor=105_000, currency="KES", at=timezone.now().isoformat(),
    )  # fmt: skip
    tablet.send(content_first)
    drain_jobs()
    assert Record.objects.get().state == "waiting"
    assert operations.expect_no_more(now=timezone.now()) == 0
    assert operations.expect_no_more(now=tablet.device.expires_at) == 1
    drain_jobs()
    assert Record.objects.get().conflict == "no-application"


def test_photos_that_a_lost_tablet_did_not_bring_leave_the_application_to_a_person(
    tablet, supervisor, picture, drain_jobs, decide
):
    tablet.send(application("HA00000000A", picture(), person={"phone": "0712345678"}))
    outreach.report_lost(actor=supervisor, device_id=tablet.device.id, now=timezone.now())
    assert operations.expect_no_more(now=timezone.now()) == 1
    drain_jobs()
    one = Record.objects.get()
    assert (one.state, one.conflict) == ("conflict", "files")
    assert not Application.objects.exists()
    assert decide(one, "as-draft").state == "done"
    assert Application.objects.get().status == "draft"
    assert Message.objects.filter(kind="outreach.unfinished").count() == 1


def test_cash_that_differs_from_the_bill_is_decided_by_a_person(bring, tablet, drain_jobs, decide):
    form = bring()
    paid = record(
        "receipt", number=f"R{tablet.device.code}-001", application=str(form.id), reference=form.number,
        amount_minor=100_000, currency="KES", at=timezone.now().isoformat(),
    )  # fmt: skip
    tablet.send(paid)
    drain_jobs()
    one = Record.objects.get(kind="receipt")
    assert (one.conflict, one.facts["other"]["due_cents"]) == ("cash", 105_000)
    assert not Payment.objects.exists()
    assert not TillSession.objects.exists()
    assert decide(one, "drop").state == "refused"
    assert tablet.send(paid)[0]["message"] == "Seen with the card"


def test_an_id_number_under_another_name_is_never_guessed(bring, decide):
    first = bring()
    other = bring(person={"first_name": "Juma", "last_name": "Bakari"})
    assert (other.state, other.conflict) == ("conflict", "another-name")
    assert other.facts["other"]["person_id"] == str(first.person_id)
    assert Application.objects.count() == 1
    done = decide(other, "without-number")
    assert done.state == "done"
    assert done.person_id != first.person_id
    assert Person.objects.get(id=done.person_id).id_number is None


def test_the_known_person_may_be_meant_and_an_open_application_is_asked_about_too(bring, decide):
    first = bring()
    other = bring(person={"first_name": "Juma", "last_name": "Bakari"})
    again = decide(other, "as-known")
    assert (again.state, again.conflict) == ("conflict", "open-application")
    assert again.facts["other"]["reference"] == first.number
    done = decide(again, "as-well")
    assert (done.state, done.person_id) == ("done", first.person_id)
    assert Application.objects.exclude(status="draft").count() == 2


def test_a_draft_of_the_persons_own_is_replaced_only_when_somebody_says_so(bring, decide):
    first = bring(photo_taken=False)
    assert first.conflict == "answers"
    second = bring()
    assert second.conflict == "draft"
    done = decide(second, "replace")
    assert done.state == "done"
    assert Application.objects.get().status == "waiting_payment"


def test_incomplete_answers_may_become_a_draft_that_the_person_finishes(bring, decide):
    one = bring(photo_taken=False, person={"phone": "0712345678"})
    assert (one.state, one.conflict, one.facts["other"]["pages"]) == ("conflict", "answers", ["photo"])
    done = decide(one, "as-draft")
    assert (done.state, done.number) == ("done", "")
    assert Application.objects.get().status == "draft"
    assert "halijakamilika" in Message.objects.get(kind="outreach.unfinished").text


def test_a_dropped_application_leaves_no_draft(bring, decide):
    assert decide(bring(photo_taken=False), "drop").state == "refused"
    assert not Application.objects.exists()


def test_answers_that_fit_the_version_in_force_need_nobody(bring):
    old = ServiceVersion.objects.get()
    assert bring(version="an older one").state == "done"
    assert Application.objects.get().version == old


def test_a_reference_belongs_to_one_application(bring, tablet, picture, drain_jobs, decide):
    first = bring()
    content = picture(99)
    made = application(first.number, content, person={"id_number": "91000002"})
    tablet.send(made)
    tablet.upload(made["body"]["files"][0], made, content)
    drain_jobs()
    other = Record.objects.get(id=made["id"])
    assert other.conflict == "number-used"
    assert decide(other, "new-number").state == "done"
    assert Application.objects.values("reference").distinct().count() == 2


def test_a_number_is_used_up_once_by_whatever_record(tablet, drain_jobs, decide):
    tablet.send(record("void", number="VA001", reason="Written twice"))
    drain_jobs()
    tablet.send(ticket("VA001"))
    drain_jobs()
    assert Record.objects.get(kind="ticket").conflict == "number-used"
    assert not Ticket.objects.exists()
    assert decide(Record.objects.get(kind="ticket"), "new-number").state == "done"
    assert Ticket.objects.get().number == "VA001B"


def test_what_an_officer_took_in_is_not_decided_by_them_nor_twice(bring, team, officer, decide, supervisor):
    one = bring(photo_taken=False)
    for actor, refusal in ((officer, NotPermitted), (team("zawadi", "supervisor", posted=False), NotPermitted)):
        with pytest.raises(refusal):
            outreach.decide_conflict(actor=actor, record_id=one.id, choice="drop", reason="x", now=timezone.now())
    for choice, reason, refusal in (("as-known", "x", outreach.NotAChoice), ("drop", " ", outreach.ReasonMissing)):
        with pytest.raises(refusal):
            outreach.decide_conflict(
                actor=supervisor, record_id=one.id, choice=choice, reason=reason, now=timezone.now()
            )
    decide(one, "drop")
    with pytest.raises(outreach.DecidedAlready):
        outreach.decide_conflict(actor=supervisor, record_id=one.id, choice="drop", reason="x", now=timezone.now())


def test_a_record_whose_job_ended_in_errors_is_given_again(bring, drain_jobs):
    one = bring(drain=False)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    assert operations.give_again(before=timezone.now() - timedelta(minutes=10)) == 0
    assert operations.give_again(before=timezone.now() + timedelta(seconds=1)) == 1
    assert operations.give_again(before=timezone.now() + timedelta(seconds=1)) == 1
    drain_jobs()
    one.refresh_from_db()
    assert one.state == "done"
