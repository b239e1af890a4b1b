"""What comes by letter, or is said in person: written down by staff, and from then on a conversation like others."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from huduma.contexts.identity import public as identity
from huduma.contexts.inbox.models import Attachment, Conversation
from huduma.contexts.inbox.operations.conversations import begin
from huduma.contexts.inbox.operations.intake import FILE_BYTES, add_message
from huduma.contexts.inbox.operations.web import EmptyMessage
from huduma.contexts.inbox.providers.base import Attached, Incoming
from huduma.foundation import ids, mail
from huduma.foundation import phone as phones
from huduma.foundation.access import Actor, NotFound
from huduma.foundation.files import public as files

WRITTEN = ("letter", "counter")
TEXT_LIMIT = 8000


@transaction.atomic
def write_down(
    *, actor: Actor, channel: str, text: str, language: str, now: datetime, person_id: UUID | None = None, name: str = "",
    phone: str = "", email: str = "", scans: Sequence[Attached] = (),
) -> Conversation:  # fmt: skip
    """Write down a letter or a talk in person, of a known person or of somebody unknown; `phone` as typed, a letter with its scans.

    A scan is judged as an upload: one that is refused stops it, so that nothing is written down without it.
    Raises NotPermitted, NotFound, EmptyMessage, phones.InvalidPhone, mail.InvalidAddress, files.Empty, files.TooLarge, files.WrongType,
    files.Infected, files.NotScanned.
    """
    actor.require_role("agent")
    text = text.strip()[:TEXT_LIMIT]
    if channel not in WRITTEN:
        raise NotFound
    if len(text) < 3:
        raise EmptyMessage
    known = identity.going_on(identity.list_people([person_id])) if person_id else []
    if person_id and not known:
        raise NotFound
    kept = [
        files.store(actor=actor, content=scan.content, name=scan.name, max_bytes=FILE_BYTES, now=now) for scan in scans
    ]
    number, address = phones.parse(phone) if phone else "", mail.parse(email) if email.strip() else ""
    conversation = begin(
        channel=channel, address="", phone=number, email=address, name=name.strip()[:150],
        person_id=known[0].id if known else None, is_proven=bool(known), language=language, text=text, now=now,
    )  # fmt: skip
    incoming = Incoming(address="", outside_id=str(ids.uuid7()), text=text)
    message = add_message(channel=channel, incoming=incoming, conversation=conversation, now=now)
    Attachment.objects.bulk_create(Attachment(message=message, name=one.name, file=one) for one in kept)
    return conversation
