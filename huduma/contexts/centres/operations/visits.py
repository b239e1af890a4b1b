"""Appointments: booked, moved, cancelled, offered, displaced, kept or missed.

Whoever changes what is free on a day of a centre first takes that day's lock, so that two people who want the last place come
one after the other; the exclusion constraints are the last guard, for whatever goes round the lock.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from huduma.contexts.centres import events, rules
from huduma.contexts.centres.models import Appointment, Centre, Waiter
from huduma.contexts.centres.models.visits import MEDIA
from huduma.contexts.centres.queries import places, visits
from huduma.contexts.centres.queries.visits import Wish
from huduma.contexts.identity import public as identity
from huduma.contexts.workforce import public as workforce
from huduma.foundation import references
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

#: How long a freed time is kept for the one who stands first in the list.
OFFER_FOR = timedelta(minutes=30)
#: How long the time that replaces a displaced visit is kept.
REPLACEMENT_FOR = timedelta(hours=48)
#: Who is not there so long after the start has missed the visit.
GRACE = timedelta(minutes=30)
MOST_BOOKED = 5
FIRST_IN_LIST = 20


class SlotTaken(Refusal):
    """Somebody else was faster: this time is taken. Choose another one; the list is new now."""


class NotOffered(Refusal):
    """This centre does not offer that on this day. Choose another service, day or centre."""


class TooManyBooked(Refusal):
    """You have five appointments already. Cancel one that you do not need, then book again."""


class BookedAlready(Refusal):
    """This application has an appointment already. Move that one instead of booking a second."""


class OfferEnded(Refusal):
    """This time is no longer kept for you. Choose another one from the list."""


class TooLate(Refusal):
    """This appointment cannot be changed any more. Ask at the centre what can be done."""


class WaitsAlready(Refusal):
    """You are in the list already. We will text you when a place becomes free."""


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

    Raises identity.NotProven, NotFound, NotOffered, SlotTaken, TooManyBooked, BookedAlready.
    """
    person_id = actor.applicant_id
    if person_id is None:
        raise identity.NotProven
    centre = places.get_centre(centre_code)
    _check(centre, wish, starts_at)
    if visits.plan_of(centre, timezone.localdate(starts_at), wish, now=now).room_at(starts_at) is None and not (
        Appointment.objects.filter(person_id=person_id, centre=centre, starts_at=starts_at, state="booked").exists()
    ):
        raise SlotTaken  # seen without the lock: when all is gone, nobody has to queue to hear it
    _lock_day(centre, starts_at)
    mine = list(Appointment.objects.filter(person_id=person_id, state="booked", ends_at__gt=now))
    same = next((a for a in mine if a.centre_id == centre.code and a.starts_at == starts_at), None)
    if same is not None:
        return same
    if case_id is not None and any(a.case_id == case_id for a in mine):
        raise BookedAlready
    if len(mine) >= MOST_BOOKED and not actor.is_staff:
        raise TooManyBooked
    found = _take(centre, wish, starts_at, now)
    appointment = _create(centre, wish, found, person_id=person_id, case_id=case_id, now=now)
    Waiter.objects.filter(centre=centre, person_id=person_id, services=list(wish.services), state="waiting").update(
        state="served"
    )
    _announce(actor, events.AppointmentBooked, appointment, now)
    return appointment


def _check(centre: Centre, wish: Wish, starts_at: datetime) -> None:
    media = MEDIA if settings.VIDEO_URL else tuple(medium for medium in MEDIA if medium != "video")
    weekday = timezone.localdate(starts_at).weekday()
    fits = wish.services and 1 <= wish.people <= 20 and wish.medium in media
    if not fits or not all(weekday in days for days in places.weekdays_of(centre, wish.services).values()):
        raise NotOffered


def _lock_day(centre: Centre, moment: datetime) -> None:
    key = f"centres.day:{centre.code}:{timezone.localdate(moment)}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def _take(
    centre: Centre, wish: Wish, starts_at: datetime, now: datetime, *, without: Appointment | None = None
) -> rules.Room:
    """Return a free room at a start, under the day's lock. Raises SlotTaken."""
    start, end = visits.day_of(starts_at)
    Appointment.objects.filter(
        centre=centre, starts_at__gte=start, starts_at__lt=end, state="offered", offered_until__lt=now
    ).update(state="lapsed", state_at=now)
    plan = visits.plan_of(centre, timezone.localdate(starts_at), wish, now=now)
    if without is not None:
        own = rules.Taken(without.starts_at, without.ends_at, without.lane, without.officer_id)
        plan = replace(plan, taken=[one for one in plan.taken if one != own])
    found = plan.room_at(starts_at)
    if found is None:
        raise SlotTaken
    return found


