"""Calling customers: the agent is rung first, then the customer; how it went is written down. And what the exchange is told to do."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from huduma.contexts.identity import public as identity
from huduma.contexts.inbox import events, queries, rules
from huduma.contexts.inbox.models import Call, CallBack, DoNotCall
from huduma.contexts.inbox.operations.calls import (
    conversation_with,
    end,
    hear_of_call,
    settle_try,
    steer,
    telephone_of,
)
from huduma.contexts.inbox.operations.commands import read_status
from huduma.contexts.inbox.operations.conversations import lock_for, one_at_a_time
from huduma.contexts.inbox.operations.intake import key_of, receive
from huduma.contexts.inbox.providers import asterisk
from huduma.contexts.inbox.providers.base import CallNews, Refused, line
from huduma.foundation import http, ids
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

#: A telephone that was not rung within so many seconds of the order is not rung any more.
STALE_SECONDS = 60
#: What the exchange was asked for just now may not be there yet.
GRACE = timedelta(seconds=20)


class NoNumber(Refusal):
    """No telephone number of this customer is known. Write to them, and ask for one."""


class NoPurpose(Refusal):
    """Choose what the call is for: the customer can read it."""


class AsksForPeace(Refusal):
    """They asked not to be called. Write to them instead; if they ask for a call, promise them a call back first."""


class TooLate(Refusal):
    """We call people between 8 in the morning and 8 in the evening. Write to them, or call in that time."""


class InACall(Refusal):
    """You are in a call. End it on the page Telephone first, then call."""


class TheyTalk(Refusal):
    """A colleague is in a call with this number. Look at the page Telephone."""


class NotOver(Refusal):
    """The call goes on. End it first, then say how it went."""


class NoOutcome(Refusal):
    """Choose how the call went."""


@transaction.atomic
def call_out(
    *, actor: Actor, purpose: str, now: datetime, conversation_id: UUID | None = None, person_id: UUID | None = None,
    callback_id: UUID | None = None,
) -> Call:  # fmt: skip
    """Call a customer at the number on record: of a conversation, of a person, or of a call back that was promised.

    Raises NotPermitted, NotFound, NoNumber, NoPurpose, NoTelephone, AsksForPeace, TooLate, InACall, TheyTalk.
    """
    actor.require_role("agent")
    callback = CallBack.objects.filter(id=callback_id, state="open").first() if callback_id else None
    if callback_id and callback is None:
        raise NotFound
    if callback is not None:
        purpose, conversation_id, phone = "callback", callback.conversation_id, callback.phone
    else:
        phone = _number(actor, conversation_id, person_id)
    if purpose not in rules.CALL_PURPOSES:
        raise NoPurpose
    agent_phone = telephone_of(actor)
    if not rules.may_ring(timezone.localtime(now)):
        raise TooLate
    if callback is None and DoNotCall.objects.filter(phone=phone).exists():
        raise AsksForPeace
    one_at_a_time("agent", str(actor.account_id))
    one_at_a_time("phone", phone)
    live = Call.objects.filter(ended_at=None, started_at__gte=now - queries.FORGOTTEN_AFTER)
    if live.filter(taken_by=actor.account_id).exists():
        raise InACall
    if live.filter(phone=phone).exists():
        raise TheyTalk
    found = lock_for(actor, conversation_id) if conversation_id else None
    conversation = found or conversation_with(phone, now, waits=False)
    call_id = ids.uuid7()
    call = Call.objects.create(
        id=call_id, session_id=f"person-{call_id}", conversation=conversation, direction="out", phone=phone, started_at=now, rung_at=now,
        taken_by=actor.account_id, via=settings.CALLS_OUT_BY, agent_phone=agent_phone, purpose=purpose, callback=callback,
    )  # fmt: skip
    event = events.CallPlaced(
        conversation_id=conversation.id, person_id=conversation.person_id or person_id, call_id=call.id, purpose=purpose
    )
    journal.record(actor=actor, event=event, now=now)
    steer(call, "ring")
    return call


def _number(actor: Actor, conversation_id: UUID | None, person_id: UUID | None) -> str:
    if conversation_id is not None:
        phone = queries.ways_of(lock_for(actor, conversation_id)).get("phone", "")
    else:
        phone = (identity.contact_of(person_id).phone if person_id else "") or ""
    if not phone:
        raise NoNumber
    return phone


def _mine(actor: Actor, call_id: UUID) -> Call:
    actor.require_role("agent")
    call = Call.objects.select_for_update(of=("self",)).select_related("conversation").filter(id=call_id).first()
    if call is None or call.taken_by != actor.account_id:
        raise NotFound
    return call


@transaction.atomic
def hang_up(*, actor: Actor, call_id: UUID, now: datetime) -> Call:
    """End one's own call; one that ended already stays as it is. Raises NotPermitted, NotFound."""
    call = _mine(actor, call_id)
    if call.ended_at is None:
        end(call, now=now, cause="agent_missed")
    return call


