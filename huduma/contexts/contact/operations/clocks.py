"""A matter's clock: it runs, stands still, climbs when it has run out, and stops."""

import math
from datetime import datetime, timedelta

from django.db import transaction

from huduma.contexts.contact import events, rules
from huduma.contexts.contact.models import Matter
from huduma.foundation.access import SYSTEM, Actor
from huduma.foundation.journal import public as journal
from huduma.foundation.worktime import public as worktime

BATCH = 200


def due_at(clock: rules.Clock, now: datetime) -> datetime:
    """Return when a clock that starts now has run out."""
    if clock.unit == "clock_hours":
        return now + timedelta(hours=clock.value)
    return worktime.deadline(now, clock.value, clock.unit)


def pause(matter: Matter, now: datetime) -> None:
    """Stop the clock while the customer is asked."""
    matter.state, matter.paused_at = "waiting", now
    matter.save(update_fields=["state", "paused_at"])


def resume(matter: Matter, now: datetime) -> None:
    """Let the clock run again with what was left of it."""
    since = matter.paused_at or now
    clock = rules.clock_of(matter.rules, matter.level, is_urgent=matter.is_urgent)
    if matter.due_at > since:
        if clock.unit in ("days", "clock_hours"):
            matter.due_at += now - since
        else:
            left = math.ceil(worktime.working_seconds(since, matter.due_at) / 60)
            matter.due_at = worktime.deadline(now, left, "minutes")
    matter.state, matter.paused_at = "open", None
    matter.save(update_fields=["state", "paused_at", "due_at"])


def climb(actor: Actor, matter: Matter, to: rules.Level, how: str, now: datetime) -> None:
    """Put a matter that is locked on a level, with that level's own clock and nobody's hands on it yet."""
    if to.number == 2 and matter.body_id is None:  # nobody stands there: whoever stands above finds the body
        to = matter.rules.above(2) or to
    since = matter.level
    matter.level, matter.level_at, matter.assignee_id, matter.overdue_told_at = to.number, now, None, None
    matter.state, matter.paused_at, matter.is_extended = "open", None, False
    matter.due_at = due_at(rules.clock_of(matter.rules, to.number, is_urgent=matter.is_urgent), now)
    matter.save()
    event = events.MatterEscalated(
        matter_id=matter.id, person_id=matter.person_id, since_level=since, level=to.number, how=how, due_at=matter.due_at.isoformat()
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)


def sweep(now: datetime) -> int:
    """Send every matter whose time ran out one level up, and announce lateness at the last level once; returns how many.

    Each batch is one transaction; rows that somebody works on at this moment are left for the next sweep.
    """
    swept = 0
    while count := _sweep_batch(now):
        swept += count
    return swept


@transaction.atomic
def _sweep_batch(now: datetime) -> int:
    late = Matter.objects.filter(state="open", overdue_told_at=None, due_at__lt=now).order_by("due_at")
    matters = list(late.select_for_update(skip_locked=True)[:BATCH])
    for matter in matters:
        above = matter.rules.above(matter.level)
        if above is not None:
            climb(SYSTEM, matter, above, "clock", now)
            continue
        matter.overdue_told_at = now
        matter.save(update_fields=["overdue_told_at"])
        event = events.MatterOverdue(
            matter_id=matter.id, person_id=matter.person_id, level=matter.level, silence=matter.rules.silence
        )
        journal.record(actor=SYSTEM, event=event, now=now)
    return len(matters)


@transaction.atomic
def close_silent(now: datetime) -> int:
    """Close answers to which nobody said no for two weeks; they can still be reopened. Returns how many."""
    until = now - timedelta(days=rules.ACCEPTED_AFTER_DAYS)
    answered = Matter.objects.filter(state="answered", answered_at__lt=until).order_by("answered_at")
    matters = list(answered.select_for_update(skip_locked=True)[:BATCH])
    for matter in matters:
        matter.state, matter.closed_at = "closed", now
        matter.save(update_fields=["state", "closed_at"])
        event = events.MatterClosed(matter_id=matter.id, person_id=matter.person_id, how="silent")
        journal.record(actor=SYSTEM, event=event, now=now)
    return len(matters)
