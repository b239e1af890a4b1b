"""Those who have to agree: the other parent, the co-owners. Each is asked by a link of their own and answers for themselves.

A process asks by the action `ask-agreement` and waits for the message `agreed` (all did) or `declined` (somebody did not).
Whoever agreed is asked again only when what they agreed to has changed.
"""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from huduma.contexts.applications import events, queries, rules
from huduma.contexts.applications.models import Agreement, Application
from huduma.contexts.process import public as process
from huduma.foundation import phone as phones
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

#: An SMS costs and annoys: the same person is not asked twice within this time.
AGAIN_AFTER = timedelta(hours=1)


class AnsweredAlready(Refusal):
    """You answered this already; a link works once. The applicant sees your answer."""


class AgreementReasonNeeded(Refusal):
    """Write why you do not agree, in words that the applicant will understand."""


class AskedLately(Refusal):
    """This person was asked within the last hour. Wait a little, or call them."""


def ask_to_agree(*, case_id: UUID, config: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Ask everybody whom the answers name; returns how many are still awaited, as the fact `parties`."""
    application = Application.objects.select_for_update().get(id=case_id)
    kept = {(row.role, row.entry): row for row in application.agreements.select_for_update()}
    awaited = 0
    for party in rules.parties(queries.form_of(application), queries.all_answers(application)):
        seen = _digest(application, party.role)
        row = kept.pop((party.role, party.entry), None)
        if row is not None and row.state == "agreed" and row.seen == seen and row.id_number == party.id_number:
            continue
        awaited += 1
        if row is not None:
            row.delete()
        row = Agreement.objects.create(
            application=application, role=party.role, entry=party.entry, name=party.name, phone=party.phone,
            id_number=party.id_number, seen=seen, asked_at=now,
        )  # fmt: skip
        _announce(SYSTEM, row, now)
    for row in kept.values():  # no longer named
        row.delete()
    return {"parties": awaited}


def _digest(application: Application, role: str) -> str:
    shown = [
        (answer.name, answer.text) for section in queries.shown_to(application, role) for answer in section.answers
    ]
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()


def _announce(actor: Actor, row: Agreement, now: datetime) -> None:
    event = events.AgreementAsked(agreement_id=row.id, application_id=row.application_id)
    journal.record(actor=actor, event=event, now=now)


@transaction.atomic
def answer_agreement(*, actor: Actor, token: str, agrees: bool, reason: str = "", now: datetime) -> Agreement:
    """Agree, or decline with a reason. Raises NotFound, identity.NotProven, NotAskedOfYou, AnsweredAlready, AgreementReasonNeeded."""
    row = queries.agreement_by(token)
    application = Application.objects.select_for_update().get(id=row.application_id)
    rows = {other.id: other for other in application.agreements.select_for_update()}
    if row.id not in rows:  # it was asked anew, by another link
        raise NotFound
    row = rows[row.id]
    queries.require_asked(actor, row)
    if row.state != "asked":
        raise AnsweredAlready
    if not agrees and len(reason.strip()) < 3:
        raise AgreementReasonNeeded
    row.state, row.reason = ("agreed", "") if agrees else ("declined", reason.strip()[:1000])
    row.person_id, row.answered_at = actor.person_id, now
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:  # the same person for two parties
        raise queries.NotAskedOfYou from None
    event = events.AgreementAnswered(agreement_id=row.id, application_id=application.id, state=row.state)
    journal.record(actor=actor, event=event, now=now)
    if not agrees:
        process.deliver_message(actor=SYSTEM, case_id=application.id, name="declined", now=now)
    elif all(other.state == "agreed" for other in rows.values()):
        process.deliver_message(actor=SYSTEM, case_id=application.id, name="agreed", now=now)
    return row


@transaction.atomic
def ask_again(*, actor: Actor, agreement_id: UUID, phone: str = "", now: datetime) -> None:
    """Send the link once more, to another number where the first was wrong.

    Raises NotFound, AskedLately, AnsweredAlready, phones.InvalidPhone.
    """
    row = (
        Agreement.objects.select_for_update(of=("self",)).select_related("application").filter(id=agreement_id).first()
    )
    if row is None or not queries.may_see(actor, row.application):
        raise NotFound
    if row.state != "asked":
        raise AnsweredAlready
    number = phones.parse_mobile(phone) if phone else row.phone
    if number == row.phone and now - row.asked_at < AGAIN_AFTER:
        raise AskedLately
    row.phone, row.asked_at = number, now
    row.save(update_fields=["phone", "asked_at"])
    _announce(actor, row, now)
