"""What this context announces. No name, phone number or priority is in an event."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class VisitEvent(Event):
    """Something happened to an appointment; `case_id` is the application that needs it."""

    subject: ClassVar[str] = "appointment_id"
    appointment_id: UUID
    person_id: UUID
    centre_code: str
    case_id: UUID | None
    starts_at: str


@dataclass(frozen=True, kw_only=True)
class AppointmentBooked(VisitEvent):
    """A visit was promised."""

    act: ClassVar[str] = "centres.appointment.booked"


@dataclass(frozen=True, kw_only=True)
class AppointmentMoved(VisitEvent):
    """A visit got another time, at the person's wish."""

    act: ClassVar[str] = "centres.appointment.moved"


@dataclass(frozen=True, kw_only=True)
class AppointmentConfirmed(VisitEvent):
    """The person said that they will come."""

    act: ClassVar[str] = "centres.appointment.confirmed"


@dataclass(frozen=True, kw_only=True)
class AppointmentCancelled(VisitEvent):
    """The person called the visit off."""

    act: ClassVar[str] = "centres.appointment.cancelled"


@dataclass(frozen=True, kw_only=True)
class AppointmentOffered(VisitEvent):
    """A freed time is kept for somebody for a while."""

    act: ClassVar[str] = "centres.appointment.offered"
    until: str


@dataclass(frozen=True, kw_only=True)
class AppointmentLapsed(VisitEvent):
    """Nobody said yes to an offered time."""

    act: ClassVar[str] = "centres.appointment.lapsed"


@dataclass(frozen=True, kw_only=True)
class AppointmentDisplaced(VisitEvent):
    """The centre cannot keep a visit; `offered_id` is the time kept instead, if there was one."""

    act: ClassVar[str] = "centres.appointment.displaced"
    offered_id: UUID | None
    reason: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class AppointmentAttended(VisitEvent):
    """The person came and was served."""

    act: ClassVar[str] = "centres.appointment.attended"


@dataclass(frozen=True, kw_only=True)
class AppointmentMissed(VisitEvent):
    """The person did not come."""

    act: ClassVar[str] = "centres.appointment.missed"


@dataclass(frozen=True, kw_only=True)
class WaiterJoined(Event):
    """Somebody asked to be told of a freed time."""

    act: ClassVar[str] = "centres.waiter.joined"
    subject: ClassVar[str] = "waiter_id"
    waiter_id: UUID
    person_id: UUID
    centre_code: str


@dataclass(frozen=True, kw_only=True)
class CentreClosed(Event):
    """A closure was announced."""

    act: ClassVar[str] = "centres.centre.closed"
    subject: ClassVar[str] = "closure_id"
    closure_id: UUID
    centre_code: str
    starts_at: str
    ends_at: str


@dataclass(frozen=True, kw_only=True)
class CentreReopened(Event):
    """A closure was called off, or ended early."""

    act: ClassVar[str] = "centres.centre.reopened"
    subject: ClassVar[str] = "closure_id"
    closure_id: UUID
    centre_code: str
    from_at: str


@dataclass(frozen=True, kw_only=True)
class CentreChanged(Event):
    """Facts or policies of a centre were changed; `fields` names them."""

    act: ClassVar[str] = "centres.centre.changed"
    centre_code: str
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class CounterOpened(Event):
    """An officer sat down at a counter."""

    act: ClassVar[str] = "centres.counter.opened"
    subject: ClassVar[str] = "counter_id"
    counter_id: UUID
    centre_code: str


@dataclass(frozen=True, kw_only=True)
class CounterClosed(Event):
    """An officer left a counter."""

    act: ClassVar[str] = "centres.counter.closed"
    subject: ClassVar[str] = "counter_id"
    counter_id: UUID
    centre_code: str


