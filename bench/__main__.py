"""`python -m bench [topic …]`: a database of its own, then each topic, in the order of their names unless they are named."""

import argparse
import importlib
import os
import pkgutil
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from bench import topics
from config import database, ports


def main() -> None:
    """Start a durable server in a temporary folder, load the catalogue, measure."""
    known = [module.name for module in pkgutil.iter_modules(topics.__path__)]
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure, each figure beside its limit.")
    parser.add_argument("topics", nargs="*", metavar="topic", help=", ".join(known))
    chosen = parser.parse_args().topics or known
    if unknown := set(chosen) - set(known):
        parser.error(f"no topic named {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    directory = Path(tempfile.mkdtemp(prefix="huduma-bench-"))
    directory.chmod(0o755)  # the server may run as another user than root
    (directory / "static").mkdir()
    os.environ.update(HUDUMA_VAR=str(directory), DJANGO_SETTINGS_MODULE="config.settings", **ports.free())  # noqa: TID251
    try:
        url = database.start(directory / "postgres")
        os.environ["DATABASE_URL"] = url  # noqa: TID251
        _load()
        for name in chosen:
            _begin_anew(url)
            started = time.perf_counter()
            print(f"\n{name}", flush=True)
            importlib.import_module(f"bench.topics.{name}").measure(url)
            print(f"  ({time.perf_counter() - started:.0f} s)", flush=True)
        print(f"\nmeasured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC on {os.cpu_count()} cores")
    finally:
        database.stop(directory / "postgres")
        shutil.rmtree(directory, ignore_errors=True)


def _begin_anew(url: str) -> None:
    """Give the next topic the database as it was after loading: what one topic leaves must not weigh on another."""
    from django.db import connection

    connection.close()
    with psycopg.connect(url.replace("/huduma?", "/postgres?"), autocommit=True) as admin:
        kept = admin.execute("SELECT 1 FROM pg_database WHERE datname = 'loaded'").fetchone()
        if kept:
            admin.execute("DROP DATABASE huduma WITH (FORCE)")
        admin.execute("CREATE DATABASE huduma TEMPLATE loaded" if kept else "CREATE DATABASE loaded TEMPLATE huduma")


def _load() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("load_reference", verbosity=0)
    call_command("service", "load", "services", verbosity=0)
    from config import launcher

    call_command("demo_accounts", sign_ins=launcher.SIGN_INS, verbosity=0)


if __name__ == "__main__":
    main()
