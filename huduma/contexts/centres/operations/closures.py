"""Shutting a centre, and seeing to those who had an appointment."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from huduma.contexts.centres import events
from huduma.contexts.centres.models import Closure
from huduma.contexts.centres.operations.displaced import displace_visits, offer_back
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal


class ClosedAlready(Refusal):
    """A closure is announced for that time already. Choose another time, or look at the list."""


@transaction.atomic
def close_centre(
    *, actor: Actor, centre_code: str, starts_at: datetime, ends_at: datetime, reason: dict[str, str], now: datetime
) -> Closure:
    """Announce that a centre is shut; who is booked then is offered another time, with an apology.

    Raises NotPermitted, workforce.SpanBackwards, ClosedAlready.
    """
    workforce.require_place(actor, centre_code, "supervisor")
    if ends_at <= starts_at:
        raise workforce.SpanBackwards
    try:
        with transaction.atomic():
            closure = Closure.objects.create(
                centre_id=centre_code, starts_at=starts_at, ends_at=ends_at, reason_en=reason["en"],
                reason_sw=reason["sw"],
            )  # fmt: skip
    except IntegrityError:
        raise ClosedAlready from None
    event = events.CentreClosed(
        closure_id=closure.id, centre_code=centre_code, starts_at=starts_at.isoformat(), ends_at=ends_at.isoformat()
    )
    journal.record(actor=actor, event=event, now=now)
    displace_visits(
        actor=actor, centre_code=centre_code, starts_at=starts_at, ends_at=ends_at, reason=closure.reason, now=now
    )
    return closure


@transaction.atomic
def reopen_centre(*, actor: Actor, closure_id: UUID, now: datetime) -> int:
    """Call a closure off, or end it now where it has begun; those whose visits it took are offered their old times again.

    Who has another time already keeps it. Returns how many were offered theirs. Raises NotFound, NotPermitted.
    """
    closure = Closure.objects.select_for_update().filter(id=closure_id).first()
    if closure is None:
        raise NotFound
    workforce.require_place(actor, closure.centre_id, "supervisor")
    if closure.ends_at <= now:
        return 0
    code, starts_at, ends_at, from_at = (
        closure.centre_id,
        closure.starts_at,
        closure.ends_at,
        max(closure.starts_at, now),
    )
    if from_at > starts_at:
        closure.ends_at = from_at
        closure.save(update_fields=["ends_at"])
    else:
        closure.delete()
    event = events.CentreReopened(closure_id=closure_id, centre_code=code, from_at=from_at.isoformat())
    journal.record(actor=actor, event=event, now=now)
    return offer_back(centre_code=code, starts_at=from_at, ends_at=ends_at, now=now)