def _create(
    centre: Centre,
    wish: Wish,
    room: rules.Room,
    *,
    person_id: UUID,
    case_id: UUID | None,
    now: datetime,
    offered_until: datetime | None = None,
    replaces: Appointment | None = None,
) -> Appointment:
    return Appointment.objects.create(
        reference=references.mint("HV"),
        centre=centre,
        services=list(wish.services),
        people=wish.people,
        medium=wish.medium,
        person_id=person_id,
        case_id=case_id,
        starts_at=room.starts_at,
        ends_at=room.ends_at,
        lane=room.lane,
        officer_id=room.officer_id,
        state="offered" if offered_until else "booked",
        offered_until=offered_until,
        replaces=replaces,
        booked_at=now,
        state_at=now,
    )


def wish_of(appointment: Appointment | Waiter) -> Wish:
    """Return what a visit is for."""
    return Wish(tuple(appointment.services), appointment.people, appointment.medium)


def _announce(
    actor: Actor, kind: type[events.VisitEvent], appointment: Appointment, now: datetime, **facts: object
) -> None:
    event = kind(
        appointment_id=appointment.id, person_id=appointment.person_id, centre_code=appointment.centre_id,
        case_id=appointment.case_id, starts_at=appointment.starts_at.isoformat(), **facts,
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)


def _lock(actor: Actor, appointment_id: UUID) -> Appointment:
    """Return an appointment that the actor may change, its row locked. Raises NotFound."""
    found = Appointment.objects.select_for_update(of=("self",)).filter(id=appointment_id).first()
    if found is None or not visits.may_see(actor, found):
        raise NotFound
    return found


def _turn(appointment: Appointment, state: str, now: datetime) -> None:
    appointment.state, appointment.state_at = state, now
    appointment.save()


@transaction.atomic
def move_appointment(*, actor: Actor, appointment_id: UUID, starts_at: datetime, now: datetime) -> Appointment:
    """Give a booked or offered visit another time, at the person's wish; its old place is free at once.

    Raises NotFound, TooLate, NotOffered, SlotTaken.
    """
    before = visits.get_appointment_for(actor, appointment_id)
    for moment in sorted(
        {before.starts_at, starts_at}
    ):  # always in one order, so that two movers never wait for each other
        _lock_day(before.centre, moment)
    appointment = _lock(actor, appointment_id)
    if appointment.state not in ("booked", "offered", "displaced") or (
        appointment.starts_at <= now and appointment.state != "displaced"
    ):
        raise TooLate
    if appointment.state == "booked" and appointment.starts_at == starts_at:
        return appointment
    wish = wish_of(appointment)
    _check(appointment.centre, wish, starts_at)
    freed, was = appointment.starts_at, appointment.state
    found = _take(appointment.centre, wish, starts_at, now, without=appointment)
    appointment.starts_at, appointment.ends_at = found.starts_at, found.ends_at
    appointment.lane, appointment.officer_id = found.lane, found.officer_id
    appointment.offered_until, appointment.confirmed_at, appointment.reminded_days = None, now, None
    _turn(appointment, "booked", now)
    if was == "displaced":  # the time that was kept instead is not needed now
        for kept in Appointment.objects.filter(replaces=appointment, state="offered"):
            _turn(kept, "lapsed", now)
    _announce(actor, events.AppointmentMoved, appointment, now)
    _close_wait(appointment, "served")
    _offer_freed(appointment.centre, freed, now)
    return appointment


