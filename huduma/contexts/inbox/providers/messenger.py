"""Facebook Messenger: signed webhooks in, the Send API out, after its public documentation.

A sender is known by an id that holds for our page only (PSID); their name is not told. Photos and files stay with the company, until
somebody asks for them.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from huduma.contexts.inbox.providers.base import Incoming, News, Receipt
from huduma.contexts.inbox.providers.meta import MetaChannel


class Messenger(MetaChannel):
    """Our page on Facebook."""

    longest: ClassVar = 2000
    window_over: ClassVar = (10, 2018278)

    def send(self, *, to: str, text: str, mark: str) -> str:
        """Hand over one message within the customer's window of a day."""
        content = {"recipient": {"id": to}, "messaging_type": "RESPONSE", "message": {"text": text}}
        return self._post(content, "message_id")

    def _parts(self, told: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if told["object"] != "page":
            raise ValueError("not of a page")
        for entry in told["entry"]:
            yield from entry.get("messaging", [])

    def _news(self, part: dict[str, Any]) -> Iterator[News]:
        message = part.get("message", {})
        if message.get("mid") and not message.get("is_echo"):  # an echo is what our own page said
            yield Incoming(
                address=str(part["sender"]["id"])[:254],
                outside_id=str(message["mid"])[:300],
                text=_text(message).replace("\x00", "")[:4096],
                answers=(str(message["reply_to"]["mid"]),) if message.get("reply_to", {}).get("mid") else (),
            )
        elif "postback" in part:
            chosen, sender = part["postback"], str(part["sender"]["id"])
            yield Incoming(
                address=sender[:254],
                outside_id=str(chosen.get("mid") or f"{sender}-{part['timestamp']}")[:300],
                text=str(chosen.get("title", "")).replace("\x00", "")[:4096],
            )
        for mid in part.get("delivery", {}).get("mids", []):
            yield Receipt(outside_id=str(mid), delivered=True)


def _text(message: dict[str, Any]) -> str:
    kinds = " ".join(f"[{one['type']}]" for one in message.get("attachments", []))
    return f"{kinds} {message.get('text', '')}".strip()
