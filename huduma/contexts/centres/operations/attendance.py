"""Whether a visit took place."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from huduma.contexts.centres import events
from huduma.contexts.centres.models import Appointment
from huduma.contexts.centres.operations import slots
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import SYSTEM, Actor

#: Who is not there so long after the start has missed the visit.
GRACE = timedelta(minutes=30)


@transaction.atomic
def record_attendance(*, actor: Actor, appointment_id: UUID, attended: bool, now: datetime) -> Appointment:
    """Say whether a visit took place: of phone and video visits, or where no ticket was taken. Again changes nothing.

    Raises NotFound, NotPermitted, slots.TooLate.
    """
    appointment = slots.lock(actor, appointment_id)
    workforce.require_place(actor, appointment.centre_id, "officer", "supervisor")
    return settle(actor, appointment, attended=attended, now=now)


def settle(actor: Actor, appointment: Appointment, *, attended: bool, now: datetime) -> Appointment:
    """Close an appointment that took place, or did not; its row is locked. Raises slots.TooLate."""
    state = "attended" if attended else "missed"
    if appointment.state == state:
        return appointment
    if appointment.state not in ("booked", "arrived"):
        raise slots.TooLate
    slots.turn(appointment, state, now)
    kind = events.AppointmentAttended if attended else events.AppointmentMissed
    slots.announce(actor, kind, appointment, now)
    return appointment


def miss_appointments(*, now: datetime) -> int:
    """Mark the visits to which nobody came. Returns how many."""
    missed = 0
    late = Appointment.objects.filter(state="booked", starts_at__lt=now - GRACE, medium="in-person")
    for appointment_id in late.values_list("id", flat=True)[:1000]:
        with transaction.atomic():
            appointment = slots.lock(SYSTEM, appointment_id)
            if appointment.state == "booked":
                settle(SYSTEM, appointment, attended=False, now=now)
                missed += 1
    return missed
