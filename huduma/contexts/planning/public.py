"""The front door of planning."""

from huduma.contexts.planning.models import Roster, RosterDay
from huduma.contexts.planning.operations import (
    AwayThen,
    NoRestDay,
    NoShift,
    NotDraft,
    TooManyHours,
    WeekPast,
    ask_roster,
    overrule,
    publish_roster,
)
from huduma.contexts.planning.queries import (
    Change,
    DayPlan,
    Gap,
    days_of,
    gaps_for,
    get_roster_for,
    list_rosters_for,
    people_of,
    plan_for,
    shifts_of,
    week_of,
)
from huduma.contexts.planning.rules.demand import SHARE, Half, clock
from huduma.contexts.planning.rules.rota import shortage

__all__ = [
    "SHARE",
    "AwayThen",
    "Change",
    "DayPlan",
    "Gap",
    "Half",
    "NoRestDay",
    "NoShift",
    "NotDraft",
    "Roster",
    "RosterDay",
    "TooManyHours",
    "WeekPast",
    "ask_roster",
    "clock",
    "days_of",
    "gaps_for",
    "get_roster_for",
    "list_rosters_for",
    "overrule",
    "people_of",
    "plan_for",
    "publish_roster",
    "shifts_of",
    "shortage",
    "week_of",
]
