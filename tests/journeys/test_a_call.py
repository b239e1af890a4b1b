"""A call comes in, the caller's page opens, a complaint is taken, climbs, is rejected, appealed and settled; and a talk on the web."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from huduma.channels.hooks.messages import africastalking_token
from huduma.contexts.contact import public as contact
from huduma.contexts.contact.models import Matter
from huduma.contexts.hearing import public as hearing
from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import Account
from huduma.contexts.inbox import public as inbox
from huduma.contexts.inbox.models import Conversation
from huduma.foundation import ids
from huduma.foundation.access import ANONYMOUS

pytestmark = pytest.mark.browser
PHONE = "+254700000002"
REASON = "The line was cut on Monday. It works again, and two more people answer now."
WORDS = {
    "en": {
        "take_call": "Take the call", "back": "Back to the conversation", "down": "Take it down as a matter, with levels and clocks",
        "brought": "What was brought", "body": "Public body", "take_down": "Take it down", "take": "Take it", "upheld": "You were right",
        "found": "What you found, what was done, and why", "answer": "Send the answer", "wrong": "What is still wrong?",
        "again": "Look at it again", "settles": "This settles it", "settled": "Thank you. The matter is settled.",
        "figures": "Figures of the quarter", "end": "End the conversation", "keyword": "STATUS", "status": "Settled",
    },
    "sw": {
        "take_call": "Pokea simu", "back": "Rudi kwenye mazungumzo", "down": "Yaandike kama suala, lenye ngazi na muda wake",
        "brought": "Kilichowasilishwa", "body": "Taasisi ya umma", "take_down": "Liandike", "take": "Lichukue", "upheld": "Ulikuwa na haki",
        "found": "Ulichopata, kilichofanywa, na kwa nini", "answer": "Tuma jibu", "wrong": "Nini bado si sawa?",
        "again": "Liangalieni tena", "settles": "Jibu hili linatosha", "settled": "Asante. Suala limekamilika.",
        "figures": "Takwimu za robo mwaka", "end": "Maliza mazungumzo", "keyword": "HALI", "status": "Limekamilika",
    },
}  # fmt: skip


def told(kind, **fields):
    """What the telephone company tells of a call or an SMS."""
    answer = Client().post(
        f"/hooks/inbox/{kind}/{africastalking_token()}/",
        urlencode(fields),
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 200


@pytest.fixture
def asha(portal):
    """A citizen who is known, with a phone."""
    now = timezone.now()
    account = identity.open_account(actor=ANONYMOUS, phone=PHONE, language="sw", now=now)
    facts = identity.IdentityFacts(
        id_number="90000002", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
    return Account.objects.get(id=account.id)


@pytest.fixture
def desk_of(browser, portal, enter_desk_in_browser):
    """Opens the desk of a member of staff in a browser of their own."""
    call_command("demo_accounts", verbosity=0)
    contexts = []

    def enter(email):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        enter_desk_in_browser(context, portal, Account.objects.get(email=email))
        return context.new_page()

    yield enter
    for context in contexts:
        context.close()


@pytest.mark.parametrize("language", ["en", "sw"])
def test_a_call_becomes_a_complaint_that_is_rejected_appealed_and_settled(
    portal, page, asha, desk_of, sound, sandbox, drain_jobs, language
):
    say = WORDS[language]
    cache.clear()
    agent = desk_of("agent@huduma.example")
    agent.goto(f"{portal}/{language}/desk/calls/")
    sound(agent)
    call = {"sessionId": "ATVId_1", "direction": "Inbound", "callerNumber": PHONE}
    told("voice", isActive="1", **call)
    drain_jobs()
    agent.get_by_role("button", name=say["take_call"]).click()  # the page renewed itself
    agent.get_by_role("heading", name="Asha Mfano").wait_for()
    sound(agent)
    agent.get_by_role("link", name=say["back"]).click()
    agent.get_by_text(say["down"]).click()
    agent.get_by_label(say["body"], exact=True).select_option("CRS")
    agent.get_by_label(say["brought"]).fill("Nobody answers the telephone of the registry.")
    sound(agent)
    agent.get_by_role("button", name=say["take_down"], exact=True).click()
    agent.get_by_role("status").wait_for()
    told("voice", isActive="0", durationInSeconds="95", **call)
    drain_jobs()
    agent.get_by_role("button", name=say["end"]).click()
    agent.get_by_role("status").wait_for()
    assert Conversation.objects.get().state == "closed"

    matter = Matter.objects.get()
    Matter.objects.update(due_at=timezone.now() - timedelta(seconds=1), opened_at=timezone.now() - timedelta(days=3))
    assert contact.sweep(timezone.now()) == 1
    focal = desk_of("focal@crs.example")
    answer(focal, portal, language, matter, say)

    enter_portal(page.context, portal, asha)
    page.goto(f"{portal}/{language}/help/{matter.reference}/")
    page.get_by_label(say["wrong"]).fill("It rang, and nobody picked it up.")
    page.get_by_role("button", name=say["again"]).click()
    page.get_by_role("status").wait_for()
    head = desk_of("accounting@crs.example")
    answer(head, portal, language, matter, say)
    page.reload()
    page.get_by_role("button", name=say["settles"]).click()
    page.get_by_text(say["settled"]).wait_for()

    told("sms", id="ATX1", text=f"{say['keyword']} {matter.reference}", **{"from": PHONE})
    drain_jobs()
    assert say["status"] in sandbox.get(f"/phone/api/{PHONE}").json()["sms"][-1]["text"]
    opened = timezone.localdate() - timedelta(days=3)  # it may be of the quarter before
    head.goto(f"{portal}/{language}/desk/matters/report/?body=CRS&since={opened}")
    expect(head.get_by_role("row").nth(1)).to_have_text(re.compile(r"1\s*0\s*0\s*0\s*$"))
    agent.goto(f"{portal}/{language}/desk/customers/{asha.person_id}/?why=check")
    sound(agent)


def test_a_talk_on_the_web_without_an_account(portal, page, desk_of, sound, sound_in_both, shoot):
    cache.clear()
    page.goto(f"{portal}/en/chat/")
    sound_in_both(page)
    page.get_by_label("Your question").fill("When do you open on Saturday?")
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_role("heading", name="Your conversation with us").wait_for()
    sound_in_both(page)
    agent = desk_of("agent@huduma.example")
    agent.goto(f"{portal}/en/desk/inbox/")
    sound_in_both(agent)
    shoot(agent, "inbox-en")
    agent.get_by_role("link", name="When do you open").click()
    agent.get_by_label("Your words").first.fill("At eight, in the larger centres.")
    sound(agent)
    agent.get_by_role("button", name="Send", exact=True).click()
    agent.get_by_role("status").wait_for()
    page.get_by_text("At eight, in the larger centres.").wait_for()  # the page renewed itself
    sound(page)
    shoot(agent, "conversation-en")


def test_every_other_page_of_the_contact_centre_is_sound(portal, page, desk_of, sound, sound_in_both):
    now = timezone.now()
    agent, operator = desk_of("agent@huduma.example"), desk_of("administrator@huduma.example")
    asked = [ask(number, now) for number in range(11)]
    for question in asked[1:]:
        hearing.answer(token=hearing.token_of(question.id), mark=4, word="Haraka.", may_call=False, now=now)
    inbox.receive(source="whatsapp", key="1", headers={}, body=b"?", now=now)
    inbox.take(received_id=inbox.Received.objects.get().id, now=now)
    talk = Conversation.objects.get(id=heard_call(now).conversation_id)
    for where, shown in (
        ("inbox/new/", "#text"), ("inbox/ready/", "#code"), ("inbox/unreadable/", "li"), ("calls/", "table"), ("inbox/staffing/", "h1"),
        ("heard/?by=channel", "caption"), (f"inbox/{talk.id}/", "text=Who heard the recordings"),
    ):  # fmt: skip
        agent.goto(f"{portal}/en/desk/{where}")
        agent.locator(shown).first.wait_for()
        sound_in_both(agent)
    operator.goto(f"{portal}/en/desk/crm/")
    sound_in_both(operator)
    operator.get_by_label("Public body").select_option("CRS")
    operator.get_by_label("What the program is called").fill("Registry CRM")
    operator.get_by_role("button", name="Open the link").click()
    operator.get_by_text("whsec_").first.wait_for()
    sound(operator)
    page.goto(f"{portal}/sw/how/{hearing.token_of(asked[0].id)}/")
    page.get_by_role("button", name="Tuma").click()
    page.locator("#mark-error").wait_for()
    sound(page)
    page.get_by_label("Vizuri sana").check()
    page.get_by_role("button", name="Tuma").click()
    page.get_by_text("Asante. Aliyekuhudumia").wait_for()
    sound_in_both(page)


def ask(number, now):
    """Somebody is asked how they were served at a counter."""
    return hearing.ask(
        hearing.Served(kind="ticket", about_id=ids.uuid7(), phone=f"+2547000001{number:02}", email="", language="sw", channel="counter"),
        now=now,
    )  # fmt: skip


def heard_call(now):
    """A call that is over, whose recording an agent heard."""
    told("voice", isActive="1", sessionId="ATVId_9", direction="Inbound", callerNumber=PHONE)
    over = {"isActive": "0", "durationInSeconds": "9", "recordingUrl": "https://voice.example/9"}
    told("voice", sessionId="ATVId_9", direction="Inbound", callerNumber=PHONE, **over)
    for received_id in inbox.Received.objects.filter(source="phone").order_by("id").values_list("id", flat=True):
        inbox.take(received_id=received_id, now=now)
    call = inbox.Call.objects.get()
    account = Account.objects.get(email="agent@huduma.example")
    agent = identity.actor_for(account, channel="desk", purpose="casework", second_factor=True)
    inbox.hear_recording(actor=agent, call_id=call.id, now=now)
    return call


def enter_portal(context, address, account):
    """Signs a citizen in, in a browser, as after the right code."""
    client = Client()
    client.force_login(account)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": address}])


def answer(desk, portal, language, matter, say):
    """The person of a level takes the matter from the list and answers it."""
    desk.goto(f"{portal}/{language}/desk/matters/")
    desk.get_by_role("link", name=matter.title).click()
    desk.get_by_role("button", name=say["take"], exact=True).click()
    desk.get_by_label(say["upheld"], exact=True).check()
    desk.get_by_label(say["found"]).fill(REASON)
    desk.get_by_role("button", name=say["answer"]).click()
    desk.get_by_role("status").wait_for()
