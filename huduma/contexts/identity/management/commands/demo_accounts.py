"""`manage.py demo_accounts [--sign-ins FILE]`: fictional staff of the sandbox, one for each role."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from huduma.contexts.identity import public as identity
from huduma.foundation.access import SYSTEM

PASSWORD = "sandbox-only-password"  # noqa: S105 -- printed at every start of the sandbox, refused anywhere else
#: The bodies of the other services that run online: one officer and one supervisor of the sandbox serve all of them.
OTHERS = "BRS CAJ HELB JUD NCPWD NEMA NITA NPS NTSA PCK SDD SDSP"
#: Address, names, role, and the bodies it is held in.
STAFF = (
    ("officer@crs.example", "Afisa", "Usajili", "officer", "CRS"),
    ("supervisor@crs.example", "Msimamizi", "Usajili", "supervisor", "CRS"),
    ("officer@dci.example", "Afisa", "Upelelezi", "officer", "DCI"),
    ("supervisor@dci.example", "Msimamizi", "Upelelezi", "supervisor", "DCI"),
    ("officer@nairobi.example", "Afisa", "Kaunti", "officer", "CG-047"),
    ("supervisor@nairobi.example", "Msimamizi", "Kaunti", "supervisor", "CG-047"),
    ("officer@bodies.example", "Afisa", "Mashirika", "officer", OTHERS),
    ("supervisor@bodies.example", "Msimamizi", "Mashirika", "supervisor", OTHERS),
    ("agent@huduma.example", "Mhudumu", "Mfano", "agent", None),
    ("focal@crs.example", "Mratibu", "Usajili", "focal", "CRS"),
    ("accounting@crs.example", "Mhasibu", "Usajili", "accounting_officer", "CRS"),
    ("analyst@crs.example", "Mchambuzi", "Usajili", "analyst", "CRS"),
    ("analyst@bodies.example", "Mchambuzi", "Mashirika", "analyst", OTHERS),
    ("accountant@crs.example", "Hesabu", "Usajili", "accountant", "CRS"),
    ("accountant@huduma.example", "Hesabu", "Mfano", "accountant", None),
    ("accounts@huduma.example", "Fedha", "Mfano", "accountant", None),
    ("auditor@huduma.example", "Mkaguzi", "Mfano", "auditor", None),
    ("integrity@huduma.example", "Mwadilifu", "Mfano", "integrity", None),
    ("secretariat@huduma.example", "Katibu", "Mfano", "secretariat", None),
    ("administrator@huduma.example", "Mtawala", "Mfano", "administrator", None),
)


class Command(BaseCommand):
    """Open the accounts; again changes nothing."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--sign-ins", type=Path, help="write the sign-ins and their one-time code secrets here, as JSON"
        )

    def handle(self, *args: Any, sign_ins: Path | None, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("Demo accounts have a public password: they exist in the sandbox only.")
        now = timezone.now()
        for email, first_name, surname, role, bodies in STAFF:
            account = identity.open_staff_account(
                actor=SYSTEM, email=email, password=PASSWORD, first_name=first_name, surname=surname, now=now
            )
            for body in bodies.split() if bodies else [None]:
                identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=body, now=now)
            identity.enrol_second_factor(actor=SYSTEM, account_id=account.id, secret=_secret(email), now=now)
        if sign_ins:
            staff = [
                {"email": email, "secret": _secret(email), "role": role, "body": body}
                for email, _, _, role, body in STAFF
            ]
            sign_ins.write_text(json.dumps({"password": PASSWORD, "staff": staff}))
            sign_ins.chmod(0o600)
        self.stdout.write(f"{len(STAFF)} demo accounts, password {PASSWORD}")


def _secret(email: str) -> str:
    digest = hmac.new(settings.SECRET_KEY.encode(), email.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:20]).decode()
