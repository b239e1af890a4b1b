"""A job belongs to the transaction that asks for it, in a web process and in a worker alike."""

import uuid

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django import app

from huduma.foundation import jobs


def waiting(entry: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE args->>'entry_id' = %s", [entry])
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_what_is_undone_leaves_no_job_in_a_worker_either():
    undone, kept = str(uuid.uuid4()), str(uuid.uuid4())
    with app.replace_connector(app.connector.get_worker_connector()):  # as the worker does, around all its jobs
        with transaction.atomic():
            jobs.defer("journal.deliver", entry_id=undone, handler="none")
            transaction.set_rollback(True)
        with transaction.atomic():
            jobs.defer("journal.deliver", entry_id=kept, handler="none")
    assert (waiting(undone), waiting(kept)) == (0, 1)
