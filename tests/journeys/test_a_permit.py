"""A business gets its permit: the fee follows from the decision table, the county sends it back, it is corrected and approved."""

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from huduma.contexts.applications.models import Application
from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.operations import credit
from huduma.foundation.access import ANONYMOUS, SYSTEM
from tests.journeys.test_a_certificate import OTHER_PICTURE, PICTURE
from tests.journeys.test_at_the_counter import counter, decide, press  # noqa: F401 -- a fixture

pytestmark = pytest.mark.browser


@pytest.fixture
def owner(portal, page):
    """A citizen who is known and signed in on the page, and her business."""
    now = timezone.now()
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000002", language="en", now=now)
    facts = identity.IdentityFacts(
        id_number="90000002", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
    account = identity.Account.objects.get(id=account.id)
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.register_organisation(
        actor=actor, name="Mfano Works", registration_number="BN/0001", kind="company", now=now
    )
    client = Client()
    client.force_login(account)
    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": cookie, "url": portal}])
    return portal


def paid(application_id, drain_jobs):
    """Let the gateway confirm the money of an application's bill."""
    (bill,) = payments.bills_for_payable(application_id)
    payment = payments.start_payment(actor=SYSTEM, bill_id=bill.id, phone="0700000002", now=timezone.now())
    credit(payment_id=payment.id, total_cents=None, receipt=None, now=timezone.now())
    drain_jobs()


def test_a_business_gets_its_permit(owner, page, counter, drain_jobs, sound_in_both):  # noqa: F811 -- the fixture
    page.goto(f"{owner}/en/services/county-sbp/apply/")
    page.get_by_label("Mfano Works").check()
    sound_in_both(page)
    page.get_by_label("Mfano Works").check()
    press(page, "Begin")
    page.get_by_label("County", exact=True).select_option("Nairobi City")
    page.get_by_label("Ward").fill("Mfano")
    page.get_by_label("Building and street").fill("Jengo la Mfano, ghorofa ya pili")
    press(page, "Save and go on")
    page.get_by_label("Workshop or making things").check()
    page.get_by_label("Small: up to 5 people").check()
    page.get_by_label("How many people work there?").fill("4")
    press(page, "Save and go on")
    page.get_by_label("Fire clearance").set_input_files([PICTURE, OTHER_PICTURE])  # both sides
    press(page, "Save and go on")
    page.get_by_label("Business registration certificate").set_input_files([PICTURE])
    page.get_by_label("KRA PIN of the business").fill("P000000000A")
    press(page, "Save and go on")
    page.get_by_text("KSh 15,200.00").wait_for()
    sound_in_both(page)
    press(page, "Send the application")
    page.get_by_role("link", name="Withdraw this application").click()
    sound_in_both(page)
    page.get_by_role("link", name="No, keep it").click()

    sent = Application.objects.get()
    paid(sent.id, drain_jobs)
    officer, case = counter("officer@nairobi.example"), f"/en/desk/cases/{sent.id}/"
    officer.goto(case)
    press(officer, "Take this case")
    officer.get_by_label("Ward").check()
    decide(officer, "send_back", "There is no ward of this name.")
    drain_jobs()
    page.goto(f"{owner}/en/applications/{sent.id}/")
    page.get_by_text("There is no ward of this name.").first.wait_for()
    sound_in_both(page)
    page.get_by_role("link", name="Correct the answers").click()
    sound_in_both(page)
    page.get_by_label("Ward").fill("Mfano Mashariki")
    press(page, "Save and go on")
    press(page, "Send the correction")
    expect(page.get_by_role("button", name="Send the correction")).to_have_count(0)
    officer.goto(case)
    press(officer, "Take this case")
    decide(officer, "approve")
    drain_jobs()
    page.goto(f"{owner}/en/applications/{sent.id}/")
    page.get_by_role("link", name="Download the PDF").wait_for()

    page.goto(f"{owner}/en/services/county-sbp/apply/")
    press(page, "Begin")
    page.get_by_role("alert").wait_for()  # which business?
    sound_in_both(page)


def test_what_is_refused_says_why(owner, page, counter, drain_jobs, sound_in_both):  # noqa: F811 -- the fixture
    page.goto(f"{owner}/en/services/police-clearance/apply/")
    press(page, "Begin")
    page.get_by_label("Another reason").wait_for()
    draft = Application.objects.get()
    page.goto(f"{owner}/en/applications/{draft.id}/withdraw/")
    sound_in_both(page)
    page.goto(f"{owner}/en/applications/{draft.id}/")
    page.get_by_label("Another reason").check()
    press(page, "Save and go on")
    page.get_by_label("Where will you come for your fingerprints?").select_option("Mombasa")
    page.get_by_label("I agree that my fingerprints").check()
    press(page, "Save and go on")
    page.get_by_label("Passport photo").set_input_files([PICTURE])
    press(page, "Save and go on")
    press(page, "Send the application")
    page.get_by_role("link", name="Pay now").wait_for()
    paid(draft.id, drain_jobs)
    officer = counter("officer@dci.example")
    officer.goto(f"/en/desk/cases/{draft.id}/")
    press(officer, "Take this case")
    decide(officer, "done")
    officer.goto(f"/en/desk/cases/{draft.id}/")
    press(officer, "Take this case")
    officer.locator("input[value=reject]").check()
    press(officer, "Record the decision")  # without the reason
    officer.get_by_role("link", name="Write the reason").wait_for()
    decide(officer, "reject", "The fingerprints belong to a record of another name.")
    drain_jobs()
    page.reload()
    page.get_by_role("heading", name="Why it was not approved").wait_for()
    expect(page.get_by_text("The fingerprints belong to a record of another name.").first).to_be_visible()
    sound_in_both(page)
