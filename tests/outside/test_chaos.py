"""A small crowd pays while gateways misbehave in every way, processes are killed and the database crashes; no shilling goes astray."""

import subprocess
import sys

import pytest
from django.db import connection

from config import database, env

pytestmark = pytest.mark.django_db


def chaos(module, *crowd):
    """Run one on an installation that begins as a copy of this process's database; returns what it said."""
    like = database.running_url(env.VAR / "postgres", connection.settings_dict["NAME"])
    done = subprocess.run(
        [sys.executable, "-m", module, *crowd, *(["--like", like] if like else [])],
        cwd=env.BASE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return done.stdout


def test_no_shilling_goes_astray():
    crowd = ("--payments", "40", "--payers", "40", "--processes", "1", "--pace", "20000")
    said = chaos("tests.chaos", *crowd)
    for blow in ("kill the web × 1", "kill a worker × 1", "crash the database × 1", "a burst of 5xx × 1"):
        assert blow in said


def test_no_ticket_is_lost_or_called_twice():
    said = chaos("tests.chaos.hall", "--customers", "48", "--clerks", "6", "--blows", "3")
    assert "kill the web × 1, kill a worker × 1, crash the database × 1" in said
