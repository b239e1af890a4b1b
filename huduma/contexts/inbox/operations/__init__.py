"""All writes about conversations: what comes in, what staff do, what goes out, what the clock does."""

from huduma.contexts.inbox.operations.calls import (
    SettledAlready,
    hear_of_call,
    promise_call_for,
    settle_callback,
    take_call,
)
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
from huduma.contexts.inbox.operations.intake import key_of, receive, take
from huduma.contexts.inbox.operations.mailbox import fetch_mail
from huduma.contexts.inbox.operations.presence import distribute, set_presence
from huduma.contexts.inbox.operations.sending import NoSuchWay, NothingToSend, TooLongThere, WindowOver, reply, settle
from huduma.contexts.inbox.operations.sending import hand_over as hand_over_message
from huduma.contexts.inbox.operations.web import EmptyMessage, MessageTooLong, TooMuch, write_from_web

__all__ = [
    "EmptyMessage", "HasAnother", "MessageTooLong", "NoSuchReference", "NoSuchWay", "NoSuchWrapUp", "NothingNoted",
    "NothingToSend", "RestsTooLong", "SettledAlready", "TooLongThere", "TooMuch", "WindowOver", "claim", "distribute",
    "fetch_mail", "hand_over", "hand_over_message", "hear_of_call", "identify", "key_of", "link", "note", "open_matter",
    "promise_call_for", "receive", "release", "reply", "set_presence", "settle",
    "settle_callback", "share", "snooze", "tag", "take", "take_call", "wake", "wrap_up", "write_canned",
    "write_from_web",
]  # fmt: skip
