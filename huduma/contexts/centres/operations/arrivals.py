"""Arriving: a ticket for whoever comes, the check-in of an appointment, and leaving before one is called."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres.models import Appointment, Ticket
from huduma.contexts.centres.models.queue import PRIORITIES, SOURCES
from huduma.contexts.centres.operations import attendance, tickets
from huduma.contexts.centres.queries import places
from huduma.contexts.workforce import public as workforce
from huduma.foundation import phone as phones
from huduma.foundation.access import Actor, NotFound, Refusal

#: From an hour before the visit one can check in.
EARLIEST_CHECK_IN = timedelta(hours=1)


class CentreShut(Refusal):
    """This centre is closed now. Its page shows when it opens; you can book an appointment there."""


class NotToday(Refusal):
    """This appointment is not for now. You can check in from one hour before it, on its day."""


@transaction.atomic
def take_ticket(
    *,
    actor: Actor,
    centre_code: str,
    ticket_id: UUID,
    source: str,
    now: datetime,
    service_code: str = "",
    priority: str = "",
    language: str = "sw",
    phone: str = "",
    person_id: UUID | None = None,
    case_id: UUID | None = None,
) -> Ticket:
    """Give a place in the queue. `ticket_id` is minted by the page, so that two clicks on one page give one ticket.

    `phone`: as typed, or empty. Raises NotFound, CentreShut, phones.InvalidPhone; NotPermitted
    where somebody who does not work there gives a ticket as reception.
    """
    if source not in SOURCES or priority not in PRIORITIES:
        raise NotFound
    if found := Ticket.objects.filter(id=ticket_id).first():
        return found
    centre = places.get_centre(centre_code)
    if service_code:
        catalogue.get_service(service_code)
    if source == "reception":
        workforce.require_place(actor, centre_code, "officer", "supervisor")
    elif not places.is_open(centre, now=now) and not workforce.works_at(actor, centre_code):
        raise CentreShut
    return tickets.add(
        actor, centre, id=ticket_id, source=source, service_code=service_code, priority=priority,
        language=language, phone=phones.parse_mobile(phone) if phone else "", person_id=person_id, case_id=case_id,
        came_at=now, now=now,
    )  # fmt: skip


@transaction.atomic
def check_in(*, actor: Actor, appointment_id: UUID, ticket_id: UUID, source: str, now: datetime) -> Ticket:
    """Let the holder of today's appointment arrive: a ticket ranked by the time that was promised. Again gives the same one.

    Raises NotFound, NotToday.
    """
    appointment = Appointment.objects.select_for_update().filter(id=appointment_id).first()
    if appointment is None:
        raise NotFound
    if found := Ticket.objects.filter(appointment=appointment).first():
        return found
    too_early = now < appointment.starts_at - EARLIEST_CHECK_IN
    if appointment.state != "booked" or too_early or now > appointment.ends_at + attendance.GRACE:
        raise NotToday
    appointment.state, appointment.state_at = "arrived", now
    appointment.save(update_fields=["state", "state_at"])
    return tickets.add(
        actor, places.get_centre(appointment.centre_id), id=ticket_id, source=source,
        service_code=appointment.services[0], priority="appointment",
        person_id=appointment.person_id, case_id=appointment.case_id, appointment=appointment, came_at=appointment.starts_at,
        now=now,
    )  # fmt: skip


@transaction.atomic
def leave_queue(*, actor: Actor, ticket_id: UUID, now: datetime) -> Ticket:
    """Give one's place up; whoever has the ticket's address may. Again changes nothing. Raises NotFound, tickets.TicketElsewhere."""
    ticket = Ticket.objects.select_for_update().filter(id=ticket_id).first()
    if ticket is None:
        raise NotFound
    if ticket.state == "left":
        return ticket
    if ticket.state != "waiting":
        raise tickets.TicketElsewhere
    return tickets.end(actor, ticket, "left", "left", now)
