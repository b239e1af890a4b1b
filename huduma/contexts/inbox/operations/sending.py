"""What goes out: acknowledgements once, answers of staff by the channel that they choose, and what became of them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop, override

from huduma.contexts.identity import public as identity
from huduma.contexts.inbox import events, queries, rules
from huduma.contexts.inbox.models import HANDING_OVER, Conversation, Message
from huduma.contexts.inbox.operations.conversations import lock_for
from huduma.contexts.inbox.providers.base import Incoming, Receipt, Refused, channels
from huduma.contexts.messages import public as messages
from huduma.foundation import http, jobs, links, references
from huduma.foundation import phone as phones
from huduma.foundation.access import SYSTEM, Actor, Refusal
from huduma.foundation.journal import public as journal

TEXT_LIMIT = 8000
#: A message that no channel took by then is told as one that did not arrive; the job that hands it over gave up long before.
GIVEN_UP_AFTER = timedelta(minutes=30)
#: Why a message failed whose worker died in mid call.
UNCERTAIN = "uncertain"
TAKEN = gettext_noop("Huduma: we have your message %(reference)s. You hear from us by %(due)s.")
TOO_LARGE = gettext_noop(
    "Huduma: your mail is too large, so we could not read it. Send it again with smaller photos, or without files."
)
ANSWERED_ON_PAGE = gettext_noop("Huduma: we answered your message %(reference)s. Read it here: %(link)s")
SUBJECT = gettext_noop("Your message %(reference)s")
#: What tells other machines not to answer (RFC 3834).
AUTOMATIC = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}


class NothingToSend(Refusal):
    """Write the answer first; nothing was sent."""


class NoSuchWay(Refusal):
    """The customer cannot be reached that way. Choose one of the ways on the page."""


class WindowOver(Refusal):
    """By this channel we may answer only within a day of the customer's last message. Answer by SMS, or call."""


class TooLongThere(Refusal):
    """This channel takes no message as long as this. Shorten it, or send it in two."""


def acknowledge(conversation: Conversation, incoming: Incoming, now: datetime) -> None:
    """Say once, by the same channel, that a message is here, and by when it is answered."""
    if conversation.channel == "web":
        return  # the page says it
    with override(conversation.language):
        due = date_format(timezone.localtime(conversation.due_at), "j F Y, H:i")
        text = gettext(TAKEN) % {"reference": references.display(conversation.reference), "due": due}
        send_automatic(conversation, text, incoming, now)


def tell_too_large(incoming: Incoming, now: datetime) -> None:
    """Tell somebody, whom no machine answers for, that their mail was not read; once a day: who is named as sender may be a victim."""
    if incoming.is_automatic:
        return
    language = rules.language_of(incoming.subject)
    with override(language):
        messages.send(
            actor=SYSTEM, kind="inbox.too_large", language=language, text=gettext(TOO_LARGE), subject=_subject(incoming.subject),
            to_email=incoming.address, headers=_threaded(AUTOMATIC, incoming.outside_id), now=now,
            dedupe_key=f"inbox:large:{phones.digest(incoming.address)}:{timezone.localdate(now)}",
        )  # fmt: skip


def send_automatic(conversation: Conversation, text: str, incoming: Incoming, now: datetime) -> None:
    """Send what the platform itself says, marked so that no machine answers it."""
    _send(conversation, text, side="auto", account_id=None, now=now, headers=AUTOMATIC, answers=incoming)


