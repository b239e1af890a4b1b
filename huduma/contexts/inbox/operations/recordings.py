"""Recordings of calls: whoever hears one is written down, and none is kept longer than it is needed."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from huduma.contexts.inbox import events, queries
from huduma.contexts.inbox.models import Call
from huduma.contexts.inbox.providers.base import line
from huduma.foundation import http, jobs
from huduma.foundation.access import SYSTEM, Actor, NotFound
from huduma.foundation.journal import public as journal


class NoAnswer(NotFound):
    """The exchange does not give this recording out just now. Try again later; if it stays so, tell the administrator."""


def hear_recording(*, actor: Actor, call_id: UUID, now: datetime) -> tuple[bytes, str]:
    """Return a recording to staff who may read its conversation: its bytes, or the address where the telephone company has it.

    It is written down before it is fetched, outside the transaction. Raises NotPermitted, NotFound, NoAnswer.
    """
    call = queries.get_call_for(actor, call_id)
    if not call.recording or not queries.may_read(actor, call.conversation):
        raise NotFound
    event = events.RecordingHeard(
        conversation_id=call.conversation_id, person_id=call.conversation.person_id, call_id=call.id
    )
    journal.record(actor=actor, event=event, now=now)
    try:
        content = line(call.via).recording(call.recording)
    except http.Unavailable:
        raise NoAnswer from None
    if content == b"":
        raise NoAnswer
    return (b"", call.recording) if content is None else (content, "")


def forget_recordings(now: datetime) -> int:
    """Let jobs delete the recordings whose time is over; one of a matter that is not settled stays. Returns how many."""
    settled = Q(conversation__matter=None) | ~Q(conversation__matter__closed_at=None)
    old = Call.objects.exclude(recording="").filter(settled, ended_at__lt=now - queries.recording_kept())
    chosen = list(old.order_by("ended_at").values_list("id", flat=True))
    for call_id in chosen:
        jobs.defer("inbox.forget_recording", call_id=str(call_id), once=f"inbox.forget_recording:{call_id}")
    return len(chosen)


def forget_recording(*, call_id: UUID, now: datetime) -> None:
    """Delete one recording where it is, then its address here. Again it changes nothing. Raises http.Unavailable."""
    call = Call.objects.select_related("conversation").get(id=call_id)
    if not call.recording:
        return
    line(call.via).forget(call.recording)
    with transaction.atomic():
        if Call.objects.filter(id=call_id).exclude(recording="").update(recording=""):
            event = events.RecordingDeleted(
                conversation_id=call.conversation_id, person_id=call.conversation.person_id, call_id=call.id
            )
            journal.record(actor=SYSTEM, event=event, now=now)
