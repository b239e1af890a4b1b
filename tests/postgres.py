"""Pytest plugin, loaded before Django: gives the run a PostgreSQL of its own and each process its own sandbox address."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from config import database, ports

# Each process has a server of its own: the journal's seal waits for every transaction that runs on the same server.
if "DATABASE_URL" not in os.environ or "HUDUMA_TEST_VAR" in os.environ:
    directory = Path(tempfile.mkdtemp(prefix="huduma-test-"))
    directory.chmod(0o755)
    (directory / "static").mkdir()
    os.environ["HUDUMA_VAR"] = os.environ["HUDUMA_TEST_VAR"] = str(directory)

    def _remove() -> None:
        database.stop(directory / "postgres")
        shutil.rmtree(directory, ignore_errors=True)

    atexit.register(_remove)
    os.environ["DATABASE_URL"] = database.start(directory / "postgres", durable=False)

os.environ["HUDUMA_MODE"] = "sandbox"
os.environ.update(ports.free())
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = (
    "1"  # Playwright's synchronous driver keeps an event loop in the test's thread
)
