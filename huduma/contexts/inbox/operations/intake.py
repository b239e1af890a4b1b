"""What comes in: kept as it came, then understood by a job, put with the conversation it belongs to, and acknowledged once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import override

from huduma.contexts.contact import public as contact
from huduma.contexts.inbox import events, queries, rules
from huduma.contexts.inbox.models import Attachment, Conversation, Message, Received
from huduma.contexts.inbox.operations.calls import hear_of_call, promise_call
from huduma.contexts.inbox.operations.commands import words_for
from huduma.contexts.inbox.operations.conversations import begin, customer_by, one_at_a_time, person_of, wait
from huduma.contexts.inbox.operations.sending import (
    acknowledge,
    is_handing_over,
    send_automatic,
    settle_by_channel,
    tell_too_large,
)
from huduma.contexts.inbox.providers.base import CallNews, Incoming, News, Receipt, Unread, Unreadable, channels
from huduma.contexts.inbox.providers.listeners import listeners
from huduma.contexts.messages import public as messages
from huduma.foundation import jobs, throttle
from huduma.foundation import phone as phones
from huduma.foundation.access import SYSTEM, Actor, Refusal
from huduma.foundation.files import public as files
from huduma.foundation.journal import public as journal
from huduma.foundation.text import storable

#: A larger mail is not fetched: its headers are kept, and its sender is told.
LARGEST_MAIL_BYTES = 25_000_000
FILE_BYTES = 5_000_000
#: So many keywords of one number are answered in an hour: two machines that answer each other end here.
KEYWORDS_PER_HOUR = 10
#: A file that could not be checked for harm is checked again after so long, for so long.
NOT_SCANNED = files.NotScanned.__name__
SCANNED_AGAIN, SCANNED_FOR = timedelta(minutes=10), timedelta(days=3)
#: By then a message is handed over, or its company did not answer.
RECEIPT_AGAIN = timedelta(minutes=1)


@transaction.atomic
def receive(
    *, source: str, key: str, headers: Mapping[str, str], body: bytes, now: datetime, size: int | None = None,
    after: str | None = None,
) -> bool:  # fmt: skip
    """Keep what came in, and let a job understand it. Returns whether it is new: a repeat (same `key`) changes nothing.

    `size`: how many bytes it had, where only its headers were fetched. `after`: what came in under this name is understood in its order.
    """
    kept = {name: storable(value)[:500] for name, value in headers.items()}
    try:
        with transaction.atomic():
            received = Received.objects.create(
                source=source, key=storable(key)[:200], headers=kept, body=body, size=size or len(body), received_at=now
            )
    except IntegrityError:
        return False
    jobs.defer("inbox.take", lock=after, received_id=str(received.id))
    return True


def key_of(body: bytes) -> str:
    """Return the key of something that has no id of its own: what it is, byte for byte."""
    return sha256(body).hexdigest()


@transaction.atomic
def take(*, received_id: UUID, now: datetime) -> None:
    """Understand what came in. What cannot be read is kept for a person, with the reason."""
    received = Received.objects.select_for_update().get(id=received_id)
    if received.state != "new":
        return
    channel = channels.get(received.source)
    try:
        news = channel.read(received.headers, bytes(received.body))
        if received.size > LARGEST_MAIL_BYTES:
            for one in news:
                if isinstance(one, Incoming):
                    tell_too_large(one, now)
            raise Unreadable("too_large")
    except Unreadable as error:
        received.state, received.why = "refused", str(error)
        received.save(update_fields=["state", "why"])
        return
    senders = {one.address for one in news if isinstance(one, Incoming)}
    for address in sorted(senders):  # whoever takes what locks in one order
        one_at_a_time(received.source, address)
    for one in news:
        if isinstance(one, Incoming):
            _take(received, one, now)
        elif isinstance(one, CallNews):
            hear_of_call(one, now, via=received.source)
    if _settle(received, news, now) and is_handing_over(received.source):
        jobs.defer("inbox.settle_receipts", at=now + RECEIPT_AGAIN, received_id=str(received.id))
    unread = [one.why for one in news if isinstance(one, Unread)]
    received.state, received.why = ("refused", unread[0]) if unread else ("done", "")
    received.save(update_fields=["state", "why"])


def _settle(received: Received, news: list[News], now: datetime) -> int:
    """Settle what receipts tell; returns how many are of no message of ours, as far as is known yet."""
    receipts = [one for one in news if isinstance(one, Receipt)]
    return sum(not settle_by_channel(channel=received.source, receipt=one, now=now) for one in receipts)


@transaction.atomic
def settle_receipts(*, received_id: UUID, now: datetime) -> None:
    """Settle once more what came while messages were being handed over: a receipt can be quicker than the answer with its id."""
    received = Received.objects.get(id=received_id)
    _settle(received, channels.get(received.source).read(received.headers, bytes(received.body)), now)


def _take(received: Received, incoming: Incoming, now: datetime) -> None:
    channel = received.source
    said = Message.objects.filter(channel=channel, outside_id=incoming.outside_id).first()
    if said is not None:
        if channel != "email" or _is_same(said, incoming):
            return  # told twice, or fetched again from a mailbox that was renumbered
        # A machine that gives all its mails one id, or somebody who took another's: nobody's words are dropped for it.
        incoming = replace(incoming, outside_id=f"{received.key[:16]}.{incoming.outside_id}")
    if incoming.undelivered:
        if sent_id := _ours(incoming.undelivered):
            messages.record_bounce(message_id=sent_id, now=now)
        return
    if incoming.is_automatic and incoming.address == settings.INBOX_ADDRESS.casefold():
        return  # our own mail came back to us
    if channel == "sms" and _is_heard(received, incoming, now):
        return
    if channel in rules.SHORT:
        command, rest = rules.read_command(incoming.text)
        if command:
            _answer_command(received, command, rest, incoming, now)
            return
    if _is_remark(incoming, channel, now):
        return
    add_message(channel=channel, incoming=incoming, received=received, now=now)


def _is_same(said: Message, incoming: Incoming) -> bool:
    names = said.attachments.order_by("id").values_list("name", flat=True)
    return said.text == incoming.text and [*names] == [_shown(one.name) for one in incoming.files]


def _is_heard(received: Received, incoming: Incoming, now: datetime) -> bool:
    """Whether a higher context waited for this SMS; then only that one keeps it."""
    heard = (listen(phone=incoming.address, text=incoming.text, now=now) for _, listen in listeners.items())
    text = next((answer for answer in heard if answer is not None), None)
    if text is None:
        return False
    received.body = b""
    received.save(update_fields=["body"])
    messages.send(
        actor=SYSTEM, kind="inbox.heard", language=rules.language_of(text), text=text, to_phone=incoming.address,
        dedupe_key=f"inbox:heard:{received.id}", secret=True, now=now,
    )  # fmt: skip
    return True


def _answer_command(received: Received, command: rules.Command, rest: str, incoming: Incoming, now: datetime) -> None:
    """Answer a keyword at once. It is part of the conversation that is open; alone, it makes one that is over."""
    channel, language = received.source, rules.language_of(incoming.text)
    found = _conversation_of(channel, incoming, now)
    conversation = found or _begin(channel, incoming, language, "", "", now)
    Message.objects.create(
        conversation=conversation, at=now, side="customer", channel=channel, text=incoming.text, outside_id=incoming.outside_id,
        received=received,
    )  # fmt: skip
    if throttle.allow(f"keyword:{phones.digest(incoming.address)}", limit=KEYWORDS_PER_HOUR, seconds=3600):
        with override(language):
            text = words_for(command, rest, incoming.address, language, now)
        send_automatic(conversation, text, incoming, now)
    if command == "call":
        promise_call(conversation=conversation, phone=incoming.address, now=now)
    elif found is None:
        conversation.waiting_since, conversation.state, conversation.closed_at = None, "closed", now
        conversation.wrap_up = "answered"
        conversation.save()


def _ours(outside_id: str) -> UUID | None:
    """Return the id of the message of ours that a Message-ID names."""
    name, _, host = outside_id.partition("@")
    try:
        return UUID(name) if host == messages.MAIL_HOST else None
    except ValueError:
        return None


def _is_remark(incoming: Incoming, channel: str, now: datetime) -> bool:
    """Whether this answers a notice about an open matter, by whom the notice was sent to; then the matter gets it."""
    if channel != "email" or incoming.is_automatic or incoming.files:
        return False
    for outside_id in incoming.answers:
        sent = messages.get_sent(sent_id) if (sent_id := _ours(outside_id)) else None
        if sent and sent.about and sent.recipient.casefold() == incoming.address:
            words = rules.own_words(incoming.text)
            return contact.add_by_mail(matter_id=sent.about, text=words, now=now)
    return False


def add_message(
    *, channel: str, incoming: Incoming, now: datetime, received: Received | None = None, language: str = "", phone: str = "",
    email: str = "", conversation: Conversation | None = None,
) -> Message:  # fmt: skip
    """Put a message into the conversation it belongs to, or begin one; its first is acknowledged, unless a machine wrote it.

    In the transaction of whoever calls.
    """
    found = conversation or _conversation_of(channel, incoming, now)
    is_new = found is None
    if found is None:
        found = _begin(channel, incoming, language, phone, email, now)
    message = Message.objects.create(
        conversation=found, at=now, side="customer", channel=channel, text=incoming.text, outside_id=incoming.outside_id,
        received=received,
    )  # fmt: skip
    for attached in incoming.files:
        _keep_file(message, attached.name, attached.content, now)
    if not is_new:
        if received is not None and not incoming.is_proven:
            found.is_proven = False  # staff ask before they tell anything: these words may be somebody else's
        wait(found, channel, incoming.address, now)
    event = events.MessageReceived(
        conversation_id=found.id, person_id=found.person_id, message_id=message.id, by=channel
    )
    journal.record(actor=customer_by(channel), event=event, now=now)
    if is_new and not incoming.is_automatic and not _is_flood(channel, incoming.address, now):
        acknowledge(found, incoming, now)
    if found.assignee_id is None:
        jobs.defer("inbox.distribute", once="inbox.distribute")
    return message


def _conversation_of(channel: str, incoming: Incoming, now: datetime) -> Conversation | None:
    """Return the conversation that a message goes on with: by what it answers, by a reference in its subject, or by its sender.

    One that came by another channel goes on by this one, where staff wrote to the sender by it.
    """
    open_or_fresh = ~Q(state="closed") | Q(closed_at__gte=now - rules.GOES_ON_FOR)
    mine = Conversation.objects.select_for_update().filter(open_or_fresh)
    of_sender = mine.filter(Q(address=incoming.address) | Q(email=incoming.address) | Q(phone=incoming.address))
    carried = [sent_id for outside_id in incoming.answers if (sent_id := _ours(outside_id))]
    if incoming.answers:
        said = Message.objects.filter(
            Q(channel=channel, outside_id__in=incoming.answers) | Q(delivery_id__in=carried)
        ).values("conversation_id")
        if (
            found := of_sender.filter(id__in=said).order_by("-last_at").first()
        ):  # a stranger who knows an id joins nothing
            return found
    if channel == "email":
        if found := of_sender.filter(reference__in=rules.references_in(incoming.subject)).first():
            return found
        return of_sender.order_by("-last_at").first() if _is_flood(channel, incoming.address, now) else None
    asked = Message.objects.filter(conversation=OuterRef("pk"), side="staff", channel=channel)
    of_sender = mine.filter(Q(channel=channel, address=incoming.address) | Q(Exists(asked), phone=incoming.address))
    return of_sender.order_by("-last_at").first()


def _is_flood(channel: str, address: str, now: datetime) -> bool:
    last = Conversation.objects.filter(channel=channel, address=address, opened_at__gte=now - timedelta(days=1))
    in_an_hour = Count("id", filter=Q(opened_at__gte=now - timedelta(hours=1)))
    told = last.aggregate(day=Count("id"), hour=in_an_hour)
    return told["hour"] >= rules.FLOOD_PER_HOUR or told["day"] >= rules.FLOOD_PER_DAY


def _begin(channel: str, incoming: Incoming, language: str, phone: str, email: str, now: datetime) -> Conversation:
    number = phone or (incoming.address if incoming.address.startswith("+") else "")
    mail = email or (incoming.address if channel == "email" else "")
    person_id = person_of(number, mail, is_proven=incoming.is_proven)
    return begin(
        channel=channel, address=incoming.address, phone=number, email=mail, name=incoming.name, person_id=person_id,
        is_proven=incoming.is_proven, subject=incoming.subject,
        language=language or rules.language_of(f"{incoming.subject} {incoming.text}"), text=incoming.text, now=now,
    )  # fmt: skip


def _shown(name: str) -> str:
    return " ".join(name.split())[-200:] or "file"


def _keep_file(message: Message, name: str, content: bytes, now: datetime, kept: Attachment | None = None) -> None:
    """Keep a file, or why it is not kept; one that could not be checked for harm is checked again later, as `kept`."""
    kept = kept or Attachment(message=message, name=_shown(name))
    by = customer_by(message.channel)
    try:
        kept.file, kept.refused = files.store(actor=by, content=content, name=name, max_bytes=FILE_BYTES, now=now), ""
    except Refusal as refusal:
        kept.refused = refusal.code
    kept.save()
    if kept.refused == NOT_SCANNED and now - message.at < SCANNED_FOR:
        jobs.defer("inbox.scan", at=now + SCANNED_AGAIN, once=f"inbox.scan:{message.id}", message_id=str(message.id))


@transaction.atomic
def scan(*, message_id: UUID, now: datetime) -> None:
    """Check the files of a message again that could not be checked for harm. Again it changes nothing."""
    message = Message.objects.select_for_update(of=("self",)).select_related("received").get(id=message_id)
    attachments = list(message.attachments.order_by("id"))
    if message.received is None or not any(one.refused == NOT_SCANNED for one in attachments):
        return
    news = channels.get(message.channel).read(message.received.headers, bytes(message.received.body))
    came = [file for one in news if isinstance(one, Incoming) for file in one.files]
    for attachment, file in zip(attachments, came, strict=True):
        if attachment.refused == NOT_SCANNED:
            _keep_file(message, file.name, file.content, now, kept=attachment)


@transaction.atomic
def settle_unread(*, actor: Actor, received_id: UUID, now: datetime) -> None:
    """Take something that could not be read off the list, once a person has seen to it; its bytes stay. Raises NotPermitted, NotFound."""
    received = queries.get_refused_for(actor, received_id, now=now)
    if Received.objects.filter(id=received.id).exclude(state="done").update(state="done", why=""):
        journal.record(actor=actor, event=events.UnreadSettled(received_id=received.id, why=received.why), now=now)
