"""A person decides what becomes of a record that does not fit."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from huduma.contexts.applications import public as applications
from huduma.contexts.outreach import events, rules
from huduma.contexts.outreach.models import Record
from huduma.contexts.outreach.operations.applying import go_on_after
from huduma.contexts.outreach.operations.records import hand_to_job
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal


class DecidedAlready(Refusal):
    """Somebody decided this meanwhile. Look at the list again."""


class NotAChoice(Refusal):
    """Choose one of the answers on the page."""


class ReasonMissing(Refusal):
    """Say why, in a few words. The officer who took it in reads it."""


class OwnRecord(Refusal):
    """You took this in yourself. Another supervisor decides."""


@transaction.atomic
def decide_conflict(*, actor: Actor, record_id: UUID, choice: str, reason: str, now: datetime) -> Record:
    """Decide a conflict by one of the choices that its rule declares, with a reason; the job goes on with it.

    Raises NotFound, NotPermitted, OwnRecord, DecidedAlready, NotAChoice, ReasonMissing.
    """
    record = (
        Record.objects.select_for_update(of=("self",)).select_related("visit", "device").filter(id=record_id).first()
    )
    if record is None:
        raise NotFound
    workforce.require_place(actor, record.visit.site_id, "supervisor")
    if actor.account_id == record.device.account_id:
        raise OwnRecord
    if record.state != "conflict":
        raise DecidedAlready
    if choice not in rules.CONFLICTS[record.conflict].choices:
        raise NotAChoice
    reason = " ".join(reason.split())[:400]
    if not reason:
        raise ReasonMissing
    record.decision, record.reason, record.decided_by, record.decided_at = choice, reason, actor.account_id, now
    record.facts = {**record.facts, "decided": {**record.facts.get("decided", {}), record.conflict: choice}}
    event = events.ConflictDecided(
        record_id=record.id,
        visit_id=record.visit_id,
        device_id=record.device_id,
        conflict=record.conflict,
        choice=choice,
    )
    journal.record(actor=actor, event=event, now=now)
    if choice == "drop":
        _drop(record, now)
    else:
        record.state, record.message = "ready", ""
        record.save()
        hand_to_job(record)
    return record


def _drop(record: Record, now: datetime) -> None:
    """Take nothing over: what was opened for it and not sent goes; the record itself is kept."""
    if record.kind == "application" and record.result_id is not None:
        draft = applications.get_application_for(SYSTEM, record.result_id)
        if draft.status == "draft":
            applications.discard_draft(actor=SYSTEM, application_id=draft.id, now=now)
        record.result_id = None
    record.state = "refused"
    record.save()
    go_on_after(record)
