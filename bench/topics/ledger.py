"""The ledger: transfers beside pgbench; balances, and the page of collections with their age, as the books grow."""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.utils import timezone

from bench.pgbench import limit
from bench.rates import median_rate
from config import env
from huduma.contexts.payments import public as payments
from huduma.contexts.settlement import public as settlement
from huduma.foundation.access import SYSTEM

#: Entries in the books: 40 bodies of three revenue codes each, over thirty days, closed every hour. `BENCH_LEDGER_ENTRIES=10000000`
#: adds that size (six minutes more).
SIZES = sorted({10_000, 100_000, 1_000_000, env.number("BENCH_LEDGER_ENTRIES", 10_000)})
START = datetime(2026, 10, 1, tzinfo=UTC)
SPAN = timedelta(days=30)
NOON = START + timedelta(days=14, hours=12, minutes=30)
LIMIT_MS = 100


def measure(url: str) -> None:
    """Print the figures."""
    _transfers(url)
    _growth()


def _transfers(url: str) -> None:
    legs = {"gateway:mpesa": 25000, "body:CRS": -20000, "body:TNT": -5000}

    def ours() -> None:
        payments.transfer(kind="bench", legs=legs, payment_id=None, currency="KES", now=timezone.now())

    rate = median_rate(ours, 400)
    theirs = limit(
        url,
        "SELECT payments_transfer(gen_random_uuid(), 'bench', NULL, 'KES', now(),"
        " ARRAY['gateway:mpesa','body:CRS','body:TNT'], ARRAY[25000,-20000,-5000]::bigint[]);\n",
    )
    print(
        f"ledger transfers, one client      {rate:8.0f}/s   pgbench, same statement {theirs:8.0f}/s   ratio {rate / theirs:.2f}"
    )


def _growth() -> None:
    """Fill the books (two entries a transfer, triggers off), close them hour by hour, and read them."""
    for size in SIZES:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(
                "TRUNCATE payments_ledgerentry, payments_transfer, payments_checkpoint, payments_period, payments_ledgeraccount CASCADE"
            )
            cursor.execute(
                "INSERT INTO payments_ledgeraccount SELECT 'gateway:mpesa' UNION ALL"
                " SELECT 'body:B' || b || ':' || c FROM generate_series(0, 39) b, generate_series(1, 3) c"
            )
            cursor.execute(
                "INSERT INTO payments_transfer (id, kind, currency, recorded_at)"
                " SELECT lpad(to_hex(i), 32, '0')::uuid, 'bench', 'KES', %s::timestamptz + i * (%s::interval / %s)"
                " FROM generate_series(0, %s) i",
                [START, SPAN, size // 2, size // 2 - 1],
            )
            cursor.execute(
                "INSERT INTO payments_ledgerentry (transfer_id, account_id, amount_cents, currency, recorded_at)"
                " SELECT lpad(to_hex(i), 32, '0')::uuid, CASE side WHEN 1 THEN 'gateway:mpesa' ELSE"
                " 'body:B' || i %% 40 || ':' || i %% 3 + 1 END, side * (100 + i %% 9900), 'KES', %s::timestamptz + i * (%s::interval / %s)"
                " FROM generate_series(0, %s) i, (VALUES (1), (-1)) sides (side)",
                [START, SPAN, size // 2, size // 2 - 1],
            )
            cursor.execute("SET session_replication_role = origin")
            cursor.execute("VACUUM ANALYZE payments_ledgerentry, payments_transfer")
            started = time.perf_counter()
            for hour in range(1, 30 * 24):
                until = START + timedelta(hours=hour)
                cursor.execute("SELECT payments_close_period(%s), payments_roll_up(%s)", [until, until])
            closing = (time.perf_counter() - started) / (30 * 24)
            cursor.execute("ANALYZE payments_checkpoint")
        everything = _milliseconds(lambda: payments.balances(""))
        past = _milliseconds(lambda: payments.trial_balance_cents(NOON))
        body = _milliseconds(lambda: payments.balances("body:B7"))
        ageing = _milliseconds(lambda: settlement.standings_for(SYSTEM, NOON))
        page = _milliseconds(_collections())
        counted = _milliseconds(_count, 3)
        assert payments.trial_balance_cents() == 0 == payments.trial_balance_cents(NOON)
        print(
            f"{size:>10,} entries   121 accounts {everything:6.1f} ms   as of a past noon {past:6.1f} ms   one body {body:5.1f} ms"
            f"   ageing of all {ageing:6.1f} ms   page of collections {page:6.1f} ms"
            f"   (limit {LIMIT_MS})   by counting {counted:8.1f} ms   closing an hour {closing * 1000:6.1f} ms"
        )


def _collections() -> Callable[[], object]:
    """Return the asking for the page of all collections, by somebody who sees all bodies."""
    auditor = get_user_model().objects.get(email="auditor@huduma.example")
    client = Client()
    client.force_login(auditor)
    session = client.session
    session["second_factor"] = str(auditor.pk)
    session.save()

    def ask() -> None:
        answer = client.get("/en/desk/collections/")
        assert answer.status_code == 200, answer

    return ask


def _count() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT account_id, currency, sum(amount_cents) FROM payments_ledgerentry GROUP BY 1, 2")
        cursor.fetchall()


def _milliseconds(action: Callable[[], object], runs: int = 15) -> float:
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000
