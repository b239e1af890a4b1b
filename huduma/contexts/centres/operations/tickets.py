"""The rows of the queue: how a ticket comes in, goes back, leaves a desk and ends, and what is told of it."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from huduma.contexts.centres import events, rules
from huduma.contexts.centres.models import Appointment, Centre, Counter, Offering, Stop, Ticket
from huduma.contexts.centres.models.queue import OPEN
from huduma.contexts.centres.operations import attendance
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM, Actor, Refusal
from huduma.foundation.journal import public as journal

#: The PostgreSQL channel on which displays hear that something changed at a centre; the payload is the centre's code.
CHANNEL = "huduma_board"
NEXT_NUMBER = """
INSERT INTO centres_numbering (id, centre_id, day, last) VALUES (%s, %s, %s, 1)
ON CONFLICT (centre_id, day) DO UPDATE SET last = centres_numbering.last + 1 RETURNING last
"""


class TicketElsewhere(Refusal):
    """This ticket is not at your counter any more. The screen is new now."""


def add(actor: Actor, centre: Centre, *, came_at: datetime, now: datetime, **facts: Any) -> Ticket:
    """Let a ticket into the queue now; `facts` are as of `create`."""
    ticket = create(centre, came_at=came_at, arrived_at=now, **facts)
    event = events.TicketTaken(
        ticket_id=ticket.id, centre_code=centre.code, number=ticket.number, service_code=ticket.service_code,
        source=ticket.source, case_id=ticket.case_id,
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)
    return ticket


def create(
    centre: Centre, *, came_at: datetime, arrived_at: datetime, service_code: str, number: str = "", **facts: Any
) -> Ticket:
    """Make the row: the desks that its service goes through, and its rank as of `came_at`; `facts` are other fields of it."""
    day = timezone.localdate(arrived_at)
    offering = Offering.objects.filter(centre=centre, service_id=service_code).first() if service_code else None
    journey = list(offering.journey) if offering and offering.journey else ["service" if service_code else "triage"]
    if not service_code and not Counter.objects.filter(centre=centre, desks__contains=["triage"]).exists():
        journey = ["service"]
    return Ticket.objects.create(
        centre=centre, day=day, number=number or _next_number(centre, day), service_code=service_code, desk=journey[0],
        journey=journey[1:], rank_at=rules.rank(came_at, facts.get("priority", ""), centre.credit_minutes),
        arrived_at=arrived_at, waiting_since=arrived_at, **facts,
    )  # fmt: skip


def _next_number(centre: Centre, day: date) -> str:
    with connection.cursor() as cursor:
        cursor.execute(NEXT_NUMBER, [ids.uuid7(), centre.code, day])
        return rules.ticket_number(cursor.fetchone()[0])


def tell_displays(centre_code: str) -> None:
    """Let the displays of a centre read their board anew, once this transaction is committed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, centre_code])


def record(actor: Actor, kind: type[events.TicketEvent], ticket: Ticket, now: datetime, **facts: str) -> None:
    """Announce what happened to a ticket."""
    event = kind(ticket_id=ticket.id, centre_code=ticket.centre_id, counter_id=ticket.counter_id, **facts)
    journal.record(actor=actor, event=event, now=now)


def wait_again(ticket: Ticket, now: datetime) -> Ticket:
    """Put a ticket back among those who wait, at its rank."""
    ticket.state, ticket.counter, ticket.officer_id = "waiting", None, None
    ticket.called_at = ticket.serving_at = ticket.announced_at = None
    ticket.waiting_since = now
    ticket.save()
    tell_displays(ticket.centre_id)
    return ticket


def leave_desk(ticket: Ticket, outcome: str, now: datetime) -> None:
    """Write down what happened at the desk that a ticket leaves."""
    Stop.objects.create(
        ticket=ticket, centre_id=ticket.centre_id, desk=ticket.desk, service_code=ticket.service_code,
        counter_id=ticket.counter_id, officer_id=ticket.officer_id, waiting_since=ticket.waiting_since,
        called_at=ticket.called_at, serving_at=ticket.serving_at, ended_at=now, outcome=outcome,
    )  # fmt: skip


def end(actor: Actor, ticket: Ticket, state: str, outcome: str, now: datetime) -> Ticket:
    """End a ticket, and with it the appointment that it was for."""
    leave_desk(ticket, outcome, now)
    ticket.state, ticket.outcome, ticket.ended_at = state, outcome, now
    ticket.save(update_fields=["state", "outcome", "ended_at", "serving_at"])
    record(actor, events.TicketEnded, ticket, now, outcome=outcome)
    if ticket.appointment_id:
        appointment = Appointment.objects.select_for_update().get(id=ticket.appointment_id)
        if appointment.state == "arrived":
            attendance.settle(SYSTEM, appointment, attended=state == "done", now=now)
    return ticket


def close_at_once(ticket: Ticket, outcome: str, now: datetime) -> Ticket:
    """End a ticket that was served when it was made."""
    ticket.state, ticket.outcome, ticket.ended_at, ticket.journey = "done", outcome, now, []
    ticket.save()
    leave_desk(ticket, outcome, now)
    return ticket


def close_day(*, now: datetime) -> int:
    """End what was left open on days before today. Returns how many tickets."""
    ended = 0
    old = Ticket.objects.filter(day__lt=timezone.localdate(now), state__in=OPEN)
    for ticket_id in old.values_list("id", flat=True):
        with transaction.atomic():
            ticket = Ticket.objects.select_for_update().get(id=ticket_id)
            if ticket.state in OPEN:
                state = "done" if ticket.state == "serving" else "left"
                end(SYSTEM, ticket, state, "not-done" if state == "done" else "left", now)
                ended += 1
    Counter.objects.filter(opened_at__lt=now - timedelta(hours=18)).update(officer_id=None, opened_at=None)
    return ended
