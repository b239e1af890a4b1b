"""Several people agree, each by their own link; nobody else can, and the case waits until all have."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from huduma.contexts.applications import public as applications
from huduma.contexts.applications.models import Agreement
from huduma.contexts.applications.queries import AGREEMENT_LINK
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.contexts.messages.models import Message
from huduma.contexts.places import public as places
from huduma.contexts.process import public as process
from huduma.foundation import ids, links
from huduma.foundation.access import SYSTEM, NotFound

PACKAGE = Path(__file__).parent / "packages" / "household-card"


@pytest.fixture
def asha(db, citizen):
    places.load_places(actor=SYSTEM)
    catalogue.load_packages(actor=SYSTEM, path=PACKAGE, now=timezone.now())
    return citizen()


@pytest.fixture
def save(asha):
    def keep(draft, page, **typed):
        return applications.save_page(
            actor=asha, application_id=draft.id, page_id=page, typed=lambda name: typed.get(name.replace("-", "__"), ""),
            now=timezone.now(),
        )  # fmt: skip

    return keep


@pytest.fixture
def sent(asha, save, png):
    """An application that the other parent (ID 90000003) and one co-owner have to agree to."""
    now = timezone.now()
    draft = applications.open_application(actor=asha, service_code="household-card", now=now)
    save(draft, "household", has_children="no", languages__en="on")
    save(draft, "others", joint="on")
    assert save(draft, "other-parent", other_parent="Baraka Mfano", other_phone="0200000", other_id="x").keys() == {
        "other_phone", "other_id",
    }  # fmt: skip
    save(draft, "other-parent", other_parent="Baraka Mfano", other_phone="0700 000 003", other_id="90000003")
    where = {"actor": asha, "application_id": draft.id, "page_id": "owners", "field": "owners", "now": now}
    entry = applications.add_entry(**where)
    owner = {"owner_name": "Neema Mfano", "owner_phone": "0700 000 004"}
    assert applications.save_entry(**where, entry_id=entry, typed=lambda name: owner.get(name, "")) == {}
    save(draft, "address", postal_address="Box 7, Embu")
    applications.attach_file(actor=asha, application_id=draft.id, field="papers", content=png(), name="p.png", now=now)
    return applications.submit(actor=asha, application_id=draft.id, now=now)


@pytest.fixture
def send_back(sent, officer_actor):
    """Send the case back for one question to be answered again, once all have agreed."""

    def decide(field):
        officer = officer_actor("CRS", role="supervisor")
        task, instance = process.get_task_for(officer, sent.id)
        process.complete_task(
            actor=officer, task_id=task.id, outcome="send_back", version=instance.version, note="Look again",
            fields=[field], now=timezone.now(),
        )  # fmt: skip
        sent.refresh_from_db()

    return decide


def link(application, role):
    return links.token(AGREEMENT_LINK, Agreement.objects.get(application=application, role=role).id)


def answer(actor, token, agrees=True, reason=""):
    return applications.answer_agreement(actor=actor, token=token, agrees=agrees, reason=reason, now=timezone.now())


def test_the_case_waits_until_everybody_has_agreed(sent, citizen, drain_jobs):
    assert sent.status == "waiting_agreement"
    drain_jobs()
    asked = Message.objects.filter(kind="applications.agreement")
    assert {message.recipient for message in asked} == {"+254700000003", "+254700000004"}
    baraka, neema = citizen(3, "Baraka"), citizen(4, "Neema")
    seen = applications.agreement_for(baraka, link(sent, "other-parent"), now=timezone.now())
    assert (seen.applicant, [section.page for section in seen.sections]) == ("Asha Mfano", ["household"])
    answer(baraka, link(sent, "other-parent"))
    sent.refresh_from_db()
    assert sent.status == "waiting_agreement"
    states = {who["en"]: row.state for row, who in applications.agreements_of(sent)}
    assert states == {"The other parent": "agreed", "Co-owner of the house": "asked"}
    answer(neema, link(sent, "owner"))
    sent.refresh_from_db()
    assert sent.status == "in_review"


def test_a_link_works_once_and_for_its_own_person_only(sent, asha, citizen):
    token = link(sent, "other-parent")
    baraka, stranger = citizen(3, "Baraka"), citizen(9, "Zuri")
    for nobody in (asha, stranger):
        with pytest.raises(applications.NotAskedOfYou):
            answer(nobody, token)
        with pytest.raises(applications.NotAskedOfYou):
            applications.agreement_for(nobody, token, now=timezone.now())
    answer(baraka, token)
    with pytest.raises(applications.AnsweredAlready):
        answer(baraka, token, agrees=False, reason="I changed my mind")
    with pytest.raises(applications.NotAskedOfYou):
        answer(baraka, link(sent, "owner"))  # one person is one party
    for forged in ("", "x" * 38, links.token("another", ids.uuid7()), token[:-1] + ("A" if token[-1] != "A" else "Q")):
        with pytest.raises(NotFound):
            answer(baraka, forged)


def test_declining_needs_a_reason_which_the_applicant_reads(sent, citizen, drain_jobs):
    baraka = citizen(3, "Baraka")
    with pytest.raises(applications.AgreementReasonNeeded):
        answer(baraka, link(sent, "other-parent"), agrees=False)
    answer(baraka, link(sent, "other-parent"), agrees=False, reason="We live apart.")
    drain_jobs()
    row = next(row for row, _ in applications.agreements_of(sent) if row.role == "other-parent")
    assert (row.state, row.reason) == ("declined", "We live apart.")
    assert Message.objects.filter(kind="applications.applications.agreement.declined", about=sent.id).exists()
    sent.refresh_from_db()
    assert sent.status == "waiting_agreement"


def test_only_the_applicant_sends_a_link_again_and_not_twice_an_hour(sent, asha, citizen, drain_jobs):
    row = Agreement.objects.get(role="owner")
    with pytest.raises(NotFound):
        applications.ask_again(actor=citizen(9), agreement_id=row.id, now=timezone.now())
    with pytest.raises(applications.AskedLately):
        applications.ask_again(actor=asha, agreement_id=row.id, now=timezone.now())
    applications.ask_again(actor=asha, agreement_id=row.id, phone="0700 000 005", now=timezone.now())
    applications.ask_again(actor=asha, agreement_id=row.id, now=timezone.now() + timedelta(hours=2))
    drain_jobs()
    assert Message.objects.filter(kind="applications.agreement", recipient="+254700000005").count() >= 2


def test_who_agreed_is_asked_anew_only_where_a_correction_changed_what_they_saw(
    sent, save, send_back, asha, citizen, drain_jobs
):
    baraka, neema = citizen(3, "Baraka"), citizen(4, "Neema")
    answer(baraka, link(sent, "other-parent"))
    answer(neema, link(sent, "owner"))

    send_back("postal_address")
    save(sent, "address", postal_address="Box 9, Embu")
    assert applications.send_correction(actor=asha, application_id=sent.id, now=timezone.now()).status == "in_review"
    send_back("languages")
    save(sent, "household", languages__sw="on")
    again = applications.send_correction(actor=asha, application_id=sent.id, now=timezone.now())
    assert again.status == "waiting_agreement"
    assert {row.state for row, _ in applications.agreements_of(again)} == {"asked"}


def test_a_correction_that_makes_the_form_ask_more_has_more_to_answer(sent, save, send_back, asha, citizen):
    answer(citizen(3, "Baraka"), link(sent, "other-parent"))
    answer(citizen(4, "Neema"), link(sent, "owner"))
    send_back("languages")
    assert save(sent, "household", languages__other="on").keys() == {"other_language"}
    sent.refresh_from_db()
    assert [page["fields"] for page in applications.pages_of(sent)] == [["languages", "other_language"]]
    with pytest.raises(applications.Incomplete):
        applications.send_correction(actor=asha, application_id=sent.id, now=timezone.now())
    assert save(sent, "household", languages__other="on", other_language="Kimeru") == {}
    sent = applications.send_correction(actor=asha, application_id=sent.id, now=timezone.now())
    assert sent.answers["other_language"] == "Kimeru"


def test_a_person_who_has_not_proven_who_they_are_cannot_agree(sent):
    account = identity.open_account(
        actor=SYSTEM, phone="+254700000003", language="sw", now=timezone.now()
    )  # fmt: skip
    unknown = identity.actor_for(account, channel="portal", purpose="self-service")
    with pytest.raises(identity.NotProven):
        answer(unknown, link(sent, "other-parent"))
