"""Reading conversations. The contact centre sees them all; a body's staff only those that they were let in on."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db.models import Q, QuerySet

from huduma.contexts.identity import public as identity
from huduma.contexts.inbox import rules
from huduma.contexts.inbox.events import ConversationViewed
from huduma.contexts.inbox.models import WAITS, Attachment, Call, Conversation, Message
from huduma.foundation import links
from huduma.foundation.access import Actor, NotFound, NotPermitted
from huduma.foundation.files import public as files
from huduma.foundation.journal import public as journal

View = Literal["team", "mine", "shared", "answered", "snoozed", "closed"]
PAGE = 50
CHAT_LINK = "inbox.chat"
HELPERS = ("focal", "accounting_officer")


@dataclass(frozen=True)
class ConversationPage:
    """A page of conversations and the cursor of the next one (None on the last)."""

    conversations: list[Conversation]
    after: str | None


def may_read(actor: Actor, conversation: Conversation) -> bool:
    """Whether a member of staff may see and answer a conversation."""
    return actor.kind == "system" or actor.has_role("agent") or (
        actor.is_staff and actor.account_id in conversation.shared_with
    )  # fmt: skip


def list_for(
    actor: Actor, *, view: View = "team", channel: str = "", tag: str = "", after: str | None = None
) -> ConversationPage:
    """Return a page of conversations: what is due first stands first; of those that are closed, the newest. Raises NotPermitted.

    `team`: what waits for an answer; `mine`: one's own that are not closed; `shared`: those one was let in on; `answered`: it is the
    customer's turn; `snoozed`: they rest.
    """
    conversations = _in_view(actor, view)
    if channel:
        conversations = conversations.filter(channel=channel)
    if tag:
        conversations = conversations.filter(tags__contains=[tag.casefold()])
    cursor = _cursor(after)
    if view == "closed":
        if cursor:
            conversations = conversations.filter(Q(closed_at__lt=cursor[0]) | Q(closed_at=cursor[0], id__lt=cursor[1]))
        found = list(conversations.order_by("-closed_at", "-id")[: PAGE + 1])
    else:
        if cursor:
            conversations = conversations.filter(due_at__gte=cursor[0]).exclude(due_at=cursor[0], id__lte=cursor[1])
        found = list(conversations.order_by("due_at", "id")[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    return ConversationPage(found[:PAGE], _encode(last) if last else None)


def _in_view(actor: Actor, view: View) -> "QuerySet[Conversation]":
    all_of_them = Conversation.objects.all()
    if view == "shared" or not actor.has_role("agent"):
        if not actor.has_role("agent", *HELPERS) or actor.account_id is None:
            raise NotPermitted
        return all_of_them.exclude(state="closed").filter(shared_with__contains=[actor.account_id])
    if view == "mine":
        return all_of_them.exclude(state="closed").filter(assignee_id=actor.account_id)
    if view == "answered":
        return all_of_them.filter(state="open", waiting_since=None)
    if view in ("snoozed", "closed"):
        return all_of_them.filter(state=view)
    return all_of_them.filter(WAITS)


def _encode(conversation: Conversation) -> str:
    at = conversation.closed_at or conversation.due_at
    return urlsafe_b64encode(f"{at.isoformat()}|{conversation.id}".encode()).decode()


def _cursor(after: str | None) -> tuple[datetime, UUID] | None:
    try:
        at, _, conversation_id = urlsafe_b64decode(after or "").decode().partition("|")
        return datetime.fromisoformat(at), UUID(conversation_id)
    except ValueError:
        return None


def get_for(actor: Actor, conversation_id: UUID, *, now: datetime) -> Conversation:
    """Return a conversation to staff who may see it; the look is journalled. Raises NotFound."""
    conversation = Conversation.objects.select_related("person", "matter").filter(id=conversation_id).first()
    if conversation is None or not may_read(actor, conversation):
        raise NotFound
    event = ConversationViewed(conversation_id=conversation.id, person_id=conversation.person_id)
    journal.record(actor=actor, event=event, now=now)
    return conversation


def get_chat(token: str) -> Conversation:
    """Return the conversation of a visitor of the web, by the token of their page. Raises NotFound."""
    conversation_id = links.thing_of(CHAT_LINK, token)
    found = Conversation.objects.filter(id=conversation_id).first() if conversation_id else None
    if found is None:
        raise NotFound
    return found


def chat_token(conversation: Conversation) -> str:
    """Return the token of a visitor's page."""
    return links.token(CHAT_LINK, conversation.id)


def said_in(conversation: Conversation, *, notes: bool) -> list[Message]:
    """Return what was said, oldest first, with its files; notes only to staff.

    A visitor whose number or address nobody proved does not read what its owner wrote by another channel.
    """
    said = conversation.messages.prefetch_related("attachments").order_by("-at", "-id")
    if not notes:
        said = said.exclude(side="note")
        if not conversation.is_proven:
            said = said.exclude(~Q(channel="web"), side="customer")
    return list(said[:500])[::-1]


def calls_of(conversation: Conversation) -> list[Call]:
    """Return the calls of a conversation, oldest first."""
    return list(conversation.calls.order_by("started_at")[:50])


def others_of(conversation: Conversation) -> list[Conversation]:
    """Return the latest other conversations of the same person or sender."""
    same = (
        Q(person_id=conversation.person_id)
        if conversation.person_id
        else Q(channel=conversation.channel, address=conversation.address)
    )
    if not conversation.person_id and not conversation.address:
        return []
    return list(Conversation.objects.filter(same).exclude(id=conversation.id).order_by("-last_at")[:5])


def get_attachment_for(actor: Actor, attachment_id: UUID) -> files.StoredFile:
    """Return a file that came with a message to staff who may see the conversation. Raises NotFound."""
    found = Attachment.objects.select_related("message__conversation").filter(id=attachment_id).first()
    if found is None or found.file_id is None or not may_read(actor, found.message.conversation):
        raise NotFound
    return files.get(found.file_id)


def ways_of(conversation: Conversation) -> dict[str, str]:
    """Return by which channels the customer of a conversation can be answered, each with the address."""
    known = identity.contact_of(conversation.person_id) if conversation.person_id else None
    phone = conversation.phone or (known.phone if known else None) or ""
    email = conversation.email or (known.email if known else None) or ""
    ways = {conversation.channel: conversation.address} if conversation.channel in ("web", *rules.BY_COMPANY) else {}
    ways |= {"sms": phone, "phone": phone} if phone else {}
    return ways | ({"email": email} if email else {})


@dataclass(frozen=True)
class Ended:
    """A conversation that is over, and how its customer is reached: for asking them how it went."""

    id: UUID
    phone: str
    email: str
    language: str
    service_code: str
    channel: str


def get_ended(conversation_id: UUID) -> Ended | None:
    """Return a conversation that is over, for a context that asks its customer something; None where it went on."""
    found = Conversation.objects.filter(id=conversation_id, state="closed").first()
    if found is None:
        return None
    ways = ways_of(found)
    return Ended(
        found.id, ways.get("sms", ""), ways.get("email", ""), found.language, found.service_code, found.channel
    )


def colleagues() -> list[identity.Colleague]:
    """Return who works in the contact centre."""
    return identity.list_staff(roles=("agent",), body_code=None)


def helpers() -> list[identity.Colleague]:
    """Return who can be let in on a conversation: the staff of all bodies."""
    return identity.list_staff(roles=HELPERS, body_code=None)
