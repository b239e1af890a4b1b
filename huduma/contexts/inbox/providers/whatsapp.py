"""WhatsApp Cloud: signed webhooks in, the Graph API out, after its public documentation."""

from collections.abc import Iterator
from typing import Any, ClassVar

from huduma.contexts.inbox.providers.base import Incoming, News, Receipt
from huduma.contexts.inbox.providers.meta import MetaChannel
from huduma.foundation import phone as phones


class WhatsApp(MetaChannel):
    """Our number on WhatsApp."""

    longest: ClassVar = 4096
    window_over: ClassVar = (131047, None)

    def send(self, *, to: str, text: str) -> str:
        """Hand over one message within the customer's window of a day."""
        content = {
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": to.lstrip("+"), "type": "text",
            "text": {"body": text, "preview_url": False},
        }  # fmt: skip
        return self._post(content, "messages", 0, "id")

    def _news(self, told: dict[str, Any]) -> Iterator[News]:
        for entry in told["entry"]:
            for change in entry["changes"]:
                value = change["value"] if change.get("field") == "messages" else {}
                names = {one["wa_id"]: one.get("profile", {}).get("name", "") for one in value.get("contacts", [])}
                for message in value.get("messages", []):
                    yield Incoming(
                        address=phones.parse(f"+{message['from']}"),
                        outside_id=str(message["id"])[:300],
                        text=_text(message).replace("\x00", "")[:4096],
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
