"""`manage.py journal seal | verify`."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from huduma.foundation.journal import seal
from huduma.foundation.journal.models import EntryRow, Seal


class Command(BaseCommand):
    """Seal the journal, or prove that nothing was altered since it was sealed."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["seal", "verify"])

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "seal":
            self.stdout.write(f"{seal.seal_journal(now=timezone.now())} entries sealed")
            return
        faults = list(seal.verify_journal())
        for fault in faults:
            self.stderr.write(f"{fault.where}: {fault.what}")
        if faults:
            sys.exit(1)
        last = Seal.objects.order_by("-id").first()
        waiting = EntryRow.objects.filter(transaction_id__gte=last.horizon if last else 0).count()
        self.stdout.write(
            f"{EntryRow.objects.count() - waiting} entries under {Seal.objects.count()} seals agree; {waiting} wait for the next seal"
        )
