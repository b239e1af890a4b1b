"""WhatsApp Cloud: signed webhooks in, the Graph API out, after its public documentation."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from huduma.contexts.inbox.providers.base import Channel, Incoming, News, Receipt, Refused, Unreadable
from huduma.foundation import http
from huduma.foundation import phone as phones

READ_SECONDS = 15.0
#: A free message may go out only within a day of the customer's last one.
WINDOW_OVER = 131047


class WhatsApp(Channel):
    """Our number on WhatsApp."""

    confidence: ClassVar = "spec-conformant"
    sends: ClassVar = True

    def __init__(self, base_url: str, number_id: str, token: str, app_secret: str) -> None:
        self._url, self._token, self._secret = f"{base_url}/{number_id}/messages", token, app_secret

    def is_signed(self, body: bytes, signature: str) -> bool:
        """Whether a webhook is signed by our app's secret (`X-Hub-Signature-256`)."""
        expected = "sha256=" + hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()
        return bool(self._secret) and hmac.compare_digest(expected.encode(), signature.encode())

    def read(self, headers: Mapping[str, str], body: bytes) -> list[News]:
        """Return the messages and receipts of a webhook; one may carry many."""
        try:
            told = json.loads(body)
            return list(_news(told))
        except (ValueError, TypeError, KeyError, AttributeError, phones.InvalidPhone) as error:
            raise Unreadable("malformed") from error

    def send(self, *, to: str, text: str) -> str:
        """Hand over one message within the customer's window of a day."""
        content = {
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": to.lstrip("+"), "type": "text",
            "text": {"body": text, "preview_url": False},
        }  # fmt: skip
        with http.client(READ_SECONDS) as client:
            answer = http.request(
                client, "POST", self._url, json=content, headers={"Authorization": f"Bearer {self._token}"}
            )
        if answer.status_code == 200:
            return str(answer.json()["messages"][0]["id"])
        try:
            code = answer.json()["error"]["code"]
        except (ValueError, TypeError, KeyError):
            code = answer.status_code
        raise Refused("window_over" if code == WINDOW_OVER else str(code))


def _news(told: dict[str, Any]) -> Iterator[News]:
    for entry in told["entry"]:
        for change in entry["changes"]:
            value = change["value"] if change.get("field") == "messages" else {}
            names = {one["wa_id"]: one.get("profile", {}).get("name", "") for one in value.get("contacts", [])}
            for message in value.get("messages", []):
                yield Incoming(
                    address=phones.parse(f"+{message['from']}"),
                    outside_id=str(message["id"])[:300],
                    text=_text(message)[:4096],
                    name=str(names.get(message["from"], ""))[:150],
                    answers=(message["context"]["id"],) if message.get("context", {}).get("id") else (),
                )
            for status in value.get("statuses", []):
                if status["status"] in ("delivered", "read", "failed"):
                    yield Receipt(outside_id=status["id"], delivered=status["status"] != "failed")


def _text(message: dict[str, Any]) -> str:
    kind = message["type"]
    if kind == "text":
        return str(message["text"]["body"])
    if kind == "button":
        return str(message["button"]["text"])
    caption = message.get(kind, {}).get("caption", "") if isinstance(message.get(kind), dict) else ""
    return f"[{kind}] {caption}".strip()  # its file stays with the company until somebody asks for it
