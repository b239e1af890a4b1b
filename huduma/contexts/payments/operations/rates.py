"""The dated table of exchange rates: entered by one person with the source, in force when another agreed."""

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from huduma.contexts.payments import events
from huduma.contexts.payments.models import ExchangeRate
from huduma.contexts.payments.operations.worklist import ProposedAlready, SecondPersonNeeded
from huduma.contexts.payments.queries import MONEY_ROLES
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal


class NotARate(Refusal):
    """That is no exchange rate. Type how many shillings one dollar is, with up to four decimals, like 129.2400."""


class SourceMissing(Refusal):
    """Say where the rate is published, such as the Central Bank's page of that day."""


class NotYet(Refusal):
    """This day has not come. Enter the rate of a day when it is published."""


@transaction.atomic
def propose_rate(*, actor: Actor, currency: str, day: date, rate: int, source: str, now: datetime) -> ExchangeRate:
    """Enter what one unit of a currency is in shillings × 10 000 on a day.

    Raises NotPermitted, NotARate, SourceMissing, NotYet, ProposedAlready where that day has one.
    """
    actor.require_everywhere(*MONEY_ROLES)
    if actor.account_id is None:
        raise NotPermitted
    if not 10_000 <= rate < 10**8 or currency != "USD":
        raise NotARate
    if not source.strip():
        raise SourceMissing
    if day > timezone.localdate(now):
        raise NotYet
    if ExchangeRate.objects.filter(currency=currency, day=day).exclude(state="rejected").exists():
        raise ProposedAlready
    found = ExchangeRate.objects.create(
        currency=currency, day=day, rate=rate, source=source.strip()[:200], asked_by=actor.account_id, asked_at=now
    )
    journal.record(actor=actor, event=events.RateProposed(rate_id=found.id, rate=rate, day=day.isoformat()), now=now)
    return found


@transaction.atomic
def decide_rate(*, actor: Actor, rate_id: UUID, approve: bool, now: datetime) -> ExchangeRate:
    """Agree to a rate: bills raised from now on use it. Or reject it. Raises NotPermitted, NotFound, SecondPersonNeeded."""
    actor.require_everywhere(*MONEY_ROLES)
    found = ExchangeRate.objects.select_for_update().filter(id=rate_id, state="proposed").first()
    if found is None:
        raise NotFound
    if approve and found.asked_by == actor.account_id:
        raise SecondPersonNeeded
    found.state, found.decided_by, found.decided_at = ("approved" if approve else "rejected"), actor.account_id, now
    found.save()
    event = events.RateDecided(rate_id=found.id, day=found.day.isoformat(), approved=approve)
    journal.record(actor=actor, event=event, now=now)
    return found
