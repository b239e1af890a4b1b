"""`manage.py demo_bank_accounts`: a fictional bank account for each body of the sandbox whose money comes in, in force at once."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.contexts.settlement import public as settlement
from huduma.contexts.settlement.rules import COOLING_OFF
from huduma.foundation.access import Actor, Grant


class Command(BaseCommand):
    """Propose and approve by three accountants of the sandbox, as of two days ago; again changes nothing."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("Demo bank accounts are nobody's: they exist in the sandbox only.")
        people = [
            Actor(kind="person", channel="desk", account_id=one.account_id, grants=frozenset({Grant("accountant")}))
            for one in identity.list_staff(roles=["accountant"], body_code=None)[:3]
        ]
        then = timezone.now() - 2 * COOLING_OFF
        known = {one.body_code for one in settlement.bank_accounts_for(people[0])}
        bodies = sorted({service.body_id for service in catalogue.list_services()} - known)
        for number, body in enumerate(bodies, 1):
            change = settlement.propose_bank_account(
                actor=people[0], body_code=body, name=f"{body} (sandbox)", bic="CBKEKENX",
                account=f"20000000{number:03d}", now=then,
            )  # fmt: skip
            for actor in people[1:]:
                settlement.approve_bank_account(actor=actor, account_id=change.id, now=then)
        self.stdout.write(f"{len(bodies)} demo bank accounts")
