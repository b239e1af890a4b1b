"""A mother gets her child's signed birth certificate: apply, pay on the sandbox phone, an officer approves, download, check."""

import re
import time

import pytest
from django.core.cache import cache
from django.core.management import call_command
from playwright.sync_api import expect

from huduma.contexts.applications.models import Application
from huduma.contexts.identity.management.commands.demo_accounts import PASSWORD, _secret
from huduma.contexts.payments.models import Payment
from huduma.contexts.process.models import Task
from tests.pictures import png as picture

pytestmark = pytest.mark.browser
PICTURE = {
    "name": "slip.png",
    "mimeType": "image/png",
    "buffer": picture(),
}
OTHER_PICTURE = {**PICTURE, "name": "id.png", "buffer": PICTURE["buffer"] + b"\n"}
WORDS = {
    "en": {
        "apply": "Apply now", "phone": "Phone number", "text_me": "Text me a code", "code": "Code", "sign_in": "Sign in",
        "number": "ID number", "serial": "Serial number of the card", "ask": "Ask the register", "begin": "Begin",
        "slip": "Number of the birth notification", "on": "Save and go on", "slip_copy": "The birth notification slip",
        "mother_copy": "The mother's ID card", "check": "Check your answers", "send": "Send the application", "pay": "Pay now",
        "push": "Pay now", "look": "Look at your phone", "received": "Payment received",
        "to_application": "Go to the application", "download": "Download the PDF", "valid": "This document is valid",
    },
    "sw": {
        "apply": "Omba sasa", "phone": "Nambari ya simu", "text_me": "Nitumie msimbo", "code": "Msimbo", "sign_in": "Ingia",
        "number": "Nambari ya kitambulisho", "serial": "Nambari ya mfululizo ya kadi", "ask": "Uliza sajili", "begin": "Anza",
        "slip": "Nambari ya taarifa ya kuzaliwa", "on": "Hifadhi na uendelee", "slip_copy": "Karatasi ya taarifa ya kuzaliwa",
        "mother_copy": "Kitambulisho cha mama", "check": "Hakiki majibu yako", "send": "Tuma ombi", "pay": "Lipa sasa",
        "push": "Lipa sasa", "look": "Angalia simu yako", "received": "Malipo yamepokelewa",
        "to_application": "Nenda kwenye ombi", "download": "Pakua PDF", "valid": "Hati hii ni halali",
    },
}  # fmt: skip


@pytest.fixture
def hooked(portal, settings):
    """The portal, to whose own address the gateway calls back."""
    settings.HOOKS_BASE_URL = portal
    settings.PUBLIC_URL = portal
    cache.clear()
    call_command("demo_accounts", verbosity=0)
    return portal