@transaction.atomic
def reply(*, actor: Actor, conversation_id: UUID, text: str, now: datetime, channel: str = "") -> Message:
    """Answer, by the channel that the customer came by or by another of their ways; the conversation is the answerer's then.

    Raises NotFound, NothingToSend, NoSuchWay, TooLongThere, WindowOver.
    """
    conversation = lock_for(actor, conversation_id)
    text = text.strip()[:TEXT_LIMIT]
    if not text:
        raise NothingToSend
    by = channel or conversation.channel
    ways = queries.ways_of(conversation)
    if by not in ways:
        raise NoSuchWay
    conversation.phone = conversation.phone or (
        ways["sms"] if by == "sms" else ""
    )  # by these an answer to this is known
    conversation.email = conversation.email or (ways["email"] if by == "email" else "")
    if by in rules.BY_COMPANY:
        if len(text) > channels.get(by).longest:
            raise TooLongThere
        if not _is_window_open(conversation, by, now):
            raise WindowOver
    last = conversation.messages.filter(side="customer", channel="email").order_by("-at").first()
    answers = Incoming(address="", outside_id=last.outside_id) if last else None
    with override(conversation.language):
        message = _send(conversation, text, side="staff", account_id=actor.account_id, now=now, by=by, answers=answers)
    conversation.waiting_since, conversation.last_at = None, now
    conversation.due_at = now + rules.SILENT_AFTER
    conversation.state, conversation.closed_at, conversation.wrap_up = "open", None, ""
    conversation.assignee_id = conversation.assignee_id or actor.account_id
    conversation.save()
    event = events.MessageAnswered(
        conversation_id=conversation.id, person_id=conversation.person_id, message_id=message.id, by=by
    )
    journal.record(actor=actor, event=event, now=now)
    return message


def _is_window_open(conversation: Conversation, channel: str, now: datetime) -> bool:
    window = channels.get(channel).window
    last = conversation.messages.filter(side="customer", channel=channel).order_by("-at").first()
    return window is None or (last is not None and now - last.at < window)


def _send(
    conversation: Conversation, text: str, *, side: str, account_id: UUID | None, now: datetime, by: str = "",
    headers: dict[str, str] | None = None, answers: Incoming | None = None,
) -> Message:  # fmt: skip
    by = by or conversation.channel
    message = Message(
        conversation=conversation, at=now, side=side, channel=by, text=text, account_id=account_id
    )  # fmt: skip
    common: dict[str, Any] = {
        "actor": SYSTEM, "kind": "inbox.reply" if side == "staff" else "inbox.taken", "language": conversation.language,
        "about": conversation.id, "now": now, "dedupe_key": f"inbox:{message.id}",
    }  # fmt: skip
    known = identity.contact_of(conversation.person_id) if conversation.person_id else None
    if by == "sms" or (by == "phone" and side == "auto"):
        message.delivery_id = messages.send(
            to_phone=conversation.phone or (known.phone if known else ""), text=text, **common
        )
    elif by == "email":
        message.delivery_id = messages.send(
            to_email=conversation.email or (known.email if known else ""), text=text,
            subject=_subject_of(conversation),
            headers=_threaded(headers or {"Auto-Submitted": "no"}, answers.outside_id if answers else ""), **common,
        )  # fmt: skip
    elif by == "web":
        _tell_of_page(conversation, common)
    elif channels.get(by).sends:
        message.sending = "queued"
        jobs.defer("inbox.hand_over", message_id=str(message.id))
        jobs.defer("inbox.give_up", at=now + GIVEN_UP_AFTER, message_id=str(message.id))
    message.save()
    return message


def _tell_of_page(conversation: Conversation, common: dict[str, Any]) -> None:
    """Tell a visitor of the web, who left a number or address, that the answer is on their page."""
    link = f"{settings.PUBLIC_URL}/{conversation.language}/chat/{links.token(queries.CHAT_LINK, conversation.id)}/"
    reference = references.display(conversation.reference)
    text = gettext(ANSWERED_ON_PAGE) % {"reference": reference, "link": link}
    if conversation.phone:
        messages.send(to_phone=conversation.phone, text=text, **common)
    elif conversation.email:
        messages.send(
            to_email=conversation.email, text=text, subject=gettext(SUBJECT) % {"reference": reference}, **common
        )


def _subject_of(conversation: Conversation) -> str:
    """Return the subject with the reference in it: by that an answer is known whose program keeps no thread."""
    reference = references.display(conversation.reference)
    if not conversation.subject:
        return _subject(gettext(SUBJECT) % {"reference": reference})
    has_it = conversation.reference in rules.references_in(conversation.subject)
    return _subject(conversation.subject if has_it else f"{conversation.subject} [{reference}]")


