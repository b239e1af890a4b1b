"""Reading outreach: visits, tablets, the pack that a tablet takes with it, and how its records stand."""

from huduma.contexts.outreach.queries.conflicts import Dispute, get_conflict_for, list_conflicts_for
from huduma.contexts.outreach.queries.devices import count_used, get_tablet_for, list_tablets_for, officer_of
from huduma.contexts.outreach.queries.pack import Pack, pack_of
from huduma.contexts.outreach.queries.records import held_file, state_of, states_of, unfinished_text
from huduma.contexts.outreach.queries.report import Report, report_for
from huduma.contexts.outreach.queries.visits import (
    Standing,
    VisitPage,
    get_visit,
    get_visit_page_for,
    list_coming,
    list_my_visits_for,
    list_visits_for,
    notice_text,
)

__all__ = [
    "Dispute",
    "Pack",
    "Report",
    "Standing",
    "VisitPage",
    "count_used",
    "get_conflict_for",
    "get_tablet_for",
    "get_visit",
    "get_visit_page_for",
    "held_file",
    "list_coming",
    "list_conflicts_for",
    "list_my_visits_for",
    "list_tablets_for",
    "list_visits_for",
    "notice_text",
    "officer_of",
    "pack_of",
    "report_for",
    "state_of",
    "states_of",
    "unfinished_text",
]
