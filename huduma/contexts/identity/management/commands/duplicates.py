"""`manage.py duplicates`: looks through all records for those that may be one human being's, as the first night of each month does."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from huduma.contexts.identity import operations


class Command(BaseCommand):
    """Look at every record now; for after people were brought in from elsewhere."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        looked = new = 0
        after = None
        while True:
            swept = operations.sweep_for_duplicates(after=after, now=timezone.now())
            looked, new, after = looked + swept.looked, new + swept.new, swept.last
            if after is None:
                break
        self.stdout.write(f"{looked} records looked at, {new} new pairs for people to judge")
