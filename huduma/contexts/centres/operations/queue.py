"""The queue: arriving, and what an officer does at a counter.

`call_next` is one statement that takes the first free row and skips those that others are taking (`FOR UPDATE SKIP LOCKED`),
so no ticket is called twice and no counter waits for another. Every other verb locks the one ticket that it is about.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from huduma.contexts.centres import events, rules
from huduma.contexts.centres.models import Appointment, Centre, Counter, Offering, Stop, Ticket
from huduma.contexts.centres.models.places import DESKS
from huduma.contexts.centres.models.queue import AT_COUNTER, OPEN, PRIORITIES, SOURCES
from huduma.contexts.centres.operations import visits
from huduma.contexts.centres.queries import places
from huduma.contexts.workforce import public as workforce
from huduma.foundation import ids, jobs
from huduma.foundation import phone as phones
from huduma.foundation.access import SYSTEM, Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal

#: The PostgreSQL channel on which displays hear that something changed at a centre; the payload is the centre's code.
CHANNEL = "huduma_board"
NEXT_NUMBER = """
INSERT INTO centres_numbering (id, centre_id, day, last) VALUES (%s, %s, %s, 1)
ON CONFLICT (centre_id, day) DO UPDATE SET last = centres_numbering.last + 1 RETURNING last
"""
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
#: From an hour before the visit one can check in.
EARLIEST_CHECK_IN = timedelta(hours=1)
OUTCOMES = ("done", "not-done")


class CentreShut(Refusal):
    """This centre is closed now. Its page shows when it opens; you can book an appointment there."""


class NotAtCounter(Refusal):
    """Open a counter first: choose the one at which you sit."""


class CounterTaken(Refusal):
    """A colleague has this counter open. Choose another one, or ask them to close it."""


class StillServing(Refusal):
    """There is still somebody at your counter. Finish with them, or send the ticket back, then close."""


class NobodyWaits(Refusal):
    """Nobody waits for your counter now."""


class TicketElsewhere(Refusal):
    """This ticket is not at your counter any more. The screen is new now."""


class NotToday(Refusal):
    """This appointment is not for now. You can check in from one hour before it, on its day."""


class NumberTaken(Refusal):
    """This number was entered already. Look at the list, or correct the number."""


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
    """Leave the counter that one has open, if any. Raises StillServing."""
    counter = Counter.objects.select_for_update().filter(officer_id=actor.account_id).first()
    if counter is None:
        return
    if Ticket.objects.filter(counter=counter, state__in=AT_COUNTER).exists():
        raise StillServing
    counter.officer_id, counter.opened_at = None, None
    counter.save(update_fields=["officer_id", "opened_at"])
    event = events.CounterClosed(counter_id=counter.id, centre_code=counter.centre_id)
    journal.record(actor=actor, event=event, now=now)


def _counter_of(actor: Actor) -> Counter:
    if actor.account_id is None or not actor.has_role("officer", "supervisor"):
        raise NotPermitted
    counter = Counter.objects.filter(officer_id=actor.account_id).first()
    if counter is None:
        raise NotAtCounter
    return counter


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

    `phone`: as typed, or empty. Raises NotFound, CentreShut, phones.InvalidPhone.
    """
    if source not in SOURCES or priority not in PRIORITIES:
        raise NotFound
    if found := Ticket.objects.filter(id=ticket_id).first():
        return found
    centre = places.get_centre(centre_code)
    if not actor.is_staff and not places.is_open(centre, now=now):
        raise CentreShut
    return _add(
        actor, centre, ticket_id=ticket_id, source=source, service_code=service_code, priority=priority,
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
    if appointment.state != "booked" or too_early or now > appointment.ends_at + visits.GRACE:
        raise NotToday
    appointment.state, appointment.state_at = "arrived", now
    appointment.save(update_fields=["state", "state_at"])
    return _add(
        actor, places.get_centre(appointment.centre_id), ticket_id=ticket_id, source=source,
        service_code=appointment.services[0], priority="appointment", language="sw", phone="",
        person_id=appointment.person_id, case_id=appointment.case_id, appointment=appointment, came_at=appointment.starts_at,
        now=now,
    )  # fmt: skip


def _add(
    actor: Actor,
    centre: Centre,
    *,
    ticket_id: UUID,
    source: str,
    service_code: str,
    priority: str,
    language: str,
    phone: str,
    person_id: UUID | None,
    case_id: UUID | None,
    came_at: datetime,
    now: datetime,
    appointment: Appointment | None = None,
    number: str = "",
) -> Ticket:
    day = timezone.localdate(now)
    offering = Offering.objects.filter(centre=centre, service_id=service_code).first() if service_code else None
    journey = list(offering.journey) if offering and offering.journey else ["service" if service_code else "triage"]
    if not service_code and not Counter.objects.filter(centre=centre, desks__contains=["triage"]).exists():
        journey = ["service"]
    ticket = Ticket.objects.create(
        id=ticket_id,
        centre=centre,
        day=day,
        number=number or _next_number(centre, day),
        service_code=service_code,
        priority=priority,
        language=language,
        phone=phone,
        person_id=person_id,
        case_id=case_id,
        appointment=appointment,
        source=source,
        desk=journey[0],
        journey=journey[1:],
        rank_at=rules.rank(came_at, priority, centre.credit_minutes),
        arrived_at=now,
        waiting_since=now,
    )
    event = events.TicketTaken(
        ticket_id=ticket.id, centre_code=centre.code, number=ticket.number, service_code=service_code, source=source,
        case_id=case_id,
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)
    return ticket


def _next_number(centre: Centre, day: date) -> str:
    with connection.cursor() as cursor:
        cursor.execute(NEXT_NUMBER, [ids.uuid7(), centre.code, day])
        return rules.ticket_number(cursor.fetchone()[0])


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
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(CALL_NEXT, values)
            row = cursor.fetchone()
    except IntegrityError:  # the other of two clicks was faster
        return Ticket.objects.get(counter=counter, state__in=AT_COUNTER)
    if row is None:
        raise NobodyWaits
    ticket = Ticket.objects.get(id=row[0])
    _record(actor, events.TicketCalled, ticket, now)
    _tell_displays(ticket.centre_id)
    if Ticket.objects.filter(
        centre_id=ticket.centre_id, day=ticket.day, state="waiting", told_at__isnull=True
    ).exclude(phone="").exists():  # fmt: skip
        jobs.defer("centres.tell_ahead", once=f"centres.tell_ahead:{ticket.centre_id}", centre_code=ticket.centre_id)
    return ticket


def _tell_displays(centre_code: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, centre_code])


