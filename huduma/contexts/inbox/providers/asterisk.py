"""Our own exchange: Asterisk's REST Interface (ARI), after its public documentation: requests by HTTP, events by a WebSocket.

A call has up to two channels, whose ids we choose, so that a request that is sent twice makes one channel: `agent-<call>` rings the
agent, `person-<call>` the customer whom we call; a caller's channel has the exchange's own id. The bridge of a call is `bridge-<call>`,
its recording `call-<call>`. What is said to callers are sounds named `huduma/…` on the exchange: docs/how-to/connect-an-exchange.md.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote, urlencode
from uuid import UUID

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from huduma.contexts.inbox.providers.base import MALFORMED, CallNews, Line, News, Refused, Unreadable
from huduma.foundation import http
from huduma.foundation import phone as phones

READ_SECONDS = 10.0
OPEN_SECONDS = 10.0
RING_SECONDS = 30
#: Events that say something of a call; the others are not kept.
TOLD = ("StasisStart", "StasisEnd", "ChannelDtmfReceived", "ChannelDestroyed", "PlaybackFinished", "RecordingFinished")
PROMISED = "sound:huduma/promised"
#: After these all is said.
LAST_WORDS = (PROMISED, "sound:huduma/goodbye")
#: Why a channel ended (ITU-T Q.850, as Asterisk numbers them).
CAUSES = {
    1: "unknown_number",
    17: "busy",
    18: "no_answer",
    19: "no_answer",
    20: "no_answer",
    21: "busy",
    28: "unknown_number",
}


@dataclass(frozen=True)
class Settings:
    """Where the exchange is, and how it names telephones. `{number}` in an endpoint stands for an extension or number."""

    url: str
    user: str
    secret: str
    agent_endpoint: str
    outside_endpoint: str
    caller_id: str
    records: bool
    app: str = "huduma"


@dataclass(frozen=True)
class Seen:
    """What the exchange has just now: the ids of its channels, which of them were answered, and callers who wait for us."""

    there: frozenset[str] = frozenset()
    up: frozenset[str] = frozenset()
    callers: tuple[CallNews, ...] = ()


class Asterisk(Line):
    """The exchange as a line."""

    confidence: ClassVar = "spec-conformant"
    steers: ClassVar = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def read(self, headers: Any, body: bytes) -> list[News]:
        """Return what one event says of a call."""
        try:
            return list(_news(json.loads(body)))
        except MALFORMED as error:
            raise Unreadable("malformed") from error

    @contextmanager
    def events(self) -> Iterator[ClientConnection]:
        """Open the stream of events. Raises http.Unavailable, whenever and however the line breaks."""
        query = urlencode(
            {"app": self._settings.app, "api_key": f"{self._settings.user}:{self._settings.secret}"}, quote_via=quote
        )
        address = f"ws{self._settings.url.removeprefix('http')}/events?{query}"
        try:
            with connect(address, open_timeout=OPEN_SECONDS, max_size=1_000_000, proxy=None) as stream:
                yield stream
        except (OSError, TimeoutError, WebSocketException) as error:  # its text would name the address, with the secret
            raise http.Unavailable(type(error).__name__, sent=False) from None

    def seen(self) -> Seen:
        """Return what is there now. Raises http.Unavailable."""
        listed = self._ask("GET", "channels")
        if not isinstance(listed, list):
            raise http.Unavailable("no list", sent=True)
        callers = tuple(_arrived(one) for one in listed if _is_caller(one, self._settings.app))
        up = frozenset(str(one["id"]) for one in listed if one.get("state") == "Up")
        return Seen(frozenset(str(one["id"]) for one in listed), up, callers)

    def ring(self, *, call_id: UUID, agent_phone: str, phone: str) -> str:
        """Ring the agent; they see whom they are about to talk to."""
        self._originate(f"agent-{call_id}", self._settings.agent_endpoint, agent_phone, phone)
        return f"person-{call_id}"

    def answer(self, *, session_id: str, is_open: bool) -> None:
        """Answer, say the choice, then play music until somebody takes the call; when closed, nobody will."""
        self._ask("POST", f"channels/{session_id}/answer")
        if is_open:
            self._ask("POST", f"channels/{session_id}/moh")
        self._ask("POST", f"channels/{session_id}/play", media=f"sound:huduma/{'welcome' if is_open else 'closed'}")

    def say(self, *, session_id: str, language: str, sounds: tuple[str, ...]) -> None:
        """Play the sounds in a language, without the music."""
        self._ask("DELETE", f"channels/{session_id}/moh")
        media = ",".join(f"sound:huduma/{one}" for one in sounds)
        self._ask("POST", f"channels/{session_id}/play", media=media, lang=language)

    def connect(self, *, call_id: UUID, phone: str) -> None:
        """Let the agent hear ringing in a bridge, and ring the customer."""
        self._ask("POST", f"bridges/bridge-{call_id}", type="mixing")
        self._ask("POST", f"bridges/bridge-{call_id}/addChannel", channel=f"agent-{call_id}")
        self._ask("POST", f"channels/agent-{call_id}/ring")
        self._originate(f"person-{call_id}", self._settings.outside_endpoint, phone, self._settings.caller_id)

    def bridge(self, *, call_id: UUID, session_id: str) -> None:
        """Put both into one bridge; where calls are recorded, both hear so first."""
        self._ask("DELETE", f"channels/{session_id}/moh")
        self._ask("POST", f"bridges/bridge-{call_id}", type="mixing")
        self._ask("POST", f"bridges/bridge-{call_id}/addChannel", channel=f"agent-{call_id},{session_id}")
        if self._settings.records:
            self._ask("POST", f"bridges/bridge-{call_id}/play", media="sound:huduma/recorded")
            self._ask("POST", f"bridges/bridge-{call_id}/record", name=f"call-{call_id}", format="wav", ifExists="fail")

    def thank(self, *, session_id: str) -> None:
        """Say that a call back is promised; when that is said (`PlaybackFinished`), the call is over."""
        self._ask("POST", f"channels/{session_id}/play", media=PROMISED)

    def hang_up(self, *, call_id: UUID, session_id: str) -> None:
        """End both channels and their bridge."""
        for path in (f"channels/agent-{call_id}", f"channels/{session_id}", f"bridges/bridge-{call_id}"):
            self._ask("DELETE", path)

    def recording(self, address: str) -> bytes | None:
        """Fetch a stored recording."""
        with self._client() as client:
            answer = http.request(
                client, "GET", f"{self._settings.url}/recordings/stored/{quote(address, safe='')}/file"
            )
        return answer.content if answer.status_code == 200 else b""

    def forget(self, address: str) -> None:
        """Delete a stored recording."""
        self._ask("DELETE", f"recordings/stored/{quote(address, safe='')}")

    def _originate(self, channel_id: str, endpoint: str, number: str, shown: str) -> None:
        self._ask(
            "POST", "channels", endpoint=endpoint.replace("{number}", number), app=self._settings.app, appArgs="out",
            channelId=channel_id, callerId=shown, timeout=str(RING_SECONDS),
        )  # fmt: skip

    def _client(self) -> Any:
        return http.client(READ_SECONDS, auth=(self._settings.user, self._settings.secret))

    def _ask(self, method: str, path: str, **query: str) -> Any:
        """Ask one thing; a channel that is gone (404) or is so already (409) is no error. Raises Refused, http.Unavailable."""
        with self._client() as client:
            answer = http.request(client, method, f"{self._settings.url}/{path}", params=query)
        if answer.status_code in (404, 409):
            return None
        if answer.status_code >= 400:
            raise Refused(str(answer.status_code))
        return answer.json() if answer.content else None


def channel_in(body: bytes) -> str:
    """Return whose event this is: the id of its channel, empty where it has none."""
    try:
        return str(json.loads(body)["channel"]["id"])[:100]
    except MALFORMED:
        return ""


def _arrived(channel: dict[str, Any]) -> CallNews:
    try:
        number = phones.parse(str(channel["caller"]["number"]))
    except phones.InvalidPhone:
        number = ""  # withheld: nobody whose page could open, or who could be called back
    return CallNews(session_id=str(channel["id"])[:100], phone=number)


def _is_caller(channel: dict[str, Any], app: str) -> bool:
    plan = channel.get("dialplan", {})
    ours = plan.get("app_name") == "Stasis" and str(plan.get("app_data", "")).split(",")[0] == app
    return ours and _call_of(str(channel["id"])) is None


def _call_of(channel_id: str) -> tuple[str, UUID] | None:
    """Return whose side of which call a channel of ours is."""
    kind, _, rest = channel_id.partition("-")
    try:
        return ({"agent": "agent", "person": "customer", "call": "customer"}[kind], UUID(rest))
    except (KeyError, ValueError):
        return None


def _news(told: dict[str, Any]) -> Iterator[News]:
    kind = told["type"]
    if kind == "RecordingFinished":
        name = str(told["recording"]["name"])
        if ours := _call_of(name):
            yield CallNews(call_id=ours[1], recording=name)
        return
    if kind == "PlaybackFinished":
        playback = told["playback"]
        if playback["media_uri"] in LAST_WORDS:
            yield CallNews(session_id=str(playback["target_uri"]).removeprefix("channel:")[:100], is_over=True)
        return
    channel = told["channel"]
    channel_id = str(channel["id"])[:100]
    ours = _call_of(channel_id)
    known: dict[str, Any] = {"call_id": ours[1], "leg": ours[0]} if ours else {"session_id": channel_id}
    if kind == "StasisStart":
        yield CallNews(**known, is_answered=True) if ours else _arrived(channel)
    elif kind == "ChannelDtmfReceived":
        yield CallNews(**known, digits=str(told["digit"])[:1])
    elif kind in ("StasisEnd", "ChannelDestroyed"):
        yield CallNews(**known, is_over=True, cause=CAUSES.get(told.get("cause", 0), "failed"))