def _subject(subject: str) -> str:
    return subject if subject.casefold().startswith("re:") else f"Re: {subject}"[:200]


def _threaded(headers: dict[str, str], outside_id: str) -> dict[str, str]:
    if "@" not in outside_id:
        return headers
    return headers | {"In-Reply-To": f"<{outside_id}>", "References": f"<{outside_id}>"}


def hand_over(message_id: UUID) -> None:
    """Hand a message to a channel that sends by itself; the call happens outside any transaction, and is made again only
    where the channel surely did not take it.

    A line that broke after hand-over counts as sent; where a receipt bears our mark, it tells. Where the worker died in mid call nobody
    knows whether the channel has it: a receipt may tell, else a person is asked (`give_up`). Raises http.Unavailable where the job has
    to try again.
    """
    if not Message.objects.filter(id=message_id, sending="queued").update(sending="sending"):
        return
    message = Message.objects.select_related("conversation").get(id=message_id)
    try:
        outside_id = channels.get(message.channel).send(
            to=message.conversation.address, text=message.text, mark=str(message.id)
        )
    except Refused as error:
        _fail(message, str(error), timezone.now())
        return
    except http.Unavailable as error:
        if not error.sent or error.status is not None:
            Message.objects.filter(id=message_id, sending="sending").update(sending="queued")
            raise
        outside_id = ""
    Message.objects.filter(id=message_id, sending="sending").update(sending="sent", outside_id=outside_id)


@transaction.atomic
def give_up(*, message_id: UUID, now: datetime) -> None:
    """Let a message count as not arrived that no channel took, or of which nobody knows: its conversation waits again.

    What was handed over stays as it is.
    """
    message = Message.objects.select_for_update().get(id=message_id)
    if message.sending == "queued":
        _fail(message, "unavailable", now)
    elif message.sending == "sending":
        _fail(message, UNCERTAIN, now)


def is_handing_over(channel: str) -> bool:
    """Whether a message is on its way to a channel whose id of it is not known yet."""
    return Message.objects.filter(channel=channel, sending__in=HANDING_OVER).exists()


@transaction.atomic
def settle_by_channel(*, channel: str, receipt: Receipt, now: datetime) -> bool:
    """Take a receipt of a channel that sends by itself; returns whether it is of a message of ours. Told again it changes nothing."""
    ours = Message.objects.select_for_update().filter(channel=channel).exclude(sending="")
    message = ours.filter(outside_id=receipt.outside_id).first() if receipt.outside_id else None
    if message is None and (marked := _id_in(receipt.mark)):
        message = ours.filter(id=marked).first()
    if message is None:
        return False
    if message.sending in ("delivered", "failed") and message.why_failed != UNCERTAIN:
        return True
    if receipt.delivered:
        Message.objects.filter(id=message.id).update(sending="delivered", why_failed="")
    else:
        _fail(message, "undelivered", now)
    return True


def _id_in(mark: str) -> UUID | None:
    try:
        return UUID(mark)
    except ValueError:
        return None


@transaction.atomic
def settle(*, carried_by: UUID, now: datetime) -> None:
    """Take the news that a message which `messages` carried did not arrive: its conversation waits again."""
    message = Message.objects.select_for_update().filter(delivery_id=carried_by).exclude(sending="failed").first()
    if message is not None:
        _fail(message, "undelivered", now)


@transaction.atomic
def _fail(message: Message, why: str, now: datetime) -> None:
    Message.objects.filter(id=message.id).update(sending="failed", why_failed=why[:40])
    if message.side != "staff":
        return
    conversation = Conversation.objects.select_for_update().get(id=message.conversation_id)
    conversation.waiting_since = conversation.waiting_since or now
    conversation.due_at, conversation.state, conversation.closed_at, conversation.wrap_up = now, "open", None, ""
    conversation.save()
    event = events.MessageUndelivered(
        conversation_id=conversation.id, person_id=conversation.person_id, message_id=message.id
    )
    journal.record(actor=SYSTEM, event=event, now=now)
