"""From the first answer to the signed document, and everything that may go wrong on the way."""

import threading
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone, translation

from huduma.contexts.applications import public as applications
from huduma.contexts.applications import rules
from huduma.contexts.applications.models import Application
from huduma.contexts.applications.queries import forms
from huduma.contexts.credentials import public as credentials
from huduma.contexts.exchange import public as exchange
from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import Mandate, Person
from huduma.contexts.messages.models import Message
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.operations import credit
from huduma.contexts.process import public as process
from huduma.contexts.settlement import public as settlement
from huduma.foundation import ids
from huduma.foundation.access import ANONYMOUS, SYSTEM, Actor, Grant, NotFound, NotPermitted
from huduma.foundation.files import public as files
from huduma.foundation.journal import public as journal
from huduma.foundation.worktime import public as worktime

pytestmark = pytest.mark.usefixtures("services")
BY_HAND = {
    "child_name": "Pendo Mfano", "born_on-day": "2", "born_on-month": "10", "born_on-year": "2026", "sex": "F",
    "place": "Pumwani", "county": "047", "mother_name": "Asha Mfano",
}  # fmt: skip


def save(actor, draft, page, now=None, **typed):
    return applications.save_page(
        actor=actor,
        application_id=draft.id,
        page_id=page,
        typed=lambda name: typed.get(name, ""),
        now=now or timezone.now(),
    )


def attach(actor, draft, field, content, name="photo.png"):
    return applications.attach_file(
        actor=actor, application_id=draft.id, field=field, content=content, name=name, now=timezone.now()
    )


def birth(actor, png, now=None):
    """A complete draft of a birth certificate, by hand."""
    now = now or timezone.now()
    draft = applications.open_application(actor=actor, service_code="birth-cert-current", now=now)
    assert save(actor, draft, "slip", slip_number="BN-0001") == {}
    applications.go_by_hand(actor=actor, application_id=draft.id, now=now)
    assert save(actor, draft, "child", **BY_HAND) == {}
    attach(actor, draft, "slip_copy", png(1))
    attach(actor, draft, "mother_id_copy", png(2))
    return draft


def submit(actor, draft, now=None):
    return applications.submit(actor=actor, application_id=draft.id, now=now or timezone.now())


def pay(application, drain_jobs, payer=SYSTEM):
    """Let the gateway confirm the money of an application's bill."""
    (bill,) = payments.bills_for_payable(application.id)
    payment = payments.start_payment(actor=payer, bill_id=bill.id, phone="0700000002", now=timezone.now())
    credit(payment_id=payment.id, total_cents=None, receipt=None, now=timezone.now())
    drain_jobs()
    application.refresh_from_db()
    return bill


@pytest.fixture
def officer(officer_actor):
    return officer_actor("CRS", role="supervisor")


def decide(officer, application, outcome, drain_jobs, **rest):
    task, instance = process.get_task_for(officer, application.id)
    process.complete_task(
        actor=officer, task_id=task.id, outcome=outcome, version=instance.version, now=timezone.now(), **rest
    )
    drain_jobs()
    application.refresh_from_db()


def test_a_citizen_gets_a_certificate(citizen, officer, png, drain_jobs):
    asha = citizen()
    application = submit(asha, birth(asha, png))
    assert application.status == "waiting_payment"
    assert application.reference.startswith("HA")
    bill = pay(application, drain_jobs)
    assert (bill.total_cents, bill.lines[0]["body_code"]) == (20000, "CRS")
    assert application.status == "in_review"
    decide(officer, application, "approve", drain_jobs)
    assert application.status == "issued"
    document = credentials.document_of(application.id)
    _, pdf = credentials.get_document_for(asha, document.id, now=timezone.now())
    assert credentials.verify_document(pdf).state == "valid"
    told = (
        Message.objects.filter(about=application.id, medium="sms").order_by("created_at").values_list("kind", flat=True)
    )
    assert list(told) == [
        "applications.waiting_payment", "applications.payments.bill.settled", "applications.in_review", "applications.issued",
    ]  # fmt: skip
    turns = [turn.what for turn in applications.timeline_of(application)]
    assert turns[0] == "applications.application.submitted"
    assert turns[-1] == "issued"
    auditor = Actor(kind="person", channel="desk", account_id=ids.uuid7(), grants=frozenset({Grant("auditor", None)}))
    trail = settlement.trace_for(auditor, payments.settling_payment(bill.id).id)
    assert (trail.service_code, trail.known.payment.bill) == ("birth-cert-current", bill)  # from the charter on
    assert "applications.application.opened" in [act.act for act in trail.acts]


