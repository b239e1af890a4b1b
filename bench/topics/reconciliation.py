"""A statement matched line by line with the cash book, as it grows: seconds, and the peak memory of the process that does it.

99 lines of 100 carry a receipt that we know, nine of a thousand the reference of the bill alone, one of a thousand is nobody’s.
`BENCH_STATEMENT_LINES=1000000` adds that size (four minutes more, most of them to make up the payments).
"""

import multiprocessing
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from django.db import connection

from config import env

SIZES = (10_000, 100_000)
START = datetime(2026, 11, 2, 5, 0, tzinfo=UTC)
LIMIT_SECONDS = 60


def measure(url: str) -> None:
    """Print the figures."""
    for size in sorted({*SIZES, env.number("BENCH_STATEMENT_LINES", SIZES[0])}):
        _fill(size)
        connection.close()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "statement.csv"
            with file.open("w") as out:
                _write(out, size)
            context = multiprocessing.get_context("spawn")
            with context.Pool(1) as pool:
                seconds, matched, peak = pool.apply(_take, [str(file), size])
        print(
            f"{size:>10,} lines   {seconds:6.1f} s (limit {LIMIT_SECONDS} for a million)   {size / seconds:8,.0f} lines/s"
            f"   peak {peak:5.0f} MB   matched {matched:8.4%}"
        )


def _fill(size: int) -> None:
    """Make up that many paid bills; the triggers of single payments are off meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "TRUNCATE settlement_statementline, settlement_statement, payments_payment, payments_bill CASCADE"
        )
        cursor.execute(
            "INSERT INTO payments_bill (id, reference, payable_id, purpose, description, lines, terms, total_cents, currency, state,"
            " raised_at, settled_at) SELECT lpad(to_hex(i), 32, '0')::uuid, 'HB' || lpad(i::text, 9, '0'), lpad(to_hex(i), 32, '0')::uuid,"
            " 'bench', '{}', '[]', '{}', 5000 + i %% 997 * 100, 'KES', 'settled', %s, %s FROM generate_series(1, %s) i",
            [START, START, size],
        )
        cursor.execute(
            "INSERT INTO payments_payment (id, bill_id, gateway, origin, phone, payer_name, typed_reference, language, amount_cents,"
            " currency, received_cents, state, token, page_url, receipt, reason, started_at, finished_at)"
            " SELECT id, id, 'mpesa', 'unasked', '', '', reference, 'en', total_cents, 'KES', total_cents, 'succeeded', reference, '',"
            " 'R' || substr(reference, 3), '', %s::timestamptz + substr(reference, 3)::int * interval '20 ms',"
            " %s::timestamptz + substr(reference, 3)::int * interval '20 ms' FROM payments_bill",
            [START, START],
        )
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE payments_bill, payments_payment")


def _write(out: IO[str], size: int) -> None:
    out.write("Short Code:,174379\nReceipt No.,Completion Time,Details,Transaction Status,Paid In,Withdrawn,A/C No.\n")
    for number in range(1, size + 1):
        at = START + timedelta(hours=3, milliseconds=20 * number)  # the statement speaks Kenyan time
        receipt, reference = f"R{number:09d}", f"HB{number:09d}"
        if number % 1000 == 0:
            receipt, reference = f"X{number:09d}", ""
        elif number % 100 == 0:
            receipt = f"Y{number:09d}"
        shillings = 50 + number % 997
        out.write(
            f"{receipt},{at:%Y-%m-%d %H:%M:%S},Pay Bill from 2547******678,Completed,{shillings}.00,,{reference}\n"
        )


def _take(file: str, size: int) -> tuple[float, float, float]:
    """Take the file in this process alone; return the seconds, the share that is matched, and the peak memory in MB."""
    import django

    django.setup()
    from huduma.contexts.settlement import public as settlement
    from huduma.foundation.access import SYSTEM

    with open(file, "rb") as content:
        started = time.perf_counter()
        taken = settlement.take_statement(
            actor=SYSTEM, source="mpesa", name="bench", file=content, now=datetime.now(UTC)
        )
        seconds = time.perf_counter() - started
    _, progress = settlement.statement_for(SYSTEM, taken.id)
    return seconds, progress.matched / size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
