"""All writes about staff."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from huduma.contexts.workforce import events, queries
from huduma.contexts.workforce.models import CANCELLED_WHY, LANGUAGES, Absence, Language, Posting, Shift, Skill
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal


class ShiftOverlaps(Refusal):
    """This officer has another shift at that time. Change or remove that one first."""


class SpanBackwards(Refusal):
    """The end comes before the start. Check the two times."""


class NotPosted(Refusal):
    """This officer does not work here on that day. Choose somebody who is posted to this place."""


class ShiftOver(Refusal):
    """This shift is over: what was worked stays as it is. Only a shift that has time left can be cancelled."""


class NoReason(Refusal):
    """Choose why the shift does not take place."""


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
    _require_colleague(actor, account_id)
    _, created = Skill.objects.get_or_create(account_id=account_id, service_code=service_code)
    if created:
        event = events.SkillGranted(account_id=account_id, service_code=service_code)
        journal.record(actor=actor, event=event, now=now)


@transaction.atomic
def withdraw_skill(*, actor: Actor, account_id: UUID, service_code: str, now: datetime) -> None:
    """Note that an officer no longer serves a service; without any they serve everything again. Raises NotPermitted."""
    _require_colleague(actor, account_id)
    gone, _ = Skill.objects.filter(account_id=account_id, service_code=service_code).delete()
    if gone:
        event = events.SkillWithdrawn(account_id=account_id, service_code=service_code)
        journal.record(actor=actor, event=event, now=now)


@transaction.atomic
def set_abilities(
    *,
    actor: Actor,
    account_id: UUID,
    place_code: str,
    languages: Collection[str],
    services: Collection[str],
    now: datetime,
) -> None:
    """Say in which languages somebody at a place serves people, and for which services (codes of the catalogue); none is all.

    Raises NotPermitted, NotPosted.
    """
    require_place(actor, place_code, "supervisor")
    _require_posted(account_id, place_code, now)
    spoken, served = tuple(sorted({*languages} & {*LANGUAGES})), tuple(sorted({*services}))
    Language.objects.filter(account_id=account_id).delete()
    Skill.objects.filter(account_id=account_id).delete()
    Language.objects.bulk_create(Language(account_id=account_id, code=code) for code in spoken)
    Skill.objects.bulk_create(Skill(account_id=account_id, service_code=code) for code in served)
    event = events.AbilitiesSet(account_id=account_id, languages=spoken, services=served)
    journal.record(actor=actor, event=event, now=now)


def _require_colleague(actor: Actor, account_id: UUID) -> None:
    """Raise NotPermitted unless the actor supervises a place where the officer is posted, or works for the whole country."""
    if actor.kind == "system" or actor.has_role("secretariat", "administrator"):
        return
    shared = Posting.objects.filter(account_id=account_id, to_on__isnull=True, place_code__in=queries.places_of(actor))
    if not actor.has_role("supervisor") or not shared.exists():
        raise NotPermitted


def _require_posted(account_id: UUID, place_code: str, moment: datetime) -> None:
    if account_id not in queries.staff_of(place_code, on=timezone.localdate(moment)):
        raise NotPosted


@transaction.atomic
def plan_shift(
    *, actor: Actor, account_id: UUID, place_code: str, starts_at: datetime, ends_at: datetime, now: datetime
) -> Shift:
    """Plan when an officer is at a place. Raises NotPermitted, SpanBackwards, NotPosted, ShiftOverlaps."""
    require_place(actor, place_code, "supervisor")
    if ends_at <= starts_at:
        raise SpanBackwards
    _require_posted(account_id, place_code, starts_at)
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
def cancel_shift(*, actor: Actor, shift_id: UUID, why: str, now: datetime) -> Shift:
    """Cancel a planned shift, or what is left of one that has begun; again changes nothing. `why`: one of CANCELLED_WHY.

    Who is booked with the officer is seen to by those who hear of it. Raises NotFound, NotPermitted, NoReason, ShiftOver.
    """
    shift = Shift.objects.select_for_update().filter(id=shift_id).first()
    if shift is None:
        raise NotFound
    require_place(actor, shift.place_code, "supervisor")
    if shift.cancelled_at is not None:
        return shift
    if why not in CANCELLED_WHY:
        raise NoReason
    if shift.ends_at <= now:
        raise ShiftOver
    if shift.starts_at < now:  # what was worked stays, and counts in the week's hours
        ends_at, shift.ends_at = shift.ends_at, now
        shift.save(update_fields=["ends_at"])
        shift = Shift(account_id=shift.account_id, place_code=shift.place_code, starts_at=now, ends_at=ends_at)
    shift.cancelled_at, shift.cancelled_why = now, why
    shift.save()
    event = events.ShiftCancelled(
        account_id=shift.account_id, place_code=shift.place_code, starts_at=shift.starts_at.isoformat(),
        ends_at=shift.ends_at.isoformat(), why=why,
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)
    return shift


@transaction.atomic
def record_absence(
    *, actor: Actor, account_id: UUID, place_code: str, starts_at: datetime, ends_at: datetime, now: datetime
) -> Absence:
    """Note that an officer will be away; who is booked with them is seen to by those who hear of it.

    The same again changes nothing. Raises NotPermitted, SpanBackwards, NotPosted.
    """
    require_place(actor, place_code, "supervisor")
    if ends_at <= starts_at:
        raise SpanBackwards
    _require_posted(account_id, place_code, max(starts_at, now))
    absence, created = Absence.objects.get_or_create(account_id=account_id, starts_at=starts_at, ends_at=ends_at)
    if not created:
        return absence
    event = events.AbsenceRecorded(
        account_id=account_id, place_code=place_code, starts_at=starts_at.isoformat(), ends_at=ends_at.isoformat()
    )
    journal.record(actor=actor, event=event, now=now)
    return absence
