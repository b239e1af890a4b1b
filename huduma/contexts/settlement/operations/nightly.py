"""Fetching by night what the gateways and the bank state of the day before."""

import io
import logging
from datetime import datetime, timedelta

from django.conf import settings

from huduma.contexts.payments import public as payments
from huduma.contexts.settlement.models import Statement
from huduma.contexts.settlement.operations.statements import StatementKnown, take_stated, take_statement
from huduma.contexts.settlement.providers import sftp
from huduma.contexts.settlement.queries import BANK, midnight, sources
from huduma.foundation.access import SYSTEM, Refusal

log = logging.getLogger(__name__)
#: Gateways keep their lists for two days (Daraja); what a night missed, the next one fetches.
REACH = timedelta(hours=47)


def take_nightly(now: datetime) -> int:
    """Take every statement that can be fetched; one that fails stops no other, and comes again next night. Returns how many were taken."""
    taken = 0
    until = midnight(now)
    for code in sources():
        if code == BANK:
            continue
        try:
            taken += (
                take_stated(source=code, since=max(now - REACH, until - timedelta(days=1)), until=until, now=now)
                is not None
            )
        except payments.Uncertain as trouble:
            log.warning("%s could not be asked for its statement: %s", code, trouble)
        except Refusal as refusal:
            log.error("the statement of %s was refused: %s %s", code, refusal.code, refusal.facts.get("where", ""))
    if BANK in settings.SETTLEMENT_SERVERS:
        taken += _take_from_bank(now)
    return taken


def _take_from_bank(now: datetime) -> int:
    taken, known = 0, set(Statement.objects.filter(source=BANK).values_list("name", flat=True))
    try:
        fetched = sftp.fetch(sftp.Server(**settings.SETTLEMENT_SERVERS[BANK]), known.__contains__)
    except sftp.NotHandedOver as trouble:
        log.warning("the bank's server gave no statements: %s", trouble)
        return 0
    for name, content in sorted(fetched.items()):
        try:
            take_statement(actor=SYSTEM, source=BANK, name=name, file=io.BytesIO(content), now=now)
            taken += 1
        except StatementKnown:
            continue
        except Refusal as refusal:
            log.error("%s of the bank was refused: %s %s", name, refusal.code, refusal.facts.get("where", ""))
    return taken
