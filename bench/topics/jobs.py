"""What a worker does after applications were sent and decided: jobs a second, each kind of job, and its peak memory.

The worker and the sandbox run as `make run` starts them; the jobs wait already when the worker comes up, as after an outage.
"""

import time
from pathlib import Path

from django.db import connection
from django.utils import timezone

from bench import citizens, installation
from huduma.contexts.applications import public as applications
from huduma.contexts.credentials import public as credentials
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM

APPLICATIONS, DOCUMENTS = 150, 60
FIRST = 6_000_000  # of the citizens' numbers: no other topic has them
WAITING = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND coalesce(scheduled_at, now()) <= now()"
DONE = """
    SELECT task_name, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY ended - began), min(began), max(ended)
    FROM (SELECT task_name, min(e.at) FILTER (WHERE e.type = 'started') AS began, max(e.at) FILTER (WHERE e.type = 'succeeded') AS ended
          FROM procrastinate_jobs j JOIN procrastinate_events e ON e.job_id = j.id WHERE j.id > %s GROUP BY j.id) one
    WHERE ended IS NOT NULL GROUP BY 1 ORDER BY 2 DESC
"""


def measure(url: str) -> None:
    """Send applications, order documents, then let one worker do what follows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM procrastinate_jobs")
        before = cursor.fetchone()[0]
    template = Path("services/birth-cert-current/certificate.typ").read_text()
    for number in range(FIRST, FIRST + APPLICATIONS):
        applications.submit(actor=SYSTEM, application_id=citizens.with_draft(number)[1], now=timezone.now())
    for _ in range(DOCUMENTS):
        credentials.issue_credential(
            actor=SYSTEM, issued_for=ids.uuid7(), template=template, title={"en": "Certificate", "sw": "Cheti"},
            data={"body": {"en": "Registry", "sw": "Sajili"}, "facts": [{"en": "Name", "sw": "Jina", "value": "Pendo Mfano"}]},
            holder_person_id=ids.uuid7(), body_code="CRS", service_code="birth-cert-current", now=timezone.now(),
        )  # fmt: skip
    with installation.running(url, "worker", "sandbox") as parts:
        while _waiting():
            assert parts["worker"].process.poll() is None, "the worker ended"
            time.sleep(0.2)
        memory = installation.peak_memory(parts["worker"])
    with connection.cursor() as cursor:
        cursor.execute(DONE, [before])
        kinds = cursor.fetchall()
    seconds = (max(kind[4] for kind in kinds) - min(kind[3] for kind in kinds)).total_seconds()
    count = sum(kind[1] for kind in kinds)
    print(
        f"jobs after {APPLICATIONS} applications and {DOCUMENTS} documents  {count} in {seconds:.1f} s, {count / seconds:.0f}/s"
    )
    for name, number, median, *_ in kinds:
        print(f"  {name:<42} {number:5}   median {median.total_seconds() * 1000:7.1f} ms")
    print(f"peak memory of worker: {memory} MB")


def _waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return int(cursor.fetchone()[0])
