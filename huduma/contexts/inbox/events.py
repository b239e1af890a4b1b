"""What this context announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class ConversationEvent(Event):
    """A fact about one conversation; `person_id` is whose timeline it belongs to, when that is known."""

    subject: ClassVar[str] = "conversation_id"
    conversation_id: UUID
    person_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class ConversationOpened(ConversationEvent):
    """Somebody began to talk to us."""

    act: ClassVar[str] = "inbox.conversation.opened"
    reference: str
    by: str


@dataclass(frozen=True, kw_only=True)
class MessageReceived(ConversationEvent):
    """Something came in; `by` is the channel."""

    act: ClassVar[str] = "inbox.message.received"
    message_id: UUID
    by: str


@dataclass(frozen=True, kw_only=True)
class MessageAnswered(ConversationEvent):
    """A member of staff answered; `by` is the channel."""

    act: ClassVar[str] = "inbox.message.answered"
    message_id: UUID
    by: str


@dataclass(frozen=True, kw_only=True)
class MessageUndelivered(ConversationEvent):
    """An answer did not reach the customer: the conversation waits again."""

    act: ClassVar[str] = "inbox.message.undelivered"
    message_id: UUID


@dataclass(frozen=True, kw_only=True)
class ConversationViewed(ConversationEvent):
    """A member of staff opened a conversation."""

    act: ClassVar[str] = "inbox.conversation.viewed"


@dataclass(frozen=True, kw_only=True)
class RecordingHeard(ConversationEvent):
    """A member of staff heard the recording of a call."""

    act: ClassVar[str] = "inbox.recording.heard"
    call_id: UUID


@dataclass(frozen=True, kw_only=True)
class RecordingDeleted(ConversationEvent):
    """The time of a recording was over."""

    act: ClassVar[str] = "inbox.recording.deleted"
    call_id: UUID


@dataclass(frozen=True, kw_only=True)
class ConversationAssigned(ConversationEvent):
    """Somebody took a conversation, gave it back, was handed it or was chosen for it."""

    act: ClassVar[str] = "inbox.conversation.assigned"
    account_id: UUID | None
    how: str


@dataclass(frozen=True, kw_only=True)
class ConversationShared(ConversationEvent):
    """A colleague was let in on a conversation."""

    act: ClassVar[str] = "inbox.conversation.shared"
    account_id: UUID


@dataclass(frozen=True, kw_only=True)
class ConversationSnoozed(ConversationEvent):
    """A conversation rests until a moment."""

    act: ClassVar[str] = "inbox.conversation.snoozed"
    until_at: str


@dataclass(frozen=True, kw_only=True)
class ConversationLinked(ConversationEvent):
    """It became clear what a conversation is about, or whose it is."""

    act: ClassVar[str] = "inbox.conversation.linked"
    matter_id: UUID | None = None
    application_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class ConversationClosed(ConversationEvent):
    """A conversation ended; `wrap_up` says with what."""

    act: ClassVar[str] = "inbox.conversation.closed"
    wrap_up: str


@dataclass(frozen=True, kw_only=True)
class CallPlaced(ConversationEvent):
    """A member of staff calls a customer; `purpose` says why."""

    act: ClassVar[str] = "inbox.call.placed"
    call_id: UUID
    purpose: str


@dataclass(frozen=True, kw_only=True)
class CallOutcomeRecorded(ConversationEvent):
    """A member of staff said how a call went."""

    act: ClassVar[str] = "inbox.call.outcome_recorded"
    call_id: UUID
    outcome: str


@dataclass(frozen=True, kw_only=True)
class CallEnded(ConversationEvent):
    """A telephone call ended; `how` is answered, missed or callback."""

    act: ClassVar[str] = "inbox.call.ended"
    call_id: UUID
    how: str
    seconds: int


@dataclass(frozen=True, kw_only=True)
class CallBackPromised(ConversationEvent):
    """A customer was promised a call."""

    act: ClassVar[str] = "inbox.callback.promised"
    callback_id: UUID
    promised_at: str


@dataclass(frozen=True, kw_only=True)
class CallBackSettled(ConversationEvent):
    """A promised call was made (kept), or given up after tries (failed)."""

    act: ClassVar[str] = "inbox.callback.settled"
    callback_id: UUID
    how: str


@dataclass(frozen=True, kw_only=True)
class MailboxFailed(Event):
    """A mailbox could not be read for a while."""

    act: ClassVar[str] = "inbox.mailbox.failed"
    mailbox: str
    since_at: str


@dataclass(frozen=True, kw_only=True)
class MailboxRecovered(Event):
    """A mailbox is read again."""

    act: ClassVar[str] = "inbox.mailbox.recovered"
    mailbox: str
    since_at: str


@dataclass(frozen=True, kw_only=True)
class UnreadSettled(Event):
    """A person saw to something that came in and could not be read."""

    act: ClassVar[str] = "inbox.unread.settled"
    subject: ClassVar[str] = "received_id"
    received_id: UUID
    why: str


#: What stands on the customer's page.
OF_THE_CUSTOMER = tuple(
    event.act
    for event in (
        ConversationOpened,
        MessageReceived,
        MessageAnswered,
        CallPlaced,
        CallEnded,
        CallBackPromised,
        ConversationClosed,
    )
)
