"""A call comes in, the caller's page opens, a complaint is taken, climbs, is rejected, appealed and settled; and a talk on the web."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from huduma.channels.hooks.messages import africastalking_token
from huduma.contexts.contact import public as contact
from huduma.contexts.contact.models import Matter
from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import Account
from huduma.contexts.inbox.models import Conversation
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
        "question": "Your question", "send": "Send", "mine": "Your conversation with us", "words": "Your words",
    },
    "sw": {
        "take_call": "Pokea simu", "back": "Rudi kwenye mazungumzo", "down": "Yaandike kama suala, lenye ngazi na muda wake",
        "brought": "Kilichowasilishwa", "body": "Taasisi ya umma", "take_down": "Liandike", "take": "Lichukue", "upheld": "Ulikuwa na haki",
        "found": "Ulichopata, kilichofanywa, na kwa nini", "answer": "Tuma jibu", "wrong": "Nini bado si sawa?",
        "again": "Liangalieni tena", "settles": "Jibu hili linatosha", "settled": "Asante. Suala limekamilika.",
        "figures": "Takwimu za robo mwaka", "end": "Kamilisha mazungumzo", "keyword": "HALI", "status": "Limekamilika",
        "question": "Swali lako", "send": "Tuma", "mine": "Mazungumzo yako nasi", "words": "Maneno yako",
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
    head.goto(f"{portal}/{language}/desk/matters/report/?body=CRS")
    assert head.get_by_role("row").nth(1).inner_text().split()[-4:] == ["1", "0", "0", "0"]
    agent.goto(f"{portal}/{language}/desk/customers/{asha.person_id}/?why=check")
    sound(agent)


@pytest.mark.parametrize("language", ["en", "sw"])
def test_a_talk_on_the_web_without_an_account(portal, page, desk_of, sound, shoot, language):
    say = WORDS[language]
    cache.clear()
    page.goto(f"{portal}/{language}/chat/")
    sound(page)
    page.get_by_label(say["question"]).fill("When do you open on Saturday?")
    page.get_by_role("button", name=say["send"], exact=True).click()
    page.get_by_role("heading", name=say["mine"]).wait_for()
    sound(page)
    agent = desk_of("agent@huduma.example")
    agent.goto(f"{portal}/{language}/desk/inbox/")
    sound(agent)
    shoot(agent, f"inbox-{language}")
    agent.get_by_role("link", name="When do you open").click()
    agent.get_by_label(say["words"]).first.fill("At eight, in the larger centres.")
    sound(agent)
    agent.get_by_role("button", name=say["send"], exact=True).click()
    agent.get_by_role("status").wait_for()
    page.get_by_text("At eight, in the larger centres.").wait_for(timeout=15_000)  # the page renewed itself
    sound(page)
    shoot(agent, f"conversation-{language}")
    for where in ("inbox/ready/", "inbox/unreadable/"):
        agent.goto(f"{portal}/{language}/desk/{where}")
        sound(agent)


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
