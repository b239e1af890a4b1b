"""A small crowd pays while gateways misbehave in every way, processes are killed and the database crashes; no shilling goes astray."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from tests.chaos.ground import LIKE

pytestmark = pytest.mark.django_db


@pytest.fixture
def migrated():
    """The environment of an installation that begins as a copy of this process's database."""
    server = os.environ["DATABASE_URL"].replace("/huduma?", f"/{connection.settings_dict['NAME']}?")
    return {**os.environ, LIKE: server}


def test_no_shilling_goes_astray(migrated):
    crowd = ["--payments", "40", "--payers", "40", "--processes", "1", "--pace", "20000"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *crowd],
        cwd=settings.BASE_DIR,
        env=migrated,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    for blow in ("kill the web × 1", "kill a worker × 1", "crash the database × 1", "a burst of 5xx × 1"):
        assert blow in done.stdout


def test_no_ticket_is_lost_or_called_twice(migrated):
    hall = ["--customers", "48", "--clerks", "6", "--blows", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.hall", *hall],
        cwd=settings.BASE_DIR,
        env=migrated,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "kill the web × 1, kill a worker × 1, crash the database × 1" in done.stdout
