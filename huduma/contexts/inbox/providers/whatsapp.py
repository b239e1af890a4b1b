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

    def send(self, *, to: str, text: str, mark: str) -> str:
        """Hand over one message within the customer's window of a day."""
        content = {
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": to.lstrip("+"), "type": "text",
            "text": {"body": text, "preview_url": False}, "biz_opaque_callback_data": mark,
        }  # fmt: skip
        return self._post(content, "messages", 0, "id")

    def _parts(self, told: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for entry in told["entry"]:
            for change in entry["changes"]:
                value = change["value"] if change.get("field") == "messages" else {}
                names = {one.get("wa_id"): one.get("profile", {}).get("name", "") for one in value.get("contacts", [])}
                for message in value.get("messages", []):
                    yield {**message, "name": names.get(message.get("from"), "")}
                yield from value.get("statuses", [])

    def _news(self, part: dict[str, Any]) -> Iterator[News]:
        if "status" in part:
            if part["status"] in ("delivered", "read", "failed"):
                mark = str(part.get("biz_opaque_callback_data", ""))
                yield Receipt(outside_id=str(part["id"]), delivered=part["status"] != "failed", mark=mark)
            return
        answered = part.get("context", {}).get("id") or part.get("reaction", {}).get("message_id")
        yield Incoming(
            address=phones.parse(f"+{part['from']}"),
            outside_id=str(part["id"])[:300],
            text=_text(part).replace("\x00", "")[:4096],
            name=str(part["name"])[:150],
            answers=(str(answered),) if answered else (),
        )


def _text(message: dict[str, Any]) -> str:
    """Return what somebody wrote, chose or sent; a file stays with the company until somebody asks for it."""
    kind = str(message["type"])
    content = message.get(kind)
    if kind == "text":
        return str(message["text"]["body"])
    if not isinstance(content, dict):
        return f"[{kind}]"
    if kind == "button":
        return str(content["text"])
    if kind == "reaction":
        return str(content.get("emoji") or "")
    if kind == "interactive":  # a button or a line of a list of ours
        return str(content[content["type"]]["title"])
    if kind == "location":
        names = [content.get("name"), content.get("address"), f"{content['latitude']}, {content['longitude']}"]
        return "[location] " + ", ".join(str(one) for one in names if one)
    return f"[{kind}] {content.get('filename', '')} {content.get('caption', '')}".strip()
