"""Beginning a conversation, and letting it wait: what every way in shares."""

from datetime import datetime
from uuid import UUID

from django.db import connection

from huduma.contexts.contact import public as contact
from huduma.contexts.identity import public as identity
from huduma.contexts.inbox import events, queries, rules
from huduma.contexts.inbox.models import Conversation
from huduma.foundation import references
from huduma.foundation.access import Actor, NotFound
from huduma.foundation.journal import public as journal


def customer_by(channel: str) -> Actor:
    """Return who acts when a message comes in: somebody, by a channel."""
    return Actor(kind="anonymous", channel=channel, purpose="contact")


def lock_for(actor: Actor, conversation_id: UUID) -> Conversation:
    """Return a conversation to staff who may answer it, locked. Raises NotFound."""
    conversation = Conversation.objects.select_for_update().filter(id=conversation_id).first()
    if conversation is None or not queries.may_read(actor, conversation):
        raise NotFound
    return conversation


def one_at_a_time(channel: str, address: str) -> None:
    """Let two messages of one sender be taken one after the other, so that they begin one conversation."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"inbox:{channel}:{address}"])


def begin(
    *, channel: str, address: str, language: str, now: datetime, phone: str = "", email: str = "", name: str = "",
    person_id: UUID | None = None, is_proven: bool = True, subject: str = "", text: str = "",
) -> Conversation:  # fmt: skip
    """Begin a conversation, linked to the matter that its first words name, where that is the customer's."""
    promise = rules.PROMISES[channel]
    conversation = Conversation.objects.create(
        reference=references.mint("HC"), channel=channel, address=address, phone=phone, email=email, name=name, person_id=person_id,
        is_proven=is_proven, subject=subject or " ".join(text.split())[:150], language=language, waiting_since=now,
        due_at=queries.hours().deadline(now, promise.value, promise.unit), opened_at=now, last_at=now,
        matter_id=contact.find_named(rules.references_in(f"{subject} {text}"), phone=phone, email=email if is_proven else ""),
    )  # fmt: skip
    event = events.ConversationOpened(
        conversation_id=conversation.id, person_id=person_id, reference=conversation.reference, by=channel
    )
    journal.record(actor=customer_by(channel), event=event, now=now)
    return conversation


def person_of(phone: str, email: str, *, is_proven: bool) -> UUID | None:
    """Return whose number or address this is, where it is one person's; a sender who is not proven is nobody's."""
    if not is_proven:
        return None
    people = identity.list_people_by_phone(phone) if phone else identity.list_people_by_email(email) if email else []
    return people[0].id if len(people) == 1 else None


def wait(conversation: Conversation, channel: str, address: str, now: datetime) -> None:
    """Let a conversation wait for an answer from now on, if it does not already; it wakes or opens again."""
    if conversation.waiting_since is None or conversation.state != "open":
        promise = rules.PROMISES[channel]
        conversation.waiting_since = now
        conversation.due_at = queries.hours().deadline(now, promise.value, promise.unit)
    if conversation.state == "closed":
        conversation.assignee_id = None
    conversation.state, conversation.closed_at, conversation.wrap_up = "open", None, ""
    conversation.channel, conversation.address, conversation.last_at = channel, address, now
    conversation.save()
