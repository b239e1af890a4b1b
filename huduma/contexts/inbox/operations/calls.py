"""Telephone: each call with what became of it, and calls back that were promised."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from huduma.contexts.identity import public as identity
from huduma.contexts.inbox import events, queries, rules
from huduma.contexts.inbox.models import Call, CallBack, Conversation, Message
from huduma.contexts.inbox.operations.conversations import begin, lock_for, one_at_a_time, person_of
from huduma.contexts.inbox.providers.base import CallNews
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal
from huduma.foundation.worktime import public as worktime

#: The key that a caller presses to be called back instead of waiting.
CALL_ME = "1"
#: A call back is promised within so many hours of working time.
WITHIN_HOURS = 4


class SettledAlready(Refusal):
    """This call back is settled already. Open the list again to see what is left."""


def _conversation_of(phone: str, now: datetime) -> Conversation:
    """Return the conversation that a call belongs to: the open one with this number, or a new one."""
    one_at_a_time("phone", phone)
    mine = Conversation.objects.select_for_update().exclude(state="closed").filter(phone=phone)
    if found := mine.order_by("-last_at").first():
        return found
    person_id = person_of(phone, "", is_proven=True)
    language = identity.contact_of(person_id).language if person_id else "sw"
    return begin(channel="phone", address=phone, phone=phone, person_id=person_id, language=language, now=now)


def hear_of_call(news: CallNews, now: datetime) -> None:
    """Take what the telephone company says of a call; repeated and late news change nothing."""
    call = Call.objects.select_for_update().filter(session_id=news.session_id).first()
    if call is None:
        call = Call.objects.create(
            session_id=news.session_id, conversation=_conversation_of(news.phone, now), direction=news.direction, phone=news.phone,
            started_at=now,
        )  # fmt: skip
    if call.ended_at is not None:
        return
    if news.digits == CALL_ME and call.direction == "in":
        promise_call(conversation=call.conversation, phone=call.phone, now=now)
        call.how = "callback"
    call.recording = news.recording or call.recording
    if news.is_over:
        _end(call, news, now)
    else:
        Call.objects.filter(id=call.id).update(recording=call.recording)


def _end(call: Call, news: CallNews, now: datetime) -> None:
    asked = CallBack.objects.filter(conversation=call.conversation_id, asked_at__gte=call.started_at).exists()
    call.how = "answered" if call.taken_by else "callback" if asked else "missed"
    call.ended_at, call.seconds = now, news.seconds
    call.save()
    conversation = Conversation.objects.select_for_update().get(id=call.conversation_id)
    if call.how == "answered":
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


@transaction.atomic
def take_call(*, actor: Actor, call_id: UUID, now: datetime) -> Call:
    """Take a call: it is the actor's from now on, and so is its conversation. Raises NotPermitted, NotFound."""
    actor.require_role("agent")
    call = Call.objects.select_for_update(of=("self",)).select_related("conversation").filter(id=call_id).first()
    if call is None:
        raise NotFound
    if call.taken_by is None and actor.account_id is not None:
        Call.objects.filter(id=call.id).update(taken_by=actor.account_id)
        Conversation.objects.filter(id=call.conversation_id).update(assignee_id=actor.account_id)
        call.conversation.assignee_id = call.taken_by = actor.account_id
        event = events.ConversationAssigned(
            conversation_id=call.conversation_id, person_id=call.conversation.person_id, account_id=actor.account_id, how="call"
        )  # fmt: skip
        journal.record(actor=actor, event=event, now=now)
    return call


@transaction.atomic
def promise_call(*, conversation: Conversation, phone: str, now: datetime, hours: float = WITHIN_HOURS) -> CallBack:
    """Promise a call back, within some hours of working time; one number is called back once."""
    promised = worktime.deadline(now, hours, "hours")
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
