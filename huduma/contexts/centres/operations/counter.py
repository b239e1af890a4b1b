"""What an officer does at a counter.

`call_next` is one statement that takes the first free row and skips those that others are taking (`FOR UPDATE SKIP LOCKED`),
so no ticket is called twice and no counter waits for another. Every verb locks the actor's own counter, then the one ticket that it
is about.
"""

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import events
from huduma.contexts.centres.models import Counter, Ticket
from huduma.contexts.centres.models.places import DESKS
from huduma.contexts.centres.models.queue import AT_COUNTER
from huduma.contexts.centres.operations import tickets
from huduma.contexts.centres.queries import places
from huduma.contexts.workforce import public as workforce
from huduma.foundation import jobs
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal

#: What stands at a counter now, in one read: the counter of an officer with the ticket there, if any.
CALL_NEXT = """
UPDATE centres_ticket SET state = 'called', counter_id = %(counter)s, officer_id = %(officer)s,
       called_at = %(now)s, announced_at = %(now)s, serving_at = NULL
WHERE id = (
  SELECT id FROM centres_ticket
  WHERE centre_id = %(centre)s AND day = %(day)s AND state = 'waiting' AND desk = ANY(%(desks)s)
    AND (%(skills)s::varchar[] IS NULL OR service_code = '' OR service_code = ANY(%(skills)s))
  ORDER BY rank_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id
"""
OUTCOMES = ("done", "not-done")


class NotAtCounter(Refusal):
    """Open a counter first: choose the one at which you sit."""


class CounterTaken(Refusal):
    """A colleague has this counter open. Choose another one, or ask them to close it."""


class StillServing(Refusal):
    """There is still somebody at your counter. Finish with them, or send the ticket back, then close."""


class NobodyWaits(Refusal):
    """Nobody waits for your counter now."""


@transaction.atomic
def open_counter(*, actor: Actor, counter_id: UUID, now: datetime) -> Counter:
    """Sit down at a counter; opening one's own again changes nothing, and another one is left by it.

    Raises NotFound, NotPermitted, CounterTaken, StillServing.
    """
    counter = Counter.objects.select_for_update().filter(id=counter_id).first()
    if counter is None:
        raise NotFound
    workforce.require_place(actor, counter.centre_id, "officer", "supervisor")
    if counter.officer_id == actor.account_id:
        return counter
    if counter.officer_id is not None:
        raise CounterTaken
    close_counter(actor=actor, now=now)
    counter.officer_id, counter.opened_at = actor.account_id, now
    counter.save(update_fields=["officer_id", "opened_at"])
    event = events.CounterOpened(counter_id=counter.id, centre_code=counter.centre_id)
    journal.record(actor=actor, event=event, now=now)
    return counter


@transaction.atomic
def close_counter(*, actor: Actor, now: datetime) -> None:
    """Leave the counter that one has open, if any; who was put aside there waits again at their old place. Raises StillServing."""
    counter = Counter.objects.select_for_update().filter(officer_id=actor.account_id).first()
    if counter is None:
        return
    if Ticket.objects.filter(counter=counter, state__in=AT_COUNTER).exists():
        raise StillServing
    for ticket in Ticket.objects.select_for_update().filter(counter=counter, state="held"):
        tickets.record(actor, events.TicketReturned, ticket, now)
        tickets.wait_again(ticket, now)
    counter.officer_id, counter.opened_at = None, None
    counter.save(update_fields=["officer_id", "opened_at"])
    event = events.CounterClosed(counter_id=counter.id, centre_code=counter.centre_id)
    journal.record(actor=actor, event=event, now=now)


def _counter_of(actor: Actor) -> Counter:
    """Return the actor's counter, locked: of two clicks the second sees what the first did, and nobody leaves between them."""
    if actor.account_id is None or not actor.has_role("officer", "supervisor"):
        raise NotPermitted
    counter = Counter.objects.select_for_update(no_key=True).filter(officer_id=actor.account_id).first()
    if counter is None:
        raise NotAtCounter
    return counter