def _record(actor: Actor, kind: type[events.TicketEvent], ticket: Ticket, now: datetime, **facts: str) -> None:
    event = kind(ticket_id=ticket.id, centre_code=ticket.centre_id, counter_id=ticket.counter_id, **facts)
    journal.record(actor=actor, event=event, now=now)


def _mine(actor: Actor, ticket_id: UUID, *states: str) -> Ticket:
    """Return a ticket at the actor's own counter, locked. Raises NotPermitted, NotAtCounter, TicketElsewhere."""
    counter = _counter_of(actor)
    ticket = Ticket.objects.select_for_update().filter(id=ticket_id, counter=counter).first()
    if ticket is None or ticket.officer_id != actor.account_id or ticket.state not in states:
        raise TicketElsewhere
    return ticket


@transaction.atomic
def recall(*, actor: Actor, ticket_id: UUID, now: datetime) -> Ticket:
    """Call the same ticket again. Raises NotPermitted, NotAtCounter, TicketElsewhere."""
    ticket = _mine(actor, ticket_id, "called")
    ticket.announced_at = now
    ticket.save(update_fields=["announced_at"])
    _record(actor, events.TicketRecalled, ticket, now)
    _tell_displays(ticket.centre_id)
    return ticket


@transaction.atomic
def start_serving(*, actor: Actor, ticket_id: UUID, now: datetime) -> Ticket:
    """Note that the person has come to the counter; again changes nothing. Raises TicketElsewhere and the like."""
    ticket = _mine(actor, ticket_id, "called", "serving")
    if ticket.state == "called":
        ticket.state, ticket.serving_at = "serving", now
        ticket.save(update_fields=["state", "serving_at"])
        _record(actor, events.TicketServed, ticket, now)
    return ticket


@transaction.atomic
def hold(*, actor: Actor, ticket_id: UUID, now: datetime) -> Ticket:
    """Put a ticket aside at this counter, so that others are served meanwhile. Raises TicketElsewhere and the like."""
    ticket = _mine(actor, ticket_id, "called", "serving")
    ticket.state = "held"
    ticket.save(update_fields=["state"])
    _record(actor, events.TicketHeld, ticket, now)
    return ticket


