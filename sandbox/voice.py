"""Africa's Talking Voice: calls that are ordered (`POST /call`), what the platform tells the company to do with them, and what came of them."""

import secrets
import time
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.delivery import client, trouble
from sandbox.exchange import Leg
from sandbox.state import State

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HANGUP_CAUSES = {16: "NORMAL_CLEARING", 17: "USER_BUSY", 19: "NO_ANSWER", 21: "CALL_REJECTED"}


class Session:
    """One ordered call: the telephone that was ordered, and the one that the platform has dialled after that."""

    def __init__(self, state: State, number: str, ours: str, request_id: str) -> None:
        self.id = f"ATVId_{secrets.token_hex(16)}"
        self.state, self.number, self.ours, self.request_id = state, number, ours, request_id
        self.first: Leg | None = None
        self.second: Leg | None = None
        self.up_at = self.talks_at = 0.0
        self.cause = 16

    def begin(self) -> None:
        """Ring the first telephone."""
        self.first = self.state.exchange.ring(self.number, self.ours, self.happened)

    async def happened(self, leg: Leg, what: str) -> None:
        """Follow what a telephone did."""
        exchange = self.state.exchange
        if what == "up" and leg is self.first:
            self.up_at = time.time()
            await self._ask(leg)
        elif what == "up":
            self.talks_at = time.time()
            assert self.first is not None
            self.first.talks_with, leg.talks_with = leg.number, self.first.number
        elif what == "over":
            self.cause = self.cause if self.cause != 16 else leg.cause
            for other in (self.first, self.second):
                if other is not None and other.id in exchange.legs:
                    await exchange.end(other)
                    return  # the last to end tells
            await self._tell({"isActive": "0", **self._bill()})

    async def _ask(self, leg: Leg) -> None:
        answer = await self._tell({"isActive": "1"})
        dial = ElementTree.fromstring(answer).find("Dial") if answer else None
        number = dial.get("phoneNumbers", "") if dial is not None else ""
        self.second = self.state.exchange.ring(number, self.ours, self.happened) if number else None
        if self.second is None or self.second.state == "over":
            self.cause = 17
            await self.state.exchange.end(leg)

    async def _tell(self, more: dict[str, Any]) -> str:
        fields = {
            "sessionId": self.id, "direction": "Outbound", "callerNumber": self.ours, "destinationNumber": self.number,
            "clientRequestId": self.request_id, "callSessionState": "Answered" if self.up_at else "Ringing", **more,
        }  # fmt: skip
        try:
            answer = await client().post(
                self.state.address("africastalking.voice"), content=urlencode(fields).encode(), headers=FORM
            )
        except (httpx.HTTPError, httpx.InvalidURL):
            return ""
        return answer.text

    def _bill(self) -> dict[str, str]:
        now = time.time()
        bill = {
            "durationInSeconds": str(int(now - self.up_at) if self.up_at else 0), "currencyCode": "KES", "amount": "0.00",
            "callSessionState": "Completed", "hangupCause": HANGUP_CAUSES.get(self.cause, "NORMAL_CLEARING"),
        }  # fmt: skip
        if self.second is not None and self.talks_at:
            bill |= {
                "dialDestinationNumber": self.second.number,
                "dialDurationInSeconds": str(max(int(now - self.talks_at), 1)),
            }
        return bill


async def call(request: Request) -> Response:
    """`POST /africastalking/voice/call`: username, from, to (comma list), clientRequestId; the header apiKey."""
    if (refused := await trouble(request, "africastalking_voice")) is not None:
        return refused
    if not request.headers.get("apikey"):
        return PlainTextResponse("The supplied authentication is invalid", 401)
    form, entries = await request.form(), []
    for number in str(form.get("to", "")).split(","):
        if not number.startswith("+"):
            entries.append({"phoneNumber": number, "status": "InvalidPhoneNumber", "sessionId": "None"})
            continue
        session = Session(
            request.app.state.books, number, str(form.get("from", "")), str(form.get("clientRequestId", ""))
        )
        session.begin()
        entries.append({"phoneNumber": number, "status": "Queued", "sessionId": session.id})
    return JSONResponse({"entries": entries, "errorMessage": "None"})


routes = [Route("/africastalking/voice/call", call, methods=["POST"])]