@transaction.atomic
def confirm_appointment(*, actor: Actor, appointment_id: UUID, now: datetime) -> Appointment:
    """Say that one will come: to a reminder, or to an offered time, which is booked by it. Again changes nothing.

    Raises NotFound, OfferEnded.
    """
    appointment = _lock(actor, appointment_id)
    if appointment.state == "offered":
        if appointment.offered_until is None or appointment.offered_until <= now:
            raise OfferEnded
        appointment.confirmed_at, appointment.offered_until = now, None
        _turn(appointment, "booked", now)
        _close_wait(appointment, "served")
        _announce(actor, events.AppointmentBooked, appointment, now)
        return appointment
    if appointment.state != "booked":
        raise OfferEnded
    if appointment.confirmed_at is None:
        appointment.confirmed_at = now
        _turn(appointment, "booked", now)
        _announce(actor, events.AppointmentConfirmed, appointment, now)
    return appointment


@transaction.atomic
def cancel_appointment(*, actor: Actor, appointment_id: UUID, now: datetime) -> Appointment:
    """Call a visit off, or decline an offer; the place goes to whoever waits first. Again changes nothing.

    Raises NotFound, TooLate.
    """
    before = visits.get_appointment_for(actor, appointment_id)
    _lock_day(before.centre, before.starts_at)
    appointment = _lock(actor, appointment_id)
    if appointment.state == "cancelled":
        return appointment
    if appointment.state not in ("booked", "offered", "displaced"):
        raise TooLate
    _turn(appointment, "cancelled", now)
    _close_wait(appointment, "left")
    _announce(actor, events.AppointmentCancelled, appointment, now)
    _offer_freed(appointment.centre, appointment.starts_at, now)
    return appointment


def _close_wait(appointment: Appointment, state: str) -> None:
    Waiter.objects.filter(offer=appointment, state="offered").update(state=state)


@transaction.atomic
def join_waiting_list(
    *, actor: Actor, centre_code: str, wish: Wish, until_on: date, case_id: UUID | None = None, now: datetime
) -> Waiter:
    """Ask for a freed place at a centre, until a day. Raises identity.NotProven, NotFound, WaitsAlready."""
    person_id = actor.applicant_id
    if person_id is None:
        raise identity.NotProven
    centre = places.get_centre(centre_code)
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


def _offer_freed(centre: Centre, moment: datetime, now: datetime) -> None:
    """Offer what became free on a day to those who wait, in their order: under the day's lock, before anybody else sees it."""
    day = timezone.localdate(moment)
    waiting = Waiter.objects.select_for_update(skip_locked=True).filter(
        centre=centre, state="waiting", until_on__gte=day
    )
    for waiter in waiting.order_by("asked_at")[:FIRST_IN_LIST]:
        wish = wish_of(waiter)
        found = next(iter(visits.free_rooms(centre, day, wish, now=now)), None)
        if found is None:
            continue
        offer = _create(
            centre, wish, found, person_id=waiter.person_id, case_id=waiter.case_id, now=now,
            offered_until=min(now + OFFER_FOR, found.starts_at),
        )  # fmt: skip
        waiter.state, waiter.offer = "offered", offer
        waiter.save()
        _announce(SYSTEM, events.AppointmentOffered, offer, now, until=offer.offered_until.isoformat())  # type: ignore[union-attr]  # just set


def lapse_offers(*, now: datetime) -> int:
    """End the offers that nobody took, and offer their places on. Returns how many ended."""
    ended = 0
    for appointment_id in Appointment.objects.filter(state="offered", offered_until__lte=now).values_list(
        "id", flat=True
    ):
        with transaction.atomic():
            before = visits.get_appointment_for(SYSTEM, appointment_id)
            _lock_day(before.centre, before.starts_at)
            appointment = _lock(SYSTEM, appointment_id)
            if appointment.state != "offered":
                continue
            _turn(appointment, "lapsed", now)
            _close_wait(appointment, "left")
            _announce(SYSTEM, events.AppointmentLapsed, appointment, now)
            _offer_freed(appointment.centre, appointment.starts_at, now)
            ended += 1
    return ended


@transaction.atomic
def displace_visits(
    *, actor: Actor, centre_code: str, starts_at: datetime, ends_at: datetime, reason: dict[str, str], now: datetime
) -> int:
    """Give up the visits of a span that a closure makes impossible: keep another time for each, and ask whether it suits.

    Nobody is moved without saying yes. Returns how many were displaced. Raises NotPermitted.
    """
    workforce.require_place(actor, centre_code, "supervisor")
    hit = Appointment.objects.filter(
        centre_id=centre_code, starts_at__lt=ends_at, ends_at__gt=starts_at, state__in=["booked", "offered"]
    )
    return sum(_displace(actor, appointment_id, reason, now) for appointment_id in hit.values_list("id", flat=True))


