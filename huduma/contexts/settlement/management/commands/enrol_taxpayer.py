"""`manage.py enrol_taxpayer BODY PIN SERIAL [--branch 00]`: a body issues tax invoices from now on; KRA gives its device's key once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from huduma.contexts.settlement import operations
from huduma.contexts.settlement.providers.etims import NotIssued


class Command(BaseCommand):
    """Initialise the device and keep its key."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("body")
        parser.add_argument("pin")
        parser.add_argument("serial")
        parser.add_argument("--branch", default="00")

    def handle(self, *args: Any, body: str, pin: str, serial: str, branch: str, **options: Any) -> None:
        try:
            operations.enrol_taxpayer(body_code=body, tin=pin, branch=branch, serial=serial, now=timezone.now())
        except NotIssued as refused:
            raise CommandError(f"The device was not initialised: {refused}") from None
        self.stdout.write(f"{body} issues tax invoices.")