def test_the_register_answers_instead_of_the_mother(citizen, sandbox, png):
    asha = citizen()
    draft = applications.open_application(actor=asha, service_code="birth-cert-current", now=timezone.now())
    save(asha, draft, "slip", slip_number="BN-0001")
    applications.ask_register(actor=asha, application_id=draft.id, now=timezone.now())
    draft.refresh_from_db()
    assert draft.register_facts["child_name"] == "Pendo Asha Mfano"
    assert "mother_id" not in draft.register_facts
    assert [page["id"] for page in applications.pages_of(draft)] == ["slip", "documents"]
    attach(asha, draft, "slip_copy", png(1))
    attach(asha, draft, "mother_id_copy", png(2))
    assert submit(asha, draft).status == "waiting_payment"


def test_a_record_that_names_others_stays_closed(citizen, sandbox):
    stranger = citizen(8)
    draft = applications.open_application(actor=stranger, service_code="birth-cert-current", now=timezone.now())
    save(stranger, draft, "slip", slip_number="BN-0001")
    with pytest.raises(applications.RecordOfOthers):
        applications.ask_register(actor=stranger, application_id=draft.id, now=timezone.now())
    draft.refresh_from_db()
    assert draft.register_facts == {}


def test_another_slip_number_forgets_the_record_of_the_first(citizen, sandbox):
    asha = citizen()
    draft = applications.open_application(actor=asha, service_code="birth-cert-current", now=timezone.now())
    save(asha, draft, "slip", slip_number="BN-0001")
    applications.ask_register(actor=asha, application_id=draft.id, now=timezone.now())
    save(asha, draft, "slip", slip_number="BN-0002")
    draft.refresh_from_db()
    assert (draft.register_state, draft.register_facts) == ("", {})


def test_a_register_that_is_down_lets_people_go_on_by_hand(citizen, sandbox, png):
    asha = citizen()
    draft = applications.open_application(actor=asha, service_code="birth-cert-current", now=timezone.now())
    save(asha, draft, "slip", slip_number="BN-0001")
    sandbox.post("/_control/crs", json={"fault": "down"}).raise_for_status()
    with pytest.raises(exchange.RegisterUnavailable):
        applications.ask_register(actor=asha, application_id=draft.id, now=timezone.now())
    applications.go_by_hand(actor=asha, application_id=draft.id, now=timezone.now())
    draft.refresh_from_db()
    assert [page["id"] for page in applications.pages_of(draft)] == ["slip", "child", "documents"]


def test_a_question_that_ends_in_a_mark_is_no_odd_sentence():
    ui = {"label": {"en": "When was it?", "sw": "Ilikuwa lini?"}, "widget": "date"}
    problem = rules.Problem("format")
    with translation.override("en"):
        assert forms.words_for(ui, problem) == "When was it: write a real date, such as 23 11 2026."


def test_one_draft_a_service_on_whatever_device(citizen):
    asha = citizen()
    first = applications.open_application(actor=asha, service_code="police-clearance", now=timezone.now())
    save(asha, first, "purpose", purpose="abroad", country="Rwanda")
    again = applications.open_application(actor=asha, service_code="police-clearance", now=timezone.now())
    assert (again.id, again.answers["country"]) == (first.id, "Rwanda")


