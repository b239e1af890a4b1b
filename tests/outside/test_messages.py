"""Messages against two real HTTP stand-ins: never lost, never sent twice."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.utils import timezone

from huduma.contexts.messages import operations
from huduma.contexts.messages import public as messages
from huduma.contexts.messages.models import Message
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.django_db
PHONE = "+254700000003"


def order(now, key="k1", **changes):
    options = {"kind": "test", "language": "en", "text": "Hello", "to_phone": PHONE, **changes}
    return messages.send(actor=SYSTEM, dedupe_key=key, now=now, **options)


def inbox(sandbox):
    return [(sms["provider"], sms["text"]) for sms in sandbox.get(f"/phone/api/{PHONE}").json()["sms"]]


def fault(sandbox, system, kind, **options):
    sandbox.post(f"/_control/{system}", json={"fault": kind, **options})


def test_ordered_twice_sent_once(sandbox, now, drain_jobs):
    assert order(now) == order(now)
    drain_jobs()
    assert inbox(sandbox) == [("africastalking", "Hello")]
    assert Message.objects.get().state == "sent"


@pytest.mark.parametrize("kind", ["down", "reject", "error_5xx"])
def test_the_second_company_steps_in(sandbox, now, drain_jobs, kind):
    fault(sandbox, "africastalking", kind)
    order(now)
    drain_jobs()
    assert inbox(sandbox) == [("twilio", "Hello")]


def test_when_all_refuse_it_is_failed_and_said(sandbox, now, drain_jobs):
    fault(sandbox, "africastalking", "down")
    fault(sandbox, "twilio", "reject")
    order(now)
    drain_jobs()
    assert Message.objects.get().state == "failed"


def test_a_broken_line_waits_for_the_receipt_before_another_is_asked(sandbox, now, drain_jobs, monkeypatch):
    monkeypatch.setattr("huduma.contexts.messages.providers.africastalking.READ_SECONDS", 0.05)
    fault(sandbox, "africastalking", "timeout", seconds=0.3)
    phone = "+254700000011"  # a handset of its own: the stand-in goes on after our side hung up
    order(now, to_phone=phone)
    drain_jobs()
    assert Message.objects.get().state == "uncertain"
    messages.record_receipt(
        provider="africastalking", provider_message_id="ATXid_1", delivered=True, phone=phone, now=now
    )
    drain_jobs(until=timezone.now() + timedelta(minutes=5))
    assert (Message.objects.get().state, Message.objects.get().tried) == ("delivered", [])
    while not sandbox.get(f"/phone/api/{phone}").json()["sms"]:
        continue  # the stand-in is still on its way with this message, and must not meet the next test's faults


def test_without_a_receipt_the_other_company_is_asked(sandbox, now, drain_jobs, monkeypatch):
    order(now)
    Message.objects.update(state="uncertain", provider="africastalking", state_at=now - timedelta(hours=1))
    drain_jobs()
    assert inbox(sandbox) == [("twilio", "Hello")]


def test_a_worker_that_died_in_mid_call_does_not_send_again_at_once(sandbox, now, drain_jobs):
    order(now)
    Message.objects.update(state="sending", provider="africastalking")
    drain_jobs()
    assert Message.objects.get().state == "uncertain"
    assert inbox(sandbox) == []


def test_receipts_repeated_and_out_of_order_change_nothing(sandbox, now, drain_jobs):
    order(now)
    drain_jobs()
    sent = Message.objects.get()
    report = {"provider": "africastalking", "provider_message_id": sent.provider_message_id, "phone": PHONE, "now": now}
    assert messages.record_receipt(delivered=True, **report)
    assert messages.record_receipt(delivered=False, **report)
    drain_jobs()
    assert Message.objects.get().state == "delivered"
    assert len(inbox(sandbox)) == 1
    assert not messages.record_receipt(**{**report, "provider_message_id": "nobody's", "delivered": True})


def test_an_undelivered_message_goes_by_the_other_company(sandbox, now, drain_jobs):
    order(now)
    drain_jobs()
    sent = Message.objects.get()
    messages.record_receipt(
        provider="africastalking", provider_message_id=sent.provider_message_id, delivered=False, phone=PHONE, now=now
    )
    drain_jobs()
    assert [provider for provider, _ in inbox(sandbox)] == ["africastalking", "twilio"]


def test_a_secret_is_blanked_once_it_is_sent(sandbox, now, drain_jobs):
    order(now, text="Your code is 123456", secret=True)
    drain_jobs()
    assert Message.objects.get().text == ""
    assert inbox(sandbox)[0][1] == "Your code is 123456"


def test_mail_goes_over_smtp_and_waits_for_a_server_that_is_down(sandbox, now, drain_jobs, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    fault(sandbox, "mail", "down")
    order(now, to_phone=None, to_email="a@huduma.example", subject="Habari")
    drain_jobs()
    assert Message.objects.get().state == "uncertain"
    operations.Message.objects.update(state_at=timezone.now() - timedelta(minutes=10))
    drain_jobs(until=timezone.now() + timedelta(minutes=5))
    assert [m["subject"] for m in sandbox.get("/_control/mail").json()] == ["Habari"]
    assert mail.outbox == []


def test_twilio_signatures():
    url, fields = "https://huduma.example/hooks/sms/twilio/", {"MessageSid": "SM1", "MessageStatus": "delivered"}
    from sandbox.sms import twilio_signature

    good = twilio_signature(url, fields, settings.TWILIO_AUTH_TOKEN)
    assert messages.is_signed(url=url, fields=fields, signature=good, auth_token=settings.TWILIO_AUTH_TOKEN)
    assert not messages.is_signed(url=url, fields=fields, signature="no", auth_token=settings.TWILIO_AUTH_TOKEN)