@transaction.atomic
def call_next(*, actor: Actor, now: datetime) -> Ticket:
    """Call whoever is next for the actor's counter, by rank, desk and skill.

    While somebody is called or served there, that ticket is returned: two clicks call one person.
    Raises NotPermitted, NotAtCounter, NobodyWaits.
    """
    counter = _counter_of(actor)
    current = Ticket.objects.filter(counter=counter, state__in=AT_COUNTER).first()
    if current is not None:
        return current
    skills = workforce.skills_of(actor.account_id) if actor.account_id else None
    values = {
        "counter": counter.id, "officer": actor.account_id, "now": now, "centre": counter.centre_id,
        "day": timezone.localdate(now), "desks": counter.desks, "skills": sorted(skills) if skills else None,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(CALL_NEXT, values)
        row = cursor.fetchone()
    if row is None:
        raise NobodyWaits
    ticket = Ticket.objects.get(id=row[0])
    tickets.record(actor, events.TicketCalled, ticket, now)
    tickets.tell_displays(ticket.centre_id)
    if Ticket.objects.filter(
        centre_id=ticket.centre_id, day=ticket.day, state="waiting", told_at__isnull=True
    ).exclude(phone="").exists():  # fmt: skip
        jobs.defer("centres.tell_ahead", once=f"centres.tell_ahead:{ticket.centre_id}", centre_code=ticket.centre_id)
    return ticket


def _mine(actor: Actor, ticket_id: UUID, *states: str) -> Ticket:
    """Return a ticket at the actor's own counter, locked. Raises NotPermitted, NotAtCounter, tickets.TicketElsewhere."""
    counter = _counter_of(actor)
    ticket = Ticket.objects.select_for_update().filter(id=ticket_id, counter=counter).first()
    if ticket is None or ticket.officer_id != actor.account_id or ticket.state not in states:
        raise tickets.TicketElsewhere
    return ticket


@transaction.atomic
def recall(*, actor: Actor, ticket_id: UUID, now: datetime) -> Ticket:
    """Call the same ticket again. Raises NotPermitted, NotAtCounter, tickets.TicketElsewhere."""
    ticket = _mine(actor, ticket_id, "called")
    ticket.announced_at = now
    ticket.save(update_fields=["announced_at"])
    tickets.record(actor, events.TicketRecalled, ticket, now)
    tickets.tell_displays(ticket.centre_id)
    return ticket


@transaction.atomic
def start_serving(*, actor: Actor, ticket_id: UUID, now: datetime) -> Ticket:
    """Note that the person has come to the counter; again changes nothing. Raises tickets.TicketElsewhere and the like."""
    ticket = _mine(actor, ticket_id, "called", "serving")
    if ticket.state == "called":
        ticket.state, ticket.serving_at = "serving", now
        ticket.save(update_fields=["state", "serving_at"])
        tickets.record(actor, events.TicketServed, ticket, now)
    return ticket


@transaction.atomic
def hold(*, actor: Actor, ticket_id: UUID, now: datetime) -> Ticket:
    """Put a ticket aside at this counter, so that others are served meanwhile. Raises tickets.TicketElsewhere and the like."""
    ticket = _mine(actor, ticket_id, "called", "serving")
    ticket.state = "held"
    ticket.save(update_fields=["state"])
    tickets.record(actor, events.TicketHeld, ticket, now)
    return ticket


@transaction.atomic
def resume(*, actor: Actor, ticket_id: UUID, now: datetime) -> Ticket:
    """Call a ticket that was put aside at this counter. Raises tickets.TicketElsewhere, StillServing and the like."""
    ticket = _mine(actor, ticket_id, "held")
    if Ticket.objects.filter(counter=ticket.counter, state__in=AT_COUNTER).exists():
        raise StillServing
    ticket.state, ticket.announced_at = "called", now
    ticket.save(update_fields=["state", "announced_at"])
    tickets.record(actor, events.TicketRecalled, ticket, now)
    tickets.tell_displays(ticket.centre_id)
    return ticket


@transaction.atomic
def put_back(*, actor: Actor, ticket_id: UUID, now: datetime) -> Ticket:
    """Send a ticket back to its old place in the queue. Raises tickets.TicketElsewhere and the like."""
    ticket = _mine(actor, ticket_id, *AT_COUNTER, "held")
    tickets.record(actor, events.TicketReturned, ticket, now)
    return tickets.wait_again(ticket, now)


@transaction.atomic
def transfer(*, actor: Actor, ticket_id: UUID, desk: str, service_code: str | None = None, now: datetime) -> Ticket:
    """Send a ticket on to another desk, or to those who serve another service. Raises tickets.TicketElsewhere, NotFound and the like."""
    ticket = _mine(actor, ticket_id, *AT_COUNTER, "held")
    if desk not in DESKS:
        raise NotFound
    if service_code:
        catalogue.get_service(service_code)
    tickets.leave_desk(ticket, "done" if ticket.state == "serving" else "not-done", now)
    ticket.desk, ticket.service_code = desk, ticket.service_code if service_code is None else service_code
    ticket.journey = [later for later in ticket.journey if later != desk]
    tickets.record(actor, events.TicketForwarded, ticket, now, desk=desk, service_code=ticket.service_code)
    return tickets.wait_again(ticket, now)


@transaction.atomic
def mark_no_show(*, actor: Actor, ticket_id: UUID, now: datetime) -> Ticket:
    """Note that nobody came to the counter. Raises tickets.TicketElsewhere and the like."""
    ticket = _mine(actor, ticket_id, "called", "held")
    return tickets.end(actor, ticket, "no-show", "no-show", now)


@transaction.atomic
def finish(*, actor: Actor, ticket_id: UUID, outcome: str, now: datetime) -> Ticket:
    """Finish at this desk: `done`, or `not-done` where something was missing. What is still to do sends the ticket on.

    Raises NotPermitted, NotAtCounter, tickets.TicketElsewhere, NotFound for an unknown outcome.
    """
    if outcome not in OUTCOMES:
        raise NotFound
    ticket = _mine(actor, ticket_id, *AT_COUNTER)
    if ticket.state == "called":  # the person came and was served without the extra click
        ticket.serving_at = ticket.called_at
    if outcome == "done" and ticket.journey:
        tickets.leave_desk(ticket, outcome, now)
        ticket.desk, ticket.journey = ticket.journey[0], ticket.journey[1:]
        tickets.record(actor, events.TicketForwarded, ticket, now, desk=ticket.desk, service_code=ticket.service_code)
        return tickets.wait_again(ticket, now)
    return tickets.end(actor, ticket, "done", outcome, now)


@transaction.atomic
def link_ticket(
    *, actor: Actor, ticket_id: UUID, person_id: UUID, case_id: UUID | None = None, now: datetime
) -> Ticket:
    """Tie the ticket at one's counter to whom one serves. Raises tickets.TicketElsewhere and the like."""
    ticket = _mine(actor, ticket_id, *AT_COUNTER, "held")
    ticket.person_id = person_id
    if case_id is not None:
        ticket.case_id = case_id
    ticket.save(update_fields=["person", "case_id"])
    return ticket


@transaction.atomic
def record_quick(*, actor: Actor, ticket_id: UUID, service_code: str, outcome: str = "done", now: datetime) -> Ticket:
    """Count somebody who was served between two tickets (a form, a question). Raises NotPermitted, NotAtCounter, NotFound."""
    if outcome not in OUTCOMES:
        raise NotFound
    counter = _counter_of(actor)
    if found := Ticket.objects.filter(id=ticket_id, officer_id=actor.account_id).first():
        return found
    if service_code:
        catalogue.get_service(service_code)
    centre = places.get_centre(counter.centre_id)
    ticket = tickets.add(actor, centre, id=ticket_id, source="quick", service_code=service_code, came_at=now, now=now)
    ticket.counter, ticket.officer_id, ticket.called_at, ticket.serving_at = counter, actor.account_id, now, now
    tickets.close_at_once(ticket, outcome, now)
    tickets.record(actor, events.TicketEnded, ticket, now, outcome=outcome)
    return ticket