def test_wrong_answers_are_kept_and_named(citizen):
    asha = citizen()
    draft = applications.open_application(actor=asha, service_code="birth-cert-current", now=timezone.now())
    applications.go_by_hand(actor=asha, application_id=draft.id, now=timezone.now())
    wrong = save(
        asha, draft, "child", **{**BY_HAND, "born_on-day": "31", "born_on-month": "2", "sex": "Q", "place": ""}
    )
    assert set(wrong) == {"born_on", "sex", "place"}
    draft.refresh_from_db()
    assert (draft.answers["born_on"], draft.answers["sex"]) == ("2026-02-31", "Q")
    with pytest.raises(applications.Incomplete) as refused:
        submit(asha, draft)
    assert refused.value.pages == ["slip", "child", "documents"]
    future = save(asha, draft, "child", **{**BY_HAND, "born_on-year": "2999"})
    assert list(future) == ["born_on"]


def test_fields_that_the_page_does_not_ask_are_not_read(citizen):
    asha = citizen()
    draft = applications.open_application(actor=asha, service_code="police-clearance", now=timezone.now())
    save(asha, draft, "purpose", purpose="work", county="047", status="issued", person_id=str(ids.uuid7()))
    draft.refresh_from_db()
    assert draft.answers == {"purpose": "work"}
    with pytest.raises(NotFound):
        save(asha, draft, "child", child_name="x")
    with pytest.raises(NotFound):
        attach(asha, draft, "purpose", b"x")


