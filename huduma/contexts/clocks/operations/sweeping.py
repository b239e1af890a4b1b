"""What has to be done because time passed: warnings, escalations, the ends that laws give."""

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext, gettext_noop, override

from huduma.contexts.clocks import events, rules
from huduma.contexts.clocks.models import Clock
from huduma.contexts.clocks.queries import terms_of
from huduma.contexts.clocks.rules import Turn
from huduma.contexts.identity import public as identity
from huduma.contexts.messages import public as messages
from huduma.contexts.process import public as process
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import public as journal
from huduma.foundation.worktime import public as worktime

BATCH = 500
ESCALATED = gettext_noop("Huduma: late cases that need you: %(count)s. See %(link)s")
ESCALATED_SUBJECT = gettext_noop("Cases that are late")
WARNED = gettext_noop("Huduma: a case that you took is nearly late: %(link)s")
WARNED_SUBJECT = gettext_noop("A case that is nearly late")


def sweep(*, now: datetime) -> int:
    """Do every turn that has come, in batches of one transaction each. Returns how many."""
    total = 0
    while done := _sweep_batch(now):
        total += done
    return total


@transaction.atomic
def _sweep_batch(now: datetime) -> int:
    """Take clocks whose turn has come; two sweeps at once take different ones."""
    ready = Clock.objects.filter(next_at__lte=now).order_by("next_at")
    clocks = list(ready.select_for_update(skip_locked=True)[:BATCH])
    if not clocks:
        return 0
    known = worktime.named_calendars()
    warned: list[Clock] = []
    escalated: dict[tuple[str, str], int] = defaultdict(int)
    for clock in clocks:
        terms = terms_of(clock.version_id)[clock.kind, clock.key]
        turns = rules.turns(terms, known[terms.calendar], clock.due_at)
        turn = turns[clock.stage]
        _note(clock, turn, now)
        if turn.what == "warn":
            warned.append(clock)
        if turn.what == "escalate":
            clock.flagged_to = turn.to
            escalated[turn.to, clock.body_code] += 1
        clock.stage += 1
        clock.next_at = turns[clock.stage].at if clock.stage < len(turns) else None
    Clock.objects.bulk_update(clocks, ["stage", "next_at", "flagged_to"])
    _notify(warned, escalated, now)
    return len(clocks)


def _note(clock: Clock, turn: Turn, now: datetime) -> None:
    """Write a turn into the journal; the end of a law's time is a job of its own, since it moves the case."""
    about: dict[str, Any] = {"case_id": clock.case_id, "clock_id": clock.id, "key": clock.key}
    if turn.what == "lapse":
        jobs.defer("clocks.lapse", clock_id=str(clock.id))
    elif turn.what == "warn":
        journal.record(actor=SYSTEM, event=events.ClockWarned(kind=clock.kind, **about), now=now)
    else:
        journal.record(actor=SYSTEM, event=events.ClockEscalated(kind=clock.kind, to=turn.to, **about), now=now)


def _notify(warned: list[Clock], escalated: dict[tuple[str, str], int], now: datetime) -> None:
    """Write to officers whose case is nearly late, and, at most once an hour, to those who have late cases to look at."""
    takers = process.assignees_of({clock.case_id for clock in warned})
    for clock in warned:
        for account_id in takers.get(clock.case_id, ()):
            link = f"/desk/cases/{clock.case_id}/"
            _mail(account_id, "clocks.warned", WARNED, WARNED_SUBJECT, link, f"warned:{clock.id}:{clock.stage}", now)
    for (role, body_code), count in escalated.items():
        for holder in identity.list_staff(roles=[role], body_code=body_code):
            key = f"escalated:{role}:{body_code}:{holder.account_id}:{now:%Y%m%d%H}"
            _mail(
                holder.account_id,
                "clocks.escalated",
                ESCALATED,
                ESCALATED_SUBJECT,
                "/desk/late/",
                key,
                now,
                count=count,
            )


def _mail(
    account_id: UUID, kind: str, text: str, subject: str, link: str, key: str, now: datetime, **facts: object
) -> None:
    contact = identity.staff_contact_of(account_id)
    if contact.email is None:
        return
    with override(contact.language):
        words = gettext(text) % {"link": f"{settings.PUBLIC_URL}/{contact.language}{link}", **facts}
        messages.send(
            actor=SYSTEM, kind=kind, language=contact.language, text=words, subject=gettext(subject),
            to_email=contact.email, dedupe_key=f"clocks:{key}", now=now,
        )  # fmt: skip


@transaction.atomic
def lapse(*, clock_id: UUID, now: datetime) -> None:
    """Carry out what a law says of the time that it gives: no answer is an answer, and the case goes on by itself.

    A case that was decided in the meantime, or whose time moved, stays as it is. Where no task can end so, the case stays and a
    person has to see to it: the escalations of the clock go on.
    """
    clock = Clock.objects.get(id=clock_id)
    process.hold(actor=SYSTEM, case_ids=[clock.case_id])  # a case's lock comes before its clocks'
    clock = Clock.objects.select_for_update().get(id=clock_id)
    if clock.ended_at is not None or clock.paused_at is not None or clock.due_at is None or clock.due_at >= now:
        return
    silence = terms_of(clock.version_id)[clock.kind, clock.key].silence or {}
    moved = bool(silence) and process.finish_by_law(
        actor=SYSTEM, case_id=clock.case_id, outcome=silence["outcome"], now=now
    )
    Clock.objects.filter(id=clock_id).update(lapsed=moved)
    event = events.ClockLapsed(
        case_id=clock.case_id, clock_id=clock.id, key=clock.key, counts_as=silence.get("counts_as", ""), moved=moved
    )
    journal.record(actor=SYSTEM, event=event, now=now)
