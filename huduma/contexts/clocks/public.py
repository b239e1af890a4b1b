"""The front door of clocks."""

from huduma.contexts.clocks.models import Pause
from huduma.contexts.clocks.operations import start_clocks
from huduma.contexts.clocks.providers.plugs import register_due_follower
from huduma.contexts.clocks.queries import (
    CaseTime,
    Ended,
    Escalation,
    LawTime,
    count_started,
    iter_ended,
    iter_started,
    list_escalated_for,
    time_of,
)

__all__ = [
    "CaseTime",
    "Ended",
    "Escalation",
    "LawTime",
    "Pause",
    "count_started",
    "iter_ended",
    "iter_started",
    "list_escalated_for",
    "register_due_follower",
    "start_clocks",
    "time_of",
]
