"""What every test may ask for."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import httpx
import hypothesis
import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client, TransactionTestCase
from django.test.utils import override_settings
from django.utils import timezone, translation

from huduma.foundation import ids, throttle
from huduma.foundation.access import Actor, Grant
from tests import rows

ROOT = Path(__file__).parent
pytest_plugins = ["tests.a_centre", "tests.an_outreach", "tests.the_money"]

# How long a busy machine takes is no finding.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
if "CI" not in os.environ:  # there Hypothesis's own profile says the same, and draws the same examples each time
    hypothesis.settings.load_profile("any machine")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin in English: a page that another test read in Kiswahili leaves its language to the thread."""
    translation.activate("en")


@pytest.fixture(scope="session", autouse=True)
def collected_static_files() -> None:
    """Pages name their styles by content, so the styles are collected once."""
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Passwords of tests are nobody's: kept by a quick hash here, by the slow one of the settings everywhere else."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool) -> bool:
    """A server of our own is thrown away as a whole: nothing in it has to be dropped, whoever still holds a session there."""
    return django_db_keepdb or "HUDUMA_TEST_VAR" in os.environ


@pytest.fixture
def now() -> datetime:
    """A Monday morning in office hours."""
    return datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


@pytest.fixture
def citizen_actor() -> Actor:
    """A citizen who is signed in (ids of nobody in the database)."""
    return Actor(kind="person", channel="portal", account_id=ids.uuid7(), person_id=ids.uuid7())


@pytest.fixture
def officer_actor() -> Callable[..., Actor]:
    """Makes an officer (or another role) of a body."""

    def make(body: str | None, role: str = "officer") -> Actor:
        return Actor(
            kind="person", channel="desk", account_id=ids.uuid7(), person_id=ids.uuid7(), purpose="casework",
            grants=frozenset({Grant(role, body)}),
        )  # fmt: skip

    return make


@pytest.fixture(autouse=True)
def _one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts tries by the hour counts a test's in one hour, wherever the clock stands."""
    began = time.time()
    monkeypatch.setattr(throttle, "time", SimpleNamespace(time=lambda: began))


@pytest.fixture(scope="session", autouse=True)
def quick_emptying() -> None:
    """After a test that commits every row goes, also those of the queue, or the next test would run its jobs."""
    TransactionTestCase._fixture_teardown = lambda self: rows.remove_all()


@pytest.fixture
def drain_jobs() -> Callable[..., list[str]]:
    """Runs every due job in this process, in order, until none is left; returns their names.

    A job that fails raises here, where a worker would retry it.
    """
    from procrastinate.contrib.django import app

    def drain(until: datetime | None = None, limit: int = 500) -> list[str]:
        ran: list[str] = []
        while len(ran) < limit:
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE procrastinate_jobs SET status = 'doing' WHERE id = (SELECT id FROM procrastinate_jobs"
                    " WHERE status = 'todo' AND coalesce(scheduled_at, '-infinity') <= %s ORDER BY scheduled_at NULLS FIRST, id LIMIT 1)"
                    " RETURNING id, task_name, args",
                    [until or timezone.now()],
                )
                row = cursor.fetchone()
                if row is None:
                    return ran
                job_id, name, arguments = row
                arguments = arguments if isinstance(arguments, dict) else json.loads(arguments)
                cursor.execute("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id = %s", [job_id])
            app.tasks[name].func.__wrapped__(
                **arguments
            )  # the function itself: this transaction's connection stays open
            ran.append(name)
        raise AssertionError(f"jobs breed jobs without end: {ran[-5:]}")

    return drain


@pytest.fixture
def smtp_address() -> tuple[str, int]:
    """Where the sandbox takes e-mail."""
    return django_settings.EMAIL_HOST, django_settings.EMAIL_PORT


class Sandbox(httpx.Client):
    """A client of the running sandbox; `str(sandbox.base_url)` is its address."""


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real sandbox, at the address that the settings of this test process name."""
    url = django_settings.SANDBOX_URL
    state = tmp_path_factory.mktemp("sandbox") / "state.sqlite"
    command = [
        sys.executable, "-m", "sandbox", "--port", str(urlsplit(url).port), "--smtp-port", str(django_settings.EMAIL_PORT),
        "--sftp-port", os.environ["SFTP_PORT"],
        "--imap-port", str(django_settings.INBOX_IMAP["port"]),
        "--state", str(state),
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    if not process.stdout.readline():
        raise RuntimeError("the sandbox did not start")
    yield url
    process.terminate()
    process.wait(10)
    process.stdout.close()


@pytest.fixture
def sandbox(sandbox_process: str) -> Iterator[Sandbox]:
    """A client of the sandbox, whose faults are cleared before each test."""
    with Sandbox(base_url=sandbox_process, timeout=20) as client:
        deadline = time.monotonic() + 10
        while True:
            try:
                client.post("/_control/reset").raise_for_status()
                break
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
        yield client


@pytest.fixture
def enter_desk() -> Callable[..., None]:
    """Signs a member of staff in as after password and second factor."""

    def enter(client: Client, account: Any) -> None:
        client.force_login(account)
        session = client.session
        session["second_factor"] = str(account.pk)
        session.save()

    return enter


@pytest.fixture
def totp_code(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Makes the code of an authenticator app, in a half minute that does not end during the test; `ahead`: a clock's error, in codes."""
    from allauth.mfa.totp.internal import auth

    counter = int(time.time()) // 30
    monkeypatch.setattr(auth, "time", SimpleNamespace(time=lambda: counter * 30 + 15))
    return lambda secret, ahead=0: str(auth.format_hotp_value(auth.hotp_value(secret, counter + ahead)))
