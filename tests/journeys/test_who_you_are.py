"""A citizen signs in with the code on the sandbox phone, proves who she is by her card, and sees it, in either language."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
WORDS = {
    "en": ("Phone number", "Text me a code", "Code", "Sign in", "Confirm who I am", "Serial number of the card", "ID number",
           "Ask the register", "Your identity is confirmed."),
    "sw": ("Nambari ya simu", "Nitumie msimbo", "Msimbo", "Ingia", "Thibitisha utambulisho wangu", "Nambari ya mfululizo ya kadi",
           "Nambari ya kitambulisho", "Uliza sajili", "Utambulisho wako umethibitishwa."),
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "sw"])
def test_sign_in_and_prove(portal, page, sandbox, drain_jobs, sound, shoot, language):
    phone, text_me, code, sign_in, confirm, serial, number, ask, confirmed = WORDS[language]
    page.goto(f"{portal}/{language}/sign-in/")
    sound(page)
    page.get_by_label(phone).fill("0700 000 002")
    page.get_by_role("button", name=text_me).click()
    page.get_by_label(code, exact=True).wait_for()
    sound(page)
    drain_jobs()
    text = sandbox.get("/phone/api/0700000002").json()["sms"][-1]["text"]
    page.get_by_label(code, exact=True).fill(re.search(r"\b\d{6}\b", text)[0])
    page.get_by_role("button", name=sign_in, exact=True).click()
    page.get_by_role("link", name=confirm).click()
    sound(page)
    shoot(page, "identity")
    page.get_by_label(number).fill("90000002")
    page.get_by_label(serial).fill("200000002")
    page.get_by_role("button", name=ask).click()
    page.get_by_text(confirmed).wait_for()
    expect(page.get_by_text("Asha Wanjiru Mfano")).to_be_visible()
    sound(page)
    shoot(page, "account")


def test_the_sandbox_phone_is_as_sound_as_the_product(sandbox, page, sound):
    sandbox.post(
        "/africastalking/version1/messaging",
        data={"to": "+254700000002", "message": "Hello http://127.0.0.1/", "username": "sandbox"},
        headers={"apiKey": "k"},
    )
    for language in ("en", "sw"):
        for address in (
            f"phone/?lang={language}&phone=0700000002",
            f"phone/mail?lang={language}",
            f"phone/totp?lang={language}",
        ):
            page.goto(f"{sandbox.base_url}/{address}")
            sound(page)
