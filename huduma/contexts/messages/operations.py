"""Ordering, sending and settling messages.

States: queued → sending → sent → delivered; sending → queued (that company refused: the next one is asked) → failed (all
refused); sending → uncertain (the line broke after hand-over, or the worker died) → sent by a receipt, or queued again for
the next company after UNCERTAIN_FOR. A person can get a message twice only when a company took it, its answer was lost *and*
its receipt was lost: losing a message would be worse.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from huduma.contexts.messages import events
from huduma.contexts.messages.models import Message
from huduma.contexts.messages.providers.base import Refused, Uncertain, sms_providers
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM, Actor
from huduma.foundation.journal import public as journal

UNCERTAIN_FOR = timedelta(minutes=2)
MAIL = "mail"
#: What stands after the @ in the Message-ID of our mail; before it stands the message's id.
MAIL_HOST = "huduma"


@transaction.atomic
def send(
    *,
    actor: Actor,
    kind: str,
    language: str,
    text: str,
    dedupe_key: str,
    now: datetime,
    to_phone: str | None = None,
    to_email: str | None = None,
    subject: str = "",
    about: UUID | None = None,
    secret: bool = False,
    headers: Mapping[str, str] | None = None,
) -> UUID:
    """Order one message and return its id. The same `dedupe_key` never sends twice.

    Give either `to_phone` (E.164) or `to_email` with `subject`. A secret's text is blanked once it is sent.
    `headers` of an e-mail replace the usual one, which says that a machine wrote it (RFC 3834).
    """
    if bool(to_phone) == bool(to_email):
        raise ValueError("a message has one recipient: a phone number or an e-mail address")
    message = Message(
        dedupe_key=dedupe_key, kind=kind, medium="sms" if to_phone else "email", recipient=to_phone or to_email or "",
        language=language, subject=subject, text=text, about=about, secret=secret, created_at=now, state_at=now,
        headers=dict(headers or {"Auto-Submitted": "auto-generated"}) if to_email else {},
    )  # fmt: skip
    Message.objects.bulk_create([message], ignore_conflicts=True)
    kept: UUID = Message.objects.values_list("id", flat=True).get(dedupe_key=dedupe_key)
    if kept == message.id:
        event = events.MessageOrdered(message_id=message.id, about=about, kind=kind, medium=message.medium)
        journal.record(actor=actor, event=event, now=now)
        jobs.defer("messages.hand_over", message_id=str(message.id))
    return kept


def hand_over(message_id: UUID) -> None:
    """Try the companies in turn until one takes the message; the calls happen outside any transaction."""
    while (taken := _take(message_id, timezone.now())) is not None:
        message, provider = taken
        try:
            provider_message_id = _call(message, provider)
        except Refused:
            _settle(message.id, timezone.now(), refused_by=provider)
        except Uncertain:
            _settle(message.id, timezone.now(), uncertain=True)
        else:
            _settle(message.id, timezone.now(), provider_message_id=provider_message_id)


@transaction.atomic
def _take(message_id: UUID, now: datetime) -> tuple[Message, str] | None:
    message = Message.objects.select_for_update().get(id=message_id)
    if message.state == "sending":  # a worker died between the call and its record
        _doubt(message, now)
        return None
    if message.state == "uncertain" and now - message.state_at >= UNCERTAIN_FOR:
        if message.medium == "sms":  # mail has one server, which drops a second copy by its Message-ID
            message.tried.append(message.provider)
        message.state = "queued"
    if message.state != "queued":
        return None
    names = [MAIL] if message.medium == "email" else [name for name, _ in sms_providers.items()]
    provider = next((name for name in names if name not in message.tried), None)
    message.state, message.state_at = ("sending", now) if provider else ("failed", now)
    message.provider = provider or message.provider
    _save(message)
    if provider is None:
        event = events.MessageFailed(message_id=message.id, about=message.about, kind=message.kind)
        journal.record(actor=SYSTEM, event=event, now=now)
        return None
    return message, provider


def _doubt(message: Message, now: datetime) -> None:
    message.state, message.state_at = "uncertain", now
    _save(message)
    jobs.defer("messages.hand_over", at=now + UNCERTAIN_FOR, message_id=str(message.id))


def _call(message: Message, provider: str) -> str:
    if message.medium == "sms":
        return sms_providers.get(provider).send(to=message.recipient, text=message.text)
    # What cannot be delivered comes back to the mailbox that is read, and so does what people answer.
    mail = EmailMessage(message.subject, message.text, settings.INBOX_ADDRESS, [message.recipient])
    mail.extra_headers = {
        "From": settings.DEFAULT_FROM_EMAIL,
        "Reply-To": settings.INBOX_ADDRESS,
        "Message-ID": f"<{message.id}@{MAIL_HOST}>",  # a mail server drops a second copy by this
        **message.headers,
    }
    try:
        mail.send()
    except (
        OSError,
        ValueError,
    ) as error:  # smtplib's errors are OSErrors; an address that cannot be written is a ValueError
        raise Refused(type(error).__name__) from None
    return str(message.id)


@transaction.atomic
def _settle(
    message_id: UUID,
    now: datetime,
    *,
    refused_by: str | None = None,
    uncertain: bool = False,
    provider_message_id: str = "",
) -> None:
    message = Message.objects.select_for_update().get(id=message_id)
    if message.state != "sending":  # a receipt was faster than our own record
        message.provider_message_id = message.provider_message_id or provider_message_id
    elif uncertain:
        _doubt(message, now)
    elif refused_by == MAIL and len(message.tried) < 5:
        message.state, message.state_at = "uncertain", now  # a mail server is asked again, later and later
        jobs.defer("messages.hand_over", at=now + UNCERTAIN_FOR, message_id=str(message.id))
        message.tried.append("mail-down")
    elif refused_by:
        message.tried.append(refused_by)
        message.state, message.state_at = "queued", now
    else:
        message.state, message.state_at, message.provider_message_id = "sent", now, provider_message_id
    _save(message)


def _save(message: Message) -> None:
    if message.secret and message.state in ("sent", "delivered", "failed"):
        message.text = ""
    message.save(update_fields=["state", "state_at", "provider", "tried", "provider_message_id", "text"])


@transaction.atomic
def record_receipt(*, provider: str, provider_message_id: str, delivered: bool, phone: str, now: datetime) -> bool:
    """Take a delivery receipt; repeated and late ones change nothing. Returns whether it was about a message of ours.

    A failure makes the next company try, unless the message was secret: its code may have expired, and its text is gone.
    """
    found = (
        Message.objects.select_for_update().filter(provider=provider, provider_message_id=provider_message_id).first()
    )
    if found is None:  # the answer was lost: the receipt tells of the one that was handed to this number
        found = (
            Message.objects.select_for_update()
            .filter(provider=provider, recipient=phone, state__in=["uncertain", "sending"], provider_message_id="")
            .order_by("created_at")
            .first()
        )
    if found is None:
        return False
    if found.state in ("delivered", "failed"):
        return True
    found.provider_message_id = provider_message_id
    if delivered:
        found.state = "delivered"
    elif found.secret:
        found.state = "failed"
    else:
        found.tried.append(provider)
        found.state = "queued"
        jobs.defer("messages.hand_over", message_id=str(found.id))
    found.state_at = now
    _save(found)
    return True


@transaction.atomic
def record_bounce(*, message_id: UUID, now: datetime) -> bool:
    """Take a mail server's word that a mail of ours did not arrive; returns whether it was ours, and not settled yet."""
    found = Message.objects.select_for_update().filter(id=message_id, medium="email").exclude(state="failed").first()
    if found is None:
        return False
    found.state, found.state_at = "failed", now
    _save(found)
    event = events.MessageFailed(message_id=found.id, about=found.about, kind=found.kind)
    journal.record(actor=SYSTEM, event=event, now=now)
    return True
