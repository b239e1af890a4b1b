"""Scheduled work on the journal."""

from django.db import connection
from django.utils import timezone

from huduma.foundation import jobs
from huduma.foundation.journal import seal
from huduma.foundation.journal.operations import deliver

__all__ = ["deliver", "make_partitions", "seal_journal"]


@jobs.every("*/5 * * * *", name="journal.seal")
def seal_journal(timestamp: int) -> None:
    """Seal what was recorded since the last seal."""
    seal.seal_journal(now=timezone.now())


@jobs.every("0 1 * * *", name="journal.make_partitions")
def make_partitions(timestamp: int) -> None:
    """Make the partitions of the coming months."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT journal_make_partitions(3)")
