"""Applying for a child and for an adult: the record names the parent, the adult says yes by a link, sees the uses and ends it."""

import re
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import Account
from huduma.foundation.access import ANONYMOUS

pytestmark = pytest.mark.browser


@pytest.fixture
def enter(portal, page):
    """Signs a citizen in who has proven who they are."""

    def sign_in(number, name):
        now = timezone.now()
        account = identity.open_account(actor=ANONYMOUS, phone=f"+2547000000{number:02}", language="en", now=now)
        facts = identity.IdentityFacts(
            id_number=f"900000{number:02}", surname="Mfano", first_name=name, other_names="", birth_date=None, sex="F"
        )
        actor = identity.actor_for(account, channel="portal", purpose="self-service")
        identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
        client, cookie = Client(), django_settings.SESSION_COOKIE_NAME
        client.force_login(Account.objects.get(id=account.id))
        page.context.clear_cookies()
        page.context.add_cookies([{"name": cookie, "value": client.cookies[cookie].value, "url": portal}])

    return sign_in


def test_a_mother_applies_for_her_child_and_for_her_own_mother_who_ends_it(
    portal, page, enter, sandbox, drain_jobs, sound_in_both, sound, shoot
):
    enter(2, "Asha")
    page.goto(f"{portal}/en/services/police-clearance/apply/")
    page.get_by_role("link", name="Apply for my child").click()
    page.get_by_role("button", name="Ask the register").click()
    page.locator("#slip-error").wait_for()
    page.get_by_label("Number on the birth notification slip").fill("bn-0001")
    sound_in_both(page)
    page.get_by_label("Number on the birth notification slip").fill("bn-0001")
    page.get_by_role("button", name="Ask the register").click()
    page.get_by_text("You can apply for Pendo Asha Mfano now.").wait_for()

    page.get_by_role("link", name="Apply for an adult").click()
    page.get_by_role("button", name="Send the question").click()
    page.locator("#relation-error").wait_for()
    sound(page)
    page.get_by_label("My mother or father").check()
    page.get_by_label("Their ID number").fill("90000007")
    page.get_by_label("Their mobile number").fill("0700 000 007")
    page.get_by_label("For which service?").select_option(label="Police clearance certificate (good conduct)")
    until = timezone.localdate() + timedelta(days=60)
    for part in ("day", "month", "year"):
        page.locator(f"#{part}").fill(str(getattr(until, part)))
    page.get_by_role("button", name="Send the question").click()
    page.get_by_text("We sent the question by SMS.").wait_for()
    sound_in_both(page)

    drain_jobs()
    sms = sandbox.get("/_control/messages", params={"phone": "+254700000007"}).json()[-1]["text"]
    enter(7, "Imani")
    page.goto(re.sub(r"^https?://[^/]+", portal, re.search(r"https?://\S+", sms)[0]))
    page.get_by_role("heading", name="May this person apply for you?").wait_for()
    sound_in_both(page)
    shoot(page, "mandate-en")
    page.get_by_label("Yes, they may apply for me").check()
    page.get_by_role("button", name="Send my answer").click()
    page.get_by_text("Your answer is recorded.").wait_for()

    enter(2, "Asha")
    page.goto(f"{portal}/en/services/police-clearance/apply/")
    page.get_by_role("button", name="Begin").click()
    page.locator("#for-error").wait_for()
    sound_in_both(page)
    page.get_by_label("Imani Mfano").check()
    page.get_by_role("button", name="Begin").click()
    page.locator("form#page").wait_for()
    page.goto(f"{portal}/en/applications/")
    page.get_by_text("For Imani Mfano").wait_for()

    enter(7, "Imani")
    page.goto(f"{portal}/en/account/people/")
    page.locator("ul.timeline a").wait_for()  # what was begun in her name
    sound_in_both(page)
    shoot(page, "people-en")
    page.get_by_role("button", name="End it").click()
    page.get_by_text("The mandate has ended.").wait_for()
    enter(2, "Asha")
    page.goto(f"{portal}/en/applications/")
    page.get_by_role("heading", name="My applications").wait_for()
    expect(page.get_by_text("Imani")).to_have_count(0)