def test_another_citizen_finds_nothing(citizen, png):
    asha, stranger = citizen(), citizen(8, "Rehema")
    draft = birth(asha, png)
    sent = submit(asha, draft)
    upload = sent.uploads.first()
    for attempt in (
        lambda: applications.get_application_for(stranger, draft.id),
        lambda: applications.get_by_reference_for(stranger, sent.reference),
        lambda: save(stranger, draft, "slip", slip_number="x"),
        lambda: submit(stranger, draft),
        lambda: attach(stranger, draft, "slip_copy", png(3)),
        lambda: applications.get_upload_for(stranger, upload.id),
        lambda: applications.withdraw(actor=stranger, application_id=draft.id, now=timezone.now()),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_an_officer_of_another_body_is_refused(citizen, officer, officer_actor, png):
    asha = citizen()
    sent = submit(asha, birth(asha, png))
    with pytest.raises(NotPermitted):
        applications.get_case_for(officer_actor("DCI"), sent.id, now=timezone.now())
    with pytest.raises(NotPermitted):
        applications.get_upload_for(officer_actor("DCI"), sent.uploads.first().id)
    case = applications.get_case_for(officer, sent.id, now=timezone.now())
    assert case.person.first_name == "Asha"
    assert "Pendo Mfano" in [answer.text for section in case.sections for answer in section.answers]


def test_nobody_applies_before_saying_who_they_are(db):
    account = identity.open_account(actor=SYSTEM, phone="+254700000003", language="en", now=timezone.now())
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    with pytest.raises(identity.NotProven):
        applications.open_application(actor=actor, service_code="police-clearance", now=timezone.now())


def test_the_promise_is_frozen_in_working_time(citizen, png, now):
    asha = citizen()
    sent = submit(asha, birth(asha, png, now), now)
    assert sent.due_at == worktime.deadline(now, 1, "working_days")
    assert sent.promise == {"value": 1, "unit": "working_days", "confidence": "published"}
    assert process.open_tasks_of(sent.id)[0].due_at == sent.due_at


def permit(actor, png):
    """A complete draft of a business permit, for a small workshop in Nairobi."""
    now = timezone.now()
    business = identity.register_organisation(
        actor=actor, name="Mfano Works", registration_number="BN/0001", kind="company", now=now
    )
    draft = applications.open_application(actor=actor, service_code="county-sbp", organisation_id=business.id, now=now)
    save(actor, draft, "place", county_code="047", ward="Mfano", premises="Jengo 1")
    save(actor, draft, "business", activity="workshop", size="small", staff="4")
    attach(actor, draft, "fire_clearance", png(1))
    attach(actor, draft, "registration_copy", png(2))
    save(actor, draft, "documents", pin_number="P000000000A")
    return draft


def test_another_director_pays_and_has_the_permit(citizen, png, drain_jobs, officer_actor):
    asha, other, stranger = citizen(2), citizen(3, "Neema"), citizen(4, "Juma")
    sent = submit(asha, permit(asha, png))
    Mandate.objects.create(
        person_id=other.person_id, organisation_id=sent.organisation_id, power="director", from_on=timezone.localdate()
    )
    (bill,) = payments.bills_for_payable(sent.id)
    with pytest.raises(NotFound):
        payments.get_bill_for(stranger, bill.id)
    pay(sent, drain_jobs, other)
    decide(officer_actor("CG-047", "supervisor"), sent, "approve", drain_jobs)
    document = credentials.document_of(sent.id)
    with pytest.raises(NotFound):
        credentials.get_document_for(stranger, document.id, now=timezone.now())
    assert credentials.get_document_for(other, document.id, now=timezone.now())[1].startswith(b"%PDF")
    Mandate.objects.filter(person_id=other.person_id).update(
        from_on=timezone.localdate() - timedelta(days=2), to_on=timezone.localdate() - timedelta(days=1)
    )
    with pytest.raises(NotFound):
        payments.get_bill_for(other, bill.id)


def test_the_permit_costs_what_the_table_says(citizen, png, drain_jobs, officer_actor):
    asha, now = citizen(), timezone.now()
    with pytest.raises(applications.OrganisationNeeded):
        applications.open_application(actor=asha, service_code="county-sbp", now=now)
    business = identity.register_organisation(
        actor=asha, name="Mfano Works", registration_number="BN/0001", kind="sole-proprietor", now=now
    )
    draft = applications.open_application(actor=asha, service_code="county-sbp", organisation_id=business.id, now=now)
    save(asha, draft, "place", county_code="047", ward="Mfano", premises="Jengo 1")
    save(asha, draft, "business", activity="workshop", size="small", staff="4")
    draft.refresh_from_db()
    assert [page["id"] for page in applications.pages_of(draft)] == ["place", "business", "fire", "documents"]
    assert [line.amount_cents for line in applications.fee_lines(draft, on=timezone.localdate())] == [20000, 1500000]
    attach(asha, draft, "fire_clearance", png(1))
    attach(asha, draft, "registration_copy", png(2))
    assert save(asha, draft, "documents", pin_number="X000000000A").keys() == {"pin_number"}
    assert save(asha, draft, "documents", pin_number="p000 000 000a") == {}
    draft.refresh_from_db()
    assert draft.answers["pin_number"] == "P000000000A"
    sent = submit(asha, draft)
    assert sent.body_code == "CG-047"
    bill = pay(sent, drain_jobs)
    assert [line["description"]["sw"] for line in bill.lines] == ["Ada ya ombi", "Kibali cha mwaka mmoja"]
    with pytest.raises(NotPermitted):
        applications.get_case_for(officer_actor("CG-001"), sent.id, now=now)
    decide(officer_actor("CG-047", "supervisor"), sent, "approve", drain_jobs)
    assert credentials.document_of(sent.id).valid_until is not None


def test_fingerprints_then_the_result(citizen, png, drain_jobs, officer_actor):
    asha = citizen()
    draft = applications.open_application(actor=asha, service_code="police-clearance", now=timezone.now())
    save(asha, draft, "purpose", purpose="work")
    save(asha, draft, "visit", county="047", agreed="on")
    attach(asha, draft, "photo", png())
    sent = submit(asha, draft)
    dci = officer_actor("DCI", "supervisor")
    pay(sent, drain_jobs)
    assert sent.status == "waiting_visit"
    decide(dci, sent, "done", drain_jobs)
    assert sent.status == "in_review"
    decide(dci, sent, "approve", drain_jobs)
    assert sent.status == "issued"
    visit = Message.objects.get(about=sent.id, kind="applications.waiting_visit")
    assert "fingerprints" in visit.text


def test_sent_back_corrected_and_sent_again(citizen, officer, png, drain_jobs):
    asha = citizen()
    sent = submit(asha, birth(asha, png))
    pay(sent, drain_jobs)
    decide(officer, sent, "send_back", drain_jobs, note="The name differs from the slip.", fields=["child_name"])
    assert (sent.status, sent.to_correct) == ("waiting_correction", ["child_name"])
    assert applications.waits_for(sent) == "The name differs from the slip."
    assert [page["fields"] for page in applications.pages_of(sent)] == [["child_name"]]
    with pytest.raises(NotFound):
        save(asha, sent, "documents")
    save(asha, sent, "child", child_name="Pendo Asha Mfano", place="Elsewhere")
    sent = applications.send_correction(actor=asha, application_id=sent.id, now=timezone.now())
    assert sent.status == "in_review"
    assert sent.answers["child_name"] == "Pendo Asha Mfano"
    assert sent.answers["place"] == "Pumwani"
    turns = applications.timeline_of(sent)
    applications.send_correction(actor=asha, application_id=sent.id, now=timezone.now())
    assert applications.timeline_of(sent) == turns
    with pytest.raises(applications.CannotChange):
        save(asha, sent, "child", child_name="Another")
    notes = [turn.note for turn in applications.timeline_of(sent) if turn.note]
    assert notes == ["The name differs from the slip."]


def test_withdrawn_means_nothing_is_owed(citizen, png):
    asha = citizen()
    sent = submit(asha, birth(asha, png))
    for _ in range(2):
        assert applications.withdraw(actor=asha, application_id=sent.id, now=timezone.now()).status == "withdrawn"
    (bill,) = payments.bills_for_payable(sent.id)
    assert bill.state == "cancelled"
    with pytest.raises(payments.BillCancelled):
        payments.start_payment(actor=asha, bill_id=bill.id, phone="0700000002", now=timezone.now())
    assert process.open_tasks_of(sent.id) == []


def test_rejected_is_final(citizen, officer, png, drain_jobs):
    asha = citizen()
    sent = submit(asha, birth(asha, png))
    pay(sent, drain_jobs)
    decide(officer, sent, "reject", drain_jobs, note="The birth is registered already.")
    assert sent.status == "rejected"
    with pytest.raises(applications.CannotWithdraw):
        applications.withdraw(actor=asha, application_id=sent.id, now=timezone.now())


def test_files_are_limited_replaced_and_taken_back(citizen, png):
    asha = citizen()
    draft = birth(asha, png)
    same = attach(asha, draft, "slip_copy", png(1))
    attach(asha, draft, "slip_copy", png(5))
    with pytest.raises(applications.TooManyFiles):
        attach(asha, draft, "slip_copy", png(6))
    with pytest.raises(files.WrongType):
        attach(asha, draft, "father_id_copy", b"MZ\x90\x00 a program", "photo.png")
    applications.remove_file(actor=asha, application_id=draft.id, upload_id=same.id, now=timezone.now())
    assert not files.StoredFile.objects.filter(id=same.file_id).exists()
    applications.discard_draft(actor=asha, application_id=draft.id, now=timezone.now())
    assert not files.StoredFile.objects.exists()
    assert not Application.objects.exists()


def test_reference_and_phone_show_the_status_and_nothing_else(citizen, png):
    asha = citizen()
    sent = submit(asha, birth(asha, png))
    tracked = applications.track(
        reference=sent.reference.lower(), phone="+254700000002", address="a", now=timezone.now()
    )
    assert (tracked.status, tracked.service["en"]) == ("waiting_payment", "Birth certificate (current registration)")
    for reference, phone in ((sent.reference, "+254700000003"), ("HA00000000X", "+254700000002"), ("x", "")):
        with pytest.raises(NotFound):
            applications.track(reference=reference, phone=phone, address="a", now=timezone.now())


def test_an_assisted_person_is_served_by_the_officer_who_sits_there(officer, png):
    now = timezone.now()
    facts = identity.IdentityFacts(
        id_number=None, surname="Mfano", first_name="Bibi", other_names="", birth_date=None, sex="F"
    )
    person = identity.register_assisted_person(actor=officer, facts=facts, phone="", consent="by word", now=now)
    assert isinstance(person, Person)
    assisting = replace(officer, on_behalf_of=person.id, purpose="assisted")
    sent = submit(assisting, birth(assisting, png))
    assert (sent.person_id, sent.channel) == (person.id, "desk")
    assert [row.id for row, _ in applications.list_applications_for(assisting)] == [sent.id]


ASHA = identity.IdentityFacts(
    id_number="90000002", surname="Mfano", first_name="Asha", other_names="", birth_date=date(1992, 9, 30), sex="F"
)  # fmt: skip


def by_hand(phone="+254700000002"):
    """A citizen who went by hand while the register was down; returns her actor."""
    now = timezone.now()
    account = identity.open_account(actor=ANONYMOUS, phone=phone, language="en", now=now)
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    typed = replace(ASHA, id_number=None)
    identity.record_identity_proof(actor=actor, facts=typed, by="by-hand", now=now)
    account = identity.Account.objects.get(id=account.id)
    return identity.actor_for(account, channel="portal", purpose="self-service")


def test_what_was_done_at_a_counter_and_what_was_done_by_hand_come_together(officer, png, drain_jobs, sandbox):
    now = timezone.now()
    served = identity.register_assisted_person(
        actor=officer, facts=replace(ASHA, birth_date=None), phone="", consent="by-word", now=now
    )
    assisting = replace(officer, on_behalf_of=served.id, purpose="assisted")
    there = submit(assisting, birth(assisting, png))
    pay(there, drain_jobs)
    decide(officer, there, "approve", drain_jobs)
    applications.open_application(actor=assisting, service_code="police-clearance", now=now)
    asha = by_hand()
    online = applications.open_application(actor=asha, service_code="police-clearance", now=now)

    exchange.prove_identity(actor=asha, id_number="90000002", serial_number="200000002", now=now)
    drain_jobs()
    mine = {row.id for row, _ in applications.list_applications_for(asha)}
    assert mine == {there.id, online.id}  # of two drafts of one service hers stays
    assert credentials.get_document_for(asha, credentials.document_of(there.id).id, now=now)
    assert payments.get_bill_for(asha, payments.bills_for_payable(there.id)[0].id)
    assert identity.records_of(asha.person_id) == [asha.person_id, served.id]
    assert journal.entries_concerning(asha.person_id, acts=["identity.person.merged"])
    again = identity.register_assisted_person(actor=officer, facts=ASHA, phone="", consent="by-word", now=now)
    assert again.id == asha.person_id


def test_a_number_that_an_officer_typed_wrongly_gives_nobody_a_strangers_affairs(officer, png, sandbox):
    now = timezone.now()
    wrong = replace(ASHA, surname="Mgeni", first_name="Bibi", birth_date=date(1950, 1, 1))
    served = identity.register_assisted_person(actor=officer, facts=wrong, phone="", consent="by-word", now=now)
    assisting = replace(officer, on_behalf_of=served.id, purpose="assisted")
    there = submit(assisting, birth(assisting, png))
    asha = by_hand()
    exchange.prove_identity(actor=asha, id_number="90000002", serial_number="200000002", now=now)
    assert applications.list_applications_for(asha) == []
    assert [row.id for row, _ in applications.list_applications_for(assisting)] == [there.id]
    served.refresh_from_db()
    assert (served.id_number, served.full_name) == (None, "Bibi Mgeni")
    assert journal.entries_concerning(served.id, acts=["identity.person.number_taken_back"])


@pytest.mark.django_db(transaction=True)
def test_two_tabs_send_one_application(citizen, png):
    asha = citizen()
    draft = birth(asha, png)
    sent, gate = [], threading.Barrier(4)

    def press():
        gate.wait()
        try:
            sent.append(submit(asha, draft).reference)
        finally:
            connection.close()

    tabs = [threading.Thread(target=press) for _ in range(4)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert len(sent) == 4
    assert len(set(sent)) == 1
    assert len(payments.bills_for_payable(draft.id)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_devices_open_one_draft(citizen):
    asha, opened, gate = citizen(), [], threading.Barrier(4)

    def press():
        gate.wait()
        try:
            opened.append(
                applications.open_application(actor=asha, service_code="police-clearance", now=timezone.now()).id
            )
        finally:
            connection.close()

    devices = [threading.Thread(target=press) for _ in range(4)]
    for device in devices:
        device.start()
    for device in devices:
        device.join()
    assert len(opened) == 4
    assert len(set(opened)) == 1
