"""The journal's front door."""

from huduma.foundation.journal.event import AccessRefused, Event, id_of_job
from huduma.foundation.journal.operations import handles, record
from huduma.foundation.journal.queries import Entry, entries_concerning, get_entry, last_times, page_concerning

__all__ = [
    "AccessRefused",
    "Entry",
    "Event",
    "entries_concerning",
    "get_entry",
    "handles",
    "id_of_job",
    "last_times",
    "page_concerning",
    "record",
]
