"""A person without phone is served at a counter: consent, application, anybody's phone pays, visit, document; then it is void."""

import re
import time

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from huduma.contexts.applications.models import Application
from huduma.contexts.exchange import public as exchange
from huduma.contexts.identity import public as identity
from huduma.contexts.payments.models import Payment
from huduma.foundation.access import ANONYMOUS
from huduma.foundation.journal import public as journal
from tests.journeys.test_a_certificate import PICTURE

pytestmark = pytest.mark.browser


@pytest.fixture
def counter(portal, settings, browser, enter_desk):
    """Opens a browser in which a demo member of staff is signed in at the desk, with both factors."""
    settings.HOOKS_BASE_URL = settings.PUBLIC_URL = portal
    cache.clear()
    call_command("demo_accounts", verbosity=0)
    opened = []

    def enter(email):
        client = Client()
        enter_desk(client, identity.Account.objects.get(email=email))
        cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
        context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=portal)
        context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": cookie, "url": portal}])
        opened.append(context)
        return context.new_page()

    yield enter
    for context in opened:
        context.close()


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def decide(page, outcome, reason=""):
    page.locator(f"input[value={outcome}]").check()
    page.get_by_label("Reason", exact=True).fill(reason)
    press(page, "Record the decision")
    page.get_by_text("Your decision is recorded.").wait_for()


def test_a_person_without_phone_gets_a_certificate(counter, sandbox, drain_jobs, sound_in_both):
    page = counter("officer@dci.example")
    page.goto("/en/desk/assist/")
    press(page, "Begin")
    page.get_by_role("alert").wait_for()
    page.goto("/en/desk/assist/")
    sound_in_both(page)
    page.get_by_label("First name").fill("Bibi")
    page.get_by_label("Surname").fill("Mfano")
    page.get_by_label("They said so, after I read it to them").check()
    press(page, "Begin")
    page.get_by_text("You are serving").wait_for()
    sound_in_both(page)
    page.goto("/en/services/police-clearance/apply/")
    sound_in_both(page)
    press(page, "Begin")
    page.get_by_label("For work in Kenya").check()
    press(page, "Save and go on")
    page.get_by_label("Where will you come for your fingerprints?").select_option("Nairobi City")
    page.get_by_label("I agree that my fingerprints").check()
    sound_in_both(page)
    press(page, "Save and go on")
    page.get_by_label("Passport photo").set_input_files([PICTURE])
    press(page, "Save and go on")
    press(page, "Send the application")
    page.get_by_role("link", name="Pay now").click()
    page.get_by_label("Phone number that pays").fill("0700 000 003")  # a neighbour's
    press(page, "Pay now")
    page.get_by_role("heading", name="Look at your phone").wait_for()
    drain_jobs()
    checkout = Payment.objects.get().checkout_id
    answer = {"checkout_request_id": checkout, "action": "pay", "pin": "1234"}
    sandbox.post("/phone/api/answer", json=answer).raise_for_status()
    deadline = time.monotonic() + 60
    while (application := Application.objects.get()).status != "waiting_visit":
        assert time.monotonic() < deadline, Payment.objects.get().state
        drain_jobs()
        page.wait_for_timeout(50)
    page.get_by_role("link", name="Receipt").click()
    page.get_by_text("0700 000 003").wait_for()
    sound_in_both(page)
    page.goto(f"/en/applications/{application.id}/")
    page.get_by_role("heading", name="Next: come in person, once").wait_for()
    sound_in_both(page)

    case = f"/en/desk/cases/{application.id}/"
    page.goto(case)
    page.get_by_text("An officer typed it at a counter").wait_for()
    press(page, "Take this case")
    decide(page, "done")  # the fingerprints are taken
    boss = counter("supervisor@dci.example")
    boss.goto(case)
    boss.get_by_label("Colleague").select_option("Afisa Upelelezi")
    sound_in_both(boss)
    press(boss, "Hand the case over")
    boss.get_by_text("A supervisor handed the case over").wait_for()
    page.goto(case)
    decide(page, "approve")
    drain_jobs()

    page.goto(f"/en/applications/{application.id}/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the PDF").click()
    assert re.fullmatch(r"police-clearance-HC\w{9}\.pdf", download.value.suggested_filename)
    press(page, "Finish")
    page.get_by_role("heading", name="Cases").wait_for()
    page.goto(f"/en/applications/{application.id}/")
    page.get_by_text("We could not find that").wait_for()

    boss.goto(case)
    boss.get_by_role("link", name="Declare it void").click()
    sound_in_both(boss)
    press(boss, "Declare it void")
    boss.get_by_role("alert").wait_for()
    boss.get_by_label("Reason").fill("The fingerprints were mixed up.")
    press(boss, "Declare it void")
    boss.get_by_text("Whoever checks it sees that from now on.").wait_for()
    sound_in_both(boss)

    told = [(e.act, e.channel, e.purpose) for e in journal.entries_concerning(application.person_id) if e.on_behalf_of]
    assert {(channel, purpose) for _, channel, purpose in told} == {("desk", "assisted")}
    assert {"applications.application.submitted", "payments.payment.started", "credentials.credential.read"} <= {
        act for act, _, _ in told
    }
    assert (
        journal.entries_concerning(application.person_id, acts=["identity.person.assisted"])[0].facts["consent"]
        == "by-word"
    )


@pytest.mark.parametrize("language", ["en", "sw"])
def test_a_lost_phone_number(counter, sandbox, drain_jobs, sound, language):
    say = {
        "en": ("They sign in here already", "ID number", "Serial number of the card", "New phone number",
               "Check the card and send the code", "Code", "Ask to move the account to this number", "Until then nothing changes",
               "Yes: move the account",
               "signs in with the new number"),
        "sw": ("Huingia hapa tayari", "Nambari ya kitambulisho", "Nambari ya mfululizo ya kadi", "Nambari mpya ya simu",
               "Kagua kadi na utume msimbo", "Msimbo", "Omba kuhamishia akaunti kwenye nambari hii",
               "Hadi hapo hakuna kinachobadilika", "Ndiyo: hamisha akaunti",
               "ataingia kwa nambari mpya"),
    }[language]  # fmt: skip
    lost, number, serial, phone, check, code, move, until, yes, moved = say
    now = timezone.now()
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000002", language=language, now=now)
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    exchange.prove_identity(actor=actor, id_number="90000002", serial_number="200000002", now=now)
    page = counter("supervisor@dci.example")
    page.goto(f"/{language}/desk/assist/")
    page.get_by_role("link", name=lost).click()
    press(page, check)
    page.get_by_role("alert").wait_for()
    sound(page)
    page.get_by_label(number, exact=True).fill("90000002")
    page.get_by_label(serial).fill("200000002")
    page.get_by_label(phone).fill("0700 000 003")
    press(page, check)
    page.get_by_role("heading", name="Asha Wanjiru Mfano").wait_for()
    sound(page)
    drain_jobs()
    text = sandbox.get("/phone/api/0700000003").json()["sms"][-1]["text"]
    page.get_by_label(code, exact=True).fill(re.search(r"\b\d{6}\b", text)[0])
    press(page, move)
    page.get_by_text(until).wait_for()
    sound(page)
    colleague = counter("officer@dci.example")
    colleague.goto(page.url)
    colleague.get_by_role("button", name=yes).wait_for()
    sound(colleague)
    press(colleague, yes)
    colleague.get_by_text(moved).wait_for()
