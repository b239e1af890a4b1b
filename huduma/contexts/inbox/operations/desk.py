"""What staff do with a conversation besides answering: take it, hand it over, let others in, note, tag, rest, link, wrap up."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from huduma.contexts.applications import public as applications
from huduma.contexts.contact import public as contact
from huduma.contexts.inbox import events, queries, rules
from huduma.contexts.inbox.models import Canned, Conversation, Message
from huduma.contexts.inbox.operations.conversations import lock_for
from huduma.contexts.knowledge import public as knowledge
from huduma.foundation import references
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

LONGEST_REST = timedelta(days=30)
MOST_TAGS = 10
BATCH = 200


class HasAnother(Refusal):
    """A colleague has this conversation. Ask them to hand it over, or let yourself be let in on it."""


class NothingNoted(Refusal):
    """Write the note first."""


class RestsTooLong(Refusal):
    """Choose a moment to come, within the next thirty days."""


class NoSuchReference(Refusal):
    """Nothing that you may see has this reference. Check it; it begins with two letters."""


class NoSuchWrapUp(Refusal):
    """Choose with what the conversation ends."""


@transaction.atomic
def claim(*, actor: Actor, conversation_id: UUID, now: datetime) -> Conversation:
    """Take a conversation; taking one's own again changes nothing. Raises NotFound, HasAnother."""
    conversation = lock_for(actor, conversation_id)
    if conversation.assignee_id not in (None, actor.account_id):
        raise HasAnother
    return _assign(actor, conversation, actor.account_id, "claimed", now)


@transaction.atomic
def release(*, actor: Actor, conversation_id: UUID, now: datetime) -> Conversation:
    """Give a conversation back to everybody. Raises NotFound, HasAnother."""
    conversation = lock_for(actor, conversation_id)
    if conversation.assignee_id not in (None, actor.account_id):
        raise HasAnother
    return _assign(actor, conversation, None, "released", now)


@transaction.atomic
def hand_over(*, actor: Actor, conversation_id: UUID, to_account_id: UUID, now: datetime) -> Conversation:
    """Hand a conversation to a colleague of the contact centre. Raises NotFound (also where there is no such colleague)."""
    conversation = lock_for(actor, conversation_id)
    if to_account_id not in {one.account_id for one in queries.colleagues()}:
        raise NotFound
    return _assign(actor, conversation, to_account_id, "handed over", now)


def _assign(actor: Actor, conversation: Conversation, account_id: UUID | None, how: str, now: datetime) -> Conversation:
    if conversation.assignee_id != account_id:
        conversation.assignee_id = account_id
        conversation.save(update_fields=["assignee_id"])
        event = events.ConversationAssigned(
            conversation_id=conversation.id, person_id=conversation.person_id, account_id=account_id, how=how
        )
        journal.record(actor=actor, event=event, now=now)
    return conversation


@transaction.atomic
def share(*, actor: Actor, conversation_id: UUID, with_account_id: UUID, now: datetime) -> Conversation:
    """Let somebody of a body in on one conversation: they see and answer this one and no other. Raises NotFound."""
    conversation = lock_for(actor, conversation_id)
    if with_account_id not in {one.account_id for one in queries.helpers()}:
        raise NotFound
    if with_account_id not in conversation.shared_with:
        conversation.shared_with.append(with_account_id)
        conversation.save(update_fields=["shared_with"])
        event = events.ConversationShared(
            conversation_id=conversation.id, person_id=conversation.person_id, account_id=with_account_id
        )
        journal.record(actor=actor, event=event, now=now)
    return conversation


@transaction.atomic
def note(*, actor: Actor, conversation_id: UUID, text: str, now: datetime) -> Message:
    """Write what only staff see. Raises NotFound, NothingNoted."""
    conversation = lock_for(actor, conversation_id)
    if not text.strip():
        raise NothingNoted
    return Message.objects.create(
        conversation=conversation, at=now, side="note", channel=conversation.channel, text=text.strip()[:8000], account_id=actor.account_id
    )  # fmt: skip


@transaction.atomic
def tag(*, actor: Actor, conversation_id: UUID, tags: str, now: datetime) -> Conversation:
    """Set a conversation's tags: words between commas. Raises NotFound."""
    conversation = lock_for(actor, conversation_id)
    words = (" ".join(word.casefold().split())[:30] for word in tags.split(","))
    conversation.tags = list(dict.fromkeys(word for word in words if word))[:MOST_TAGS]
    conversation.save(update_fields=["tags"])
    return conversation


@transaction.atomic
def snooze(*, actor: Actor, conversation_id: UUID, until_at: datetime, now: datetime) -> Conversation:
    """Let a conversation rest until a moment; a message of the customer wakes it before. Raises NotFound, RestsTooLong."""
    conversation = lock_for(actor, conversation_id)
    if not now < until_at <= now + LONGEST_REST:
        raise RestsTooLong
    conversation.state, conversation.due_at = "snoozed", until_at
    conversation.waiting_since = conversation.waiting_since or now
    conversation.closed_at, conversation.wrap_up = None, ""
    conversation.save()
    event = events.ConversationSnoozed(
        conversation_id=conversation.id, person_id=conversation.person_id, until_at=until_at.isoformat()
    )
    journal.record(actor=actor, event=event, now=now)
    return conversation


