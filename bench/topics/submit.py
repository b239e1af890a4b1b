"""Sending an application, all rules on, beside pgbench running the very SQL that one such request runs."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench import citizens
from bench.pgbench import limit, replay
from bench.rates import RUNS, median_rate


def measure(url: str) -> None:
    """One client; the request is made in this process."""
    people = [citizens.with_draft(number) for number in range(RUNS * 40 + 2)]
    browsers = []
    for account, draft in people:
        browser = Client()
        browser.force_login(account)
        browsers.append((browser, f"/en/applications/{draft}/check/"))
    waiting = iter(browsers)

    def ours() -> None:
        browser, address = next(waiting)
        assert browser.post(address).status_code == 302

    ours()  # the first one keeps the definition of the process
    with CaptureQueriesContext(connection) as captured:
        ours()
    statements = [query["sql"] for query in captured]
    rate = median_rate(ours, 40)
    writes = sum(statement.strip().startswith(("INSERT", "UPDATE", "SELECT procrastinate")) for statement in statements)
    theirs = limit(url, replay(statements))
    print(
        f"submit application, one client    {rate:8.0f}/s   pgbench, the same {len(statements)} statements ({writes} write) "
        f"{theirs:5.0f}/s   ratio {rate / theirs:.2f}"
    )