@pytest.mark.parametrize("language", ["en", "sw"])
def test_a_mother_gets_the_certificate(hooked, page, browser, sandbox, drain_jobs, sound, shoot, totp_code, language):
    say = WORDS[language]
    shots = (lambda name: shoot(page, name)) if language == "en" else (lambda name: None)
    page.goto(f"{hooked}/{language}/services/birth-cert-current/")
    page.get_by_role("link", name=say["apply"]).click()
    page.get_by_label(say["phone"]).fill("0700 000 002")
    page.get_by_role("button", name=say["text_me"]).click()
    page.get_by_label(say["code"], exact=True).wait_for()
    drain_jobs()
    text = sandbox.get("/phone/api/0700000002").json()["sms"][-1]["text"]
    page.get_by_label(say["code"], exact=True).fill(re.search(r"\b\d{6}\b", text)[0])
    page.get_by_role("button", name=say["sign_in"], exact=True).click()
    page.get_by_label(say["number"]).fill("90000002")
    page.get_by_label(say["serial"]).fill("200000002")
    page.get_by_role("button", name=say["ask"]).click()
    page.get_by_role("button", name=say["begin"]).wait_for()
    sound(page)
    page.get_by_role("button", name=say["begin"]).click()

    page.get_by_role("button", name=say["on"]).click()  # nothing typed: the page says what is missing
    page.get_by_role("alert").wait_for()
    sound(page)
    page.get_by_label(say["slip"]).fill("BN-0001")
    shots("question")
    page.get_by_label(say["slip"]).press("Enter")  # goes on; it does not switch the language
    page.get_by_label(say["slip_copy"]).set_input_files([PICTURE])
    page.get_by_label(say["mother_copy"]).set_input_files([OTHER_PICTURE])
    sound(page)
    page.get_by_role("button", name=say["on"]).click()
    page.get_by_role("heading", name=say["check"]).wait_for()
    expect(page.get_by_text("Pendo Asha Mfano")).to_be_visible()
    expect(page.get_by_text("KSh 200.00").first).to_be_visible()
    sound(page)
    shots("check")
    page.get_by_role("button", name=say["send"]).click()
    page.get_by_role("link", name=say["pay"]).wait_for()
    sound(page)
    application = Application.objects.get()

    page.get_by_role("link", name=say["pay"]).click()
    sound(page)
    page.get_by_role("button", name=say["push"]).click()
    page.get_by_role("heading", name=say["look"]).wait_for()
    sound(page)
    drain_jobs()
    checkout = Payment.objects.get().checkout_id
    sandbox.post(
        "/phone/api/answer", json={"checkout_request_id": checkout, "action": "pay", "pin": "1234"}
    ).raise_for_status()
    deadline = time.monotonic() + 60
    while Application.objects.get().status != "in_review":
        assert time.monotonic() < deadline, Payment.objects.get().state
        drain_jobs()
        page.wait_for_timeout(50)
    page.get_by_role("heading", name=say["received"]).wait_for()  # the page renewed itself
    sound(page)
    shots("paid")

    desk = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    approve(desk, f"{hooked}/{language}/desk/", application, language, sound, shoot, totp_code)
    drain_jobs()
    page.get_by_role("link", name=say["to_application"]).click()
    page.get_by_role("link", name=say["download"]).wait_for()
    sound(page)
    shots("issued")
    with page.expect_download() as download:
        page.get_by_role("link", name=say["download"]).click()
    page.goto(f"{hooked}/{language}/verify/")
    page.locator("input[type=file]").set_input_files(download.value.path())
    page.locator("form:has(input[type=file]) button").click()
    page.get_by_role("heading", name=say["valid"]).wait_for()
    news = [sms["text"] for sms in sandbox.get("/phone/api/0700000002").json()["sms"]]
    assert any("/a/" + application.reference in text for text in news)
    page.goto(f"{hooked}/{language}/track/")
    sound(page)
    page.goto(f"{hooked}/{language}/applications/")
    sound(page)
    desk.context.close()


def approve(desk, address, application, language, sound, shoot, totp_code):
    """An officer signs in with both factors, finds the case, sees the answers, and approves."""
    desk.goto(address)
    sound(desk)
    desk.locator("#login").fill("officer@crs.example")
    desk.locator("#password").fill(PASSWORD)
    desk.locator("main form button").click()
    desk.locator("#code").wait_for()
    sound(desk)
    desk.locator("#code").fill(totp_code(_secret("officer@crs.example")))
    desk.locator("main form button").click()
    desk.locator("table a").first.wait_for()
    sound(desk)
    if language == "en":
        shoot(desk, "desk")
    desk.locator("table a").first.click()
    desk.get_by_text("Pendo Asha Mfano").wait_for()
    desk.locator("form[action*=claim] button").click()
    desk.locator("input[value=approve]").wait_for()
    sound(desk)
    if language == "en":
        shoot(desk, "case")
    desk.locator("input[value=approve]").check()
    desk.locator("form[action*=decision] button").click()
    desk.locator("[role=status]").wait_for()
    assert Task.objects.filter(case_id=application.id, outcome="approve").exists()
