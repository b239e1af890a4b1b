"""Appointments at the wish of the person: booked, moved, confirmed, called off."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from huduma.contexts.centres import events
from huduma.contexts.centres.models import Appointment, Waiter
from huduma.contexts.centres.operations import freed, slots
from huduma.contexts.centres.queries import places, visits
from huduma.contexts.centres.queries.visits import Wish
from huduma.contexts.identity import public as identity
from huduma.foundation.access import Actor, Refusal

MOST_BOOKED = 5


class TooManyBooked(Refusal):
    """You have five appointments already. Cancel one that you do not need, then book again."""


class BookedAlready(Refusal):
    """This application has an appointment already. Move that one instead of booking a second."""


class OfferEnded(Refusal):
    """This time is no longer kept for you. Choose another one from the list."""


@transaction.atomic
def book_appointment(
    *,
    actor: Actor,
    centre_code: str,
    wish: Wish,
    starts_at: datetime,
    case_id: UUID | None = None,
    now: datetime,
) -> Appointment:
    """Book a visit for the person whose business this is. The same time twice gives the same appointment.

    Raises identity.NotProven, NotFound, slots.NotOffered, slots.SlotTaken, TooManyBooked, BookedAlready.
    """
    person_id = actor.applicant_id
    if person_id is None:
        raise identity.NotProven
    centre = places.get_centre(centre_code)
    slots.check(centre, wish, starts_at)
    if visits.plan_of(centre, timezone.localdate(starts_at), wish, now=now).room_at(starts_at) is None and not (
        Appointment.objects.filter(person_id=person_id, centre=centre, starts_at=starts_at, state="booked").exists()
    ):
        raise slots.SlotTaken  # seen without the lock: when all is gone, nobody has to queue to hear it
    slots.lock_day(centre, starts_at)
    mine = list(Appointment.objects.filter(person_id=person_id, state="booked", ends_at__gt=now))
    same = next((a for a in mine if a.centre_id == centre.code and a.starts_at == starts_at), None)
    if same is not None:
        return same
    if case_id is not None and any(a.case_id == case_id for a in mine):
        raise BookedAlready
    if len(mine) >= MOST_BOOKED and not actor.is_staff:
        raise TooManyBooked
    found = slots.take(centre, wish, starts_at, now)
    appointment = slots.create(centre, wish, found, person_id=person_id, case_id=case_id, now=now)
    Waiter.objects.filter(centre=centre, person_id=person_id, services=list(wish.services), state="waiting").update(
        state="served"
    )
    slots.announce(actor, events.AppointmentBooked, appointment, now)
    return appointment


@transaction.atomic
def move_appointment(*, actor: Actor, appointment_id: UUID, starts_at: datetime, now: datetime) -> Appointment:
    """Give a booked or offered visit another time, at the person's wish; its old place is free at once.

    Raises NotFound, slots.TooLate, slots.NotOffered, slots.SlotTaken.
    """
    before = visits.get_appointment_for(actor, appointment_id)
    for moment in sorted(
        {before.starts_at, starts_at}
    ):  # always in one order, so that two movers never wait for each other
        slots.lock_day(before.centre, moment)
    appointment = slots.lock(actor, appointment_id)
    if appointment.state not in ("booked", "offered", "displaced") or (
        appointment.starts_at <= now and appointment.state != "displaced"
    ):
        raise slots.TooLate
    if appointment.state == "booked" and appointment.starts_at == starts_at:
        return appointment
    wish = slots.wish_of(appointment)
    slots.check(appointment.centre, wish, starts_at)
    left, was = appointment.starts_at, appointment.state
    found = slots.take(appointment.centre, wish, starts_at, now, without=appointment)
    appointment.starts_at, appointment.ends_at = found.starts_at, found.ends_at
    appointment.lane, appointment.officer_id = found.lane, found.officer_id
    appointment.offered_until, appointment.confirmed_at, appointment.reminded_days = None, now, None
    slots.turn(appointment, "booked", now)
    if was == "displaced":  # the time that was kept instead is not needed now
        for kept in Appointment.objects.filter(replaces=appointment, state="offered"):
            slots.turn(kept, "lapsed", now)
    slots.announce(actor, events.AppointmentMoved, appointment, now)
    slots.close_wait(appointment, "served")
    freed.offer_freed(appointment.centre, left, now)
    return appointment


@transaction.atomic
def confirm_appointment(*, actor: Actor, appointment_id: UUID, now: datetime) -> Appointment:
    """Say that one will come: to a reminder, or to an offered time, which is booked by it. Again changes nothing.

    Raises NotFound, OfferEnded.
    """
    appointment = slots.lock(actor, appointment_id)
    if appointment.state == "offered":
        if appointment.offered_until is None or appointment.offered_until <= now:
            raise OfferEnded
        appointment.confirmed_at, appointment.offered_until = now, None
        slots.turn(appointment, "booked", now)
        slots.close_wait(appointment, "served")
        slots.announce(actor, events.AppointmentBooked, appointment, now)
        return appointment
    if appointment.state != "booked":
        raise OfferEnded
    if appointment.confirmed_at is None:
        appointment.confirmed_at = now
        slots.turn(appointment, "booked", now)
        slots.announce(actor, events.AppointmentConfirmed, appointment, now)
    return appointment


@transaction.atomic
def cancel_appointment(*, actor: Actor, appointment_id: UUID, now: datetime) -> Appointment:
    """Call a visit off, or decline an offer; the place goes to whoever waits first. Again changes nothing.

    Raises NotFound, slots.TooLate.
    """
    before = visits.get_appointment_for(actor, appointment_id)
    slots.lock_day(before.centre, before.starts_at)
    appointment = slots.lock(actor, appointment_id)
    if appointment.state == "cancelled":
        return appointment
    if appointment.state not in ("booked", "offered", "displaced"):
        raise slots.TooLate
    slots.turn(appointment, "cancelled", now)
    slots.close_wait(appointment, "left")
    slots.announce(actor, events.AppointmentCancelled, appointment, now)
    freed.offer_freed(appointment.centre, appointment.starts_at, now)
    return appointment