@dataclass(frozen=True, kw_only=True)
class TicketTaken(Event):
    """Somebody arrived. `source` is kiosk, reception, door or quick."""

    act: ClassVar[str] = "centres.ticket.taken"
    subject: ClassVar[str] = "ticket_id"
    ticket_id: UUID
    centre_code: str
    number: str
    service_code: str
    source: str
    case_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class PaperEntered(Event):
    """A paper number of a time without a system was entered; the times are those on the sheet."""

    act: ClassVar[str] = "centres.ticket.entered"
    subject: ClassVar[str] = "ticket_id"
    ticket_id: UUID
    centre_code: str
    number: str
    service_code: str
    arrived_at: str
    served_at: str | None
    ended_at: str | None
    outcome: str


@dataclass(frozen=True, kw_only=True)
class BlockPrinted(Event):
    """Paper numbers were given out."""

    act: ClassVar[str] = "centres.block.printed"
    subject: ClassVar[str] = "block_id"
    block_id: UUID
    centre_code: str
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class TicketEvent(Event):
    """Something happened to a ticket at a counter."""

    subject: ClassVar[str] = "ticket_id"
    ticket_id: UUID
    centre_code: str
    counter_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class TicketCalled(TicketEvent):
    """A ticket was called to a counter."""

    act: ClassVar[str] = "centres.ticket.called"


@dataclass(frozen=True, kw_only=True)
class TicketRecalled(TicketEvent):
    """A ticket was called again."""

    act: ClassVar[str] = "centres.ticket.recalled"


@dataclass(frozen=True, kw_only=True)
class TicketServed(TicketEvent):
    """Its holder came to the counter."""

    act: ClassVar[str] = "centres.ticket.served"


@dataclass(frozen=True, kw_only=True)
class TicketHeld(TicketEvent):
    """It was put aside (somebody fetches a paper)."""

    act: ClassVar[str] = "centres.ticket.held"


@dataclass(frozen=True, kw_only=True)
class TicketReturned(TicketEvent):
    """It went back into the queue, to its old place."""

    act: ClassVar[str] = "centres.ticket.returned"


@dataclass(frozen=True, kw_only=True)
class TicketForwarded(TicketEvent):
    """It went on to another desk or service."""

    act: ClassVar[str] = "centres.ticket.forwarded"
    desk: str
    service_code: str


@dataclass(frozen=True, kw_only=True)
class TicketEnded(TicketEvent):
    """It ended: `outcome` is done, not-done, no-show or left."""

    act: ClassVar[str] = "centres.ticket.ended"
    outcome: str


@dataclass(frozen=True, kw_only=True)
class CollectableEvent(Event):
    """Something happened to a document that waits for its holder."""

    subject: ClassVar[str] = "collectable_id"
    collectable_id: UUID
    person_id: UUID
    centre_code: str


@dataclass(frozen=True, kw_only=True)
class CollectableReceived(CollectableEvent):
    """It lies on the shelf."""

    act: ClassVar[str] = "centres.collectable.received"


@dataclass(frozen=True, kw_only=True)
class CollectableViewed(CollectableEvent):
    """A member of staff opened its page, which says whose it is."""

    act: ClassVar[str] = "centres.collectable.viewed"


@dataclass(frozen=True, kw_only=True)
class CollectableReminded(CollectableEvent):
    """Its holder was reminded."""

    act: ClassVar[str] = "centres.collectable.reminded"


@dataclass(frozen=True, kw_only=True)
class CollectableRedirected(CollectableEvent):
    """Its holder wants it at another centre."""

    act: ClassVar[str] = "centres.collectable.redirected"
    to_centre_code: str


@dataclass(frozen=True, kw_only=True)
class CollectableSent(CollectableEvent):
    """It left for another centre."""

    act: ClassVar[str] = "centres.collectable.sent"
    to_centre_code: str


@dataclass(frozen=True, kw_only=True)
class CollectableCollected(CollectableEvent):
    """It was handed over."""

    act: ClassVar[str] = "centres.collectable.collected"
    by: str
    proof: str


@dataclass(frozen=True, kw_only=True)
class CollectableReturned(CollectableEvent):
    """It went back to the body that printed it."""

    act: ClassVar[str] = "centres.collectable.returned"


@dataclass(frozen=True, kw_only=True)
class FeedReplaced(Event):
    """The secret address of a person's calendar was changed."""

    act: ClassVar[str] = "centres.feed.replaced"
    subject: ClassVar[str] = "person_id"
    person_id: UUID