@transaction.atomic
def resume(*, actor: Actor, ticket_id: UUID, now: datetime) -> Ticket:
    """Call a ticket that was put aside at this counter. Raises TicketElsewhere, StillServing and the like."""
    ticket = _mine(actor, ticket_id, "held")
    if Ticket.objects.filter(counter=ticket.counter, state__in=AT_COUNTER).exists():
        raise StillServing
    ticket.state, ticket.announced_at = "called", now
    ticket.save(update_fields=["state", "announced_at"])
    _record(actor, events.TicketRecalled, ticket, now)
    _tell_displays(ticket.centre_id)
    return ticket


@transaction.atomic
def put_back(*, actor: Actor, ticket_id: UUID, now: datetime) -> Ticket:
    """Send a ticket back to its old place in the queue. Raises TicketElsewhere and the like."""
    ticket = _mine(actor, ticket_id, *AT_COUNTER, "held")
    _record(actor, events.TicketReturned, ticket, now)
    return _wait_again(ticket, now)


def _wait_again(ticket: Ticket, now: datetime) -> Ticket:
    ticket.state, ticket.counter, ticket.officer_id = "waiting", None, None
    ticket.called_at = ticket.serving_at = ticket.announced_at = None
    ticket.waiting_since = now
    ticket.save()
    _tell_displays(ticket.centre_id)
    return ticket


@transaction.atomic
def transfer(*, actor: Actor, ticket_id: UUID, desk: str, service_code: str | None = None, now: datetime) -> Ticket:
    """Send a ticket on to another desk, or to those who serve another service. Raises TicketElsewhere, NotFound and the like."""
    ticket = _mine(actor, ticket_id, *AT_COUNTER, "held")
    if desk not in DESKS:
        raise NotFound
    _leave_desk(ticket, "done" if ticket.state == "serving" else "not-done", now)
    ticket.desk, ticket.service_code = desk, ticket.service_code if service_code is None else service_code
    ticket.journey = [later for later in ticket.journey if later != desk]
    _record(actor, events.TicketForwarded, ticket, now, desk=desk, service_code=ticket.service_code)
    return _wait_again(ticket, now)


@transaction.atomic
def mark_no_show(*, actor: Actor, ticket_id: UUID, now: datetime) -> Ticket:
    """Note that nobody came to the counter. Raises TicketElsewhere and the like."""
    ticket = _mine(actor, ticket_id, "called", "held")
    return _end(actor, ticket, "no-show", "no-show", now)


@transaction.atomic
def finish(*, actor: Actor, ticket_id: UUID, outcome: str, now: datetime) -> Ticket:
    """Finish at this desk: `done`, or `not-done` where something was missing. What is still to do sends the ticket on.

    Raises NotPermitted, NotAtCounter, TicketElsewhere, NotFound for an unknown outcome.
    """
    if outcome not in OUTCOMES:
        raise NotFound
    ticket = _mine(actor, ticket_id, *AT_COUNTER)
    if ticket.state == "called":  # the person came and was served without the extra click
        ticket.serving_at = ticket.called_at
    if outcome == "done" and ticket.journey:
        _leave_desk(ticket, outcome, now)
        ticket.desk, ticket.journey = ticket.journey[0], ticket.journey[1:]
        _record(actor, events.TicketForwarded, ticket, now, desk=ticket.desk, service_code=ticket.service_code)
        return _wait_again(ticket, now)
    return _end(actor, ticket, "done", outcome, now)


def _leave_desk(ticket: Ticket, outcome: str, now: datetime) -> None:
    Stop.objects.create(
        ticket=ticket, centre_id=ticket.centre_id, desk=ticket.desk, service_code=ticket.service_code,
        counter_id=ticket.counter_id, officer_id=ticket.officer_id, waiting_since=ticket.waiting_since,
        called_at=ticket.called_at, serving_at=ticket.serving_at, ended_at=now, outcome=outcome,
    )  # fmt: skip


