"""Calls to outside systems: every one has a time-out, none follows redirects, none logs what it carries."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import httpx

CONNECT_SECONDS = 5.0


class Unavailable(Exception):
    """The other side did not answer, or answered that it is broken (5xx)."""

    def __init__(self, reason: str, *, sent: bool, status: int | None = None) -> None:
        super().__init__(reason)
        #: The HTTP status, when there was an answer at all.
        self.status = status
        #: False only when the request certainly never reached the other side, so that sending again is safe.
        self.sent = sent


def client(read_seconds: float = 30.0, **options: Any) -> httpx.Client:
    """Return a client whose connect time-out is 5 s and whose read time-out is given in seconds."""
    timeout = httpx.Timeout(read_seconds, connect=CONNECT_SECONDS)
    return httpx.Client(timeout=timeout, **{"verify": _trusted(), **options})


@cache
def _trusted() -> ssl.SSLContext:
    """Read whom we trust once: it takes 20 ms, more than most calls."""
    return httpx.create_ssl_context()


def request(session: httpx.Client, method: str, url: str, **options: Any) -> httpx.Response:
    """Call, and return any answer below 500. Raises Unavailable for time-outs, broken lines and 5xx."""
    with _trouble():
        response = session.request(method, url, **options)
        _judge(response)
    return response


def status(session: httpx.Client, method: str, url: str, **options: Any) -> int:
    """Call, and return the status of any answer below 500; its body, which may have no end, is not read. Raises as `request`."""
    with _trouble(), session.stream(method, url, **options) as response:
        _judge(response)
        return response.status_code


@contextmanager
def _trouble() -> Iterator[None]:
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise Unavailable(type(error).__name__, sent=False) from error
    except httpx.HTTPError as error:
        raise Unavailable(type(error).__name__, sent=True) from error


def _judge(response: httpx.Response) -> None:
    if response.status_code >= 500:
        raise Unavailable(f"HTTP {response.status_code}", sent=True, status=response.status_code)
