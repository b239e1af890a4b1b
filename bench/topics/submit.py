"""Sending an application: over HTTP to commit, beside pgbench running the very SQL of such requests on the same server.

The web server runs as `make run` starts it; every request has the session of its own citizen and the CSRF token of the
page it was read from. pgbench takes its scripts at random from as many as there are, so that it seldom waits for a row.
"""

from itertools import count
from uuid import UUID

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench import citizens, installation
from bench.load import Request, drive, open_form
from bench.pgbench import limit, replay

CLIENTS = (1, 16)
SCRIPTS = 48
SENT_BY_EACH = {1: 120, 16: 24}
_numbers = count()


def measure(url: str) -> None:
    """Send with one and with sixteen clients; what the jobs that follow need is in topic `jobs`."""
    captured = [_captured() for _ in range(SCRIPTS + 1)][1:]  # the first one keeps the definition of the process
    scripts = [replay(statements, anew) for statements, anew in captured]
    statements = captured[0][0]
    writes = sum(one.strip().startswith(("INSERT", "UPDATE", "SELECT procrastinate")) for one in statements)
    print(f"  one request to send runs {len(statements)} statements, {writes} of them write")
    with installation.running(url, "web") as parts:
        for clients in CLIENTS:
            plans = [[_ready() for _ in range(SENT_BY_EACH[clients])] for _ in range(clients)]
            found = drive(installation.PORT, plans, seconds=600, once=True)
            theirs = limit(url, *scripts, clients=clients)
            print(
                f"submit application, {clients:2} clients  {found.rate:6.0f}/s   p50 {found.p50:5.1f} ms  p99 {found.p99:5.1f} ms"
                f"   pgbench, the same SQL {theirs:6.0f}/s   ratio {found.rate / theirs:.2f}"
            )
        print(f"peak memory of web: {installation.peak_memory(parts['web'])} MB, supervisor and workers")


def _draft() -> tuple[str, UUID]:
    account, draft = citizens.with_draft(next(_numbers))
    browser = Client()
    browser.force_login(account)
    return f"sessionid={browser.cookies['sessionid'].value}", draft


def _ready() -> Request:
    cookies, draft = _draft()
    return open_form(installation.PORT, f"/en/applications/{draft}/check/", cookies, {})


def _captured() -> tuple[list[str], str]:
    """Return the statements of one request to send, made in this process, and the id of the application in them."""
    cookies, draft = _draft()
    browser = Client(headers={"cookie": cookies})
    with CaptureQueriesContext(connection) as captured:
        answer = browser.post(f"/en/applications/{draft}/check/")
    assert answer.status_code == 302
    return [query["sql"] for query in captured], draft.hex
