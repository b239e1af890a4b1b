"""Telephone: each call with what became of it, and calls back that were promised."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from huduma.contexts.identity import public as identity
from huduma.contexts.inbox import events, queries, rules
from huduma.contexts.inbox.models import Call, CallBack, Conversation, DoNotCall, Message
from huduma.contexts.inbox.operations.conversations import begin, lock_for, one_at_a_time, person_of
from huduma.contexts.inbox.providers.base import CallNews, line
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

#: The key that a caller presses to be called back instead of waiting.
CALL_ME = "1"
#: A call back is promised within so many hours of working time.
WITHIN_HOURS = 4


class NoTelephone(Refusal):
    """Say first, on the page of conversations, at which extension or number you are rung."""


class NotRinging(Refusal):
    """A colleague took this call, or the caller hung up. Look at what rings now; whoever was missed can be called back."""


class SettledAlready(Refusal):
    """This call back is settled already. Open the list again to see what is left."""


def conversation_with(phone: str, now: datetime, *, address: str = "", waits: bool = True) -> Conversation:
    """Return the conversation that a call belongs to: the open one with this number, or a new one.

    `address`: by what a caller is told apart whose number is withheld. `waits`: whether the customer waits for something.
    """
    one_at_a_time("phone", phone or address)
    if phone:
        mine = Conversation.objects.select_for_update().exclude(state="closed").filter(phone=phone)
        if found := mine.order_by("-last_at").first():
            return found
    person_id = person_of(phone, "", is_proven=True)
    language = identity.contact_of(person_id).language if person_id else "sw"
    begun = begin(
        channel="phone", address=phone or address, phone=phone, person_id=person_id, language=language, now=now
    )
    if not waits:
        begun.waiting_since, begun.due_at = None, now + rules.SILENT_AFTER
        begun.save(update_fields=["waiting_since", "due_at"])
    return begun


def hear_of_call(news: CallNews, now: datetime, *, via: str = "phone") -> None:
    """Take what a line says of a call; repeated and late news change nothing."""
    call = _find(news, via)
    if call is None:
        if news.call_id is not None or (via == "asterisk" and not _is_arrival(news)):
            return  # of a call that nobody here knows
        call = Call.objects.create(
            session_id=news.session_id, conversation=conversation_with(news.phone, now, address=news.session_id),
            direction=news.direction, phone=news.phone, started_at=now, via=via,
        )  # fmt: skip
        if not news.is_over:
            steer(call, "answer")
    if news.recording and news.recording != call.recording:  # it may be ready only after the end
        call.recording = news.recording
        call.save(update_fields=["recording"])
    if call.ended_at is not None:
        return
    if news.digits and call.direction == "in" and call.taken_by is None:
        _hear_key(call, news.digits, now)
    if news.is_answered:
        _hear_answered(call, news, now)
    if news.is_over:
        _hear_over(call, news, now)


def _hear_key(call: Call, key: str, now: datetime) -> None:
    """A caller chose to be called back; or, where the line only tells of each key, to key a reference: `#` ends it, `*` begins it anew."""
    if call.keyed:
        language, digits = call.keyed[:2], call.keyed[2:]
        if key == "#":
            steer(call, "status")
        else:
            call.keyed = language + ("" if key == "*" else (digits + key)[:20])
    elif key == CALL_ME and call.phone:
        promise_call(conversation=call.conversation, phone=call.phone, now=now)
        steer(call, "thank")
    elif key in rules.STATUS_KEYS and line(call.via).steers:
        call.keyed = rules.STATUS_KEYS[key]
        steer(call, "ask")
    call.save(update_fields=["keyed"])


def _is_arrival(news: CallNews) -> bool:
    return not (news.is_over or news.digits or news.recording)


def _find(news: CallNews, via: str) -> Call | None:
    known = Call.objects.select_for_update(of=("self",)).select_related("conversation")
    if news.call_id is not None:
        return known.filter(id=news.call_id).first()
    found = known.filter(session_id=news.session_id).first()
    if found is None and news.direction == "out":  # told of before we heard the session's id
        found = known.filter(via=via, direction="out", ended_at=None, agent_phone=news.phone).first()
        if found is not None:
            Call.objects.filter(id=found.id).update(session_id=news.session_id)
    return found


def _hear_answered(call: Call, news: CallNews, now: datetime) -> None:
    if call.direction == "out" and news.leg == "agent":
        if call.agent_up_at is None:
            call.agent_up_at = now
            call.save(update_fields=["agent_up_at"])
            steer(call, "connect")
    elif call.answered_at is None and (news.leg == "agent") == (call.direction == "in"):
        call.agent_up_at, call.answered_at = call.agent_up_at or now, now
        call.save(update_fields=["agent_up_at", "answered_at"])
        steer(call, "bridge")


def _hear_over(call: Call, news: CallNews, now: datetime) -> None:
    if news.leg == "agent" and call.direction == "in" and call.answered_at is None:
        call.taken_by, call.agent_phone = None, ""  # the agent did not lift: the caller still waits for somebody
        call.save(update_fields=["taken_by", "agent_phone"])
        return
    end(call, now=now, seconds=news.seconds, cause="agent_missed" if news.leg == "agent" else news.cause)


def end(call: Call, *, now: datetime, seconds: int = 0, cause: str = "") -> None:
    """End a locked call: how it went, what that means for its conversation and for a call back that it was to keep."""
    was_answered = call.answered_at is not None or (
        call.direction == "in" and call.taken_by is not None and not line(call.via).steers
    )
    if call.direction == "out" and call.agent_up_at is None:
        cause = "agent_missed"
    asked = CallBack.objects.filter(conversation=call.conversation_id, asked_at__gte=call.started_at).exists()
    call.how = "answered" if was_answered else "callback" if asked and call.direction == "in" else "missed"
    call.ended_at, call.cause = now, "" if was_answered else cause
    call.seconds = seconds or (int((now - call.answered_at).total_seconds()) if call.answered_at else 0)
    if call.direction == "out" and not was_answered and cause != "agent_missed":
        call.outcome = rules.outcome_of(cause)
        if call.callback_id is not None:
            settle_try(call.callback_id, actor=SYSTEM, reached=False, now=now)
    call.save()
    steer(call, "hang_up")
    conversation = Conversation.objects.select_for_update().get(id=call.conversation_id)
    if was_answered:
        conversation.waiting_since, conversation.due_at = None, now + rules.SILENT_AFTER
    conversation.last_at = now
    conversation.save(update_fields=["waiting_since", "due_at", "last_at"])
    Message.objects.create(
        conversation=conversation, at=now, side="staff" if call.direction == "out" else "customer", channel="phone",
        account_id=call.taken_by, outside_id=call.session_id,
    )  # fmt: skip
    event = events.CallEnded(
        conversation_id=conversation.id, person_id=conversation.person_id, call_id=call.id, how=call.how, seconds=call.seconds
    )  # fmt: skip
    journal.record(actor=SYSTEM, event=event, now=now)


def steer(call: Call, act: str) -> None:
    """Let a job tell the line what to do next with a call, where the line can be told; one act after the other."""
    if act == "ring" or line(call.via).steers:
        jobs.defer("inbox.steer", call_id=str(call.id), act=act, lock=f"call:{call.id}")


@transaction.atomic
def take_call(*, actor: Actor, call_id: UUID, now: datetime) -> Call:
    """Take a call: it is the actor's from now on, and so is its conversation; our own exchange rings their telephone.

    Again it changes nothing. Raises NotPermitted, NotFound, NoTelephone, NotRinging.
    """
    actor.require_role("agent")
    call = Call.objects.select_for_update(of=("self",)).select_related("conversation").filter(id=call_id).first()
    if call is None:
        raise NotFound
    if call.taken_by != actor.account_id and (call.taken_by is not None or call.ended_at is not None):
        raise NotRinging
    if call.taken_by is None and actor.account_id is not None:
        if line(call.via).steers:
            call.agent_phone, call.rung_at = telephone_of(actor), now
            steer(call, "ring")
        call.conversation.assignee_id = call.taken_by = actor.account_id
        call.save(update_fields=["taken_by", "agent_phone", "rung_at"])
        Conversation.objects.filter(id=call.conversation_id).update(assignee_id=actor.account_id)
        event = events.ConversationAssigned(
            conversation_id=call.conversation_id, person_id=call.conversation.person_id, account_id=actor.account_id, how="call"
        )  # fmt: skip
        journal.record(actor=actor, event=event, now=now)
    return call


def telephone_of(actor: Actor) -> str:
    """Return where a member of staff is rung. Raises NoTelephone."""
    presence = queries.presence_of(actor)
    if presence is None or not presence.phone:
        raise NoTelephone
    return presence.phone


@transaction.atomic
def promise_call(*, conversation: Conversation, phone: str, now: datetime, hours: float = WITHIN_HOURS) -> CallBack:
    """Promise a call back, within some hours of working time; one number is called back once."""
    promised = queries.hours().deadline(now, hours, "hours")
    DoNotCall.objects.filter(phone=phone).delete()  # who asks for a call wants it
    callback, is_new = CallBack.objects.get_or_create(
        phone=phone, state="open", defaults={"conversation": conversation, "asked_at": now, "promised_at": promised}
    )
    if is_new:
        event = events.CallBackPromised(
            conversation_id=conversation.id, person_id=conversation.person_id, callback_id=callback.id,
            promised_at=promised.isoformat(),
        )  # fmt: skip
        journal.record(actor=SYSTEM, event=event, now=now)
    return callback


@transaction.atomic
def promise_call_for(*, actor: Actor, conversation_id: UUID, now: datetime) -> CallBack:
    """Promise the customer of a conversation a call back. Raises NotFound (also where no number is known)."""
    conversation = lock_for(actor, conversation_id)
    phone = queries.ways_of(conversation).get("phone", "")
    if not phone:
        raise NotFound
    return promise_call(conversation=conversation, phone=phone, now=now)


@transaction.atomic
def settle_callback(*, actor: Actor, callback_id: UUID, reached: bool, now: datetime) -> CallBack:
    """Say how a call back went: reached ends it; after the last try without an answer it counts as failed.

    Raises NotPermitted, NotFound, SettledAlready.
    """
    actor.require_role("agent")
    callback = (
        CallBack.objects.select_for_update(of=("self",)).filter(id=callback_id).select_related("conversation").first()
    )
    if callback is None:
        raise NotFound
    if callback.state != "open":
        raise SettledAlready
    return settle_try(callback.id, actor=actor, reached=reached, now=now)


def settle_try(callback_id: UUID, *, actor: Actor, reached: bool, now: datetime) -> CallBack:
    """Count one try of a promised call; the one in which somebody spoke with the customer, or the last one, settles it."""
    callback = CallBack.objects.select_for_update(of=("self",)).select_related("conversation").get(id=callback_id)
    if callback.state != "open":
        return callback
    callback.tries += 1
    if reached or callback.tries >= rules.CALL_TRIES:
        callback.state, callback.settled_at = "kept" if reached else "failed", now
        event = events.CallBackSettled(
            conversation_id=callback.conversation_id, person_id=callback.conversation.person_id, callback_id=callback.id,
            how=callback.state,
        )  # fmt: skip
        journal.record(actor=actor, event=event, now=now)
    callback.save()
    return callback
