"""`manage.py gateways addresses|register`: where gateways send their news."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from huduma.contexts.payments import operations
from huduma.contexts.payments.providers.base import Validates, gateways


class Command(BaseCommand):
    """List the addresses that are entered in each gateway's own portal, or enter those that are told by a call."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["addresses", "register"])

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        if what == "register":
            operations.register()
            self.stdout.write("Registered.")
            return
        for code, gateway in gateways.items():
            if gateway.way == "counter":
                continue
            address = operations.standing_url(code)
            self.stdout.write(f"{code:<10} {address}")
            if isinstance(gateway, Validates):
                self.stdout.write(f"{'':<10} {address}question/ (asked before money is taken)")
