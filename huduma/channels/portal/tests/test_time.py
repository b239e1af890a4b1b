"""What a citizen is told of an application's time: that the clock stands still and why, and what a law makes of silence."""

import shutil
from datetime import timedelta

import pytest
import yaml
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from huduma.channels.portal.tests.test_application_pages import PNG
from huduma.contexts.applications.models import Application
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.clocks import operations as clocks
from huduma.contexts.clocks.models import Clock
from huduma.contexts.identity import public as identity
from huduma.contexts.messages.models import Message
from huduma.contexts.places import public as places
from huduma.contexts.process import public as process
from huduma.contexts.process.models import Task
from huduma.foundation.access import ANONYMOUS, SYSTEM

pytestmark = pytest.mark.django_db
LAW = {
    "id": "answer",
    "basis": "An Act of Parliament (example), s.9",
    "within_days": 21,
    "silence": {
        "counts_as": "refusal",
        "outcome": "reject",
        "meaning": {"en": "The Act counts no answer as a refusal.", "sw": "Sheria huhesabu kutojibu kuwa kukataa."},
        "appeal": {"en": "Ask the Commission within 30 days.", "sw": "Iombe Tume ndani ya siku 30."},
    },
}


@pytest.fixture
def sent(client, tmp_path):
    """A police clearance of a service for which a law gives 21 days, sent and waiting for payment."""
    places.load_places(actor=SYSTEM)
    folder, now = tmp_path / "police-clearance", timezone.now()
    shutil.copytree(settings.SERVICES_DIR / "police-clearance", folder)
    charter = yaml.safe_load((folder / "service.yaml").read_text())
    charter["clocks"]["law"] = [LAW]
    (folder / "service.yaml").write_text(yaml.safe_dump(charter, allow_unicode=True))
    catalogue.load_packages(actor=SYSTEM, path=folder, now=now)
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000002", language="en", now=now)
    facts = identity.IdentityFacts(
        id_number="90000002", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
    client.force_login(identity.Account.objects.get(id=account.id))
    client.post("/en/services/police-clearance/apply/")
    found = Application.objects.get()
    for page, typed in (
        ("purpose", {"purpose": "work"}),
        ("visit", {"county": "047", "agreed": "on"}),
        ("photo", {"photo": SimpleUploadedFile("me.png", PNG)}),
    ):
        client.post(f"/en/applications/{found.id}/pages/{page}/", {**typed, "go": "on"})
    client.post(f"/en/applications/{found.id}/check/")
    return found.id


def test_the_reason_of_a_pause_is_shown_and_then_how_long_it_was(client, sent):
    page = client.get(f"/en/applications/{sent}/").content.decode()
    assert "stands still" in page
    assert "An Act of Parliament (example), s.9" in page
    before = Application.objects.get().due_at
    process.deliver_message(actor=SYSTEM, case_id=sent, name="bill-settled", now=timezone.now() + timedelta(days=3))
    assert "Waits for your visit" in client.get(f"/en/applications/{sent}/").content.decode()
    task = Task.objects.get(case_id=sent, state="open", kind="manual")
    officer = _officer()
    process.complete_task(actor=officer, task_id=task.id, outcome="done", now=timezone.now() + timedelta(days=10))
    page = client.get(f"/en/applications/{sent}/").content.decode()
    assert "It stood still while this was awaited" in page
    assert "stands still</span>" not in page
    assert Application.objects.get().due_at > before


def test_silence_is_told_in_words_with_the_way_to_appeal(client, sent, drain_jobs):
    now = timezone.now()
    process.deliver_message(actor=SYSTEM, case_id=sent, name="bill-settled", now=now)
    task = Task.objects.get(case_id=sent, state="open", kind="manual")
    process.complete_task(actor=_officer(), task_id=task.id, outcome="done", now=now)
    clocks.lapse(clock_id=Clock.objects.get(kind="law").id, now=now + timedelta(days=30))
    drain_jobs()
    page = client.get(f"/en/applications/{sent}/").content.decode()
    assert "The Act counts no answer as a refusal." in page
    assert "Ask the Commission within 30 days." in page
    assert "Not approved" in page
    assert "Iombe Tume ndani ya siku 30." in client.get(f"/sw/applications/{sent}/").content.decode()
    assert Message.objects.filter(kind="applications.clocks.clock.lapsed").count() == 1


def _officer():
    account = identity.open_staff_account(
        actor=SYSTEM, email="neema@example.org", password="correct-horse-battery", first_name="Neema",
        surname="Mfano", now=timezone.now(),
    )  # fmt: skip
    identity.grant_role(actor=SYSTEM, account_id=account.id, role="officer", body_code="DCI", now=timezone.now())
    return identity.actor_for(account, channel="desk", purpose="casework", second_factor=True)
