"""The installation that is to survive, and what is done to it."""

import collections
import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import psutil
import psycopg
from django.db import connection
from django.utils import timezone

from config import database, launcher
from huduma.contexts.payments.providers.base import READ_SECONDS
from huduma.foundation import jobs
from sandbox.state import FAULTS
from tests.chaos.people import NO_DATABASE, Town, insist

SYSTEMS = ("daraja", "airtel", "pesaflow", "card", "kcb", "equity")
#: How often each fault happens, of all calls; `down` comes in bursts instead.
CHANCES = {
    "delay": 0.1, "lose": 0.08, "duplicate": 0.1, "reorder": 0.06, "wrong_amount": 0.05, "falsify": 0.05, "text_numbers": 0.2,
    "timeout": 0.004, "timeout_other": 0.004, "queue_timeout": 0.1, "error_5xx": 0.03, "expired_token": 0.03,
}  # fmt: skip
BURST = 12
PEOPLE_FOR_A_BLOW = 200
BLOWS = ("kill the web", "kill a worker", "crash the database", "a burst of 5xx")
CHORE_SECONDS = 5.0

UNFINISHED = {
    "payments": "payments_payment WHERE state IN ('requested', 'pushing', 'pending', 'unknown')",
    "refunds": "payments_refund WHERE state IN ('approved', 'sending', 'sent')",
    "signed callbacks": "payments_callback WHERE verified AND processed_at IS NULL",
}
UNLISTED = "payments_gatewayhealth WHERE gateway = 'mpesa' AND pulled_until"


class Installation:
    """Web, workers and the sandbox, each in a process of its own; whoever dies is started again, as the launcher does."""

    def __init__(self, url: str, directory: Path, processes: int) -> None:
        self.url, self.directory = url, directory
        parts = {part.name: part for part in launcher.parts_of(url)}
        self.sandbox, self.web = parts["sandbox"], parts["web"]
        self.web.command[self.web.command.index("--workers") + 1] = str(processes)
        self.workers = [replace(parts["worker"], name=f"worker-{number + 1}") for number in range(processes)]
        self._starting = threading.Lock()
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep)

    def __enter__(self) -> "Installation":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # whoever is stopped takes its processes along
        self.sandbox.start()
        for part in (self.web, *self.workers):
            part.start()
        insist(lambda: _answering(launcher.SANDBOX_PORT, launcher.PORT), ConnectionError)
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        self._over.set()
        self._keeper.join()
        connection.close()
        for part in (self.web, *self.workers, self.sandbox):
            if part.process is not None and part.process.poll() is None:
                _kill(part.process)

    def _keep(self) -> None:
        """Start again what ended, and do every few seconds what a clock does every five minutes."""
        chores = 0.0
        while not self._over.wait(0.1):
            with self._starting:
                for part in (self.web, *self.workers):
                    if part.process is not None and part.process.poll() is not None:
                        part.start()
            if time.monotonic() - chores > CHORE_SECONDS:
                chores = time.monotonic()
                order_chores()

    def kill_web(self) -> None:
        """End the web server and its workers in the middle of whatever they do."""
        assert self.web.process is not None
        _kill(self.web.process)

    def kill_worker(self, number: int) -> None:
        """End a worker in the middle of its jobs."""
        process = self.workers[number % len(self.workers)].process
        assert process is not None
        _kill(process)

    def crash_database(self) -> None:
        """Kill the server's first process, whose children then leave, and let it recover."""
        folder = self.directory / "postgres"
        pid = int((folder / "postmaster.pid").read_text().splitlines()[0])
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(pid).kill()
        while database.running_url(folder) is not None:
            time.sleep(0.01)
        if database.start(folder) != self.url:
            raise RuntimeError("the database came back at another address")

    def wait_until_quiet(self, town: Town, most_seconds: float) -> list[str]:
        """Give back what dead workers held, and wait until nothing is under way; returns what is under way at the end.

        Money whose news was lost is under way too, in no row of ours: a list that is asked for when all else is quiet has it.
        """
        with psycopg.connect(self.url, autocommit=True) as server:
            with self._starting:
                for number in range(len(self.workers)):
                    self.kill_worker(number)
                # All of them are dead; half a minute later:
                server.execute("UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 minute'")
            deadline = time.monotonic() + most_seconds
            quiet_since = None
            while True:
                left = self._left(server, town)
                quiet_since = None if left else quiet_since or timezone.now()
                if quiet_since and not _count(server, f"{UNLISTED} < '{quiet_since}'"):
                    return []
                if time.monotonic() > deadline:
                    return left or ["the last list of what came was not fetched"]
                if quiet_since:
                    order_chores()
                time.sleep(0.2)

    def _left(self, server: psycopg.Connection, town: Town) -> list[str]:
        left = [
            f"{count} {what} are still under way"
            for what, where in UNFINISHED.items()
            if (count := _count(server, where))
        ]
        calling = town.sandbox.get("/_control/calling").json()["callbacks"]
        return [*left, f"{calling} callbacks are on their way"] if calling else left


