"""`manage.py demo_visit`: the sandbox's outreach vehicle, with the demo staff and a visit of today."""

from datetime import datetime, time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import public as centres
from huduma.contexts.identity import public as identity
from huduma.contexts.outreach import public as outreach
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import SYSTEM
from huduma.foundation.worktime.public import NAIROBI

NAME = "Huduma Mashinani Mfano"
SERVICES = ("police-clearance", "birth-cert-current", "county-sbp")


class Command(BaseCommand):
    """Set it up; again on the same day changes nothing, on another day plans that day's visit."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("The demo visit is fictional: it exists in the sandbox only.")
        now = timezone.now()
        today = timezone.localdate(now)
        site = next((one for one in centres.list_sites() if one.name == NAME), None) or centres.add_site(
            actor=SYSTEM, kind="vehicle", name=NAME, county_code="047", now=now
        )
        cashiers = identity.Account.objects.filter(
            grants__role__in=["officer", "supervisor"], email__endswith=".example"
        )
        staff = [account.id for account in cashiers.distinct()]
        for account_id in staff:
            workforce.post_staff(actor=SYSTEM, account_id=account_id, place_code=site.code, from_on=today, now=now)
        starts, ends = (datetime.combine(today, at, NAIROBI) for at in (time(0, 1), time(23, 59)))
        offered = [one.code for one in catalogue.list_services(online=True) if one.code in SERVICES]
        try:
            visit = outreach.plan_visit(
                actor=SYSTEM, site_code=site.code, body_code="DCI", place="Soko la Mfano", county_code="047",
                starts_at=starts, ends_at=ends, services=offered, staff=staff, now=now,
            )  # fmt: skip
        except outreach.SiteTaken:  # it was planned already
            return
        self.stdout.write(f"{visit.place}: a visit today with {len(staff)} demo staff")
