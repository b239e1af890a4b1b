"""A case that needs a visit and another body's opinion: the applicant books, the other body's officer answers, ours decides."""

from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from huduma.contexts.applications import public as applications
from huduma.contexts.applications.tests.test_applying import pay, save
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import public as centres
from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import Account
from huduma.contexts.process import public as process
from huduma.foundation.access import ANONYMOUS, SYSTEM

pytestmark = pytest.mark.browser
PACKAGE = Path(applications.__file__).parent / "tests" / "packages" / "stall-licence"
CODE = "stall-licence"


@pytest.fixture
def asha(portal, page):
    """A citizen who has proven who she is, signed in."""
    now = timezone.now()
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000002", language="en", now=now)
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    facts = identity.IdentityFacts(
        id_number="90000002", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
    account, client, name = Account.objects.get(id=account.id), Client(), django_settings.SESSION_COOKIE_NAME
    client.force_login(account)
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": portal}])
    return identity.actor_for(account, channel="portal", purpose="self-service")


@pytest.fixture
def paid(asha, sandbox, drain_jobs):
    """Her application for a stall so large that she has to come."""
    now = timezone.now()
    catalogue.load_packages(actor=SYSTEM, path=PACKAGE, now=now)
    place = centres.centres_offering(CODE)[0]
    for number in (1, 2):
        centres.set_counter(actor=SYSTEM, centre_code=place.code, number=number, desks=["service"], now=now)
    draft = applications.open_application(actor=asha, service_code=CODE, now=now)
    save(asha, draft, "slip", slip_number="BN-0001")
    save(asha, draft, "stall", goods="Beans and maize", size="12")
    sent = applications.submit(actor=asha, application_id=draft.id, now=now)
    drain_jobs()
    pay(sent, drain_jobs)
    return sent


@pytest.fixture
def detective(portal, page, paid, enter_desk_in_browser):
    """Signs an officer of the other body in."""

    def enter():
        now = timezone.now()
        account = identity.open_staff_account(
            actor=SYSTEM, email="baraka@example.org", password="correct-horse-battery", first_name="Baraka",
            surname="Mfano", now=now,
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role="officer", body_code="DCI", now=now)
        page.context.clear_cookies()
        enter_desk_in_browser(page.context, portal, account)

    return enter


def test_a_visit_is_booked_and_another_body_answers_in_both_languages(
    portal, page, asha, paid, detective, drain_jobs, sound, sound_in_both, shoot, officer_actor
):
    page.goto(f"{portal}/en/a/{paid.reference}/")
    page.get_by_role("link", name="Book an appointment").wait_for()
    sound_in_both(page)
    page.get_by_role("link", name="Book an appointment").click()
    page.locator("ul.cards a").first.click()
    page.locator("input[name=at]").first.check()
    page.get_by_role("button", name="Book this time").click()
    page.get_by_text("Your appointment is booked.").wait_for()
    page.goto(f"{portal}/en/a/{paid.reference}/")
    page.get_by_role("link", name="Your appointment").wait_for()
    sound_in_both(page)
    booked = centres.appointment_of_case(paid.id, now=timezone.now())
    centres.record_attendance(actor=SYSTEM, appointment_id=booked.id, attended=True, now=booked.starts_at)
    drain_jobs()

    detective()
    page.goto(f"{portal}/en/desk/")
    page.get_by_text("Are these goods known to the police?").wait_for()
    page.get_by_role("link", name="Stall licence").first.click()
    page.get_by_text("Beans and maize").wait_for()
    expect(page.get_by_text("BN-0001")).to_have_count(0)
    expect(page.get_by_text("Asha")).to_have_count(0)
    sound_in_both(page)
    shoot(page, "opinion-en")
    page.get_by_role("button", name="Take this question").click()
    page.get_by_role("heading", name="Answer").wait_for()
    sound_in_both(page)
    page.goto(page.url.replace("/en/", "/sw/", 1))
    page.locator("#outcome-objection").check()
    page.get_by_role("button", name="Tuma jibu").click()
    page.locator("#note-error").wait_for()
    sound(page)
    expect(page.locator("#outcome-objection")).to_be_checked()
    page.get_by_label("Hakuna pingamizi").check()
    page.get_by_role("button", name="Tuma jibu").click()
    page.wait_for_url("**/desk/")
    task, _ = process.get_task_for(officer_actor("CRS"), paid.id)
    assert task.step == "review"
