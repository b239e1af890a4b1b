"""No hook fails, whatever it is sent: what is signed and nonsense is kept for a person, what is not signed is turned away."""

from urllib.parse import urlencode

import pytest
from django.utils import timezone

from huduma.channels.hooks.messages import africastalking_token
from huduma.contexts.crm import public as crm
from huduma.contexts.crm import rules as webhooks
from huduma.contexts.inbox import public as inbox
from huduma.contexts.inbox.models import Received
from huduma.contexts.messages.providers.twilio import signature_of
from huduma.contexts.payments.providers.base import gateways
from huduma.contexts.places import public as places
from huduma.foundation.access import SYSTEM
from sandbox.inbound import meta_signature, x_signature

pytestmark = pytest.mark.django_db

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
LONG = "9" * 5000
#: What a form says that no company would: NUL, bytes of no character set, numbers without end, what is missing or not meant.
FIELDS = [
    {},
    {"id": "\0", "text": "a\0b", "from": "\0", "status": "\0", "phoneNumber": "\0"},
    {"id": b"\xff\xfe", "from": b"\xed\xa0\xbd", "text": b"\xff"},
    {"id": "x" * 3000, "from": "+254700000002", "text": "x" * 60_000, "status": "Success", "phoneNumber": "+" + LONG},
    {"id": "1", "from": "BANK", "text": "=cmd|' /C calc'!A0", "MessageSid": "\0", "MessageStatus": "delivered", "To": "\0"},
    {"sessionId": "\0", "isActive": "1", "direction": "Outbound", "destinationNumber": "\0"},
    {"sessionId": "s", "isActive": "1", "direction": "Outbound", "destinationNumber": ""},
    {"sessionId": "\0s", "isActive": "1", "callerNumber": "\0", "dtmfDigits": "\0"},
    {"sessionId": "t", "isActive": "0", "callerNumber": "+254700000002", "durationInSeconds": LONG, "dtmfDigits": "1" * 999},
    {"sessionId": "u", "isActive": "0", "durationInSeconds": "²", "recordingUrl": "javascript:alert(1)", "hangupCause": "\0"},
]  # fmt: skip
#: What is written where JSON is meant.
BODIES = [
    b"",
    b"\0",
    b"\xff\xfe\xfd",
    b"{",
    b"null",
    b"[]",
    b"7",
    b'"text"',
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"1" * 10_000,
    b'{"object":"page","entry":' + b"1" * 5000 + b"}",
    b'{"object":null,"entry":{"changes":[]},"for_user_id":{},"direct_message_events":7,"Body":[],"type":[],"data":""}',
    rb'{"entry":[{"changes":[{"field":"messages","value":{"messages":[{"id":"\u0000","from":"254700000002","type":"text",'
    rb'"timestamp":"-1e999","text":{"body":"\ud83d\u0000"}}]}}]}]}',
    rb'{"object":"page","entry":[{"messaging":[{"sender":{"id":"\ud83d"},"message":{"mid":"\u0000m","text":"\udc00"}}]}]}',
    rb'{"for_user_id":"1","direct_message_events":[{"id":"\u0000","type":"message_create","message_create":{"sender_id":"\ud800",'
    rb'"message_data":{"text":null}}}],"users":[]}',
    rb'{"type":"matter.note","data":{"reference":"\u0000\ud800","text":"\u0000","outcome":{},"ask":NaN}}',
    b"------x\r\nContent-Disposition: form-data; name=",
]
TYPES = [JSON, FORM, "multipart/form-data; boundary=x", "text/plain; charset=klingon", "\xff", ""]


@pytest.fixture
def post(client):
    """Posts something to a hook, signed as its company does; returns the status."""

    def send(address, body, content_type, **headers):
        return client.generic("POST", f"/hooks/{address}", body, content_type=content_type, headers=headers).status_code

    return send


def understand():
    """Let all that came in be read, as its jobs do: nothing is left unread, and nothing stops them."""
    for received in Received.objects.filter(state="new"):
        inbox.take(received_id=received.id, now=timezone.now())
    assert not Received.objects.filter(state="new").exists()


def test_forms_of_companies_that_sign_nothing_or_the_fields(post, settings):
    token = africastalking_token()
    for fields in FIELDS:
        body = urlencode(fields)
        for address in (
            f"inbox/sms/{token}/",
            f"inbox/voice/{token}/",
            f"inbox/voice/{token}/?keyed=sw",
            f"sms/africastalking/{token}/",
        ):
            assert post(address, body, FORM) == 200, (address, fields)
        texts = {
            name: value.decode("utf-8", "replace") if isinstance(value, bytes) else value
            for name, value in fields.items()
        }
        url = f"{settings.HOOKS_BASE_URL}/hooks/sms/twilio/"
        right = signature_of(url=url, fields=texts, auth_token=settings.TWILIO_AUTH_TOKEN)
        assert post("sms/twilio/", body, FORM, **{"X-Twilio-Signature": right}) == 200, fields
        for wrong in ("", "\xe9", "sha1=x"):
            assert post("sms/twilio/", body, FORM, **{"X-Twilio-Signature": wrong}) == 403
    understand()


def test_bodies_of_companies_that_sign_them(post, settings):
    signs = {
        "whatsapp": ("X-Hub-Signature-256", lambda body: meta_signature(body, settings.WHATSAPP_APP_SECRET)),
        "messenger": ("X-Hub-Signature-256", lambda body: meta_signature(body, settings.MESSENGER_APP_SECRET)),
        "x": ("X-Twitter-Webhooks-Signature", lambda body: x_signature(body, settings.X_CONSUMER_SECRET)),
    }
    for number, body in enumerate(BODIES):
        kind = TYPES[number % len(TYPES)]
        for channel, (header, sign) in signs.items():
            assert post(f"inbox/{channel}/", body, kind, **{header: sign(body)}) == 200, (channel, body[:60])
            wrong = ("", "sha256=\xe9", sign(body + b" "))[number % 3]
            assert post(f"inbox/{channel}/", body, kind, **{header: wrong}) == 403
    understand()


def test_webhooks_of_a_bodys_program_and_callbacks_of_gateways(post):
    places.load_places(actor=SYSTEM)
    opened = crm.open_link(actor=SYSTEM, body_code="CRS", name="Odd", now=timezone.now())
    stamp = str(int(timezone.now().timestamp()))
    for number, body in enumerate(BODIES):
        kind, name = TYPES[number % len(TYPES)], f"msg_{number}"
        signed = {
            "webhook-id": name,
            "webhook-timestamp": stamp,
            "webhook-signature": webhooks.signature(opened.hearing, name, stamp, body),
        }
        assert post(f"crm/{opened.link.id}/", body, kind, **signed) in (400, 413, 422), body[:60]
        for wrong in (
            {"webhook-timestamp": LONG},
            {"webhook-timestamp": "²"},
            {"webhook-signature": "v1,\xe9"},
            {"webhook-id": "\xe9" * 300},
        ):
            assert post(f"crm/{opened.link.id}/", body, kind, **signed | wrong) in (401, 413)
        for gateway in (*(one.address for _, one in gateways.items()), "nobody"):
            for last in ("", "late/", "question/"):
                assert post(f"payments/{gateway}/guess/{last}", body, kind) < 500, (gateway, last, body[:60])
