"""Editing the table of special days. Whoever keeps deadlines hears of it from the journal and works them out anew."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from huduma.foundation.access import Actor, Refusal
from huduma.foundation.journal import public as journal
from huduma.foundation.worktime.events import SpecialDayChanged
from huduma.foundation.worktime.models import SpecialDay

#: How far from today a day may lie that is entered: a wrong year is the usual slip of the hand.
REACH = timedelta(days=5 * 366)
REASON_LENGTH = 200


class ReasonMissing(Refusal):
    """Write why the day is special: the gazette notice and its date, so that others can check it."""


class DayOutOfReach(Refusal):
    """This day is more than five years away. Check the year."""


@transaction.atomic
def set_special_day(*, actor: Actor, day: date, is_working: bool, reason: str, now: datetime) -> None:
    """Say that offices work, or do not work, on a date, with the reason; the same again changes nothing.

    Raises NotPermitted, ReasonMissing, DayOutOfReach.
    """
    actor.require_role("administrator")
    reason = reason.strip()[:REASON_LENGTH]
    if not reason:
        raise ReasonMissing
    if abs(day - timezone.localdate(now)) > REACH:
        raise DayOutOfReach
    known = SpecialDay.objects.select_for_update().filter(date=day).first()
    if known is not None and (known.is_working, known.reason) == (is_working, reason):
        return
    SpecialDay.objects.update_or_create(date=day, defaults={"is_working": is_working, "reason": reason})
    event = SpecialDayChanged(day=day.isoformat(), is_working=is_working, reason=reason)
    journal.record(actor=actor, event=event, now=now)


@transaction.atomic
def clear_special_day(*, actor: Actor, day: date, now: datetime) -> None:
    """Let a date follow the computed calendar again; a date that is not special stays as it is. Raises NotPermitted."""
    actor.require_role("administrator")
    known = SpecialDay.objects.select_for_update().filter(date=day).first()
    if known is None:
        return
    event = SpecialDayChanged(day=day.isoformat(), is_working=None, reason=known.reason)
    known.delete()
    journal.record(actor=actor, event=event, now=now)
