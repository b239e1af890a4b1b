"""Places in a centre's day: taken under that day's lock, and the rows of appointments that hold them.

Whoever changes what is free on a day of a centre first takes that day's lock, so that two people who want the last place come
one after the other; the exclusion constraints are the last guard, for whatever goes round the lock.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from huduma.contexts.centres import events, rules
from huduma.contexts.centres.models import Appointment, Centre, Waiter
from huduma.contexts.centres.models.visits import MEDIA
from huduma.contexts.centres.queries import places, visits
from huduma.contexts.centres.queries.visits import Wish
from huduma.foundation import references
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal


class SlotTaken(Refusal):
    """Somebody else was faster: this time is taken. Choose another one; the list is new now."""


class NotOffered(Refusal):
    """This centre does not offer that on this day. Choose another service, day or centre."""


class TooLate(Refusal):
    """This appointment cannot be changed any more. Ask at the centre what can be done."""


def check_wish(centre: Centre, wish: Wish) -> dict[str, set[int]]:
    """Return on which weekdays a centre serves each service of a wish that can be meant. Raises NotOffered."""
    media = MEDIA if settings.VIDEO_URL else tuple(medium for medium in MEDIA if medium != "video")
    if not wish.services or not 1 <= wish.people <= 20 or wish.medium not in media:
        raise NotOffered
    try:
        weekdays = places.weekdays_of(centre, wish.services)
    except NotFound:
        raise NotOffered from None
    if not all(weekdays.values()):
        raise NotOffered
    return weekdays


def check(centre: Centre, wish: Wish, starts_at: datetime) -> None:
    """Raise NotOffered where a centre does not serve a wish on a day."""
    weekday = timezone.localdate(starts_at).weekday()
    if not all(weekday in days for days in check_wish(centre, wish).values()):
        raise NotOffered


def lock_day(centre: Centre, moment: datetime) -> None:
    key = f"centres.day:{centre.code}:{timezone.localdate(moment)}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def lock_person(person_id: UUID) -> None:
    """Let the bookings of one person come one after the other, so that two tabs do not book twice for one application.

    Taken after the locks of days.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"centres.person:{person_id}"])


def take(
    centre: Centre, wish: Wish, starts_at: datetime, now: datetime, *, without: Appointment | None = None
) -> rules.Room:
    """Return a free room at a start, under the day's lock. Raises SlotTaken."""
    start, end = visits.day_of(starts_at)
    for ended in Appointment.objects.select_for_update(of=("self",)).filter(
        centre=centre, starts_at__gte=start, starts_at__lt=end, state="offered", offered_until__lte=now
    ):
        lapse(ended, now)
    plan = visits.plan_of(centre, timezone.localdate(starts_at), wish, now=now)
    if without is not None:
        own = rules.Taken(without.starts_at, without.ends_at, without.lane, without.officer_id)
        plan = replace(plan, taken=[one for one in plan.taken if one != own])
    found = plan.room_at(starts_at)
    if found is None:
        raise SlotTaken
    return found


def lapse(appointment: Appointment, now: datetime) -> None:
    """End an offer that nobody took; who was waiting for it is told, and may ask again."""
    turn(appointment, "lapsed", now)
    close_wait(appointment, "left")
    announce(SYSTEM, events.AppointmentLapsed, appointment, now)


def close_wait(appointment: Appointment, state: str) -> None:
    """Say what became of the wait for which a time was offered."""
    Waiter.objects.filter(offer=appointment, state="offered").update(state=state)


def create(
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


def announce(
    actor: Actor, kind: type[events.VisitEvent], appointment: Appointment, now: datetime, **facts: object
) -> None:
    event = kind(
        appointment_id=appointment.id, person_id=appointment.person_id, centre_code=appointment.centre_id,
        case_id=appointment.case_id, starts_at=appointment.starts_at.isoformat(), **facts,
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)


def lock(actor: Actor, appointment_id: UUID) -> Appointment:
    """Return an appointment that the actor may change, its row locked. Raises NotFound."""
    found = Appointment.objects.select_for_update(of=("self",)).filter(id=appointment_id).first()
    if found is None or not visits.may_see(actor, found):
        raise NotFound
    return found


def turn(appointment: Appointment, state: str, now: datetime) -> None:
    appointment.state, appointment.state_at = state, now
    appointment.save()
