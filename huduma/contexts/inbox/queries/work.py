"""What else the contact centre looks at: calls, calls back, what could not be read, the mailbox, ready answers, who is there."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from huduma.contexts.inbox.events import RecordingDeleted, RecordingHeard
from huduma.contexts.inbox.models import Call, CallBack, Canned, Conversation, DoNotCall, Mailbox, Presence, Received
from huduma.contexts.inbox.providers.base import channels
from huduma.contexts.knowledge import public as knowledge
from huduma.foundation import references
from huduma.foundation.access import Actor, NotFound
from huduma.foundation.journal import public as journal
from huduma.foundation.text import storable
from huduma.foundation.translated import pick
from huduma.foundation.worktime import public as worktime

#: A call of which nothing more was heard for so long is over, whatever the telephone company forgot to say.
FORGOTTEN_AFTER = timedelta(hours=3)
#: A mailbox that was not read for so long is shown as dead.
DEAD_AFTER = timedelta(minutes=15)
#: What was not read for so long is shown to a person: the job that reads it gave up, or no worker runs.
LEFT_AFTER = timedelta(hours=1)
LATEST = 50


@dataclass(frozen=True)
class Promised:
    """A call back and whether its time is over."""

    callback: CallBack
    is_overdue: bool


def hours() -> worktime.Calendar:
    """Return when the contact centre answers, holidays as they are now."""
    return worktime.calendar(worktime.Hours.parse(settings.CONTACT_HOURS))


def is_open(now: datetime) -> bool:
    """Whether the contact centre answers at a moment."""
    return bool(hours().between(now, now + timedelta(minutes=1)))


def list_calls_for(actor: Actor, *, now: datetime) -> list[Call]:
    """Return the calls that ring or are talked in now, the newest first. Raises NotPermitted."""
    actor.require_role("agent")
    live = Call.objects.filter(ended_at=None, started_at__gte=now - FORGOTTEN_AFTER).select_related(
        "conversation__person"
    )
    return list(live.order_by("-started_at")[:LATEST])


def list_ended_calls_for(actor: Actor) -> list[Call]:
    """Return the latest calls that are over, the newest first. Raises NotPermitted."""
    actor.require_role("agent")
    ended = Call.objects.exclude(ended_at=None).select_related("conversation__person")
    return list(ended.order_by("-started_at")[:LATEST])


def get_call_for(actor: Actor, call_id: UUID) -> Call:
    """Return one call. Raises NotPermitted, NotFound."""
    actor.require_role("agent")
    call = Call.objects.select_related("conversation").filter(id=call_id).first()
    if call is None:
        raise NotFound
    return call


def live_call_of(actor: Actor, *, now: datetime) -> Call | None:
    """Return the call that a member of staff is in, if any."""
    live = Call.objects.filter(ended_at=None, started_at__gte=now - FORGOTTEN_AFTER, taken_by=actor.account_id)
    return live.select_related("conversation__person").order_by("-started_at").first() if actor.account_id else None


def list_at_peace(phones: Collection[str]) -> set[str]:
    """Return which of some numbers (E.164) asked not to be called."""
    return set(DoNotCall.objects.filter(phone__in=phones).values_list("phone", flat=True))


def whom_to_dial(*, session_id: str, agent_phone: str) -> str:
    """Return whom an agent, who lifted, wants to reach: for a line that asks at each turn. Empty where the call is no longer wanted."""
    live = Call.objects.filter(direction="out", ended_at=None)
    found = (
        live.filter(session_id=storable(session_id)).first() or live.filter(agent_phone=storable(agent_phone)).first()
    )
    return found.phone if found else ""


def recording_kept() -> timedelta:
    """Return for how long after a call its recording is kept, where no matter needs it longer."""
    return timedelta(days=settings.RECORDING_DAYS)


def recordings_of(calls: Sequence[Call]) -> list[tuple[Call, datetime | None]]:
    """Return the calls that have a recording, each with when its time is over: None while the call lasts."""
    return [(one, one.ended_at and one.ended_at + recording_kept()) for one in calls if one.recording]


def list_heard(calls: Sequence[Call]) -> list[journal.Entry]:
    """Return who heard the recordings of some calls, and which were deleted, the newest first."""
    acts = [RecordingHeard.act, RecordingDeleted.act]
    found, _ = journal.page_concerning([call.id for call in calls], acts=acts, before=None, limit=LATEST)
    return found


def list_callbacks_for(actor: Actor, *, now: datetime) -> list[Promised]:
    """Return the calls back that are still promised, what is due first. Raises NotPermitted."""
    actor.require_role("agent")
    waiting = CallBack.objects.filter(state="open").select_related("conversation__person").order_by("promised_at", "id")
    return [Promised(one, one.promised_at < now) for one in waiting[:200]]


def list_refused_for(actor: Actor, *, now: datetime) -> list[Received]:
    """Return what came in and could not be read, the newest first, without its bytes. Raises NotPermitted."""
    actor.require_role("agent")
    return list(_unread(now).defer("body").order_by("-received_at")[:LATEST])


def _unread(now: datetime) -> "QuerySet[Received]":
    """Return what was refused, and what was left alone by the job that reads it."""
    left = Q(state="new", received_at__lt=now - LEFT_AFTER)
    return Received.objects.exclude(state="done").filter(Q(state="refused") | left)


def get_refused_for(actor: Actor, received_id: UUID, *, now: datetime) -> Received:
    """Return something that could not be read, byte for byte. Raises NotPermitted, NotFound."""
    actor.require_role("agent")
    found = _unread(now).filter(id=received_id).first()
    if found is None:
        raise NotFound
    return found


def is_signed_by(channel: str, body: bytes, signature: str) -> bool:
    """Whether something that came in is signed by its channel."""
    return channels.get(channel).is_signed(body, signature)


def challenge_of(channel: str, asked: str) -> str | None:
    """Return what a channel has to hear that checks our address by something to be signed; None where nothing is to be said."""
    return channels.get(channel).challenge(asked)


def dead_mailbox(now: datetime) -> Mailbox | None:
    """Return a mailbox that cannot be read for a while, if there is one."""
    return Mailbox.objects.filter(failing_since__lt=now - DEAD_AFTER).first()


def list_canned() -> list[Canned]:
    """Return the answers that are ready, by code."""
    return list(Canned.objects.order_by("code"))


def fill(canned: Canned, conversation: Conversation) -> str:
    """Return a ready answer in the customer's language, its fields filled (those of charters from the ones in force).

    A field that is not known stays a gap to be seen.
    """
    text = canned.text_sw if conversation.language == "sw" else canned.text_en
    name = conversation.person.full_name if conversation.person else conversation.name
    matter = references.display(conversation.matter.reference) if conversation.matter else "…"
    for field, value in (
        ("name", name or "…"),
        ("reference", references.display(conversation.reference)),
        ("matter", matter),
    ):
        text = text.replace("{" + field + "}", value)
    return knowledge.fill(text, conversation.language)


def fill_article(article: knowledge.Version, conversation: Conversation) -> str:
    """Return a public article in the customer's language with its address, to be put into an answer."""
    language = conversation.language
    link = f"{settings.PUBLIC_URL}/{language}/help/answers/{article.article_id}/"
    return f"{knowledge.fill(pick(article.text, language), language)}\n\n{link}"


def suggest_articles(actor: Actor, conversation: Conversation, words: str, *, now: datetime) -> list[knowledge.Version]:
    """Return articles that may answer what a customer wrote."""
    return knowledge.find_for(actor, f"{conversation.subject} {words}"[:300], now=now, limit=5)


def presence_of(actor: Actor) -> Presence | None:
    """Return whether the actor is there to answer."""
    return Presence.objects.filter(account_id=actor.account_id).first() if actor.account_id else None


def list_there_for(actor: Actor) -> list[Presence]:
    """Return who is there to answer. Raises NotPermitted."""
    actor.require_role("agent")
    return list(Presence.objects.filter(is_there=True).order_by("since_at"))