@transaction.atomic
def link(*, actor: Actor, conversation_id: UUID, reference: str, now: datetime) -> Conversation:
    """Say what a conversation is about: a matter or an application, which says whose it is too. Raises NotFound, NoSuchReference."""
    conversation = lock_for(actor, conversation_id)
    meant = references.normalise(reference) or ""
    matter = contact.get_named_for(actor, meant)
    if matter is not None:
        conversation.matter_id = matter.id
        conversation.person_id = conversation.person_id or matter.person_id
    else:
        try:
            summary = applications.summary_named_for(actor, meant)
        except NotFound:
            raise NoSuchReference from None
        conversation.application_id, conversation.service_code = summary.id, summary.service_code
        conversation.person_id = conversation.person_id or summary.person_id
    conversation.save()
    return _linked(actor, conversation, now)


def _linked(actor: Actor, conversation: Conversation, now: datetime) -> Conversation:
    event = events.ConversationLinked(
        conversation_id=conversation.id, person_id=conversation.person_id, matter_id=conversation.matter_id,
        application_id=conversation.application_id,
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)
    return conversation


@transaction.atomic
def identify(*, actor: Actor, conversation_id: UUID, person_id: UUID, now: datetime) -> Conversation:
    """Say whose conversation it is, after asking them. Raises NotFound."""
    conversation = lock_for(actor, conversation_id)
    conversation.person_id = person_id
    conversation.save(update_fields=["person_id"])
    return _linked(actor, conversation, now)


@transaction.atomic
def open_matter(
    *, actor: Actor, conversation_id: UUID, kind: str, text: str, body_code: str | None, now: datetime
) -> contact.Matter:
    """Take down what a conversation brought as a matter with levels and clocks; the conversation stays with it.

    Raises NotFound, and what `contact.open_matter` raises.
    """
    conversation = lock_for(actor, conversation_id)
    matter = contact.open_matter(
        actor=actor, kind=kind, text=text, language=conversation.language, body_code=body_code or None,
        person_id=conversation.person_id, name=conversation.name, phone=conversation.phone, email=conversation.email,
        channel=conversation.channel, about_id=conversation.application_id, now=now,
    )  # fmt: skip
    conversation.matter_id = matter.id
    conversation.save(update_fields=["matter_id"])
    _linked(actor, conversation, now)
    return matter


@transaction.atomic
def wrap_up(*, actor: Actor, conversation_id: UUID, code: str, now: datetime) -> Conversation:
    """End a conversation, saying with what. Raises NotFound, NoSuchWrapUp."""
    conversation = lock_for(actor, conversation_id)
    if code not in rules.CHOSEN:
        raise NoSuchWrapUp
    if conversation.state == "closed":
        return conversation
    return _close(actor, conversation, code, now)


def _close(actor: Actor, conversation: Conversation, code: str, now: datetime) -> Conversation:
    conversation.state, conversation.closed_at, conversation.wrap_up, conversation.waiting_since = (
        "closed",
        now,
        code,
        None,
    )
    conversation.save()
    event = events.ConversationClosed(conversation_id=conversation.id, person_id=conversation.person_id, wrap_up=code)
    journal.record(actor=actor, event=event, now=now)
    return conversation


def wake(now: datetime) -> int:
    """Wake what rested long enough, and end what was answered and in which nothing more was said; returns how many."""
    done = 0
    while count := _wake_batch(now):
        done += count
    return done


@transaction.atomic
def _wake_batch(now: datetime) -> int:
    due = (
        Conversation.objects.filter(due_at__lt=now)
        .exclude(state="closed")
        .exclude(state="open", waiting_since__isnull=False)
    )
    conversations = list(due.order_by("due_at").select_for_update(skip_locked=True)[:BATCH])
    for conversation in conversations:
        if conversation.state == "snoozed":
            conversation.state = "open"
            conversation.save(update_fields=["state"])
        else:
            _close(SYSTEM, conversation, "silent", now)
    return len(conversations)


@transaction.atomic
def write_canned(*, actor: Actor, code: str, title_en: str, title_sw: str, text_en: str, text_sw: str) -> Canned:
    """Write an answer that is ready in both languages, or write it anew.

    Raises NotPermitted, and knowledge.Refused where it could contradict a charter.
    """
    actor.require_everywhere("agent", "secretariat", "administrator")
    knowledge.check_text([title_en, title_sw, text_en, text_sw])
    canned, _ = Canned.objects.update_or_create(
        code=code, defaults={"title_en": title_en, "title_sw": title_sw, "text_en": text_en, "text_sw": text_sw}
    )
    return canned
