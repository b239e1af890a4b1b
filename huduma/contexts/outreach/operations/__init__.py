"""All writes about outreach: visits, tablets, and what tablets bring back."""

from huduma.contexts.outreach.operations.applying import apply_record, give_again
from huduma.contexts.outreach.operations.conflicts import (
    DecidedAlready,
    NotAChoice,
    OwnRecord,
    ReasonMissing,
    decide_conflict,
)
from huduma.contexts.outreach.operations.devices import (
    Erased,
    NotOfVisit,
    UnknownDevice,
    VisitOver,
    confirm_wiped,
    note_pack,
    recognise,
    register_device,
    report_lost,
    take_pack,
)
from huduma.contexts.outreach.operations.files import (
    AnotherFile,
    TooLong,
    TooManyPieces,
    WrongChecksum,
    WrongOffset,
    add_piece,
    begin_file,
)
from huduma.contexts.outreach.operations.records import AnotherRecord, Malformed, Result, receive_records
from huduma.contexts.outreach.operations.visits import NoSuchService, NotASite, SiteTaken, StaffMissing, plan_visit

__all__ = [
    "AnotherFile",
    "AnotherRecord",
    "DecidedAlready",
    "Erased",
    "Malformed",
    "NoSuchService",
    "NotAChoice",
    "NotASite",
    "NotOfVisit",
    "OwnRecord",
    "ReasonMissing",
    "Result",
    "SiteTaken",
    "StaffMissing",
    "TooLong",
    "TooManyPieces",
    "UnknownDevice",
    "VisitOver",
    "WrongChecksum",
    "WrongOffset",
    "add_piece",
    "apply_record",
    "begin_file",
    "confirm_wiped",
    "decide_conflict",
    "give_again",
    "note_pack",
    "plan_visit",
    "receive_records",
    "recognise",
    "register_device",
    "report_lost",
    "take_pack",
]
