"""A citizen confirms an e-mail address, adds a business and acts for it, and goes on by hand while the register is down."""

import re

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from huduma.contexts.identity import public as identity
from huduma.foundation.access import ANONYMOUS

pytestmark = pytest.mark.browser
WORDS = {
    "en": {"ask": "Ask the register", "number": "ID number", "serial": "Serial number of the card", "by_hand": "Go on by hand",
           "first": "First name", "surname": "Surname", "day": "Day", "month": "Month", "year": "Year", "on": "Save and go on",
           "reach": "How we reach you", "email": "E-mail address", "save": "Save", "code": "Code", "confirm": "Confirm this address",
           "confirmed": "Your e-mail address is confirmed.", "businesses": "My businesses", "name": "Name of the business",
           "registered": "Registration number", "kind": "Company", "add": "Add my business", "act": "Act for Mfano Works",
           "acting": "You are acting for", "stop": "Stop"},
    "sw": {"ask": "Uliza sajili", "number": "Nambari ya kitambulisho", "serial": "Nambari ya mfululizo ya kadi",
           "by_hand": "Endelea kwa kuandika mwenyewe", "first": "Jina la kwanza", "surname": "Jina la ukoo",
           "day": "Siku", "month": "Mwezi",
           "year": "Mwaka", "on": "Hifadhi na uendelee", "reach": "Jinsi tunavyokufikia", "email": "Barua pepe", "save": "Hifadhi",
           "code": "Msimbo", "confirm": "Thibitisha anwani hii", "confirmed": "Barua pepe yako imethibitishwa.",
           "businesses": "Biashara zangu", "name": "Jina la biashara", "registered": "Nambari ya usajili", "kind": "Kampuni",
           "add": "Ongeza biashara yangu", "act": "Wakilisha Mfano Works", "acting": "Unawakilisha", "stop": "Acha"},
}  # fmt: skip


@pytest.fixture
def citizen(portal, page):
    """Signs a citizen who is not known yet in; returns the address of the portal."""
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000002", language="en", now=timezone.now())
    client = Client()
    client.force_login(account)
    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": cookie, "url": portal}])
    return portal


@pytest.mark.parametrize("language", ["en", "sw"])
def test_the_account_pages(citizen, page, sandbox, settings, drain_jobs, sound, language):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    say = WORDS[language]
    button = lambda name: page.get_by_role("button", name=say[name], exact=True)  # noqa: E731

    sandbox.post("/_control/iprs", json={"fault": "down", "times": 5})
    page.goto(f"{citizen}/{language}/account/identity/")
    page.get_by_label(say["number"]).fill("90000002")
    page.get_by_label(say["serial"]).fill("200000002")
    button("ask").click()
    page.get_by_role("link", name=say["by_hand"], exact=True).wait_for()
    sound(page)
    page.get_by_role("link", name=say["by_hand"], exact=True).click()
    button("on").click()
    page.get_by_role("alert").wait_for()
    sound(page)
    for field, text in {"first": "Asha", "surname": "Mfano", "day": "30", "month": "9", "year": "1992"}.items():
        page.get_by_label(say[field], exact=True).fill(text)
    button("on").click()
    page.get_by_text("Asha Mfano").wait_for()
    sound(page)

    page.get_by_role("link", name=say["reach"]).click()
    sound(page)
    page.get_by_label(say["email"], exact=True).fill("asha@example.org")
    button("save").click()
    page.get_by_label(say["code"], exact=True).wait_for()
    sound(page)
    drain_jobs()
    letter = sandbox.get("/_control/mail").json()[-1]
    page.get_by_label(say["code"], exact=True).fill(re.search(r"\b\d{6}\b", letter["text"])[0])
    button("confirm").click()
    page.get_by_text(say["confirmed"]).wait_for()

    page.get_by_role("link", name=say["businesses"]).click()
    button("add").click()
    page.get_by_role("alert").wait_for()
    sound(page)
    page.get_by_label(say["name"]).fill("Mfano Works")
    page.get_by_label(say["registered"]).fill("BN-0001")
    page.get_by_label(say["kind"], exact=True).check()
    button("add").click()
    button("act").click()
    page.get_by_text(say["acting"]).wait_for()
    sound(page)
    page.goto(f"{citizen}/{language}/account/organisations/")
    sound(page)
    button("stop").click()
    button("act").wait_for()
    expect(page.get_by_text(say["acting"])).to_be_hidden()
