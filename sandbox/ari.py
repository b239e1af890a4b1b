"""Asterisk's REST Interface: channels, bridges, sounds and recordings by HTTP, events by a WebSocket (shapes of its public documentation)."""

import asyncio
import base64
import hmac
import io
import secrets
import time
import wave
from datetime import UTC, datetime
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.delivery import as_json, shared, trouble
from sandbox.exchange import Exchange, Leg
from sandbox.state import State

USER, APP = "huduma", "huduma"
STATES = {"ring": "Ringing", "up": "Up", "over": "Down"}
PLAY_SECONDS = 0.05


class Ari:
    """What Asterisk remembers: who listens, bridges, which callers are in the application, recordings."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.listeners: set[asyncio.Queue[bytes | None]] = set()
        self.bridges: dict[str, dict[str, Any]] = {}
        self.recordings: dict[str, bytes] = {}
        self.waiting: set[asyncio.Task[None]] = set()

    @property
    def exchange(self) -> Exchange:
        """The telephones."""
        return self.state.exchange

    async def tell(self, kind: str, **content: Any) -> None:
        """Send an event to whoever listens, with whatever fault is switched on; nobody there: it is lost, as in life."""
        if self.state.take_fault("asterisk", "lose"):
            return
        if (delay := self.state.take_fault("asterisk", "delay")) is not None:
            await asyncio.sleep(delay.seconds)
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
        event = as_json(
            {"type": kind, "timestamp": at, "application": APP, "asterisk_id": "00:00:00:00:00:01", **content}
        )
        times = 2 if self.state.take_fault("asterisk", "duplicate") else 1
        for listener in list(self.listeners):
            for _ in range(times):
                listener.put_nowait(event)
            if self.state.take_fault("asterisk", "disconnect"):
                listener.put_nowait(None)

    async def happened(self, leg: Leg, what: str) -> None:
        """Tell what a telephone did."""
        channel = channel_of(leg)
        if what == "up":
            await self.tell("ChannelStateChange", channel=channel)
            await self.tell("StasisStart", args=["out"], channel=channel)
        elif what == "over":
            for bridge in self.bridges.values():
                bridge["channels"] = [one for one in bridge["channels"] if one != leg.id]
            self._talk()
            if leg.talks_with or not leg.is_ours:
                await self.tell("StasisEnd", channel=channel)
            await self.tell("ChannelDestroyed", channel=channel, cause=leg.cause, cause_txt="")
        elif what.startswith("digit "):
            await self.tell("ChannelDtmfReceived", digit=what[6:], duration_ms=100, channel=channel)

    def _talk(self) -> None:
        for leg in self.exchange.legs.values():
            others = [
                one for bridge in self.bridges.values() if leg.id in bridge["channels"] for one in bridge["channels"] if one != leg.id
            ]  # fmt: skip
            leg.talks_with = ", ".join(self.exchange.legs[one].number for one in others if one in self.exchange.legs)

    async def call_in(self, number: str) -> Leg:
        """Somebody calls our number, and the dialplan hands the call to the application."""
        leg = self.exchange.ring(number, "Huduma", self.happened, leg_id=f"{time.time():.6f}")
        if leg.state == "ring":
            leg.is_ours = False
            await self.tell("StasisStart", args=[], channel=channel_of(leg))
        return leg

    def later(self, seconds: float, what: Any) -> None:
        """Do something after a while."""

        async def wait() -> None:
            await asyncio.sleep(seconds)
            await what

        task = asyncio.create_task(wait())
        self.waiting.add(task)
        task.add_done_callback(self.waiting.discard)


def ari_of(request: Request | WebSocket) -> Ari:
    """Return the one Asterisk of these books."""
    state: State = request.app.state.books
    if state.ari is None:
        state.ari = Ari(state)
    found: Ari = state.ari
    return found


def channel_of(leg: Leg) -> dict[str, Any]:
    """Return the resource `Channel`."""
    caller = "" if leg.number == "anonymous" else leg.number
    return {
        "id": leg.id, "name": f"PJSIP/{leg.number}-00000001", "state": "Ring" if not leg.is_ours and leg.state == "ring" else STATES[leg.state],
        "protocol_id": "", "accountcode": "", "language": "en", "connected": {"name": "", "number": leg.shown},
        "caller": {"name": "", "number": caller}, "creationtime": datetime.fromtimestamp(leg.since, UTC).isoformat(),
        "dialplan": {
            "context": "huduma", "exten": "s", "priority": 1,
            "app_name": "Stasis" if leg.state == "up" or not leg.is_ours else "AppDial2", "app_data": APP,
        },
    }  # fmt: skip


def _is_known(user: str, secret: str) -> bool:
    return user == USER and hmac.compare_digest(secret.encode(), shared("ARI_SECRET").encode())


async def _refusal(request: Request) -> Response | None:
    scheme, _, code = request.headers.get("authorization", "").partition(" ")
    user, _, secret = (
        base64.b64decode(code).decode() if scheme == "Basic" else request.query_params.get("api_key", "")
    ).partition(":")
    if not _is_known(user, secret):
        return JSONResponse({"message": "Authentication required"}, 401)
    return await trouble(request, "asterisk")


async def events(socket: WebSocket) -> None:
    """`/ari/events?app=&api_key=`: events as text, one JSON document each."""
    user, _, secret = socket.query_params.get("api_key", "").partition(":")
    ari = ari_of(socket)
    if not _is_known(user, secret) or ari.state.take_fault("asterisk", "down"):
        await socket.close(1008)
        return
    await socket.accept()
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()
    ari.listeners.add(queue)
    gone = asyncio.create_task(_gone(socket, queue))
    try:
        while (event := await queue.get()) is not None:
            await socket.send_text(event.decode())
        gone.cancel()
        await socket.close()
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        ari.listeners.discard(queue)
        gone.cancel()


async def _gone(socket: WebSocket, queue: "asyncio.Queue[bytes | None]") -> None:
    try:
        while True:
            await socket.receive_text()
    except (WebSocketDisconnect, RuntimeError):
        queue.put_nowait(None)


async def channels(request: Request) -> Response:
    """`GET /channels` lists; `POST` originates one."""
    if (refused := await _refusal(request)) is not None:
        return refused
    ari, query = ari_of(request), request.query_params
    if request.method == "GET":
        return JSONResponse([channel_of(leg) for leg in ari.exchange.legs.values()])
    if not query.get("endpoint"):
        return JSONResponse({"message": "Endpoint must be specified"}, 400)
    channel_id = query.get("channelId") or f"{time.time():.6f}"
    if channel_id in ari.exchange.legs:
        return JSONResponse({"message": "Channel with given unique ID already exists"}, 409)
    number = query["endpoint"].split("/")[1].split("@")[0]
    leg = ari.exchange.ring(number, query.get("callerId", ""), ari.happened, leg_id=channel_id)
    if leg.state == "over":
        told = ari.tell("ChannelDestroyed", channel=channel_of(leg), cause=leg.cause, cause_txt="User busy")
        return JSONResponse(channel_of(leg), background=BackgroundTask(_await, told))
    ari.later(float(query.get("timeout", "30")), _ring_out(ari.exchange, leg))
    return JSONResponse(channel_of(leg))


async def _await(what: Any) -> None:
    await what


async def _ring_out(exchange: Exchange, leg: Leg) -> None:
    if leg.state == "ring":
        await exchange.end(leg, 19)


async def channel(request: Request) -> Response:
    """`GET` and `DELETE /channels/{id}`."""
    if (refused := await _refusal(request)) is not None:
        return refused
    ari = ari_of(request)
    leg = ari.exchange.legs.get(request.path_params["id"])
    if leg is None:
        return JSONResponse({"message": "Channel not found"}, 404)
    if request.method == "GET":
        return JSONResponse(channel_of(leg))
    await ari.exchange.end(leg)
    return Response(status_code=204)


async def act(request: Request) -> Response:
    """`POST /channels/{id}/answer|ring|moh|play`, `DELETE …/moh`."""
    if (refused := await _refusal(request)) is not None:
        return refused
    ari, what = ari_of(request), request.path_params["what"]
    leg = ari.exchange.legs.get(request.path_params["id"])
    if leg is None:
        return JSONResponse({"message": "Channel not found"}, 404)
    if leg.is_ours and leg.state != "up":
        return JSONResponse({"message": "Channel not in Stasis application"}, 409)
    if what == "answer":
        leg.state = "up"
        await ari.tell("ChannelStateChange", channel=channel_of(leg))
    if what == "play":
        query = request.query_params
        return _played(ari, f"channel:{leg.id}", [leg], query.get("media", ""), query.get("lang", "en"))
    return Response(status_code=204)


def _played(ari: Ari, target: str, legs: list[Leg], media: str, language: str = "en") -> Response:
    sounds = media.split(",")
    for leg in legs:
        leg.said.extend(sounds)
    playback = {
        "id": secrets.token_hex(8),
        "media_uri": sounds[-1],
        "target_uri": target,
        "language": language,
        "state": "queued",
    }
    ari.later(PLAY_SECONDS, ari.tell("PlaybackFinished", playback={**playback, "state": "done"}))
    return JSONResponse(playback, 201)


async def bridge(request: Request) -> Response:
    """`POST /bridges/{id}` makes one (or leaves it), `DELETE` ends it and its recording."""
    if (refused := await _refusal(request)) is not None:
        return refused
    ari, bridge_id = ari_of(request), request.path_params["id"]
    if request.method == "DELETE":
        found = ari.bridges.pop(bridge_id, None)
        if found is None:
            return JSONResponse({"message": "Bridge not found"}, 404)
        await _recorded(ari, found)
        return Response(status_code=204)
    made = ari.bridges.setdefault(
        bridge_id,
        {"id": bridge_id, "technology": "simple_bridge", "bridge_type": "mixing", "bridge_class": "stasis", "creator": "Stasis",
         "name": "", "channels": [], "recording": ""},
    )  # fmt: skip
    return JSONResponse({name: value for name, value in made.items() if name != "recording"})


async def _recorded(ari: Ari, bridge: dict[str, Any]) -> None:
    if not bridge["recording"]:
        return
    sound = io.BytesIO()
    with wave.open(sound, "wb") as out:  # a tenth of a second of silence
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(1600))
    ari.recordings[bridge["recording"]] = sound.getvalue()
    recording = {
        "name": bridge["recording"],
        "format": "wav",
        "target_uri": f"bridge:{bridge['id']}",
        "state": "done",
        "duration": 1,
    }
    await ari.tell("RecordingFinished", recording=recording)


async def act_on_bridge(request: Request) -> Response:
    """`POST /bridges/{id}/addChannel|play|record`."""
    if (refused := await _refusal(request)) is not None:
        return refused
    ari, query, what = ari_of(request), request.query_params, request.path_params["what"]
    found = ari.bridges.get(request.path_params["id"])
    if found is None:
        return JSONResponse({"message": "Bridge not found"}, 404)
    if what == "record":
        found["recording"] = query["name"]
        return JSONResponse(
            {"name": query["name"], "format": query["format"], "state": "recording", "target_uri": ""}, 201
        )
    if what == "play":
        legs = [ari.exchange.legs[one] for one in found["channels"] if one in ari.exchange.legs]
        return _played(ari, f"bridge:{found['id']}", legs, query.get("media", ""))
    for channel_id in query.get("channel", "").split(","):
        leg = ari.exchange.legs.get(channel_id)
        if leg is None:
            return JSONResponse({"message": "Channel not found"}, 400)
        if leg.state != "up":
            return JSONResponse({"message": "Channel not in Stasis application"}, 422)
        if channel_id not in found["channels"]:
            found["channels"].append(channel_id)
    ari._talk()
    return Response(status_code=204)


async def recording(request: Request) -> Response:
    """`GET /recordings/stored/{name}/file`."""
    if (refused := await _refusal(request)) is not None:
        return refused
    content = ari_of(request).recordings.get(request.path_params["name"])
    return (
        Response(content, media_type="audio/x-wav")
        if content
        else JSONResponse({"message": "Recording not found"}, 404)
    )


async def forget(request: Request) -> Response:
    """`DELETE /recordings/stored/{name}`."""
    if (refused := await _refusal(request)) is not None:
        return refused
    if ari_of(request).recordings.pop(request.path_params["name"], None) is None:
        return JSONResponse({"message": "Recording not found"}, 404)
    return Response(status_code=204)


async def listening(request: Request) -> Response:
    """`GET /_control/listening`: how many listen to the events."""
    return JSONResponse({"listening": len(ari_of(request).listeners)})


routes = [
    WebSocketRoute("/ari/events", events),
    Route("/ari/channels", channels, methods=["GET", "POST"]),
    Route("/ari/channels/{id}", channel, methods=["GET", "DELETE"]),
    Route("/ari/channels/{id}/{what:str}", act, methods=["POST", "DELETE"]),
    Route("/ari/bridges/{id}", bridge, methods=["POST", "DELETE"]),
    Route("/ari/bridges/{id}/{what:str}", act_on_bridge, methods=["POST"]),
    Route("/ari/recordings/stored/{name}/file", recording),
    Route("/ari/recordings/stored/{name}", forget, methods=["DELETE"]),
    Route("/_control/listening", listening),
]
