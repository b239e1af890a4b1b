"""Calling back, with whatever fault is switched on; and the words that all stand-ins share with those who call them."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox.state import State

#: Address, body, headers.
Call = tuple[str, bytes, dict[str, str]]
SECONDS = 10.0
#: Banks and the card company send again until they hear 200; the others send once, and a query or a list has to find the rest.
PERSISTENT = ("card", "equity", "kcb")
AGAIN_AFTER = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
_clients: dict[asyncio.AbstractEventLoop, httpx.AsyncClient] = {}


def shared(name: str) -> str:
    """Return a secret that the platform got by the same environment."""
    return os.environ.get(name, f"sandbox-{name.lower()}")  # noqa: TID251 -- a program of its own


def as_json(content: Mapping[str, Any]) -> bytes:
    """Return JSON as most gateways write it: compact."""
    return json.dumps(content, separators=(",", ":")).encode()


async def told_by(request: Request) -> dict[str, Any]:
    """Return the JSON object of a request; an empty one where there is none."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def wrong(reason: str) -> JSONResponse:
    """Say what is wrong with a request."""
    return JSONResponse({"error": reason}, 400)


def client() -> httpx.AsyncClient:
    """Return the one client of this event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _clients:
        _clients[loop] = httpx.AsyncClient(timeout=SECONDS)
    return _clients[loop]


def deliver(state: State, system: str, calls: list[Call], true: Call | None = None) -> Callable[[], Awaitable[None]]:
    """Return the calling back of some calls: doubled, held back, lost or late, as the faults say.

    `true`: what was to be sent, where a fault falsified it on its way; a system that sends again sends this.
    """
    delay = state.take_fault(system, "delay")
    again = (true or calls[0]) if calls and system in PERSISTENT else None
    if state.take_fault(system, "duplicate"):
        calls = calls * 2
    if state.take_fault(system, "lose"):
        calls = []
    elif state.take_fault(system, "reorder"):
        state.held.extend(calls)
        calls = []
    else:
        calls, state.held = calls + state.held, []

    async def call_back() -> None:
        state.calling += 1
        try:
            await _call()
        finally:
            state.calling -= 1

    async def _call() -> None:
        if delay is not None:
            await asyncio.sleep(delay.seconds)
        heard = [await _post(call) for call in calls]
        if again is None or (heard and heard[0]):
            return
        for pause in AGAIN_AFTER:
            await asyncio.sleep(pause)
            if await _post(again):
                return

    return call_back


async def _post(call: Call) -> bool:
    url, body, headers = call
    try:
        answer = await client().post(url, content=body, headers={"Content-Type": "application/json", **headers})
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return answer.is_success


async def trouble(request: Request, system: str) -> Response | None:
    """Wait, answer 5xx or be down, as the faults say."""
    state: State = request.app.state.books
    if (fault := state.take_fault(system, "timeout")) is not None:
        await asyncio.sleep(fault.seconds)
    if state.take_fault(system, "down"):
        return HTMLResponse("<html><body><h1>503 Service Unavailable</h1></body></html>", 503)
    if state.take_fault(system, "error_5xx"):
        return HTMLResponse("<html><body><h1>500 Internal Server Error</h1></body></html>", 500)
    return None
