"""Callbacks of gateways: a second to durable 200 over HTTP, and to credited, beside pgbench running the same statements.

A bank's notice, which is signed by its password and needs no question back, for a bill of its own each. The web server and the
worker run as `make run` starts them; pgbench raises the bill, keeps the callback, reads it and credits it as our one process does.
NOTICES are sent with one and with sixteen clients; the worker then credits them all.
"""

import base64
import json
import re
import time
from itertools import count
from typing import Any

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from procrastinate.contrib.django import app

from bench import installation
from bench.load import Request, drive
from bench.pgbench import limit, replay
from bench.rates import median_rate
from huduma.contexts.payments import public as payments
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM

NOTICES = {1: 300, 16: 800}
LINE = {"code": "fee", "description": {"en": "Fee", "sw": "Ada"}, "amount_cents": 120000, "body_code": "CRS"}
_numbers = count(1)
#: What a script that runs again and again has to make anew: receipts, tokens, the number of a transfer.
RECEIPT, TOKEN, TRANSFER = (
    re.compile(r"'FTB\d{9}'"),
    re.compile(r"'[\w-]{43}'"),
    re.compile(r"payments_transfer\('[^']+'"),
)

UNIQUE = re.compile(r"""("token"|"receipt") = '[^']*'""")
IDENTIFIER = re.compile(r"'([0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12})'")


def measure(url: str) -> None:
    """Print the figures."""
    _paid_in_one_process()  # the first one reads what later ones have at hand
    scripts = [_script(keeping=False) for _ in range(24)]
    rate = median_rate(_paid_in_one_process, 40)
    theirs = limit(url, *scripts)
    print(
        f"bill raised, paid and credited, one process  {rate:6.0f}/s   pgbench, the same SQL {theirs:6.0f}/s   ratio {rate / theirs:.2f}"
    )
    keeping = [_script(keeping=True) for _ in range(24)]
    with installation.running(url, "web"):
        for clients, notices in NOTICES.items():
            plans = [[_request() for _ in range(notices // clients)] for _ in range(clients)]
            found = drive(installation.PORT, plans, seconds=600, once=True)
            theirs = limit(url, *keeping, clients=clients)
            print(
                f"callback to durable 200, {clients:2} clients  {found.rate:6.0f}/s   p50 {found.p50:5.1f} ms  p99 {found.p99:5.1f} ms"
                f"   pgbench, the same SQL {theirs:6.0f}/s   ratio {found.rate / theirs:.2f}"
            )
    _credited_by_a_worker(url)


def _credited_by_a_worker(url: str) -> None:
    """Let a worker read what waits; pgbench's own rows and jobs are taken away first."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE payments_callback SET processed_at = received_at WHERE token = 'bench'")
        cursor.execute(
            "DELETE FROM procrastinate_jobs WHERE status = 'todo' AND (task_name <> 'payments.read_callback' OR NOT EXISTS"
            " (SELECT 1 FROM payments_callback c WHERE c.id::text = args->>'callback_id' AND c.processed_at IS NULL))"
        )
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")
        (waiting,) = cursor.fetchone()
        began = timezone.now()
        with installation.running(url, "worker"):
            while True:
                cursor.execute("SELECT count(*) FROM payments_callback WHERE processed_at IS NULL")
                if not cursor.fetchone()[0]:
                    break
                time.sleep(0.05)
        cursor.execute(
            "SELECT count(*), extract(epoch FROM max(processed_at) - min(processed_at)) FROM payments_callback"
            " WHERE processed_at > %s AND outcome = 'succeeded'",
            [began],
        )
        credited, seconds = cursor.fetchone()
    assert credited == waiting, (credited, waiting)
    print(f"callback to credited, one worker             {credited / float(seconds):6.0f}/s   {credited} notices")


def _bill() -> payments.Bill:
    return payments.raise_bill(
        actor=SYSTEM, payable_id=ids.uuid7(), purpose="bench", payer_person_id=None,
        description={"en": "Bench", "sw": "Kipimo"}, lines=[LINE], now=timezone.now(),
    )  # fmt: skip


def _notice(bill: payments.Bill) -> bytes:
    content: dict[str, Any] = {
        "callbackType": "IPN",
        "customer": {"name": "Mfano", "mobileNumber": "", "reference": bill.reference},
        "transaction": {
            "date": "2026-11-25 14:15:20", "reference": f"FTB{next(_numbers):09d}", "paymentMode": "TPG", "amount": "1200.00",
            "currency": "KES", "billNumber": bill.reference, "status": "SUCCESS", "remarks": "00:Approved",
        },
        "bank": {"reference": "", "transactionType": "C", "account": None},
    }  # fmt: skip
    return json.dumps(content).encode()


def _authorization() -> str:
    pair = f"{settings.EQUITY['user']}:{settings.EQUITY['password']}".encode()
    return "Basic " + base64.b64encode(pair).decode()


def _request() -> Request:
    path = payments.standing_url("equity").removeprefix(settings.HOOKS_BASE_URL)
    return Request(path, body=_notice(_bill()), authorization=_authorization())


def _keep(body: bytes, token: str) -> None:
    headers = {"Authorization": _authorization(), "Content-Type": "application/json"}
    taken = payments.receive_callback(address="equity", token=token, headers=headers, body=body, now=timezone.now())
    assert taken.status == 200


def _paid_in_one_process() -> None:
    _keep(_notice(_bill()), payments.standing_token("equity"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, args->>'callback_id' FROM procrastinate_jobs ORDER BY id DESC LIMIT 1")
        job, callback_id = cursor.fetchone()
        app.tasks["payments.read_callback"].func(callback_id=callback_id)
        cursor.execute("DELETE FROM procrastinate_jobs WHERE id >= %s", [job])


def _script(*, keeping: bool) -> str:
    """Return what one payment runs as a script for pgbench: the whole, or only the keeping of its callback."""
    body = _notice(_bill()) if keeping else b""
    with CaptureQueriesContext(connection) as captured:
        if keeping:
            _keep(body, "bench")
        else:
            _paid_in_one_process()
    statements = [query["sql"] for query in captured]
    anew = "md5(random()::text)"
    for pattern, words in ((RECEIPT, anew), (TOKEN, anew), (TRANSFER, "payments_transfer(gen_random_uuid()")):
        statements = [
            pattern.sub(words, one) if keeping or one.startswith(("INSERT", "SELECT pay")) else one
            for one in statements
        ]
    statements = [UNIQUE.sub(r"\1 = \1", one) if one.startswith("UPDATE") else one for one in statements]
    bill = next((one for one in statements if one.startswith('INSERT INTO "payments_bill"')), "")
    found = IDENTIFIER.findall(bill)
    return replay(statements, anew=found[1] if found else "")  # a thing is billed once
