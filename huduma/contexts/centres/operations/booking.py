"""Appointments at the wish of the person: booked, moved, confirmed, called off."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from huduma.contexts.centres import events
from huduma.contexts.centres.models import Appointment, CalendarFeed, Waiter
from huduma.contexts.centres.operations import freed, slots
from huduma.contexts.centres.queries import places, visits
from huduma.contexts.centres.queries.visits import Wish
from huduma.contexts.identity import public as identity
from huduma.foundation.access import Actor, NotPermitted, Refusal
from huduma.foundation.journal import public as journal

MOST_BOOKED = 5


class TooManyBooked(Refusal):
    """You have five appointments already. Cancel one that you do not need, then book again."""


class BookedAlready(Refusal):
    """This application has an appointment already. Move that one instead of booking a second."""


class OfferEnded(Refusal):
    """This time is no longer kept for you. Choose another one from the list."""


class HasAnother(Refusal):
    """You have another appointment for this already. Change that one; this one is no longer needed."""


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
    slots.lock_person(person_id)
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
    """Give a visit another time, at the person's wish: a booked or offered one, one that the centre could not keep, or an offer
    that ended. Its old place is free at once, and so is a time that was kept instead of it.

    Raises NotFound, slots.TooLate, HasAnother, slots.NotOffered, slots.SlotTaken.
    """
    before = visits.get_appointment_for(actor, appointment_id)
    kept = visits.instead_of(before, now=now) if before.state in visits.GIVEN_UP else None
    # always in one order, so that two movers never wait for each other
    for moment in sorted({before.starts_at, starts_at, *([kept.starts_at] if kept else [])}):
        slots.lock_day(before.centre, moment)
    slots.lock_person(before.person_id)
    appointment = slots.lock(actor, appointment_id)
    if not visits.may_move(appointment, now=now):
        raise slots.TooLate
    if appointment.state == "booked" and appointment.starts_at == starts_at:
        return appointment
    if appointment.state in visits.GIVEN_UP and (other := visits.instead_of(appointment, now=now)):
        if other.state != "offered":
            raise HasAnother
        _release(other, now)
    wish = slots.wish_of(appointment)
    slots.check(appointment.centre, wish, starts_at)
    left = appointment.starts_at
    found = slots.take(appointment.centre, wish, starts_at, now, without=appointment)
    appointment.starts_at, appointment.ends_at = found.starts_at, found.ends_at
    appointment.lane, appointment.officer_id = found.lane, found.officer_id
    appointment.offered_until, appointment.confirmed_at, appointment.reminded_days = None, now, None
    slots.turn(appointment, "booked", now)
    slots.announce(actor, events.AppointmentMoved, appointment, now)
    slots.close_wait(appointment, "served")
    freed.offer_freed(appointment.centre, left, now)
    return appointment


def _release(kept: Appointment, now: datetime) -> None:
    """Give up a time that was kept for somebody who chose another one, and offer it on; its day is locked."""
    offer = Appointment.objects.select_for_update(of=("self",)).select_related("centre").get(id=kept.id)
    if offer.state == "offered":
        slots.turn(offer, "lapsed", now)
        slots.close_wait(offer, "served")
        freed.offer_freed(offer.centre, offer.starts_at, now)


@transaction.atomic
def confirm_appointment(*, actor: Actor, appointment_id: UUID, now: datetime) -> Appointment:
    """Say that one will come: to a reminder, or to an offered time, which is booked by it; a later visit for the same is given up
    for that, and its place offered on. Again changes nothing.

    Raises NotFound, OfferEnded, slots.TooLate.
    """
    before = visits.get_appointment_for(actor, appointment_id)
    later = visits.instead_of(before, now=now) if before.state == "offered" else None
    if later is not None:
        slots.lock_day(before.centre, later.starts_at)
    slots.lock_person(before.person_id)
    appointment = slots.lock(actor, appointment_id)
    if appointment.state == "offered":
        if appointment.offered_until is None or appointment.offered_until <= now:
            raise OfferEnded
        appointment.confirmed_at, appointment.offered_until = now, None
        slots.turn(appointment, "booked", now)
        slots.close_wait(appointment, "served")
        slots.announce(actor, events.AppointmentBooked, appointment, now)
        if later is not None and later.state == "offered":
            _release(later, now)
        elif later is not None:
            _give_up(actor, later, now)
        return appointment
    if appointment.state in ("arrived", "attended", "missed"):
        raise slots.TooLate
    if appointment.state != "booked":
        raise OfferEnded
    if appointment.ends_at <= now:
        raise slots.TooLate
    if appointment.confirmed_at is None:
        appointment.confirmed_at = now
        slots.turn(appointment, "booked", now)
        slots.announce(actor, events.AppointmentConfirmed, appointment, now)
    return appointment


def _give_up(actor: Actor, later: Appointment, now: datetime) -> None:
    """Call a visit off for which there is an earlier one now; its day is locked."""
    appointment = slots.lock(actor, later.id)
    if appointment.state == "booked":
        slots.turn(appointment, "cancelled", now)
        slots.announce(actor, events.AppointmentCancelled, appointment, now)
        freed.offer_freed(appointment.centre, appointment.starts_at, now)


@transaction.atomic
def replace_feed(*, actor: Actor, now: datetime) -> None:
    """Give the calendar of whom the actor acts for another secret address; the one before opens nothing. Raises NotPermitted."""
    person_id = actor.applicant_id
    if person_id is None:
        raise NotPermitted
    feed, _ = CalendarFeed.objects.select_for_update().get_or_create(person_id=person_id)
    feed.changes += 1
    feed.save(update_fields=["changes"])
    journal.record(actor=actor, event=events.FeedReplaced(person_id=person_id), now=now)


@transaction.atomic
def cancel_appointment(*, actor: Actor, appointment_id: UUID, now: datetime) -> Appointment:
    """Call a visit off, or decline an offer; the place goes to whoever waits first. Again changes nothing.

    One that the centre could not keep is called off with the time that was kept instead. Raises NotFound, slots.TooLate.
    """
    before = visits.get_appointment_for(actor, appointment_id)
    kept = visits.instead_of(before, now=now) if before.state == "displaced" else None
    for moment in sorted({before.starts_at, *([kept.starts_at] if kept else [])}):
        slots.lock_day(before.centre, moment)
    appointment = slots.lock(actor, appointment_id)
    if appointment.state == "cancelled":
        return appointment
    if not visits.may_cancel(appointment, now=now):
        raise slots.TooLate
    if kept is not None:
        _release(kept, now)
    slots.turn(appointment, "cancelled", now)
    slots.close_wait(appointment, "left")
    slots.announce(actor, events.AppointmentCancelled, appointment, now)
    freed.offer_freed(appointment.centre, appointment.starts_at, now)
    return appointment
