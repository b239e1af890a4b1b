"""What visitors of the web write, without an account: a conversation that they follow on a page of its own."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from huduma.contexts.inbox.models import Conversation, Message
from huduma.contexts.inbox.operations.conversations import begin, one_at_a_time
from huduma.contexts.inbox.operations.intake import add_message
from huduma.contexts.inbox.providers.base import Incoming
from huduma.foundation import ids, mail, throttle
from huduma.foundation import phone as phones
from huduma.foundation.access import Actor, Refusal

TEXT_LIMIT, NAME_LIMIT = 8000, 150
#: Within an hour: messages in one conversation; new conversations from one network address (a mobile company hides thousands of
#: phones behind one), and for one number or address that somebody typed, from one network address and from all of them.
PER_HOUR, PER_ADDRESS, PER_TYPED, PER_TYPED_IN_ALL = 30, 120, 5, 15


class EmptyMessage(Refusal):
    """Write your question in a few words."""


class MessageTooLong(Refusal):
    """This is longer than 8,000 characters. Shorten it, or send the rest as a second message."""


class TooMuch(Refusal):
    """Many messages came within an hour. Wait a little, or call us."""


@transaction.atomic
def write_from_web(
    *, actor: Actor, text: str, language: str, now: datetime, name: str = "", phone: str = "", email: str = "",
    conversation: Conversation | None = None, form: UUID | None = None,
) -> Conversation:  # fmt: skip
    """Begin a conversation on the web, or (with `conversation`) go on with it. `phone` and `email` as typed.

    The same words from the same `form`, or as the last that were said, are the same message: Back, or a second click.

    A number or address that somebody types is no proof of who they are: only who is signed in is linked to their own page.
    Raises EmptyMessage, MessageTooLong, TooMuch, phones.InvalidPhone, mail.InvalidAddress.
    """
    text = text.replace("\r\n", "\n").strip()
    if len(text) < 3:
        raise EmptyMessage
    if len(text) > TEXT_LIMIT:
        raise MessageTooLong
    one_at_a_time("web", str(conversation.id if conversation else form or ""))
    if conversation is None:
        said = Message.objects.filter(channel="web", outside_id=str(form)).select_related("conversation").first()
        if said is not None and said.text == text:
            return said.conversation
        outside_id = str(form if form and said is None else ids.uuid7())
        phone, email = phones.parse(phone) if phone else "", mail.parse(email) if email else ""
        _count(actor, phone or email)
        conversation = begin(
            channel="web", address="", phone=phone, email=email, name=name.strip()[:NAME_LIMIT],
            person_id=actor.applicant_id, is_proven=actor.applicant_id is not None, language=language, text=text, now=now,
        )  # fmt: skip
    else:
        last = conversation.messages.order_by("-at", "-id").first()
        if last is not None and (last.side, last.text) == ("customer", text):
            return conversation
        outside_id = str(ids.uuid7())
        if not throttle.allow(f"chat:{conversation.id}", limit=PER_HOUR, seconds=3600):
            raise TooMuch
    incoming = Incoming(address=conversation.address, outside_id=outside_id, text=text)
    add_message(channel="web", incoming=incoming, conversation=conversation, now=now)
    return conversation


def _count(actor: Actor, typed: str) -> None:
    """Count a new conversation of whoever begins it. Raises TooMuch."""
    if actor.applicant_id is not None:
        is_within = throttle.allow(f"chat:by:{actor.applicant_id}", limit=PER_HOUR, seconds=3600)
    else:
        is_within = not actor.address or throttle.allow(f"chat:from:{actor.address}", limit=PER_ADDRESS, seconds=3600)
    if typed and is_within:
        key = f"chat:for:{phones.digest(typed)}"
        is_within = throttle.allow_from(actor.address, key, limit=PER_TYPED, in_all=PER_TYPED_IN_ALL, seconds=3600)
    if not is_within:
        raise TooMuch
