"""Who is there to answer, and who gets what."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count

from huduma.contexts.inbox import events, rules
from huduma.contexts.inbox.models import WAITS, Conversation, Presence
from huduma.contexts.workforce import public as workforce
from huduma.foundation import phone as phones
from huduma.foundation.access import SYSTEM, Actor, NotPermitted, Refusal
from huduma.foundation.journal import public as journal

BATCH = 100
EXTENSION = re.compile(r"[0-9]{2,6}")


class NoExtension(Refusal):
    """This is no telephone: enter your extension, two to six digits, or a telephone number. Leave it empty if you have none."""


@transaction.atomic
def set_presence(
    *, actor: Actor, is_there: bool, languages: Iterable[str], now: datetime, phone: str | None = None
) -> Presence:
    """Say that one is there to answer, in these languages, or away: then nothing new is given.

    `phone`: the extension (two to six digits) or number at which one is rung, as typed; None leaves it. Raises NotPermitted, NoExtension.
    """
    actor.require_role("agent")
    if actor.account_id is None:
        raise NotPermitted
    spoken = sorted({"en", "sw"} & set(languages)) or ["en", "sw"]
    told: dict[str, Any] = {"is_there": is_there, "languages": spoken, "since_at": now}
    if phone is not None:
        told["phone"] = _telephone(phone.strip())
    presence, _ = Presence.objects.update_or_create(account_id=actor.account_id, defaults=told)
    if is_there:
        distribute(now)
    return presence


def _telephone(typed: str) -> str:
    if not typed or EXTENSION.fullmatch(typed):
        return typed
    try:
        return phones.parse(typed)
    except phones.InvalidPhone:
        raise NoExtension from None


@transaction.atomic
def distribute(now: datetime) -> int:
    """Give what waits unassigned, what is due first, to those who are there; returns how many were given.

    Two workers at once give nothing twice: each locks the conversations that it gives, and those to whom.
    """
    there = list(Presence.objects.select_for_update().filter(is_there=True).order_by("account_id"))
    if not there:
        return 0
    counts = Conversation.objects.filter(WAITS, assignee_id__in=[one.account_id for one in there])
    in_hand = dict(counts.values_list("assignee_id").annotate(Count("id")))
    free = {
        one.account_id: rules.Free(
            one.account_id, one.languages, workforce.skills_of(one.account_id) or (), in_hand.get(one.account_id, 0),
            one.last_given_at.timestamp() if one.last_given_at else 0.0,
        )
        for one in there
    }  # fmt: skip
    waiting = Conversation.objects.filter(WAITS, assignee_id=None).order_by("due_at", "id")
    given = 0
    for number, conversation in enumerate(waiting.select_for_update(skip_locked=True)[:BATCH]):
        chosen = rules.choose(list(free.values()), language=conversation.language, service=conversation.service_code)
        if chosen is None:
            continue
        order = now.timestamp() + number / 1e6
        free[chosen.account_id] = rules.Free(
            chosen.account_id, chosen.languages, chosen.services, chosen.in_hand + 1, order
        )
        conversation.assignee_id = chosen.account_id
        conversation.save(update_fields=["assignee_id"])
        Presence.objects.filter(account_id=chosen.account_id).update(last_given_at=now)
        event = events.ConversationAssigned(
            conversation_id=conversation.id, person_id=conversation.person_id, account_id=chosen.account_id, how="given"
        )
        journal.record(actor=SYSTEM, event=event, now=now)
        given += 1
    return given
