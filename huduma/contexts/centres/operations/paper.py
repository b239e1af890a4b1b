"""The paper of a time without a system: numbers printed beforehand, and what happened, entered afterwards."""

from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import events, rules
from huduma.contexts.centres.models import Centre, Counter, NumberBlock, Ticket
from huduma.contexts.centres.operations import tickets
from huduma.contexts.centres.operations.counter import OUTCOMES
from huduma.contexts.centres.queries import places
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

#: So many numbers are on one block of sheets.
BLOCK = 60


class NumberTaken(Refusal):
    """This number was entered already with other times. Look at the list, or correct the number."""


class NumberUnprinted(Refusal):
    """No sheet of this centre has this number. Check it; a number that was written by hand is entered with H before it: H12."""


@transaction.atomic
def print_block(*, actor: Actor, centre_code: str, now: datetime) -> NumberBlock:
    """Give out the next `BLOCK` paper numbers of a centre, to be printed and kept in a drawer. Raises NotFound, NotPermitted."""
    workforce.require_place(actor, centre_code, "officer", "supervisor")
    centre = Centre.objects.select_for_update().filter(code=centre_code).first()
    if centre is None:
        raise NotFound
    newest = NumberBlock.objects.filter(centre=centre).first()
    first = newest.last + 1 if newest else 1
    block = NumberBlock.objects.create(
        centre=centre, first=first, last=first + BLOCK - 1, printed_at=now, printed_by=actor.account_id
    )
    event = events.BlockPrinted(block_id=block.id, centre_code=centre_code, first=block.first, last=block.last)
    journal.record(actor=actor, event=event, now=now)
    return block


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
    outcome: str = "done",
    counter_id: UUID | None = None,
    officer_id: UUID | None = None,
    now: datetime,
) -> Ticket:
    """Enter a paper number: somebody served already, at a counter and by an officer where the sheet says so, or one who waits.

    The ticket keeps its number and the sheet's own times, and stays marked as paper; the journal says when and by whom it was
    entered. Who still waits today goes into the queue at the place of their arrival; an earlier day's number without an end is
    of somebody who left. Entering the same again changes nothing.
    Raises NotPermitted, NotFound, NumberUnprinted, NumberTaken, workforce.SpanBackwards.
    """
    workforce.require_place(actor, centre_code, "officer", "supervisor")
    if (ended_at is not None and not arrived_at <= (served_at or arrived_at) <= ended_at <= now) or arrived_at > now:
        raise workforce.SpanBackwards
    centre, day = places.get_centre(centre_code), timezone.localdate(arrived_at)
    _check_sheet(centre_code, day, outcome, counter_id, officer_id)
    if service_code:
        catalogue.get_service(service_code)
    written = _number(centre, number)
    try:
        with transaction.atomic():
            ticket = tickets.create(
                centre,
                source="paper",
                service_code=service_code,
                came_at=arrived_at,
                arrived_at=arrived_at,
                number=written,
            )
    except IntegrityError:
        found = Ticket.objects.get(centre=centre, day=day, number=written)
        if (found.arrived_at, found.service_code, found.ended_at) == (arrived_at, service_code, ended_at):
            return found
        raise NumberTaken from None
    if ended_at is not None:
        ticket.called_at = ticket.serving_at = served_at or arrived_at
        ticket.counter_id, ticket.officer_id = counter_id, officer_id
        tickets.close_at_once(ticket, outcome, ended_at)
    elif day != timezone.localdate(now):
        ticket.state, ticket.outcome, ticket.ended_at = "left", "left", arrived_at
        ticket.save()
        tickets.leave_desk(ticket, "left", arrived_at)
    else:
        tickets.tell_displays(centre_code)
    event = events.PaperEntered(
        ticket_id=ticket.id, centre_code=centre_code, number=written, service_code=service_code,
        arrived_at=arrived_at.isoformat(), served_at=served_at.isoformat() if served_at else None,
        ended_at=ended_at.isoformat() if ended_at else None, outcome=ticket.outcome,
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)
    return ticket