@transaction.atomic
def cover_absence(*, account_id: UUID, centre_code: str, starts_at: datetime, ends_at: datetime, now: datetime) -> int:
    """See to the visits with an officer who will be away: a colleague takes them over, or they are displaced.

    Returns how many were displaced.
    """
    reason = {
        "en": "the officer who was to serve you is away",
        "sw": "afisa aliyepaswa kukuhudumia hayupo",
    }
    displaced = 0
    hit = Appointment.objects.filter(
        centre_id=centre_code, officer_id=account_id, starts_at__lt=ends_at, ends_at__gt=starts_at,
        state__in=["booked", "offered"],
    )  # fmt: skip
    for before in hit.select_related("centre").order_by("starts_at"):
        _lock_day(before.centre, before.starts_at)
        appointment = _lock(SYSTEM, before.id)
        try:
            long_ago = appointment.starts_at - timedelta(days=before.centre.most_notice_days)
            found = _take(before.centre, wish_of(appointment), appointment.starts_at, long_ago, without=appointment)
        except SlotTaken:
            displaced += _displace(SYSTEM, appointment.id, reason, now)
        else:
            appointment.lane, appointment.officer_id = found.lane, found.officer_id
            appointment.save(update_fields=["lane", "officer_id"])
    return displaced


def _displace(actor: Actor, appointment_id: UUID, reason: dict[str, str], now: datetime) -> bool:
    before = visits.get_appointment_for(SYSTEM, appointment_id)
    _lock_day(before.centre, before.starts_at)
    appointment = _lock(SYSTEM, appointment_id)
    if appointment.state not in ("booked", "offered"):
        return False
    _turn(appointment, "displaced", now)
    _close_wait(appointment, "waiting")
    wish, offer = wish_of(appointment), None
    on = timezone.localdate(before.starts_at)
    day = next((day for day, _ in visits.days_with_room(before.centre, wish, now=now, limit=1, from_on=on)), None)
    if day is not None:
        found = visits.free_rooms(before.centre, day, wish, now=now)[0]
        _lock_day(before.centre, found.starts_at)
        try:
            found = _take(before.centre, wish, found.starts_at, now)
        except SlotTaken:  # gone while the lock was waited for: the link leads to the whole list
            pass
        else:
            offer = _create(
                before.centre, wish, found, person_id=appointment.person_id, case_id=appointment.case_id, now=now,
                offered_until=min(now + REPLACEMENT_FOR, found.starts_at), replaces=appointment,
            )  # fmt: skip
    _announce(
        actor, events.AppointmentDisplaced, appointment, now, offered_id=offer.id if offer else None, reason=reason
    )
    return True


@transaction.atomic
def record_attendance(*, actor: Actor, appointment_id: UUID, attended: bool, now: datetime) -> Appointment:
    """Say whether a visit took place: of phone and video visits, or where no ticket was taken. Again changes nothing.

    Raises NotFound, NotPermitted, TooLate.
    """
    appointment = _lock(actor, appointment_id)
    workforce.require_place(actor, appointment.centre_id, "officer", "supervisor")
    return settle(actor, appointment, attended=attended, now=now)


def settle(actor: Actor, appointment: Appointment, *, attended: bool, now: datetime) -> Appointment:
    """Close an appointment that took place, or did not; its row is locked. Raises TooLate."""
    state = "attended" if attended else "missed"
    if appointment.state == state:
        return appointment
    if appointment.state not in ("booked", "arrived"):
        raise TooLate
    _turn(appointment, state, now)
    kind = events.AppointmentAttended if attended else events.AppointmentMissed
    _announce(actor, kind, appointment, now)
    return appointment


def miss_appointments(*, now: datetime) -> int:
    """Mark the visits to which nobody came. Returns how many."""
    missed = 0
    late = Appointment.objects.filter(state="booked", starts_at__lt=now - GRACE, medium="in-person")
    for appointment_id in late.values_list("id", flat=True)[:1000]:
        with transaction.atomic():
            appointment = _lock(SYSTEM, appointment_id)
            if appointment.state == "booked":
                settle(SYSTEM, appointment, attended=False, now=now)
                missed += 1
    return missed
