"""How each gateway fares, and the breaker that spares one that is down."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from huduma.contexts.payments.models import GatewayHealth

BREAK_AFTER = 5
BREAK_FOR = timedelta(seconds=30) / settings.PAYMENTS_PACE
#: A success is written down once in this time: the row would else be fought over by every payment.
NOTED_EVERY = timedelta(seconds=30)


def went_well(gateway: str, now: datetime) -> None:
    """Note that a gateway answered."""
    kept, created = GatewayHealth.objects.get_or_create(gateway=gateway, defaults={"succeeded_at": now})
    if created or (kept.faults_in_a_row == 0 and kept.succeeded_at and now - kept.succeeded_at < NOTED_EVERY):
        return
    GatewayHealth.objects.filter(gateway=gateway).update(succeeded_at=now, faults_in_a_row=0)


@transaction.atomic
def went_wrong(gateway: str, fault: str, now: datetime) -> None:
    """Note that a gateway did not answer, or answered that it is broken."""
    GatewayHealth.objects.get_or_create(gateway=gateway)
    GatewayHealth.objects.filter(gateway=gateway).update(
        failed_at=now, fault=fault[:80], faults_in_a_row=F("faults_in_a_row") + 1
    )


def is_broken(gateway: str, now: datetime) -> bool:
    """Whether a gateway failed so often just now that it is left alone for half a minute."""
    recent = GatewayHealth.objects.filter(faults_in_a_row__gte=BREAK_AFTER, failed_at__gt=now - BREAK_FOR)
    return recent.filter(gateway=gateway).exists()
