"""`manage.py demo_centre`: the sandbox's Huduma Centre Nairobi GPO gets counters, an offer and the demo staff."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from huduma.contexts.centres import public as centres
from huduma.contexts.identity import public as identity
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import SYSTEM

CENTRE = "HC01"
COUNTERS = (["triage"], ["service"], ["service"], ["service", "photo"], ["photo", "cashier"], ["collect", "cashier"])


class Command(BaseCommand):
    """Set it up; again changes nothing. Fictional: no source tells how many counters a centre has."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("The demo centre is fictional: it exists in the sandbox only.")
        now, centre = timezone.now(), centres.get_centre(CENTRE)
        if centres.list_counters(centre):
            return
        for number, desks in enumerate(COUNTERS, 1):
            centres.set_counter(
                actor=SYSTEM, centre_code=CENTRE, number=number, desks=list(desks), has_long_hours=number < 4, now=now
            )
        centres.set_offering(actor=SYSTEM, centre_code=CENTRE, service_code="police-clearance", now=now)
        staff = identity.Account.objects.filter(email__endswith=".example", grants__isnull=False).distinct()
        for account in staff:
            workforce.post_staff(
                actor=SYSTEM, account_id=account.id, place_code=CENTRE, from_on=timezone.localdate(now), now=now
            )
        self.stdout.write(f"{centre.name}: {len(COUNTERS)} counters, {len(staff)} demo staff")
