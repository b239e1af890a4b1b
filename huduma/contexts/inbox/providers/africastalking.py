"""Africa's Talking: SMS that come in, and what happens in calls (form-encoded, not signed), after its public documentation."""

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import parse_qs
from uuid import UUID

from huduma.contexts.inbox.providers.base import CallNews, Channel, Incoming, Line, News, Refused, Unreadable
from huduma.foundation import http
from huduma.foundation import phone as phones

READ_SECONDS = 15.0
#: Why a call ended, in the company's words.
CAUSES = {"USER_BUSY": "busy", "CALL_REJECTED": "busy", "NO_ANSWER": "no_answer", "NO_USER_RESPONSE": "no_answer",
          "SUBSCRIBER_ABSENT": "no_answer", "UNALLOCATED_NUMBER": "unknown_number"}  # fmt: skip


def _fields(body: bytes) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _number(typed: str) -> str:
    try:
        return phones.parse(typed)
    except phones.InvalidPhone:
        raise Unreadable("no_sender") from None  # a short code or a name: nobody who could be answered


def _caller(typed: str) -> str:
    try:
        return phones.parse(typed)
    except phones.InvalidPhone:
        return ""  # withheld: they wait on the line all the same


def _web(address: str) -> str:
    return address if address.startswith(("https://", "http://")) else ""  # staff follow it


def _seconds(fields: dict[str, str], name: str) -> int:
    told = fields.get(name, "")
    return int(told) if told.isdecimal() and len(told) < 10 else 0


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


class Voice(Line):
    """Calls: the company tells of each turn of a call, and asks what to do."""

    confidence: ClassVar = "self-proven"  # there is no voice sandbox

    def __init__(self, url: str, username: str, key: str, number: str) -> None:
        self._url, self._username, self._key, self._number = url, username, key, number

    def ring(self, *, call_id: UUID, agent_phone: str, phone: str) -> str:
        """Order a call to the agent; once they lift, the company asks what to do, and is told to dial the customer."""
        fields = {"username": self._username, "from": self._number, "to": agent_phone, "clientRequestId": str(call_id)}
        headers = {"apiKey": self._key, "Accept": "application/json"}
        with http.client(READ_SECONDS) as client:
            answer = http.request(client, "POST", f"{self._url}/call", data=fields, headers=headers)
        try:
            entry = answer.json()["entries"][0]
            if entry["status"] == "Queued":
                return str(entry["sessionId"])[:100]
            raise Refused(str(entry["status"])[:40])
        except (ValueError, KeyError, IndexError, TypeError):
            raise Refused(str(answer.status_code)) from None

    def read(self, headers: Mapping[str, str], body: bytes) -> list[News]:
        """Return what one callback says of a call. `Keyed` among the headers: what was keyed is a reference, and whether it was found."""
        keyed = headers.get("Keyed", "")
        fields = _fields(body)
        if not fields.get("sessionId"):
            raise Unreadable("malformed")
        direction = "out" if fields.get("direction", "").casefold() == "outbound" else "in"
        number = fields.get("callerNumber" if direction == "in" else "destinationNumber", "")
        is_over = fields.get("isActive") == "0"
        dialled = _seconds(fields, "dialDurationInSeconds")
        return [
            CallNews(
                session_id=fields["sessionId"][:100],
                # Of a call of ours each turn but the last is the agent's; the last says how long the customer was on the line.
                # A caller to whom the status was read out was served, as if by an agent.
                leg="agent" if keyed or (direction == "out" and not is_over) else "customer",
                direction=direction,
                phone=_caller(number) if direction == "in" else _number(number),
                is_answered=keyed == "found" or (direction == "out" and (dialled > 0 or not is_over)),
                is_over=is_over,
                digits="" if keyed else fields.get("dtmfDigits", "")[:20],
                seconds=dialled if direction == "out" else _seconds(fields, "durationInSeconds"),
                recording=_web(fields.get("recordingUrl", ""))[:500],
                cause=CAUSES.get(fields.get("hangupCause", ""), "failed"),
            )
        ]
