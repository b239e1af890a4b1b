"""All writes about applications: drafts, and the cases that they become."""

from huduma.contexts.applications.operations.cases import (
    CannotWithdraw,
    Incomplete,
    follow_case,
    follow_due,
    send_correction,
    submit,
    withdraw,
)
from huduma.contexts.applications.operations.drafts import (
    CannotChange,
    NotOnline,
    OrganisationNeeded,
    PersonNeeded,
    RecordOfOthers,
    TooManyFiles,
    ask_register,
    attach_file,
    discard_draft,
    go_by_hand,
    open_application,
    pass_applications,
    remove_file,
    save_page,
)
from huduma.contexts.applications.operations.entries import TooManyEntries, add_entry, remove_entry, save_entry
from huduma.contexts.applications.operations.services import LIBRARY, NoSuchNotice

__all__ = [
    "LIBRARY",
    "CannotChange",
    "CannotWithdraw",
    "Incomplete",
    "NoSuchNotice",
    "NotOnline",
    "OrganisationNeeded",
    "PersonNeeded",
    "RecordOfOthers",
    "TooManyEntries",
    "TooManyFiles",
    "add_entry",
    "ask_register",
    "attach_file",
    "discard_draft",
    "follow_case",
    "follow_due",
    "go_by_hand",
    "open_application",
    "pass_applications",
    "remove_entry",
    "remove_file",
    "save_entry",
    "save_page",
    "send_correction",
    "submit",
    "withdraw",
]
