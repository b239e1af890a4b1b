"""All writes about matters: what customers do, what staff do, and what the clock does."""

from huduma.contexts.contact.operations.clocks import close_silent, sweep
from huduma.contexts.contact.operations.customers import (
    BodyNeeded,
    CannotNow,
    NotAnonymous,
    NothingSaid,
    NoWayToAnswer,
    ReasonNeeded,
    accept,
    add_by_customer,
    add_by_mail,
    ask_higher,
    contact_of,
    go_outside,
    open_matter,
    pass_matters,
    reject,
    withdraw,
)
from huduma.contexts.contact.operations.staff import (
    AnotherBody,
    CannotExtend,
    CannotHandOver,
    NoLevelAbove,
    NoSuchOutcome,
    NotExplained,
    NotOpen,
    TakenByColleague,
    answer,
    claim,
    colleagues_of,
    escalate,
    extend,
    grant_case_access,
    hand_over,
    join_problem,
    leave_problem,
    note,
    release,
    route,
    solve_problem,
    tell_customer,
)

__all__ = [
    "AnotherBody", "BodyNeeded", "CannotExtend", "CannotHandOver", "CannotNow", "NoLevelAbove", "NoSuchOutcome",
    "NoWayToAnswer", "NotAnonymous", "NotExplained", "NotOpen", "NothingSaid", "ReasonNeeded", "TakenByColleague", "accept",
    "add_by_customer", "add_by_mail", "answer", "ask_higher", "claim", "close_silent", "colleagues_of", "contact_of",
    "escalate", "extend", "go_outside", "grant_case_access", "hand_over", "join_problem", "leave_problem", "note",
    "open_matter", "pass_matters", "reject", "release", "route", "solve_problem", "sweep", "tell_customer", "withdraw",
]  # fmt: skip