class Trouble:
    """Faults of all gateways, and blows to the installation spread evenly over those who pay."""

    def __init__(self, installation: Installation, town: Town, people: int, seed: int) -> None:
        self.installation, self.town = installation, town
        self.draw = random.Random(f"{seed}:trouble")
        self.done: collections.Counter[str] = collections.Counter()
        self._paid = 0
        blows = max(len(BLOWS), people // PEOPLE_FOR_A_BLOW)
        self._plan = [BLOWS[number % len(BLOWS)] for number in range(blows)]
        self.draw.shuffle(self._plan)
        self._after = {people * (number + 1) // (blows + 1): blow for number, blow in enumerate(self._plan)}

    def switch_on(self) -> None:
        """Let every gateway misbehave in every way it knows."""
        for system in SYSTEMS:
            for kind in FAULTS[system].split():
                if kind == "down":
                    continue
                seconds = READ_SECONDS + 0.5 if kind.startswith("timeout") else 0.4
                self._fault(system, kind, times=-1, chance=CHANCES[kind], seconds=seconds)

    def switch_off(self) -> None:
        """Let the weather clear: what was lost stays lost."""
        self.town.sandbox.post("/_control/calm").raise_for_status()

    def after_a_person(self) -> None:
        """Strike, when enough people have paid since the last blow."""
        self._paid += 1
        blow = self._after.get(self._paid)
        if blow is None:
            return
        self.done[blow] += 1
        if blow == "kill the web":
            self.installation.kill_web()
        elif blow == "kill a worker":
            self.installation.kill_worker(self.draw.randrange(2))
        elif blow == "crash the database":
            self.installation.crash_database()
        else:
            system = self.draw.choice([one for one in SYSTEMS if "down" in FAULTS[one]])
            self._fault(system, "down", times=BURST, chance=1, seconds=0)

    def _fault(self, system: str, kind: str, **how: float) -> None:
        self.town.sandbox.post(f"/_control/{system}", json={"fault": kind, **how}).raise_for_status()

    def __str__(self) -> str:
        return ", ".join(f"{blow} × {count}" for blow, count in sorted(self.done.items()))


def order_chores() -> None:
    """Order what clocks order: lists, what lost its job, the jobs of the dead, closing the books."""
    with contextlib.suppress(*NO_DATABASE):
        for chore in ("payments.pull", "payments.sweep", "payments.close_period", "jobs.rescue"):
            jobs.defer(chore, once=chore, timestamp=int(time.time()))
    connection.close()


def _answering(*ports: int) -> None:
    for port in ports:
        if not launcher.answers(port):
            raise ConnectionError(port)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # each part is a session of its own
    process.wait()


def _count(server: psycopg.Connection, where: str) -> int:
    row = server.execute(f"SELECT count(*) FROM {where}").fetchone()  # type: ignore[arg-type]
    return int(row[0]) if row else 0
