"""A fee is worked out by the schedule of the day, kept on the bill, and may be waived: then the case goes on as if paid."""

import shutil
from datetime import timedelta

import pytest
import yaml
from django.conf import settings
from django.utils import timezone

from huduma.contexts.applications import public as applications
from huduma.contexts.applications.tests.test_applying import birth, submit
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.clocks import public as clocks
from huduma.contexts.messages.models import Message
from huduma.contexts.payments import public as payments
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.usefixtures("services")
TERMS = {
    "due_days": 14,
    "penalty": {"after_days": 30, "percent": 10, "legal_basis": "Example Regulations, r. 4"},
    "instalments": {"at_most": 2, "every_days": 30, "legal_basis": "Example Regulations, r. 5"},
}


@pytest.fixture
def schedule(tmp_path):
    """Publishes the birth certificate anew with other fees and terms."""
    folder = shutil.copytree(settings.SERVICES_DIR / "birth-cert-current", tmp_path / "birth-cert-current")
    charter = yaml.safe_load((folder / "service.yaml").read_text())

    def publish(**changed):
        (folder / "service.yaml").write_text(
            yaml.safe_dump({**charter, **changed}, allow_unicode=True, sort_keys=False)
        )
        catalogue.load_packages(actor=SYSTEM, path=folder, now=timezone.now())

    return publish


def fee(amount, **more):
    return {
        "code": "fee", "name": {"en": "Fee", "sw": "Ada"}, "amount": amount, "revenue_code": "1420201",
        "legal_notice": f"Legal Notice of {amount} (example)", **more,
    }  # fmt: skip


def test_a_bill_keeps_the_schedule_by_which_it_was_worked_out(citizen, schedule, png):
    today = timezone.localdate()
    yesterday, tomorrow = (today + timedelta(days=days) for days in (-1, 1))
    old = [fee(100, to=yesterday.isoformat()), fee(300, **{"from": today.isoformat()})]
    schedule(fee_kes=300, fees=old, payment_terms=TERMS)
    asha = citizen()
    application = submit(asha, birth(asha, png))
    (bill,) = payments.bills_for_payable(application.id)
    (line,) = bill.lines
    kept = {"legal_notice": "Legal Notice of 300 (example)", "from": today.isoformat(), "revenue_code": "1420201"}
    assert (line["amount_cents"], {key: line[key] for key in kept}) == (30000, kept)
    assert bill.terms["schedule"] == str(application.version_id)
    assert bill.terms["penalty"] == TERMS["penalty"]
    assert (bill.due_on, bill.penalty_on) == (today + timedelta(days=14), today + timedelta(days=45))
    schedule(fee_kes=500, fees=[fee(500)])
    bill.refresh_from_db()
    assert (bill.total_cents, payments.due_cents(bill), payments.spreads(bill)) == (30000, 30000, [2])
    assert [one["amount"] for one in catalogue.schedule({"fees": old}, today)] == [300]
    assert [
        one["is_to_come"] for one in catalogue.schedule({"fees": [fee(1, **{"from": tomorrow.isoformat()})]}, today)
    ] == [True]


def test_a_case_whose_fee_is_waived_goes_on(citizen, png, officer_actor, drain_jobs):
    asha = citizen()
    application = submit(asha, birth(asha, png))
    (bill,) = payments.bills_for_payable(application.id)
    waiver = payments.ask_waiver(
        actor=officer_actor("CRS"), bill_id=bill.id, body_code="CRS", kind="exemption", amount_cents=None,
        reason="Refugee", legal_basis="Refugees Act, 2021 (example)", now=timezone.now(),
    )  # fmt: skip
    payments.decide_waiver(
        actor=officer_actor("CRS", role="supervisor"), waiver_id=waiver.id, approve=True, now=timezone.now()
    )
    drain_jobs()
    application.refresh_from_db()
    assert application.status == "in_review"


def test_nobody_is_asked_to_pay_nothing(citizen, schedule, png, drain_jobs):
    free, dear = ({"properties": {"sex": {"enum": sexes}}, "required": ["sex"]} for sexes in (["F"], ["M", "X"]))
    schedule(fee_kes=300, fees=[fee(0, when=free), {**fee(300, when=dear), "code": "other"}])
    asha = citizen()
    application = submit(asha, birth(asha, png))
    drain_jobs()
    application.refresh_from_db()
    assert application.status == "in_review"
    assert payments.bills_for_payable(application.id) == []
    turns = [turn.what for turn in applications.timeline_of(application)]
    assert turns == ["applications.application.submitted", "in_review"]
    assert set(Message.objects.filter(about=application.id).values_list("kind", flat=True)) == {
        "applications.in_review"
    }
    assert clocks.time_of(application.id).stood == []
