"""Applying for somebody else: a child by the birth record, an adult who said yes; within the mandate's scope and time only."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from huduma.contexts.applications import public as applications
from huduma.contexts.applications.tests.test_applying import attach, decide, pay, save
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.credentials import public as credentials
from huduma.contexts.exchange import public as exchange
from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import Representation
from huduma.contexts.identity.rules import coming_of_age
from huduma.contexts.messages.models import Message
from huduma.contexts.payments import public as payments
from huduma.contexts.places import public as places
from huduma.foundation import ids, links
from huduma.foundation.access import SYSTEM, NotFound
from huduma.foundation.journal import public as journal

CODE = "police-clearance"


@pytest.fixture(autouse=True)
def _services(db):
    places.load_places(actor=SYSTEM)
    for code in (CODE, "birth-cert-current"):
        catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / code, now=timezone.now())


@pytest.fixture
def asha(citizen):
    return citizen()


@pytest.fixture
def neema(citizen):
    return citizen(3, "Neema")


def ask(asha, **given):
    values = {"relation": "parent", "id_number": "90000003", "phone": "0700000003", "services": [CODE]}
    until = timezone.localdate() + timedelta(days=30)
    return identity.ask_to_represent(actor=asha, now=timezone.now(), **{**values, "until": until, **given})


def token(row):
    return links.token(identity.REPRESENTATION_LINK, row.id)


def answer(actor, row, accepts=True):
    return identity.answer_representation(actor=actor, token=token(row), accepts=accepts, now=timezone.now())


@pytest.fixture
def mandate(asha, neema):
    """Neema lets Asha apply for her for one service."""
    return answer(neema, ask(asha))


def open_for(asha, person_id, code=CODE):
    return applications.open_application(actor=asha, service_code=code, for_person_id=person_id, now=timezone.now())


@pytest.fixture
def sent(asha, neema, mandate, png):
    """An application for Neema, sent by Asha."""
    draft = open_for(asha, neema.person_id)
    for page in applications.pages_of(draft):
        fill(asha, draft, page, png)
    return applications.submit(actor=asha, application_id=draft.id, now=timezone.now())


def fill(actor, draft, page, png):
    form = catalogue.get_service(CODE).current_version.part("form")
    typed = {}
    for number, name in enumerate(page["fields"]):
        ui = form["ui"][name]
        if ui["widget"] == "upload":
            attach(actor, draft, name, png(number))
        elif "options" in ui:
            typed[name] = ui["options"][0]["value"]
        else:
            typed[name] = {"county": "047", "checkbox": "on"}.get(ui["widget"], "Kazi")
    assert save(actor, draft, page["id"], **typed) == {}


def test_the_one_who_is_asked_gets_a_link_says_yes_and_both_are_told(asha, neema, drain_jobs):
    row = ask(asha)
    drain_jobs()
    sms = Message.objects.get(kind="applications.representation")
    assert sms.recipient == "+254700000003"
    answer(neema, row)
    drain_jobs()
    assert "may now apply for Neema Mfano" in Message.objects.get(about=row.id, recipient="+254700000002").text
    assert identity.list_represented_for(asha, CODE)[0].id == neema.person_id
    assert identity.list_represented_for(asha, "birth-cert-current") == []
    mine, theirs = identity.list_representations_for(neema)
    assert (mine, [one.id for one in theirs]) == ([], [row.id])
    with pytest.raises(identity.MandateAnswered):
        answer(neema, row, accepts=False)


def test_nobody_answers_for_another_and_no_one_represents_by_asking(asha, neema, citizen):
    row = ask(asha)
    for stranger in (asha, citizen(9, "Zuri")):
        with pytest.raises(identity.MandateForAnother):
            answer(stranger, row)
    for forged in (
        "",
        "x" * 38,
        links.token("agreement", row.id),
        links.token(identity.REPRESENTATION_LINK, ids.uuid7()),
    ):
        with pytest.raises(NotFound):
            identity.answer_representation(actor=neema, token=forged, accepts=True, now=timezone.now())
    with pytest.raises(applications.NoMandate):
        open_for(asha, neema.person_id)
    answer(neema, row, accepts=False)
    with pytest.raises(applications.NoMandate):
        open_for(asha, neema.person_id)


def test_what_may_be_asked_for(asha, neema):
    today = timezone.localdate()
    with pytest.raises(identity.OwnMandate):
        ask(asha, id_number="90000002")
    for until in (today - timedelta(days=1), today + timedelta(days=400)):
        with pytest.raises(identity.MandateTooLong):
            ask(asha, until=until)
    rows = [ask(asha) for _ in range(5)]
    with pytest.raises(identity.TooManyRequests):
        ask(asha)
    with pytest.raises(NotFound):
        identity.end_representation(actor=neema, representation_id=rows[0].id, now=timezone.now())
    identity.end_representation(actor=asha, representation_id=rows[0].id, now=timezone.now())
    with pytest.raises(identity.MandateAnswered):
        answer(neema, rows[0])


def test_an_application_for_another_carries_their_name_and_not_what_they_said_elsewhere(asha, neema, sent, drain_jobs):
    assert (sent.person_id, sent.representative_id) == (neema.person_id, asha.person_id)
    drain_jobs()
    told = Message.objects.filter(about=sent.id, kind="applications.waiting_payment")
    assert {message.recipient for message in told} == {"+254700000002", "+254700000003"}
    assert sent.id in {row.id for row, _ in applications.list_applications_for(asha)}
    assert [row.id for row, _ in applications.list_made_for(neema)] == [sent.id]
    assert applications.get_application_for(neema, sent.id) == sent
    [bill] = payments.bills_for_payable(sent.id)
    assert bill.payer_person_id == asha.person_id
    for phone in ("+254700000002", "+254700000003"):
        assert applications.track(reference=sent.reference, phone=phone, address="a", now=timezone.now()).reference


def test_both_may_have_the_document_while_the_mandate_is_in_force(
    asha, neema, mandate, sent, citizen, officer_actor, drain_jobs
):
    pay(sent, drain_jobs, payer=asha)
    officer = officer_actor("DCI", role="supervisor")
    decide(officer, sent, "done", drain_jobs)
    decide(officer, sent, "approve", drain_jobs)
    assert sent.status == "issued"
    document = credentials.document_of(sent.id)
    for reader in (neema, asha):
        assert credentials.get_document_for(reader, document.id, now=timezone.now())[1]
    reads = journal.entries_concerning(neema.person_id, acts=["credentials.credential.read"])
    assert {entry.actor_person_id for entry in reads} == {asha.person_id, neema.person_id}
    identity.end_representation(actor=neema, representation_id=mandate.id, now=timezone.now())
    with pytest.raises(NotFound):
        credentials.get_document_for(asha, document.id, now=timezone.now())


def test_the_mandate_ends_when_its_giver_says_so(asha, neema, mandate, sent, drain_jobs):
    own = applications.open_application(actor=neema, service_code=CODE, now=timezone.now())
    with pytest.raises(NotFound):
        applications.get_application_for(asha, own.id)  # what she does for herself is nobody's business
    identity.end_representation(actor=neema, representation_id=mandate.id, now=timezone.now())
    identity.end_representation(actor=neema, representation_id=mandate.id, now=timezone.now())
    drain_jobs()
    assert Message.objects.filter(about=mandate.id, text__contains="no longer apply").count() == 1
    with pytest.raises(NotFound):
        applications.get_application_for(asha, sent.id)
    assert applications.list_applications_for(asha) == []
    with pytest.raises(applications.NoMandate):
        open_for(asha, neema.person_id)
    assert applications.withdraw(actor=neema, application_id=sent.id, now=timezone.now()).status == "withdrawn"


def test_a_mandate_is_for_its_services_and_its_time(asha, neema, mandate):
    with pytest.raises(applications.NoMandate):
        open_for(asha, neema.person_id, "birth-cert-current")
    draft = open_for(asha, neema.person_id)
    assert open_for(asha, neema.person_id).id == draft.id
    Representation.objects.update(
        from_on=timezone.localdate() - timedelta(9), to_on=timezone.localdate() - timedelta(1)
    )
    with pytest.raises(applications.NoMandate):
        open_for(asha, neema.person_id)
    with pytest.raises(NotFound):
        applications.submit(actor=asha, application_id=draft.id, now=timezone.now())


def test_a_new_mandate_takes_the_place_of_the_old_one(asha, neema, mandate):
    answer(neema, ask(asha, services=[]))
    assert [row.state for row in Representation.objects.order_by("asked_at")] == ["ended", "given"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Representation.objects.filter(id=mandate.id).update(state="given", ended_at=None)


class TestAChild:
    def test_the_birth_record_names_the_parent(self, asha, citizen, sandbox):
        row = exchange.record_child(actor=asha, slip="BN-0001", now=timezone.now())
        assert (row.person.full_name, row.relation, row.services) == ("Pendo Asha Mfano", "child", [])
        assert (row.to_on, row.person.verified_by) == (coming_of_age(row.person.birth_date), "birth-record")
        assert exchange.record_child(actor=asha, slip="BN-0001", now=timezone.now()).id == row.id
        father = citizen(1, "Juma")
        assert exchange.record_child(actor=father, slip="BN-0001", now=timezone.now()).person_id == row.person_id
        draft = open_for(asha, row.person_id)
        assert draft.person_id == row.person_id
        with pytest.raises(NotFound):
            applications.get_application_for(father, draft.id)  # each parent has their own draft
        assert open_for(father, row.person_id).id != draft.id

    def test_the_certificate_of_a_birth_is_for_the_child_of_that_record(self, asha, sandbox):
        row = exchange.record_child(actor=asha, slip="BN-0001", now=timezone.now())
        draft = open_for(asha, row.person_id, "birth-cert-current")
        for number, named in (("BN-0002", False), ("bn-0001", True)):
            applications.save_page(
                actor=asha,
                application_id=draft.id,
                page_id="slip",
                typed={"slip_number": number}.get,
                now=timezone.now(),
            )
            if not named:
                with pytest.raises(applications.RecordOfOthers):
                    applications.ask_register(actor=asha, application_id=draft.id, now=timezone.now())
        applications.ask_register(actor=asha, application_id=draft.id, now=timezone.now())
        draft.refresh_from_db()
        assert (draft.person_id, draft.register_facts["child_name"]) == (row.person_id, "Pendo Asha Mfano")

    def test_nobody_else(self, citizen, sandbox):
        stranger = citizen(8, "Rehema")
        with pytest.raises(identity.NotAParent):
            exchange.record_child(actor=stranger, slip="BN-0001", now=timezone.now())
        with pytest.raises(exchange.NotInRegister):
            exchange.record_child(actor=stranger, slip="BN-9999", now=timezone.now())
        assert not Representation.objects.exists()

    def test_nor_who_only_says_who_they_are(self, asha, sandbox):
        identity.Person.objects.filter(id=asha.person_id).update(verified_by="by-hand")
        with pytest.raises(identity.NotAParent):
            exchange.record_child(actor=asha, slip="BN-0001", now=timezone.now())

    def test_until_the_day_before_the_eighteenth_birthday(self, asha):
        born = timezone.localdate().replace(year=timezone.localdate().year - 18)
        facts = identity.IdentityFacts(
            id_number=None, surname="Mfano", first_name="Pendo", other_names="", birth_date=born, sex="F"
        )
        given = {"birth_number": "BN-X", "parents": {"90000002"}, "now": timezone.now()}
        with pytest.raises(identity.OfAge):
            identity.record_child(actor=asha, facts=facts, **given)
