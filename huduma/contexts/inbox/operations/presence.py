"""Who is there to answer, and who gets what."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.inbox import events, queries, rules
from huduma.contexts.inbox.models import WAITS, Conversation, Presence
from huduma.contexts.workforce import public as workforce
from huduma.foundation import phone as phones
from huduma.foundation.access import SYSTEM, Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal

BATCH = 100
EXTENSION = re.compile(r"[0-9]{2,6}")


class NoExtension(Refusal):
    """This is no telephone: enter your extension, two to six digits, or a telephone number. Leave it empty if you have none."""


@transaction.atomic
def set_presence(*, actor: Actor, is_there: bool, now: datetime, phone: str | None = None) -> Presence:
    """Say that one is there to answer, or away: then nothing new is given.

    `phone`: the extension (two to six digits) or number at which one is rung, as typed; None leaves it. Raises NotPermitted, NoExtension.
    """
    actor.require_role("agent")
    if actor.account_id is None:
        raise NotPermitted
    told: dict[str, Any] = {"is_there": is_there, "since_at": now}
    if phone is not None:
        told["phone"] = _telephone(phone.strip())
    presence, _ = Presence.objects.update_or_create(account_id=actor.account_id, defaults=told)
    if is_there:
        distribute(now)
    return presence


@transaction.atomic
def end_presences(now: datetime) -> int:
    """Let those be away who forgot to say so when they went home; what waits with them is the team's again. Returns how many."""
    gone = Presence.objects.filter(is_there=True, since_at__lt=now - rules.THERE_FOR).order_by("account_id")
    accounts = list(gone.select_for_update(skip_locked=True).values_list("account_id", flat=True))
    waiting = Conversation.objects.filter(WAITS, assignee_id__in=accounts).order_by("id")
    for conversation in waiting.select_for_update(skip_locked=True):
        conversation.assignee_id = None
        conversation.save(update_fields=["assignee_id"])
        event = events.ConversationAssigned(
            conversation_id=conversation.id, person_id=conversation.person_id, account_id=None, how="released"
        )
        journal.record(actor=SYSTEM, event=event, now=now)
    return Presence.objects.filter(account_id__in=accounts).update(is_there=False, since_at=now)


def _telephone(typed: str) -> str:
    if not typed or EXTENSION.fullmatch(typed):
        return typed
    try:
        return phones.parse(typed)
    except phones.InvalidPhone:
        raise NoExtension from None


def distribute(now: datetime) -> int:
    """Give what waits unassigned, what is due first, to those who are there; returns how many were given.

    Two workers at once give nothing twice: each locks the conversations that it gives, and those to whom.
    """
    given = 0
    while count := _distribute_some(now):
        given += count
    return given


@transaction.atomic
def _distribute_some(now: datetime) -> int:
    """Give a batch, of what somebody can take who has not enough in hand: what nobody there serves keeps nothing else waiting."""
    there = list(Presence.objects.select_for_update().filter(is_there=True).order_by("account_id"))
    if not there:
        return 0
    counts = Conversation.objects.filter(WAITS, assignee_id__in=[one.account_id for one in there])
    in_hand = dict(counts.values_list("assignee_id").annotate(Count("id")))
    abilities = workforce.abilities_of([one.account_id for one in there])
    free = {
        one.account_id: rules.Free(
            one.account_id, abilities[one.account_id].languages, abilities[one.account_id].skills or (),
            in_hand.get(one.account_id, 0),
            one.last_given_at.timestamp() if one.last_given_at else 0.0,
        )
        for one in there
    }  # fmt: skip
    able = [one for one in free.values() if one.in_hand < rules.AT_ONCE]
    if not able:
        return 0
    waiting = Conversation.objects.filter(WAITS, assignee_id=None).order_by("due_at", "id")
    if all(one.services for one in able):
        waiting = waiting.filter(service_code__in={"", *(code for one in able for code in one.services)})
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


@transaction.atomic
def set_abilities(
    *, actor: Actor, account_id: UUID, languages: Collection[str], services: Collection[str], now: datetime
) -> None:
    """Say what somebody of the contact centre speaks and serves; none is all. What waits is given by it from now on.

    Raises NotPermitted, NotFound (also for a service that the catalogue does not have).
    """
    queries.require_planner(actor)
    _require_colleague(account_id)
    for code in services:
        catalogue.get_service(code)
    _post(account_id, now)
    workforce.set_abilities(
        actor=actor, account_id=account_id, place_code=workforce.CONTACT_CENTRE, languages=languages, services=services,
        now=now,
    )  # fmt: skip
    distribute(now)


@transaction.atomic
def plan_shift(*, actor: Actor, account_id: UUID, starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Plan when somebody is to answer in the contact centre.

    Raises NotPermitted, NotFound, workforce.SpanBackwards, workforce.ShiftOverlaps.
    """
    queries.require_planner(actor)
    _require_colleague(account_id)
    _post(account_id, now)
    workforce.plan_shift(
        actor=actor, account_id=account_id, place_code=workforce.CONTACT_CENTRE, starts_at=starts_at, ends_at=ends_at, now=now
    )  # fmt: skip


def _require_colleague(account_id: UUID) -> None:
    if not any(one.account_id == account_id for one in queries.colleagues()):
        raise NotFound


def _post(account_id: UUID, now: datetime) -> None:
    """Post somebody of the contact centre there, as whoever holds an agent's role is from the first thing planned for them."""
    workforce.post_staff(
        actor=SYSTEM, account_id=account_id, place_code=workforce.CONTACT_CENTRE, from_on=timezone.localdate(now), now=now
    )  # fmt: skip