@transaction.atomic
def record_outcome(*, actor: Actor, call_id: UUID, outcome: str, now: datetime) -> Call:
    """Say how one's own call to a customer went; said again, it is corrected, but a try of a promised call counts once.

    Raises NotPermitted, NotFound, NotOver, NoOutcome.
    """
    call = _mine(actor, call_id)
    if call.ended_at is None:
        raise NotOver
    if outcome not in rules.OUTCOMES or call.direction != "out":
        raise NoOutcome
    if call.callback_id is not None and (not call.outcome or outcome in rules.SPOKEN):
        settle_try(call.callback_id, actor=actor, reached=outcome in rules.SPOKEN, now=now)
    if outcome == "do_not_call" and actor.account_id is not None:
        DoNotCall.objects.get_or_create(phone=call.phone, defaults={"asked_at": now, "account_id": actor.account_id})
    call.outcome = outcome
    call.save(update_fields=["outcome"])
    event = events.CallOutcomeRecorded(
        conversation_id=call.conversation_id, person_id=call.conversation.person_id, call_id=call.id, outcome=outcome
    )
    journal.record(actor=actor, event=event, now=now)
    return call


def steer_call(*, call_id: UUID, act: str, now: datetime) -> None:
    """Tell a line what to do with a call, outside any transaction. Raises http.Unavailable where trying again may help."""
    call = Call.objects.get(id=call_id)
    wire = line(call.via)
    if act == "hang_up":
        wire.hang_up(call_id=call.id, session_id=call.session_id)
    elif call.ended_at is None:
        match act:
            case "ring":
                _ring(call, now)
            case "answer":
                wire.answer(session_id=call.session_id, is_open=queries.is_open(now))
            case "connect":
                _or_end(call, now, lambda: wire.connect(call_id=call.id, phone=call.phone))
            case "bridge":
                wire.bridge(call_id=call.id, session_id=call.session_id)
            case "ask":
                wire.say(session_id=call.session_id, language=call.keyed[:2], sounds=("key_it",))
            case "status":
                _say_status(call, now)
            case "thank":
                wire.thank(session_id=call.session_id)


def _say_status(call: Call, now: datetime) -> None:
    """Say what a caller asked for, who was served by it as if by an agent; where it is not found, they may key it again."""
    said = read_status(phone=call.phone, digits=call.keyed[2:], language=call.keyed[:2], now=now)
    with transaction.atomic():
        locked = Call.objects.select_for_update().get(id=call.id)
        if locked.ended_at is not None or locked.taken_by is not None:
            return
        locked.keyed = call.keyed[:2]
        locked.answered_at = now if said.is_found else None
        locked.save(update_fields=["keyed", "answered_at"])
    line(call.via).say(session_id=call.session_id, language=call.keyed[:2], sounds=said.sounds)


def _ring(call: Call, now: datetime) -> None:
    if call.direction == "out" and (now - call.started_at).total_seconds() > STALE_SECONDS:
        _fail(call, now)
        return

    def ring() -> None:
        session_id = line(call.via).ring(call_id=call.id, agent_phone=call.agent_phone, phone=call.phone)
        if call.direction == "out":
            Call.objects.filter(id=call.id).update(session_id=session_id)

    _or_end(call, now, ring)


def _or_end(call: Call, now: datetime, act: Callable[[], None]) -> None:
    """Do what must happen now or not at all: nobody is rung minutes later. An agent who cannot be rung leaves a caller to others."""
    try:
        act()
    except (Refused, http.Unavailable):
        _fail(call, now)


@transaction.atomic
def _fail(call: Call, now: datetime) -> None:
    locked = Call.objects.select_for_update().get(id=call.id)
    if locked.ended_at is not None:
        return
    if locked.direction == "in":
        hear_of_call(CallNews(call_id=call.id, leg="agent", is_over=True), now, via=call.via)
    else:
        end(locked, now=now, cause="failed")


@transaction.atomic
def reconcile(seen: asterisk.Seen, now: datetime) -> None:
    """Make the calls what the exchange has: callers who came and calls that ended while nobody listened. Again, it changes nothing."""
    for caller in seen.callers:
        hear_of_call(caller, now, via="asterisk")
    live = Call.objects.filter(via="asterisk", ended_at=None).order_by("id")
    for call in live.select_for_update(of=("self",)):
        agent, customer = f"agent-{call.id}", call.session_id
        if agent in seen.up:
            hear_of_call(CallNews(call_id=call.id, leg="agent", is_answered=True), now, via="asterisk")
        elif agent not in seen.there and call.agent_phone and call.rung_at is not None and call.rung_at < now - GRACE:
            hear_of_call(CallNews(call_id=call.id, leg="agent", is_over=True), now, via="asterisk")
        if customer in seen.up and call.direction == "out":
            hear_of_call(CallNews(call_id=call.id, is_answered=True), now, via="asterisk")
        since = call.started_at if call.direction == "in" else call.agent_up_at
        if customer not in seen.there and since is not None and since < now - GRACE:
            hear_of_call(CallNews(call_id=call.id, is_over=True, cause="failed"), now, via="asterisk")


def end_forgotten(now: datetime) -> int:
    """End calls of which nothing was heard for hours: the line forgot to say that they are over. Returns how many."""
    done = 0
    with transaction.atomic():
        old = Call.objects.filter(ended_at=None, started_at__lt=now - queries.FORGOTTEN_AFTER).order_by("id")
        for call in old.select_for_update(skip_locked=True, of=("self",))[:200]:
            end(call, now=now, cause="failed")
            done += 1
    return done


def keep_event(body: bytes, now: datetime) -> None:
    """Keep an event of the exchange for a job; told twice, it is kept once. Keys are heard in the order in which they were pressed."""
    receive(
        source="asterisk",
        key=key_of(body),
        headers={},
        body=body,
        now=now,
        after=f"asterisk:{asterisk.channel_in(body)}",
    )
