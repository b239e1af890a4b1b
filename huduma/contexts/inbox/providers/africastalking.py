"""Africa's Talking: SMS that come in, and what happens in calls (form-encoded, not signed), after its public documentation."""

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import parse_qs

from huduma.contexts.inbox.providers.base import CallNews, Channel, Incoming, News, Unreadable
from huduma.foundation import phone as phones


def _fields(body: bytes) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _number(typed: str) -> str:
    try:
        return phones.parse(typed)
    except phones.InvalidPhone:
        raise Unreadable("no_sender") from None  # a short code or a name: nobody who could be answered


class Sms(Channel):
    """SMS to our short code; answers go out by `messages`, whoever the company is."""

    confidence: ClassVar = "spec-conformant"

    def read(self, headers: Mapping[str, str], body: bytes) -> list[News]:
        """Return the one message of a callback."""
        fields = _fields(body)
        if not fields.get("id"):
            raise Unreadable("malformed")
        text = fields.get("text", "")[:2000]
        return [Incoming(address=_number(fields.get("from", "")), outside_id=fields["id"], text=text)]


class Voice(Channel):
    """Calls: the company tells of each turn of a call, and asks what to do."""

    confidence: ClassVar = "self-proven"  # there is no voice sandbox

    def read(self, headers: Mapping[str, str], body: bytes) -> list[News]:
        """Return what one callback says of a call."""
        fields = _fields(body)
        if not fields.get("sessionId"):
            raise Unreadable("malformed")
        direction = "out" if fields.get("direction", "").casefold() == "outbound" else "in"
        number = fields.get("callerNumber" if direction == "in" else "destinationNumber", "")
        seconds = fields.get("durationInSeconds", "")
        return [
            CallNews(
                session_id=fields["sessionId"][:100],
                direction=direction,
                phone=_number(number),
                is_over=fields.get("isActive") == "0",
                digits=fields.get("dtmfDigits", "")[:20],
                seconds=int(seconds) if seconds.isdecimal() else 0,
                recording=fields.get("recordingUrl", "")[:500],
            )
        ]
