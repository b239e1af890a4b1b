"""All writes about staff."""

from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from huduma.contexts.workforce import events, queries
from huduma.contexts.workforce.models import Absence, Posting, Shift, Skill
from huduma.foundation.access import Actor, NotPermitted, Refusal
from huduma.foundation.journal import public as journal


class ShiftOverlaps(Refusal):
    """This officer has another shift at that time. Change or remove that one first."""


class SpanBackwards(Refusal):
    """The end comes before the start. Check the two times."""


def require_place(actor: Actor, place_code: str, *roles: str) -> None:
    """Raise NotPermitted unless the actor holds one of the roles and is posted there, or works for the whole country."""
    if actor.kind == "system" or actor.has_role("secretariat", "administrator"):
        return
    if not actor.has_role(*roles) or not queries.works_at(actor, place_code):
        raise NotPermitted


@transaction.atomic
def post_staff(*, actor: Actor, account_id: UUID, place_code: str, from_on: date, now: datetime) -> None:
    """Post an officer to a place from a date on; again changes nothing. Raises NotPermitted."""
    actor.require_role("administrator", "secretariat")
    _, created = Posting.objects.get_or_create(
        account_id=account_id, place_code=place_code, to_on=None, defaults={"from_on": from_on}
    )
    if created:
        event = events.StaffPosted(account_id=account_id, place_code=place_code, from_on=from_on.isoformat())
        journal.record(actor=actor, event=event, now=now)


@transaction.atomic
def grant_skill(*, actor: Actor, account_id: UUID, service_code: str, now: datetime) -> None:
    """Note that an officer can serve a service; again changes nothing. Raises NotPermitted."""
    actor.require_role("supervisor", "administrator", "secretariat")
    _, created = Skill.objects.get_or_create(account_id=account_id, service_code=service_code)
    if created:
        event = events.SkillGranted(account_id=account_id, service_code=service_code)
        journal.record(actor=actor, event=event, now=now)


@transaction.atomic
def plan_shift(
    *, actor: Actor, account_id: UUID, place_code: str, starts_at: datetime, ends_at: datetime, now: datetime
) -> Shift:
    """Plan when an officer is at a place. Raises NotPermitted, SpanBackwards, ShiftOverlaps."""
    require_place(actor, place_code, "supervisor")
    if ends_at <= starts_at:
        raise SpanBackwards
    try:
        with transaction.atomic():
            shift = Shift.objects.create(
                account_id=account_id, place_code=place_code, starts_at=starts_at, ends_at=ends_at
            )
    except IntegrityError:
        raise ShiftOverlaps from None
    event = events.ShiftPlanned(
        account_id=account_id, place_code=place_code, starts_at=starts_at.isoformat(), ends_at=ends_at.isoformat()
    )
    journal.record(actor=actor, event=event, now=now)
    return shift


@transaction.atomic
def record_absence(
    *, actor: Actor, account_id: UUID, place_code: str, starts_at: datetime, ends_at: datetime, now: datetime
) -> Absence:
    """Note that an officer will be away; who is booked with them is seen to by those who hear of it.

    Raises NotPermitted, SpanBackwards.
    """
    require_place(actor, place_code, "supervisor")
    if ends_at <= starts_at:
        raise SpanBackwards
    absence = Absence.objects.create(account_id=account_id, starts_at=starts_at, ends_at=ends_at)
    event = events.AbsenceRecorded(
        account_id=account_id, place_code=place_code, starts_at=starts_at.isoformat(), ends_at=ends_at.isoformat()
    )
    journal.record(actor=actor, event=event, now=now)
    return absence
