"""What visitors of the web write, without an account: a conversation that they follow on a page of its own."""

from datetime import datetime

from django.db import transaction

from huduma.contexts.inbox.models import Conversation
from huduma.contexts.inbox.operations.conversations import begin
from huduma.contexts.inbox.operations.intake import add_message
from huduma.contexts.inbox.providers.base import Incoming
from huduma.foundation import ids, throttle
from huduma.foundation import phone as phones
from huduma.foundation.access import Actor, Refusal

TEXT_LIMIT = 8000
PER_HOUR = 30


class EmptyMessage(Refusal):
    """Write your question in a few words."""


class TooMuch(Refusal):
    """Many messages came within an hour. Wait a little, or call us."""


@transaction.atomic
def write_from_web(
    *, actor: Actor, text: str, language: str, now: datetime, name: str = "", phone: str = "", email: str = "",
    conversation: Conversation | None = None,
) -> Conversation:  # fmt: skip
    """Begin a conversation on the web, or (with `conversation`) go on with it. `phone` as typed.

    A number or address that somebody types is no proof of who they are: only who is signed in is linked to their own page.
    Raises EmptyMessage, TooMuch, phones.InvalidPhone.
    """
    text = text.strip()[:TEXT_LIMIT]
    if len(text) < 3:
        raise EmptyMessage
    if conversation is None:
        conversation = begin(
            channel="web", address="", phone=phones.parse(phone) if phone else "", email=email, name=name.strip()[:150],
            person_id=actor.applicant_id, is_proven=actor.applicant_id is not None, language=language, text=text, now=now,
        )  # fmt: skip
    elif not throttle.allow(f"chat:{conversation.id}", limit=PER_HOUR, seconds=3600):
        raise TooMuch
    incoming = Incoming(address=conversation.address, outside_id=str(ids.uuid7()), text=text)
    add_message(channel="web", incoming=incoming, conversation=conversation, now=now)
    return conversation
