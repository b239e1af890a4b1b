"""Visits that a centre cannot keep: a colleague takes over, or another time is kept and offered with an apology."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from huduma.contexts.centres import events, rules
from huduma.contexts.centres.models import Appointment
from huduma.contexts.centres.operations import slots
from huduma.contexts.centres.queries import places, visits
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import SYSTEM, Actor
from huduma.foundation.worktime.public import NAIROBI

#: How long the time that replaces a displaced visit is kept.
REPLACEMENT_FOR = timedelta(hours=48)
NOT_SERVED = {"en": "the centre does not do this on that day any more", "sw": "kituo hakitoi tena huduma hii siku hiyo"}


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
def displace_shut_out(
    *, actor: Actor, centre_code: str, reason: dict[str, str], day: date | None = None, now: datetime
) -> int:
    """Displace the coming visits that no longer lie within a centre's opening, on a date or on all.

    So after its hours were changed, or a date became a holiday. Returns how many. Raises NotFound, NotPermitted.
    """
    workforce.require_place(actor, centre_code, "supervisor")
    centre = places.get_centre(centre_code)
    coming = Appointment.objects.filter(centre=centre, starts_at__gt=now, state__in=["booked", "offered"])
    if day is not None:
        midnight = datetime.combine(day, time(), NAIROBI)
        coming = coming.filter(starts_at__gte=midnight, starts_at__lt=midnight + timedelta(days=1))
    spans = list(coming.order_by("starts_at").values_list("id", "starts_at", "ends_at"))
    if not spans:
        return 0
    first, last = timezone.localdate(spans[0][1]), timezone.localdate(spans[-1][1])
    opening = places.opening_of(centre, first, last)
    shut = [
        key for key, start, end in spans
        if not rules.counters_open(opening.windows(timezone.localdate(start)), start, end)
    ]  # fmt: skip
    return sum(_displace(actor, key, reason, now) for key in shut)


@transaction.atomic
def displace_unserved(*, actor: Actor, centre_code: str, service_code: str, now: datetime) -> int:
    """Displace the coming visits for a service on days on which a centre does not serve it any more. Returns how many.

    Raises NotFound, NotPermitted.
    """
    workforce.require_place(actor, centre_code, "supervisor")
    centre = places.get_centre(centre_code)
    weekdays = places.weekdays_of(centre, (service_code,))[service_code]
    coming = Appointment.objects.filter(
        centre=centre, starts_at__gt=now, state__in=["booked", "offered"], services__contains=[service_code]
    )
    rows = list(coming.order_by("starts_at").values_list("id", "starts_at"))
    return sum(
        _displace(actor, key, NOT_SERVED, now)
        for key, start in rows
        if timezone.localdate(start).weekday() not in weekdays
    )


@transaction.atomic
def offer_back(*, centre_code: str, starts_at: datetime, ends_at: datetime, now: datetime) -> int:
    """Keep the old times of visits that were displaced from a span which is open again, for who has no other one yet.

    Returns how many are kept.
    """
    lost = Appointment.objects.filter(
        centre_id=centre_code, starts_at__lt=ends_at, ends_at__gt=starts_at, starts_at__gt=now, state="displaced"
    )
    kept = 0
    for before in lost.select_related("centre").order_by("starts_at", "id"):
        slots.lock_day(before.centre, before.starts_at)
        appointment = slots.lock(SYSTEM, before.id)
        other = visits.instead_of(appointment, now=now)
        if appointment.state != "displaced" or (other is not None and other.state != "offered"):
            continue
        try:
            long_ago = appointment.starts_at - timedelta(days=before.centre.most_notice_days)
            found = slots.take(before.centre, slots.wish_of(appointment), appointment.starts_at, long_ago)
        except slots.SlotTaken:
            continue
        appointment.lane, appointment.officer_id = found.lane, found.officer_id
        appointment.offered_until = min(now + REPLACEMENT_FOR, appointment.starts_at)
        slots.turn(appointment, "offered", now)
        slots.announce(SYSTEM, events.AppointmentOffered, appointment, now, until=appointment.offered_until.isoformat())
        kept += 1
    return kept


@transaction.atomic
def cover_absence(*, account_id: UUID, starts_at: datetime, ends_at: datetime, now: datetime) -> int:
    """See to the visits with an officer who will be away: a colleague takes them over, or they are displaced.

    Returns how many were displaced.
    """
    reason = {
        "en": "the officer who was to serve you is away",
        "sw": "afisa aliyepaswa kukuhudumia hayupo",
    }
    displaced = 0
    hit = Appointment.objects.filter(
        officer_id=account_id, starts_at__lt=ends_at, ends_at__gt=starts_at,
        state__in=["booked", "offered"],
    )  # fmt: skip
    for before in hit.select_related("centre").order_by("starts_at"):
        slots.lock_day(before.centre, before.starts_at)
        appointment = slots.lock(SYSTEM, before.id)
        if appointment.state not in ("booked", "offered"):  # cancelled while the lock was waited for
            continue
        try:
            long_ago = appointment.starts_at - timedelta(days=before.centre.most_notice_days)
            found = slots.take(
                before.centre, slots.wish_of(appointment), appointment.starts_at, long_ago, without=appointment
            )
        except slots.SlotTaken:
            displaced += _displace(SYSTEM, appointment.id, reason, now)
        else:
            appointment.lane, appointment.officer_id = found.lane, found.officer_id
            appointment.save(update_fields=["lane", "officer_id"])
    return displaced


def _displace(actor: Actor, appointment_id: UUID, reason: dict[str, str], now: datetime) -> bool:
    before = visits.get_appointment_for(SYSTEM, appointment_id)
    slots.lock_day(before.centre, before.starts_at)
    appointment = slots.lock(SYSTEM, appointment_id)
    if appointment.state not in ("booked", "offered"):
        return False
    slots.turn(appointment, "displaced", now)
    slots.close_wait(appointment, "waiting")
    wish, offer = slots.wish_of(appointment), None
    on = timezone.localdate(before.starts_at)
    day = next((day for day, _ in visits.days_with_room(before.centre, wish, now=now, limit=1, from_on=on)), None)
    if day is not None:
        found = visits.free_rooms(before.centre, day, wish, now=now)[0]
        slots.lock_day(before.centre, found.starts_at)
        try:
            found = slots.take(before.centre, wish, found.starts_at, now)
        except slots.SlotTaken:  # gone while the lock was waited for: the link leads to the whole list
            pass
        else:
            offer = slots.create(
                before.centre, wish, found, person_id=appointment.person_id, case_id=appointment.case_id, now=now,
                offered_until=min(now + REPLACEMENT_FOR, found.starts_at), replaces=appointment.replaces or appointment,
            )  # fmt: skip
    slots.announce(
        actor, events.AppointmentDisplaced, appointment, now, offered_id=offer.id if offer else None, reason=reason
    )
    return True
