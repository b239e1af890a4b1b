"""Calling back, with whatever fault is switched on; and the words that all stand-ins share with those who call them."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sandbox.state import State

#: Address, body, headers.
Call = tuple[str, bytes, dict[str, str]]
SECONDS = 10.0
_clients: dict[asyncio.AbstractEventLoop, httpx.AsyncClient] = {}


def shared(name: str) -> str:
    """Return a secret that the platform got by the same environment."""
    return os.environ.get(name, f"sandbox-{name.lower()}")  # noqa: TID251 -- a program of its own


def as_json(content: Mapping[str, Any]) -> bytes:
    """Return JSON as most gateways write it: compact."""
    return json.dumps(content, separators=(",", ":")).encode()


def client() -> httpx.AsyncClient:
    """Return the one client of this event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _clients:
        _clients[loop] = httpx.AsyncClient(timeout=SECONDS)
    return _clients[loop]


def deliver(state: State, system: str, calls: list[Call]) -> Callable[[], Awaitable[None]]:
    """Return the calling back of some calls: doubled, held back, lost or late, as the faults say."""
    delay = state.take_fault(system, "delay")
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
        if delay is not None:
            await asyncio.sleep(delay.seconds)
        for url, body, headers in calls:
            try:
                await client().post(url, content=body, headers={"Content-Type": "application/json", **headers})
            except (httpx.HTTPError, httpx.InvalidURL):
                continue  # a gateway does not care whether we were there

    return call_back


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
