"""Callbacks are kept and answered, whatever they carry; receipts count only when they come from the company."""

import pytest
from django.utils import timezone

from huduma.channels.hooks.messages import africastalking_token
from huduma.contexts.inbox.models import Message, Received
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Callback
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("body", [b"", b"{", b'{"Body":{}}', b"\x00\xff" * 50_000])
def test_any_payment_callback_is_answered_at_once(client, body):
    answer = client.post("/hooks/payments/simu/guess/", body, content_type="application/json")
    assert (answer.status_code, answer.json()["ResultCode"]) == (200, 0)


def test_what_no_table_can_keep_is_taken_all_the_same(client, drain_jobs):
    """NUL and half a character: in a key by which a repetition is looked for, in an id, in words."""
    token = africastalking_token()
    body = rb'{"Body": {"stkCallback": {"CheckoutRequestID": "ws\u0000\ud83d", "ResultCode": 0}}}'
    assert client.post("/hooks/payments/simu/guess/", body, content_type="application/json").status_code == 200
    report = {"id": "AT\0", "status": "Success", "phoneNumber": "\0"}
    assert client.post(f"/hooks/sms/africastalking/{token}/", report).status_code == 200
    came = f"id={'one%00' * 200}&from=%2B254700000002&text=Habari%00+yako"
    form = "application/x-www-form-urlencoded"
    assert client.post(f"/hooks/inbox/sms/{token}/", came, content_type=form).status_code == 200
    drain_jobs()
    assert Message.objects.get(side="customer").text == "Habari yako"
    assert b"%00" in bytes(Received.objects.get().body), "what came in stays as it came"


def test_headers_are_kept_whatever_a_gateway_calls_its_signature_but_no_credential(client):
    headers = {
        "X-Any-Signature": "abc", "Remote-Addr": "192.0.2.1", "Authorization": "Basic c2VjcmV0", "Cookie": "session=secret",
        "X-Long": "x" * 5000, "X-Nul": "a\0b", **{f"X-{number}": "1" for number in range(100)},
    }  # fmt: skip
    client.post("/hooks/payments/simu/guess/", b"{}", content_type="application/json", headers=headers)
    kept = Callback.objects.get().headers
    assert (kept["X-Any-Signature"], kept["X-Nul"], len(kept["X-Long"])) == ("abc", "ab", 500)
    assert not {"Authorization", "Cookie"} & kept.keys()
    assert (len(kept), kept["Remote-Addr"]) == (50, "127.0.0.1")


def test_only_posts_are_callbacks(client):
    assert client.get("/hooks/payments/simu/guess/").status_code == 405


def test_other_networks_are_turned_away(client, settings):
    settings.HOOKS_ALLOWED_NETWORKS, settings.TRUSTED_PROXIES = ["192.0.2.0/24"], 1
    for forwarded, status in (("192.0.2.7", 200), ("192.0.2.7, 203.0.113.9", 404), ("nonsense", 404)):
        answer = client.post(
            "/hooks/payments/simu/x/", b"{}", content_type="application/json", headers={"X-Forwarded-For": forwarded}
        )
        assert answer.status_code == status


def test_receipts_need_the_token_or_the_signature(client):
    report = {"id": "ATXid_1", "status": "Success", "phoneNumber": "+254700000002"}
    assert client.post("/hooks/sms/africastalking/guess/", report).status_code == 404
    assert client.post(f"/hooks/sms/africastalking/{africastalking_token()}/", report).status_code == 200
    assert client.post("/hooks/sms/twilio/", {"MessageSid": "SM1"}).status_code == 403


def test_the_callback_of_a_payment_reaches_its_job(sandbox, client, drain_jobs, citizen_actor, now):
    line = {"code": "fee", "description": {"en": "Fee", "sw": "Ada"}, "amount_cents": 20000, "body_code": "CRS"}
    bill = payments.raise_bill(
        actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=citizen_actor.person_id,
        description={"en": "T", "sw": "T"}, lines=[line], now=now,
    )  # fmt: skip
    payment = payments.start_payment(actor=citizen_actor, bill_id=bill.id, phone="0700000002", now=timezone.now())
    drain_jobs()
    payment.refresh_from_db()
    sandbox.post("/phone/api/answer", json={"checkout_request_id": payment.checkout_id, "action": "pay", "pin": "1234"})
    body = {"Body": {"stkCallback": {"CheckoutRequestID": payment.checkout_id, "ResultCode": "0"}}}
    client.post(f"/hooks/payments/simu/{payment.token}/", body, content_type="application/json")
    assert "payments.read_callback" in drain_jobs()
    assert payments.get_bill_for(citizen_actor, bill.id).state == "settled"
