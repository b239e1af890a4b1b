"""Pages of the real web server at 10 000 and at 1 000 000 applications, with 1, 16 and 64 clients.

The charter, search, a citizen's own list and one application, the desk's worklist and a case; each client has a session of
its own (citizens at random, officers of the body that decides). What was filled: see `bench.population`.
"""

import random
import time
from contextlib import ExitStack
from typing import Any

import psycopg
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench import installation
from bench.load import Figures, Request, drive
from bench.population import Population

SIZES = (10_000, 1_000_000)
CLIENTS = (1, 16, 64)
SECONDS = 2.0
ROUNDS = 2
#: Copies only: their ids end with the number of the copy.
SOME = "SELECT id FROM applications_application WHERE status = %s AND id::text LIKE '%%-00000000%%' LIMIT 64"
OWNER = "SELECT c.id FROM identity_account c JOIN applications_application a USING (person_id) WHERE a.id = %s"


def measure(url: str) -> None:
    """Fill a database of each size, then measure page by page in turns, so that a busy machine is unfair to neither."""
    connection.close()
    admin = psycopg.connect(url.replace("/huduma?", "/postgres?"), autocommit=True)
    for setting in ("max_wal_size = '16GB'", "checkpoint_timeout = '30min'"):
        admin.execute(f"ALTER SYSTEM SET {setting}")
    admin.execute("SELECT pg_reload_conf()")
    addresses = {size: url.replace("/huduma?", f"/huduma_{size}?") for size in SIZES}
    try:
        for size, address in addresses.items():
            admin.execute(f"CREATE DATABASE huduma_{size} TEMPLATE huduma")
            _use(f"huduma_{size}")
            _fill(address, size)
        _measure(addresses)
    finally:
        _use("huduma")
        for size in SIZES:
            admin.execute(f"DROP DATABASE IF EXISTS huduma_{size} WITH (FORCE)")
        admin.execute("ALTER SYSTEM RESET ALL")
        admin.execute("SELECT pg_reload_conf()")
        admin.close()


def _use(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def _fill(address: str, size: int) -> None:
    started = time.perf_counter()
    population = Population(address)
    population.grow_to(size)
    print(f"  {size:,} applications, filled in {time.perf_counter() - started:.0f} s", flush=True)
    if size == SIZES[0]:
        each = ", ".join(f"{rows:g} {table}" for table, rows in population.rows_per_application.items())
        print(f"  rows for each application: {each}")


def _measure(addresses: dict[int, str]) -> None:
    pages, queries = {}, {}
    for size in addresses:
        _use(f"huduma_{size}")
        pages[size] = _pages()
        queries[size] = {name: _queries(requests[0]) for name, requests in pages[size].items()}
    connection.close()
    print("  requests a second, milliseconds p50 and p99; slower: rate at the small size by rate at the large one")
    with ExitStack() as stack:
        webs = {}
        for number, (size, address) in enumerate(addresses.items()):
            webs[size] = stack.enter_context(installation.running(address, "web", port=installation.PORT + number))[
                "web"
            ]
        for name in pages[SIZES[0]]:
            for number, size in enumerate(SIZES):
                drive(installation.PORT + number, [pages[size][name]], seconds=1)  # packages and plans are read once
            for clients in CLIENTS:
                _line(name, clients, pages, queries)
        for size, web in webs.items():
            print(f"  peak memory of web at {size:,}: {installation.peak_memory(web)} MB")


def _line(
    name: str, clients: int, pages: dict[int, dict[str, list[Request]]], queries: dict[int, dict[str, int]]
) -> None:
    found: dict[int, list[Figures]] = {size: [] for size in SIZES}
    for _ in range(ROUNDS):
        for number, size in enumerate(SIZES):
            plans = [_turned(pages[size][name], by) for by in range(clients)]
            found[size].append(drive(installation.PORT + number, plans, seconds=SECONDS))
    line = f"{name:<12} {clients:2} clients"
    for size, figures in found.items():
        best = max(figures, key=lambda one: one.rate)
        line += f"   {size:>9,}: {best.rate:5.0f}/s {best.p50:6.1f} {best.p99:6.1f} ms {queries[size][name]:2} queries"
    small, large = (max(one.rate for one in found[size]) for size in SIZES)
    print(f"{line}   slower {small / large:.2f}", flush=True)


def _turned(requests: list[Request], by: int) -> list[Request]:
    by %= len(requests)
    return requests[by:] + requests[:by]


def _queries(request: Request) -> int:
    with CaptureQueriesContext(connection) as captured:
        answer = Client(headers={"cookie": request.cookies}).get(request.path)
    assert answer.status_code == request.expect, (request.path, answer.status_code)
    return len(captured)


def _pages() -> dict[str, list[Request]]:
    with connection.cursor() as cursor:

        def some(query: str, *values: Any) -> list[Any]:
            cursor.execute(query, values)
            return [row[0] for row in cursor.fetchall()]

        decided, waiting = some(SOME, "issued"), some(SOME, "in_review")
        owners = {}
        for one in decided:
            cursor.execute(OWNER, [one])
            owners[one] = get_user_model().objects.get(id=cursor.fetchone()[0])
    officer = get_user_model().objects.get(email="officer@dci.example")
    own = {one: _session(account) for one, account in owners.items()}
    desk = [_session(officer, second_factor=str(officer.pk)) for _ in range(8)]
    return {
        "charter": [Request("/en/services/police-clearance/")],
        "search": [Request("/en/search/?q=good+conduct"), Request("/sw/search/?q=cheti+cha+kuzaliwa")],
        "own list": [Request("/en/applications/", cookies) for cookies in own.values()],
        "application": [Request(f"/en/applications/{one}/", cookies) for one, cookies in own.items()],
        "worklist": [Request("/en/desk/", cookies) for cookies in desk],
        "case": [Request(f"/en/desk/cases/{one}/", random.Random(n).choice(desk)) for n, one in enumerate(waiting)],
    }


def _session(account: Any, **values: str) -> str:
    browser = Client()
    browser.force_login(account)
    session = browser.session
    session.update(values)
    session.save()
    return f"sessionid={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
