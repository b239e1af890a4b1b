"""Freed places: the list of those who wait for one, and the offers that are made to them in order."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from huduma.contexts.centres import events
from huduma.contexts.centres.models import Appointment, Centre, Waiter
from huduma.contexts.centres.operations import slots
from huduma.contexts.centres.queries import places, visits
from huduma.contexts.centres.queries.visits import Wish
from huduma.contexts.identity import public as identity
from huduma.foundation.access import SYSTEM, Actor, Refusal
from huduma.foundation.journal import public as journal

#: How long a freed time is kept for the one who stands first in the list.
OFFER_FOR = timedelta(minutes=30)


class WaitsAlready(Refusal):
    """You are in the list already. We will text you when a place becomes free."""


@transaction.atomic
def join_waiting_list(
    *, actor: Actor, centre_code: str, wish: Wish, until_on: date, case_id: UUID | None = None, now: datetime
) -> Waiter:
    """Ask for a freed place at a centre, until a day. Raises identity.NotProven, NotFound, slots.NotOffered, WaitsAlready."""
    person_id = actor.applicant_id
    if person_id is None:
        raise identity.NotProven
    centre = places.get_centre(centre_code)
    slots.check_wish(centre, wish)
    slots.lock_person(person_id)
    waits = Waiter.objects.filter(person_id=person_id, centre=centre, services=list(wish.services))
    if waits.filter(state__in=["waiting", "offered"]).exists():
        raise WaitsAlready
    waiter = Waiter.objects.create(
        centre=centre, person_id=person_id, services=list(wish.services), people=wish.people, medium=wish.medium,
        case_id=case_id, until_on=until_on, asked_at=now,
    )  # fmt: skip
    event = events.WaiterJoined(waiter_id=waiter.id, person_id=person_id, centre_code=centre.code)
    journal.record(actor=actor, event=event, now=now)
    return waiter


@transaction.atomic
def leave_waiting_list(*, actor: Actor, waiter_id: UUID, now: datetime) -> None:
    """Ask no longer; again changes nothing."""
    if actor.applicant_id is not None:
        Waiter.objects.filter(id=waiter_id, person_id=actor.applicant_id, state="waiting").update(state="left")


def offer_freed(centre: Centre, moment: datetime, now: datetime) -> None:
    """Offer what became free on a day to those who wait, in their order: under the day's lock, before anybody else sees it.

    Whose wish does not fit is passed over, and so is everybody with the same wish: looking costs by wish, not by the length of
    the list.
    """
    day = timezone.localdate(moment)
    if moment <= now:
        return
    hopeless: set[Wish] = set()
    waiting = Waiter.objects.filter(centre=centre, state="waiting", until_on__gte=day).order_by("asked_at", "id")
    for row in waiting.iterator():
        wish = slots.wish_of(row)
        if wish in hopeless:
            continue
        found = next(iter(visits.free_rooms(centre, day, wish, now=now)), None)
        if found is None:
            hopeless.add(wish)
            continue
        waiter = Waiter.objects.select_for_update(skip_locked=True).filter(id=row.id, state="waiting").first()
        if waiter is None or _has_sooner(waiter, found.starts_at, now):
            continue
        offer = slots.create(
            centre, wish, found, person_id=waiter.person_id, case_id=waiter.case_id, now=now,
            offered_until=min(now + OFFER_FOR, found.starts_at),
        )  # fmt: skip
        waiter.state, waiter.offer = "offered", offer
        waiter.save()
        slots.announce(SYSTEM, events.AppointmentOffered, offer, now, until=offer.offered_until.isoformat())  # type: ignore[union-attr]  # just set


def _has_sooner(waiter: Waiter, starts_at: datetime, now: datetime) -> bool:
    """Whether who waits has a visit for the same application that is sooner than what could be offered."""
    return (
        waiter.case_id is not None
        and Appointment.objects.filter(
            case_id=waiter.case_id, state="booked", starts_at__gt=now, starts_at__lte=starts_at
        ).exists()
    )


def lapse_offers(*, now: datetime) -> int:
    """End the offers that nobody took, and offer their places on. Returns how many ended."""
    ended = 0
    for appointment_id in Appointment.objects.filter(state="offered", offered_until__lte=now).values_list(
        "id", flat=True
    ):
        with transaction.atomic():
            before = visits.get_appointment_for(SYSTEM, appointment_id)
            slots.lock_day(before.centre, before.starts_at)
            appointment = slots.lock(SYSTEM, appointment_id)
            if appointment.state != "offered":
                continue
            slots.lapse(appointment, now)
            offer_freed(appointment.centre, appointment.starts_at, now)
            ended += 1
    return ended
