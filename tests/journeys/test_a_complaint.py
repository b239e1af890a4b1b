"""A complaint is taken without an account, climbs by its clock to the body, is answered, rejected, answered again and settled."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from huduma.contexts.contact import public as contact
from huduma.contexts.contact.models import Matter
from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import Account
from huduma.foundation.access import ANONYMOUS

pytestmark = pytest.mark.browser
WORDS = {
    "en": {
        "ask": "Ask, complain, suggest", "complaint": "A complaint", "what": "What happened, or what do you need?",
        "service": "Which service is it about?",
        "phone": "Phone number", "send": "Send it", "have": "We have it", "wrong": "What is still wrong?", "again": "Look at it again",
        "settles": "This settles it", "settled": "Thank you. The matter is settled.", "take": "Take it", "upheld": "You were right",
        "found": "What you found, what was done, and why", "answer": "Send the answer", "figures": "Figures of the quarter",
    },
    "sw": {
        "ask": "Uliza, lalamika, pendekeza", "complaint": "Lalamiko", "what": "Nini kilitokea, au unahitaji nini?",
        "service": "Ni kuhusu huduma gani?",
        "phone": "Nambari ya simu", "send": "Tuma", "have": "Tumelipokea", "wrong": "Nini bado si sawa?", "again": "Liangalieni tena",
        "settles": "Jibu hili linatosha", "settled": "Asante. Suala limekamilika.", "take": "Lichukue", "upheld": "Ulikuwa na haki",
        "found": "Ulichopata, kilichofanywa, na kwa nini", "answer": "Tuma jibu", "figures": "Takwimu za robo mwaka",
    },
}  # fmt: skip
REASON = "The line was cut on Monday. It works again, and two more people answer now."


@pytest.mark.parametrize("language", ["en", "sw"])
def test_a_complaint_climbs_is_rejected_and_settled(
    portal, page, browser, sound, enter_desk_in_browser, drain_jobs, sandbox, language
):
    say = WORDS[language]
    cache.clear()
    call_command("demo_accounts", verbosity=0)
    page.goto(f"{portal}/{language}/")
    page.get_by_role("contentinfo").get_by_role("link", name=say["ask"]).click()
    sound(page)
    page.get_by_role("link", name=say["complaint"], exact=True).click()
    page.get_by_role(
        "button", name=say["send"], exact=True
    ).click()  # nothing written: nothing is lost, and the page says what is missing
    page.get_by_role("alert").wait_for()
    sound(page)
    page.get_by_label(say["what"]).fill("Nobody answers the telephone of the registry.")
    page.get_by_label(say["service"]).select_option("birth-cert-current")
    page.get_by_label(say["phone"]).fill("0700 000 002")
    page.get_by_role("button", name=say["send"], exact=True).click()
    page.get_by_role("heading", name=say["have"]).wait_for()
    sound(page)
    drain_jobs()
    matter = Matter.objects.get()
    assert contact.key_of(matter.id) in sandbox.get("/phone/api/0700000002").json()["sms"][-1]["text"]

    Matter.objects.update(due_at=timezone.now() - timedelta(seconds=1), opened_at=timezone.now() - timedelta(days=3))
    assert contact.sweep(timezone.now()) == 1
    focal = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    answer(focal, portal, language, "focal@crs.example", matter, say, sound, enter_desk_in_browser)

    page.reload()
    page.get_by_label(say["wrong"]).fill("It rang, and nobody picked it up.")
    sound(page)
    page.get_by_role("button", name=say["again"]).click()
    page.get_by_role("status").wait_for()
    matter.refresh_from_db()
    assert (matter.state, matter.level) == ("open", 3)
    head = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    answer(head, portal, language, "accounting@crs.example", matter, say, sound, enter_desk_in_browser)
    page.reload()
    page.get_by_role("button", name=say["settles"]).click()
    page.get_by_text(say["settled"]).wait_for()
    sound(page)
    opened = timezone.localdate() - timedelta(days=3)  # it may be of the quarter before
    head.goto(f"{portal}/{language}/desk/matters/report/?body=CRS&since={opened}")
    head.get_by_role("heading", name=say["figures"]).wait_for()
    expect(head.get_by_role("row").nth(1)).to_have_text(re.compile(r"1\s*0\s*0\s*0\s*$"))
    sound(head)
    for desk in (focal, head):
        desk.context.close()


@pytest.mark.parametrize("language", ["en", "sw"])
def test_a_call_opens_the_customers_page_and_the_customer_sees_why(
    portal, page, sound, enter_desk_in_browser, language
):
    call_command("demo_accounts", verbosity=0)
    now = timezone.now()
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000002", language=language, now=now)
    facts = identity.IdentityFacts(
        id_number="90000002", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
    account.refresh_from_db()
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    contact.open_matter(actor=actor, kind="inquiry", text="When do you open?", language=language, now=now)
    enter_desk_in_browser(page.context, portal, Account.objects.get(email="agent@huduma.example"))
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{portal}/{language}/desk/customers/?phone=0700000002")
    sound(page)
    page.locator("main form").last.get_by_role("button").click()
    page.get_by_role("heading", name="Asha Mfano").wait_for()
    sound(page)
    page.goto(page.url.replace("why=call", "why=call&group=matters"))
    sound(page)
    own = page.context.browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    own.goto(f"{portal}/{language}/")
    enter_portal_in_browser(own.context, portal, account)
    own.goto(f"{portal}/{language}/account/")
    own.get_by_text(
        {"en": "You called, or we called you", "sw": "Ulitupigia simu, au tulikupigia"}[language]
    ).first.wait_for()
    sound(own)
    own.context.close()


def enter_portal_in_browser(context, address, account):
    """Signs a citizen in, in a browser, as after the right code."""
    client = Client()
    client.force_login(account)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": address}])


def answer(desk, portal, language, email, matter, say, sound, enter):
    """The person of a level takes the matter from the list and answers it."""
    enter(desk.context, portal, Account.objects.get(email=email))
    desk.goto(f"{portal}/{language}/desk/matters/")
    sound(desk)
    desk.get_by_role("link", name=matter.title).click()
    desk.get_by_role("button", name=say["take"], exact=True).click()
    desk.get_by_label(say["upheld"], exact=True).check()
    desk.get_by_label(say["found"]).fill(REASON)
    sound(desk)
    desk.get_by_role("button", name=say["answer"]).click()
    desk.get_by_role("status").wait_for()
