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

    def send(self, *, to: str, text: str) -> str:
        """Hand over one message within the customer's window of a day."""
        content = {"recipient": {"id": to}, "messaging_type": "RESPONSE", "message": {"text": text}}
        return self._post(content, "message_id")

    def _news(self, told: dict[str, Any]) -> Iterator[News]:
        if told["object"] != "page":
            raise ValueError("not of a page")
        for entry in told["entry"]:
            for event in entry.get("messaging", []):
                message = event.get("message", {})
                if message.get("mid") and not message.get("is_echo"):  # an echo is what our own page said
                    yield Incoming(
                        address=str(event["sender"]["id"])[:254],
                        outside_id=str(message["mid"])[:300],
                        text=_text(message).replace("\x00", "")[:4096],
                        answers=(str(message["reply_to"]["mid"]),) if message.get("reply_to", {}).get("mid") else (),
                    )
                elif "postback" in event:
                    yield Incoming(
                        address=str(event["sender"]["id"])[:254],
                        outside_id=str(event["postback"].get("mid") or f"{event['sender']['id']}-{event['timestamp']}")[
                            :300
                        ],
                        text=str(event["postback"].get("title", "")).replace("\x00", "")[:4096],
                    )
                for mid in event.get("delivery", {}).get("mids", []):
                    yield Receipt(outside_id=str(mid), delivered=True)


def _text(message: dict[str, Any]) -> str:
    kinds = " ".join(f"[{one['type']}]" for one in message.get("attachments", []))
    return f"{kinds} {message.get('text', '')}".strip()
