"""Pushing calls to displays: one small ASGI process that listens to PostgreSQL and speaks Server-Sent Events.

Each transaction that calls somebody sends NOTIFY with the centre's code; PostgreSQL delivers it at commit, so a display never
shows a call that was rolled back. This process reads the board once for each notice, however many displays look at it, and
sends it to all of them. Nothing is kept here: a display that was away gets the whole board when it comes back, and when the
database was away, all displays do.
"""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import django

django.setup()

import psycopg  # noqa: E402
from django.db import close_old_connections, connection  # noqa: E402
from django.utils import timezone  # noqa: E402
from starlette.applications import Starlette  # noqa: E402
from starlette.requests import Request  # noqa: E402
from starlette.responses import PlainTextResponse, Response, StreamingResponse  # noqa: E402
from starlette.routing import Route  # noqa: E402

from huduma.contexts.centres import public as centres  # noqa: E402

#: The last board goes again this often, so that proxies keep the line open and a display notices a dead one.
HEARTBEAT_SECONDS = 15
#: How long a display waits before it connects again, and this process before it listens again.
RETRY_SECONDS = 2
#: A display that does not read so many boards is cut off; it comes back by itself.
LONGEST_QUEUE = 20
MOST_DISPLAYS = 2000

displays: dict[str, set["asyncio.Queue[str]"]] = defaultdict(set)


def _read(code: str) -> str:
    close_old_connections()
    return json.dumps(centres.board_of(code, now=timezone.now()).as_json())


async def _push(code: str) -> None:
    if not displays[code]:
        return
    board = await asyncio.to_thread(_read, code)
    for queue in list(displays[code]):
        if queue.full():
            displays[code].discard(queue)
        else:
            queue.put_nowait(board)


async def _listen() -> None:
    """Hear of changes as long as this process lives; whatever breaks, begin again and send every board anew."""
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(**_parameters(), autocommit=True) as line:
                await line.execute(f"LISTEN {centres.CHANNEL}")
                for code in list(displays):
                    await _push(code)
                while True:
                    changed: set[str] = set()
                    async for notice in line.notifies(timeout=HEARTBEAT_SECONDS, stop_after=1):
                        changed.add(notice.payload)
                    await line.execute("SELECT 1")  # a line that died in silence raises here
                    for code in changed:
                        await _push(code)
        except (psycopg.Error, OSError, django.db.Error):
            await asyncio.sleep(RETRY_SECONDS)


def _parameters() -> dict[str, Any]:
    parameters = connection.get_connection_params()
    return {name: parameters[name] for name in ("dbname", "user", "password", "host", "port") if parameters.get(name)}


async def stream(request: Request) -> Response:
    """Send the board of a centre now and after every call."""
    code = request.path_params["code"]
    if sum(map(len, displays.values())) >= MOST_DISPLAYS:
        return PlainTextResponse("too many displays", status_code=503)
    headers = {
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
        "Access-Control-Allow-Origin": "*",  # what hangs in the hall is for everybody
    }
    return StreamingResponse(_events(code), media_type="text/event-stream", headers=headers)


async def _events(code: str) -> AsyncIterator[str]:
    queue: asyncio.Queue[str] = asyncio.Queue(LONGEST_QUEUE)
    displays[code].add(queue)
    try:
        last = await asyncio.to_thread(_read, code)
        yield f"retry: {RETRY_SECONDS * 1000}\ndata: {last}\n\n"
        while queue in displays[code]:
            with contextlib.suppress(TimeoutError):
                last = await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
            yield f"data: {last}\n\n"
    finally:
        displays[code].discard(queue)


async def health(_request: Request) -> Response:
    """Whether this process answers, and how many displays it serves."""
    return PlainTextResponse(str(sum(map(len, displays.values()))))


@contextlib.asynccontextmanager
async def _lifespan(_application: Starlette) -> AsyncIterator[None]:
    listening = asyncio.create_task(_listen())
    yield
    listening.cancel()


application = Starlette(routes=[Route("/stream/{code}", stream), Route("/health", health)], lifespan=_lifespan)
