"""`python -m tests.chaos`: let people pay while everything breaks, wait until all is quiet, and compare the books."""

import argparse
import io
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg

from sandbox.delivery import AGAIN_AFTER
from tests.chaos.ground import ground

#: The longest that a payment whose payer never answers stays open: a day, divided by the pace.
DAY_SECONDS = 24 * 3600
#: The longest that a bank sends a notice again that nobody took (`sandbox.delivery`), and a little more.
SENT_AGAIN_SECONDS = sum(AGAIN_AFTER) + 10


def main() -> int:
    """Run, print the counts, and return 1 where anything is amiss."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--payments", type=int, default=100_000, help="how many people pay")
    parser.add_argument("--payers", type=int, default=24, help="how many of them at the same time")
    parser.add_argument("--pace", type=float, default=240, help="by how much waiting times are divided")
    parser.add_argument("--processes", type=int, default=2, help="web processes, and workers")
    parser.add_argument("--seed", type=int, default=None, help="draws the same people and faults again")
    parser.add_argument("--like", default="", help="address of a migrated database to begin as a copy of")
    chosen = parser.parse_args()
    seed = random.randrange(10**6) if chosen.seed is None else chosen.seed
    with ground(chosen.like, HUDUMA_PAYMENTS_PACE=str(chosen.pace)) as (url, directory):
        return _run(chosen, url, directory, seed)


def _run(chosen: argparse.Namespace, url: str, directory: Path, seed: int) -> int:
    from django.core.management import call_command

    from tests.chaos import books
    from tests.chaos.people import Person, Town
    from tests.chaos.trouble import Installation, Trouble

    print(f"seed {seed}, {chosen.payments} people, {chosen.payers} at a time, pace {chosen.pace:g}", flush=True)
    started = time.monotonic()
    with Installation(url, directory, chosen.processes) as installation:
        town = Town(seed)
        trouble = Trouble(installation, town, chosen.payments, seed)
        call_command("gateways", "register", stdout=io.StringIO())  # as before an installation opens
        trouble.switch_on()
        with ThreadPoolExecutor(chosen.payers) as crowd:
            for _ in crowd.map(lambda number: Person(town, number).live(), range(chosen.payments)):
                trouble.after_a_person()
        took = time.monotonic() - started
        print(f"all have paid, or tried, in {took:.0f} s ({chosen.payments / took:.1f}/s); {trouble}", flush=True)
        trouble.switch_off()
        quiet = installation.wait_until_quiet(town, most_seconds=SENT_AGAIN_SECONDS + 1.7 * DAY_SECONDS / chosen.pace)
        sandbox_books = town.sandbox.get("/_control/books", timeout=120).json()
    with psycopg.connect(url) as server:
        verdict = books.compare(server, sandbox_books)
    print("\n".join(verdict.counts))
    print(f"{time.monotonic() - started:.0f} s in all; {town}")
    for fault in [*quiet, *town.faults, *verdict.faults]:
        print(f"WRONG: {fault}")
    books.hide_a_payment(url)
    with psycopg.connect(url) as server:
        is_blind = len(books.compare(server, sandbox_books).faults) == len(verdict.faults)
    if is_blind:
        verdict.faults.append("a payment that was hidden from our books is not missed: the comparison is blind")
        print(f"WRONG: {verdict.faults[-1]}")
    wrong = len(quiet) + len(town.faults) + len(verdict.faults)
    print(f"{wrong} discrepancies" if wrong else "no discrepancy", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
