"""Centres, appointments, queues and documents to collect."""

from huduma.contexts.centres.models.collection import Collectable
from huduma.contexts.centres.models.paper import NumberBlock
from huduma.contexts.centres.models.places import Centre, Closure, Counter, Offering, ServiceTime
from huduma.contexts.centres.models.queue import Numbering, Stop, Ticket
from huduma.contexts.centres.models.visits import Appointment, CalendarFeed, Waiter

__all__ = [
    "Appointment",
    "CalendarFeed",
    "Centre",
    "Closure",
    "Collectable",
    "Counter",
    "NumberBlock",
    "Numbering",
    "Offering",
    "ServiceTime",
    "Stop",
    "Ticket",
    "Waiter",
]
