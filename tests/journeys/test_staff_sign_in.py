"""A new officer binds an authenticator app at the first sign-in, leaves, and comes back with a recovery code; in both languages."""

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import expect

from huduma.contexts.identity import public as identity
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.browser
PASSWORD = "correct-horse-battery"
WORDS = {
    "en": {"login": "E-mail address", "password": "Password", "go_on": "Go on", "code": "Code", "sign_in": "Sign in",
           "problem": "There is a problem", "bind": "Scan this with an authenticator app", "keep": "Keep these codes",
           "kept": "I have kept them", "out": "Sign out", "nothing": "Nothing waits here."},
    "sw": {"login": "Barua pepe", "password": "Nenosiri", "go_on": "Endelea", "code": "Msimbo", "sign_in": "Ingia",
           "problem": "Kuna tatizo", "bind": "programu ya uthibitishaji", "keep": "Hifadhi misimbo hii",
           "kept": "Nimeihifadhi", "out": "Ondoka", "nothing": "Hakuna kinachosubiri hapa."},
}  # fmt: skip


@pytest.fixture
def desk(portal):
    """The portal's address; an officer of CRS has an account, a password and no second factor yet."""
    now = timezone.now()
    cache.clear()
    account = identity.open_staff_account(
        actor=SYSTEM, email="neema@crs.example", password=PASSWORD, first_name="Neema", surname="Mfano", now=now
    )
    identity.grant_role(actor=SYSTEM, account_id=account.id, role="officer", body_code="CRS", now=now)
    return portal


@pytest.mark.parametrize("language", ["en", "sw"])
def test_first_sign_in_and_coming_back_without_the_phone(desk, page, totp_code, sound, language):
    say = WORDS[language]

    def give_password(text):
        page.get_by_label(say["login"]).fill("neema@crs.example")
        page.get_by_label(say["password"]).fill(text)
        page.get_by_role("button", name=say["go_on"]).click()

    def give_code(text):
        page.get_by_label(say["code"], exact=True).fill(text)
        page.get_by_role("button", name=say["sign_in"], exact=True).click()

    page.goto(f"{desk}/{language}/desk/")
    sound(page)
    give_password("not-the-password")
    page.get_by_role("alert").get_by_text(say["problem"]).wait_for()
    sound(page)
    give_password(PASSWORD)
    page.get_by_text(say["bind"]).wait_for()
    sound(page)
    secret = page.locator("main p.big").inner_text().strip()
    give_code("000000" if totp_code(secret) != "000000" else "111111")
    page.get_by_role("alert").wait_for()
    sound(page)
    expect(page.locator("main p.big")).to_have_text(secret)
    give_code(totp_code(secret))
    page.get_by_role("heading", name=say["keep"]).wait_for()
    sound(page)
    recovery = page.locator("main li").first.inner_text().strip()
    page.get_by_role("link", name=say["kept"]).click()
    page.get_by_text(say["nothing"]).wait_for()
    expect(page.get_by_text("Neema Mfano")).to_be_visible()
    sound(page)
    page.get_by_role("button", name=say["out"]).click()
    give_password(PASSWORD)
    page.get_by_label(say["code"], exact=True).wait_for()
    sound(page)
    give_code(recovery)
    page.get_by_text(say["nothing"]).wait_for()
