"""The embedded server under the launcher: killed, it comes back with everything that was committed."""

import os
import signal
import tempfile
from pathlib import Path

import psycopg
import pytest

from config import database


@pytest.fixture
def server():
    """A folder for a server of its own; short, since a socket's path is."""
    with tempfile.TemporaryDirectory(prefix="huduma-") as folder:
        Path(folder).chmod(0o755)
        directory = Path(folder) / "postgres"
        yield directory
        database.stop(directory)


def test_a_killed_server_starts_again_with_its_data(server):
    url = database.start(server)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(int((server / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
    while database.running_url(server) is not None:
        pass
    with psycopg.connect(database.start(server)) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
