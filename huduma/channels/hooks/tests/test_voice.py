"""A caller hears how far their request is: language, reference by the keys of a telephone, status; and an agent is connected."""

from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from huduma.channels.hooks.messages import africastalking_token
from huduma.contexts.contact import public as contact
from huduma.contexts.inbox import rules
from huduma.contexts.inbox.models import Call
from huduma.contexts.places import public as places
from huduma.foundation.access import ANONYMOUS, SYSTEM

pytestmark = pytest.mark.django_db
HERS = "+254700000002"


@pytest.fixture
def matter():
    places.load_places(actor=SYSTEM)
    return contact.open_matter(
        actor=ANONYMOUS, kind="complaint", text="Nimengoja tangu Januari.", language="sw", body_code="CRS", phone=HERS,
        name="Asha Mfano", channel="web", now=timezone.now(),
    )  # fmt: skip


@pytest.fixture
def turn(client, drain_jobs):
    """One turn of a call; returns what the company is told to do."""

    def tell(query="", **fields):
        told = {"isActive": "1", "sessionId": "ATVId_1", "direction": "Inbound", "callerNumber": HERS} | fields
        url, form = f"/hooks/inbox/voice/{africastalking_token()}/{query}", "application/x-www-form-urlencoded"
        answer = client.post(url, urlencode(told), content_type=form)
        drain_jobs()
        return ElementTree.fromstring(answer.content) if answer.content else None

    return tell


@pytest.mark.parametrize(("key", "language", "words"), [("2", "sw", "Lalamiko: "), ("3", "en", "A complaint: ")])
def test_the_status_by_telephone_in_the_language_chosen(turn, matter, key, language, words):
    assert turn().find("GetDigits/Say") is not None
    asked = turn(dtmfDigits=key).find("GetDigits")
    assert (asked.get("callbackUrl").endswith(f"?keyed={language}"), asked.get("finishOnKey")) == (True, "#")
    keys = matter.reference.translate(rules.KEYS)
    again = turn(f"?keyed={language}", dtmfDigits="1")
    assert again.find("GetDigits/Say").text
    stranger = turn(f"?keyed={language}", dtmfDigits=keys, callerNumber="+254700000003", sessionId="ATVId_2")
    assert stranger.find("GetDigits") is not None
    said = turn(f"?keyed={language}", dtmfDigits=keys[2:]).find("Say").text
    assert said.startswith(words)
    turn(isActive="0", durationInSeconds="40")
    call = Call.objects.get(session_id="ATVId_1")
    assert (call.how, call.conversation.is_waiting, call.conversation.callbacks.count()) == ("answered", False, 0)


def test_a_caller_whose_number_is_withheld_waits_and_is_promised_nothing(turn, matter):
    turn(callerNumber="Anonymous")
    assert turn(callerNumber="Anonymous", dtmfDigits="1").find("Enqueue") is not None
    call = Call.objects.get(session_id="ATVId_1")
    assert (call.phone, call.ended_at, call.conversation.callbacks.count()) == ("", None, 0)


def test_a_call_that_nobody_wants_any_more_is_rejected(turn):
    answer = turn(direction="Outbound", destinationNumber="+254700000003")
    assert answer.find("Reject") is not None