def _end(actor: Actor, ticket: Ticket, state: str, outcome: str, now: datetime) -> Ticket:
    _leave_desk(ticket, outcome, now)
    ticket.state, ticket.outcome, ticket.ended_at = state, outcome, now
    ticket.save(update_fields=["state", "outcome", "ended_at", "serving_at"])
    _record(actor, events.TicketEnded, ticket, now, outcome=outcome)
    if ticket.appointment_id:
        appointment = Appointment.objects.select_for_update().get(id=ticket.appointment_id)
        if appointment.state == "arrived":
            visits.settle(SYSTEM, appointment, attended=state == "done", now=now)
    return ticket


@transaction.atomic
def leave_queue(*, actor: Actor, ticket_id: UUID, now: datetime) -> Ticket:
    """Give one's place up; whoever has the ticket's address may. Again changes nothing. Raises NotFound, TicketElsewhere."""
    ticket = Ticket.objects.select_for_update().filter(id=ticket_id).first()
    if ticket is None:
        raise NotFound
    if ticket.state == "left":
        return ticket
    if ticket.state != "waiting":
        raise TicketElsewhere
    return _end(actor, ticket, "left", "left", now)


@transaction.atomic
def link_ticket(
    *, actor: Actor, ticket_id: UUID, person_id: UUID, case_id: UUID | None = None, now: datetime
) -> Ticket:
    """Tie the ticket at one's counter to whom one serves. Raises TicketElsewhere and the like."""
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
    if found := Ticket.objects.filter(id=ticket_id).first():
        return found
    centre = places.get_centre(counter.centre_id)
    ticket = _add(
        actor, centre, ticket_id=ticket_id, source="quick", service_code=service_code, priority="", language="sw",
        phone="", person_id=None, case_id=None, came_at=now, now=now,
    )  # fmt: skip
    ticket.counter, ticket.officer_id, ticket.called_at, ticket.serving_at = counter, actor.account_id, now, now
    return _close_at_once(actor, ticket, outcome, now)


def _close_at_once(actor: Actor, ticket: Ticket, outcome: str, now: datetime) -> Ticket:
    ticket.state, ticket.outcome, ticket.ended_at, ticket.journey = "done", outcome, now, []
    ticket.save()
    _leave_desk(ticket, outcome, now)
    _record(actor, events.TicketEnded, ticket, now, outcome=outcome)
    return ticket


@transaction.atomic
def catch_up(
    *,
    actor: Actor,
    centre_code: str,
    number: str,
    service_code: str,
    arrived_at: datetime,
    served_at: datetime | None,
    ended_at: datetime | None,
    now: datetime,
) -> Ticket:
    """Enter a paper number from a time when the system was down: somebody served already, or somebody who still waits.

    The paper's number stays, marked with P; times are those on the sheet. Raises NotPermitted, NumberTaken, workforce.SpanBackwards.
    """
    workforce.require_place(actor, centre_code, "officer", "supervisor")
    if (ended_at is not None and not arrived_at <= (served_at or arrived_at) <= ended_at <= now) or arrived_at > now:
        raise workforce.SpanBackwards
    centre, day = places.get_centre(centre_code), timezone.localdate(arrived_at)
    written = f"P{number.strip().upper().removeprefix('P')}"[:8]
    try:
        with transaction.atomic():
            ticket = _add(
                actor, centre, ticket_id=ids.uuid7(), source="paper", service_code=service_code, priority="",
                language="sw", phone="", person_id=None, case_id=None, came_at=arrived_at, now=arrived_at, number=written,
            )  # fmt: skip
    except IntegrityError:
        raise NumberTaken from None
    if ended_at is None:
        if day != timezone.localdate(now):
            return _end(actor, ticket, "left", "left", now)
        _tell_displays(centre_code)
        return ticket
    ticket.called_at = ticket.serving_at = served_at or arrived_at
    ticket.officer_id = actor.account_id
    return _close_at_once(actor, ticket, "done", ended_at)


def close_day(*, now: datetime) -> int:
    """End what was left open on days before today. Returns how many tickets."""
    ended = 0
    old = Ticket.objects.filter(day__lt=timezone.localdate(now), state__in=OPEN)
    for ticket_id in old.values_list("id", flat=True):
        with transaction.atomic():
            ticket = Ticket.objects.select_for_update().get(id=ticket_id)
            if ticket.state in OPEN:
                state = "done" if ticket.state == "serving" else "left"
                _end(SYSTEM, ticket, state, "not-done" if state == "done" else "left", now)
                ended += 1
    Counter.objects.filter(opened_at__lt=now - timedelta(hours=18)).update(officer_id=None, opened_at=None)
    return ended
