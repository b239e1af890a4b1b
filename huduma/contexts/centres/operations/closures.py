"""Shutting a centre, and seeing to those who had an appointment."""

from datetime import datetime

from django.db import IntegrityError, transaction

from huduma.contexts.centres import events
from huduma.contexts.centres.models import Closure
from huduma.contexts.centres.operations.displaced import displace_visits
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import Actor, Refusal
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
