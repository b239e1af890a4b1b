"""All writes about conversations: what comes in, what staff do, what goes out, what the clock does."""

from huduma.contexts.inbox.operations.calls import (
    NoTelephone,
    NotRinging,
    SettledAlready,
    hear_of_call,
    promise_call_for,
    settle_callback,
    take_call,
)
from huduma.contexts.inbox.operations.commands import TooMuchKeyed, read_status, sounds_in
from huduma.contexts.inbox.operations.desk import (
    HasAnother,
    NoSuchReference,
    NoSuchWrapUp,
    NothingNoted,
    RestsTooLong,
    claim,
    hand_over,
    identify,
    link,
    note,
    open_matter,
    release,
    share,
    snooze,
    tag,
    wake,
    wrap_up,
    write_canned,
)
from huduma.contexts.inbox.operations.dialling import (
    AsksForPeace,
    InACall,
    NoNumber,
    NoOutcome,
    NoPurpose,
    NotOver,
    TheyTalk,
    TooLate,
    call_out,
    end_forgotten,
    hang_up,
    keep_event,
    reconcile,
    record_outcome,
    steer_call,
)
from huduma.contexts.inbox.operations.intake import key_of, receive, scan, settle_receipts, settle_unread, take
from huduma.contexts.inbox.operations.mailbox import fetch_mail
from huduma.contexts.inbox.operations.paper import write_down
from huduma.contexts.inbox.operations.presence import (
    NoExtension,
    distribute,
    end_presences,
    plan_shift,
    set_abilities,
    set_presence,
)
from huduma.contexts.inbox.operations.recordings import NoAnswer, forget_recording, forget_recordings, hear_recording
from huduma.contexts.inbox.operations.sending import (
    NoSuchWay,
    NothingToSend,
    TooLongThere,
    WindowOver,
    give_up,
    reply,
    settle,
)
from huduma.contexts.inbox.operations.sending import hand_over as hand_over_message
from huduma.contexts.inbox.operations.web import EmptyMessage, MessageTooLong, TooMuch, write_from_web

__all__ = [
    "AsksForPeace", "EmptyMessage", "HasAnother", "InACall", "MessageTooLong", "NoAnswer", "NoExtension",
    "NoNumber", "NoOutcome", "NoPurpose", "NoSuchReference", "NoSuchWay", "NoSuchWrapUp", "NoTelephone", "NotOver", "NotRinging",
    "NothingNoted", "NothingToSend", "RestsTooLong", "SettledAlready", "TheyTalk", "TooLate", "TooLongThere",
    "TooMuch", "TooMuchKeyed", "WindowOver", "call_out", "claim", "distribute", "end_forgotten", "end_presences", "fetch_mail",
    "forget_recording", "forget_recordings", "give_up", "hand_over", "hand_over_message", "hang_up", "hear_of_call",
    "hear_recording", "identify", "keep_event", "key_of", "link", "note", "open_matter", "plan_shift",
    "promise_call_for", "read_status", "receive", "reconcile", "record_outcome", "release", "reply", "scan",
    "set_abilities", "set_presence", "settle", "settle_callback", "settle_receipts", "settle_unread", "share",
    "snooze", "sounds_in", "steer_call", "tag", "take", "take_call", "wake", "wrap_up", "write_canned",
    "write_down", "write_from_web",
]  # fmt: skip
