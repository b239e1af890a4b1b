"""Reading outreach: visits, tablets, the pack that a tablet takes with it, and how its records stand."""

from huduma.contexts.outreach.queries.devices import count_used, officer_of
from huduma.contexts.outreach.queries.pack import Pack, pack_of
from huduma.contexts.outreach.queries.records import held_file, state_of, states_of, unfinished_text
from huduma.contexts.outreach.queries.visits import get_visit, list_my_visits_for

__all__ = [
    "Pack",
    "count_used",
    "get_visit",
    "held_file",
    "list_my_visits_for",
    "officer_of",
    "pack_of",
    "state_of",
    "states_of",
    "unfinished_text",
]
