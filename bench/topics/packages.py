"""Judging every service package: schemas, questions, fees, tables, processes, and each certificate set once."""

import time

from django.conf import settings

from huduma.contexts.catalogue import public as catalogue

LIMIT_SECONDS = 10


def measure(url: str) -> None:
    """Seconds for all packages, which is what `manage.py service check services` waits for; the limit is 10 s."""
    started = time.perf_counter()
    packages = catalogue.check_packages(settings.SERVICES_DIR)
    seconds = time.perf_counter() - started
    runnable = sum(package.is_runnable for package in packages)
    print(
        f"service check, {len(packages)} packages, {runnable} of them online {seconds:8.2f} s (limit {LIMIT_SECONDS} s)"
    )
    assert not any(package.faults for package in packages)
