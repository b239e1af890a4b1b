"""What was escalated, as supervisors see it, and a case's time on its page."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from huduma.channels.desk.tests.test_cases import page
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.clocks import operations
from huduma.contexts.clocks import public as clocks
from huduma.contexts.places import public as places
from huduma.contexts.process import public as process
from huduma.contexts.process.providers import plugs
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def late_case(monkeypatch):
    """A paid birth certificate that was promised for a day long past, and swept."""
    places.load_places(actor=SYSTEM)
    catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR / "birth-cert-current", now=timezone.now())
    version = catalogue.get_service("birth-cert-current").current_version
    begun, case_id = timezone.now() - timedelta(days=30), ids.uuid7()
    monkeypatch.setattr(plugs, "observers", [])
    monkeypatch.setattr(
        plugs.actions,
        "_plugs",
        {n: plugs.Service(lambda **_: None, None, {}, {}) for n in ("raise-bill", "issue-credential")},
    )
    digest = process.define(actor=SYSTEM, bpmn=version.part("process_bpmn"), now=begun)
    due = clocks.start_clocks(
        actor=SYSTEM, case_id=case_id, version_id=version.id, service_code="birth-cert-current", body_code="CRS",
        now=begun,
    )  # fmt: skip
    process.start(
        actor=SYSTEM, case_id=case_id, digest=digest, body_code="CRS", service_code="birth-cert-current", facts={},
        due_at=due, now=begun,
    )  # fmt: skip
    process.deliver_message(actor=SYSTEM, case_id=case_id, name="bill-settled", now=begun + timedelta(hours=1))
    operations.sweep(now=begun + timedelta(days=2, hours=9))
    return case_id


def test_a_supervisor_sees_what_was_escalated_and_officers_do_not(client, staff, late_case, enter_desk):
    enter_desk(client, staff("Boss", "supervisor"))
    shown = client.get("/en/desk/late/").content.decode()
    assert page(late_case) in shown
    assert "the promise" in shown
    assert "Escalated to you" in client.get("/en/desk/").content.decode()
    assert client.get("/sw/desk/late/?after=x").status_code == 200
    case = client.get(page(late_case)).content.decode()
    assert "to the supervisor" in case
    assert "Not counted:" in case
    assert "A time limit ran out, and the case was escalated" in case
    enter_desk(client, staff("Neema"))
    assert client.get("/en/desk/late/").status_code == 403


def test_the_secretariat_sees_the_list_but_not_the_case(client, staff, late_case, enter_desk):
    operations.sweep(now=timezone.now())
    enter_desk(client, staff("Sec", "secretariat", None))
    shown = client.get("/en/desk/late/").content.decode()
    assert "to the Secretariat" in shown
    assert page(late_case) not in shown
