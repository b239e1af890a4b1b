"""Answers by channels that hand over themselves: sent once, and never lost in silence."""

from datetime import timedelta

import httpx
import pytest
from django.utils import timezone

from huduma.contexts.inbox import public as inbox
from huduma.contexts.inbox.models import Message
from huduma.contexts.inbox.operations.conversations import begin
from huduma.contexts.inbox.operations.sending import settle_by_channel
from huduma.contexts.inbox.providers.base import Receipt
from huduma.foundation import http


@pytest.fixture
def answered(staff, monkeypatch):
    """Answers a customer by a channel, whose company says this to whatever it is sent; returns our message."""

    def answer(channel, status, body):
        line = httpx.MockTransport(lambda request: httpx.Response(status, content=body))
        monkeypatch.setattr(http, "client", lambda *_, **__: httpx.Client(transport=line))
        now = timezone.now()
        conversation = begin(channel=channel, address="8001", language="en", now=now)
        Message.objects.create(conversation=conversation, at=now, side="customer", channel=channel, text="When?")
        return inbox.reply(actor=staff(), conversation_id=conversation.id, text="It is ready.", now=now)

    return answer


@pytest.mark.parametrize(("channel", "status"), [("x", 201), ("messenger", 200), ("whatsapp", 200)])
@pytest.mark.parametrize("body", [b"", b"[]", b"{}"])
def test_what_was_taken_without_an_id_is_not_sent_again(answered, drain_jobs, channel, status, body):
    message = answered(channel, status, body)
    assert "inbox.hand_over" in drain_jobs()
    message.refresh_from_db()
    assert message.sending == "sent"


def test_what_no_channel_took_waits_for_a_person_again(answered, drain_jobs):
    message = answered("x", 503, b"")
    with pytest.raises(http.Unavailable):
        drain_jobs()
    later = timezone.now() + timedelta(minutes=31)
    assert "inbox.give_up" in drain_jobs(until=later)
    message.refresh_from_db()
    assert (message.sending, message.conversation.is_waiting) == ("failed", True)


def test_what_a_worker_that_died_may_have_sent_is_not_sent_again(answered, drain_jobs):
    message = answered("whatsapp", 500, b"")
    Message.objects.filter(id=message.id).update(sending="sending")  # as it is in mid call
    drain_jobs()
    message.refresh_from_db()
    assert message.sending == "sending"
    assert "inbox.give_up" in drain_jobs(until=timezone.now() + timedelta(minutes=31))
    message.refresh_from_db()
    assert (message.sending, message.why_failed, message.conversation.is_waiting) == ("failed", "uncertain", True)
    told = Receipt(outside_id="wamid.1", delivered=True, mark=str(message.id))
    for _ in range(2):
        assert settle_by_channel(channel="whatsapp", receipt=told, now=timezone.now())
    message.refresh_from_db()
    assert message.sending == "delivered"  # after all