@transaction.atomic
def catch_up_ticket(
    *,
    actor: Actor,
    centre_code: str,
    number: str,
    day: date,
    served_at: datetime | None,
    ended_at: datetime,
    outcome: str = "done",
    counter_id: UUID | None = None,
    officer_id: UUID | None = None,
    now: datetime,
) -> Ticket:
    """Enter that somebody with a ticket of the system was served while it was down; what the ticket says already stays.

    Entering the same again changes nothing. Raises NotPermitted, NotFound, NumberTaken, workforce.SpanBackwards.
    """
    workforce.require_place(actor, centre_code, "officer", "supervisor")
    _check_sheet(centre_code, day, outcome, counter_id, officer_id)
    ticket = (
        Ticket.objects.select_for_update()
        .filter(centre_id=centre_code, day=day, number="".join(number.split()).upper())
        .exclude(source="paper")
        .first()
    )
    if ticket is None:
        raise NotFound
    if ticket.ended_at is not None:
        if ticket.ended_at == ended_at:
            return ticket
        raise NumberTaken
    began = served_at or ticket.called_at or ticket.arrived_at
    if not ticket.arrived_at <= began <= ended_at <= now:
        raise workforce.SpanBackwards
    ticket.called_at = ticket.serving_at = began
    ticket.waiting_since = min(ticket.waiting_since, began)
    ticket.counter_id, ticket.officer_id, ticket.journey = counter_id, officer_id, []
    ticket.save()
    event = events.PaperEntered(
        ticket_id=ticket.id, centre_code=centre_code, number=ticket.number, service_code=ticket.service_code,
        arrived_at=ticket.arrived_at.isoformat(), served_at=began.isoformat(), ended_at=ended_at.isoformat(),
        outcome=outcome,
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)
    tickets.end(actor, ticket, "done", outcome, ended_at)
    tickets.tell_displays(centre_code)
    return ticket


def _check_sheet(centre_code: str, day: date, outcome: str, counter_id: UUID | None, officer_id: UUID | None) -> None:
    """Raise NotFound for an outcome, a counter or an officer that a sheet of this centre cannot name."""
    if outcome not in OUTCOMES or (officer_id and officer_id not in workforce.staff_of(centre_code, on=day)):
        raise NotFound
    if counter_id and not Counter.objects.filter(id=counter_id, centre_id=centre_code).exists():
        raise NotFound


@transaction.atomic
def enter_served(
    *,
    actor: Actor,
    centre_code: str,
    number: str,
    service_code: str,
    priority: str,
    language: str,
    served_at: datetime,
    ended_at: datetime,
    outcome: str,
    now: datetime,
) -> Ticket:
    """Enter a ticket of an outreach visit, whose person was served by the actor where no network was.

    Raises NotPermitted, NotFound, NumberTaken, workforce.SpanBackwards.
    """
    workforce.require_place(actor, centre_code, "officer", "supervisor")
    if not served_at <= ended_at <= now:
        raise workforce.SpanBackwards
    centre = places.get_centre(centre_code)
    if outcome not in OUTCOMES:
        raise NotFound
    try:
        with transaction.atomic():
            ticket = tickets.create(
                centre, source="outreach", service_code=service_code, priority=priority, language=language,
                came_at=served_at, arrived_at=served_at, number=number, called_at=served_at, serving_at=served_at,
                officer_id=actor.account_id,
            )  # fmt: skip
    except IntegrityError:
        raise NumberTaken from None
    tickets.close_at_once(ticket, outcome, ended_at)
    event = events.PaperEntered(
        ticket_id=ticket.id, centre_code=centre_code, number=number, service_code=service_code,
        arrived_at=served_at.isoformat(), served_at=served_at.isoformat(), ended_at=ended_at.isoformat(),
        outcome=outcome,
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)
    return ticket


def link_served(*, actor: Actor, ticket_id: UUID, person_id: UUID, case_id: UUID) -> None:
    """Tie a ticket to the person and to what they applied for, where the actor served it on an outreach visit; others stay as they are."""
    mine = Ticket.objects.filter(id=ticket_id, source="outreach", officer_id=actor.account_id)
    mine.update(person_id=person_id, case_id=case_id)


def _number(centre: Centre, typed: str) -> str:
    letter, count = rules.paper_number(typed)
    if letter == "P" and not NumberBlock.objects.filter(centre=centre, first__lte=count, last__gte=count).exists():
        raise NumberUnprinted
    return f"{letter}{count:03}"
