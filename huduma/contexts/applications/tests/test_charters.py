"""What the charter says about fees and about who may apply is what happens."""

import shutil
from datetime import date

import pytest
from django.conf import settings
from django.utils import timezone

from huduma.contexts.applications import public as applications
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity.models import Person
from huduma.contexts.payments import public as payments
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.usefixtures("services")
CLEARANCE = {"purpose": {"purpose": "work"}, "visit": {"county": "047", "agreed": "on"}}


@pytest.fixture
def send_clearance(citizen, png):
    """Applies for a police clearance and returns what was sent."""

    def send():
        about = {"actor": citizen(), "now": timezone.now()}
        draft = applications.open_application(service_code="police-clearance", **about)
        about["application_id"] = draft.id
        for page, typed in CLEARANCE.items():
            assert applications.save_page(page_id=page, typed=lambda n, t=typed: t.get(n, ""), **about) == {}
        applications.attach_file(field="photo", content=png(), name="photo.png", **about)
        return applications.submit(**about)

    return send


@pytest.fixture
def charter(tmp_path):
    """Changes the charter of the police clearance and loads it."""

    def change(*pairs):
        folder = shutil.copytree(settings.SERVICES_DIR / "police-clearance", tmp_path / "police-clearance")
        text = (folder / "service.yaml").read_text()
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        (folder / "service.yaml").write_text(text)
        catalogue.load_packages(actor=SYSTEM, path=folder, now=timezone.now())

    return change


def test_what_is_free_goes_on_without_a_bill(charter, send_clearance, drain_jobs):
    charter(("fee_kes: 1050", "fee_kes: 0"), ("amount: 1000", "amount: 0"), ("amount: 50\n", "amount: 0\n"))
    sent = send_clearance()
    drain_jobs()
    sent.refresh_from_db()
    assert payments.bills_for_payable(sent.id) == []
    assert sent.status == "waiting_visit"


def test_the_bill_follows_age_and_day(charter, send_clearance, citizen, drain_jobs):
    today = timezone.localdate()
    Person.objects.filter(id=citizen().person_id).update(birth_date=date(today.year - 20, 1, 1))
    young = "when: {properties: {age: {maximum: 25}}, required: [age]}"
    charter(
        ("fee_kes: 1050", "fee_kes: null"),
        ("amount: 1000\n", f"amount: 400\n  {young}\n"),
        ("amount: 50\n", "amount: 50\n  to: '2026-01-01'\n"),
        ("retention:", "- {code: other, name: {en: Fee, sw: Ada}, amount: 1000, legal_notice: Example,"
                       " when: {not: {properties: {age: {maximum: 25}}, required: [age]}}}\nretention:"),
    )  # fmt: skip
    sent = send_clearance()
    drain_jobs()
    [bill] = payments.bills_for_payable(sent.id)
    assert [(line["code"], line["amount_cents"]) for line in bill.lines] == [("fee", 40000)]


def test_who_is_too_young_is_told_so_and_what_to_do(citizen):
    catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / "inua-jamii-older", now=timezone.now())
    asha, today = citizen(), timezone.localdate()
    version = catalogue.get_service("inua-jamii-older").current_version

    def met_at(years):
        Person.objects.filter(id=asha.person_id).update(birth_date=date(today.year - years, 1, 1))
        [(_, met)] = applications.eligibility_of(version, asha.person_id, today)
        return met

    [(_, unknown)] = applications.eligibility_of(version, asha.person_id, today)
    assert (unknown, met_at(70), met_at(69)) == (None, True, False)
    with pytest.raises(applications.NotEligible, match=r"70.*chief"):
        applications.open_application(actor=asha, service_code="inua-jamii-older", now=timezone.now())
