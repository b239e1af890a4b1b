"""Keeping the time of cases.

`start_clocks` and `follow_case` run in the transaction that moves a case, under its lock. The sweep finds clocks whose next turn
has come; it never takes a case's lock while it holds a clock's, so it cannot stand in the way of an officer.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext, gettext_noop, override

from huduma.contexts.clocks import events, rules
from huduma.contexts.clocks.models import Clock, Pause
from huduma.contexts.clocks.providers import plugs
from huduma.contexts.clocks.queries import pauses_of, terms_of
from huduma.contexts.clocks.rules import SERVICE, STEP, Stood, Terms, Turn
from huduma.contexts.identity import public as identity
from huduma.contexts.messages import public as messages
from huduma.contexts.process import public as process
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM, Actor
from huduma.foundation.journal import public as journal
from huduma.foundation.worktime import public as worktime

BATCH = 500
RECOMPUTE_BATCH = 1000
MOVE = """
UPDATE clocks_clock AS c SET due_at = new.due_at, stage = new.stage, next_at = new.next_at, flagged_to = new.flagged_to,
    stood = new.stood, stood_open = new.stood_open
FROM unnest(%s::uuid[], %s::timestamptz[], %s::smallint[], %s::timestamptz[], %s::text[], %s::interval[], %s::interval[])
    AS new (id, due_at, stage, next_at, flagged_to, stood, stood_open)
WHERE c.id = new.id AND c.ended_at IS NULL
"""
ESCALATED = gettext_noop("Huduma: late cases that need you: %(count)s. See %(link)s")
ESCALATED_SUBJECT = gettext_noop("Cases that are late")
WARNED = gettext_noop("Huduma: a case that you took is nearly late: %(link)s")
WARNED_SUBJECT = gettext_noop("A case that is nearly late")


@transaction.atomic
def start_clocks(
    *, actor: Actor, case_id: UUID, version_id: UUID, service_code: str, body_code: str, now: datetime
) -> datetime | None:
    """Start the clocks of a case that was sent: the service's, and those that laws give. Returns when its promise falls due.

    A second start of the same case changes nothing.
    """
    actor.require_role()
    kept = Clock.objects.filter(case_id=case_id, kind=SERVICE).first()
    if kept is not None:
        return kept.due_at
    known = worktime.named_calendars()
    made = []
    for (kind, key), terms in terms_of(version_id).items():
        if kind != STEP:
            clock = Clock(
                case_id=case_id, kind=kind, key=key, version_id=version_id, service_code=service_code,
                body_code=body_code, started_at=now,
            )  # fmt: skip
            _begin(clock, terms, known, now)
            made.append(clock)
    Clock.objects.bulk_create(made)
    return next(clock.due_at for clock in made if clock.kind == SERVICE)


def follow_case(*, rest: process.Rest, now: datetime) -> None:
    """Let the clocks of a case do what its new rest asks: stand still, go on, end; give a task its own limit."""
    clocks = list(Clock.objects.select_for_update().filter(case_id=rest.case_id, ended_at__isnull=True))
    service = next((clock for clock in clocks if clock.kind == SERVICE), None)
    if service is None:
        return
    terms = terms_of(service.version_id)
    if rest.run != "running":
        _close_pause(rest.case_id, now)
        _end(clocks, terms, now, cancelled=rest.run == "cancelled")
        return
    clocks = _end_steps(clocks, terms, now)
    was_paused = any(clock.paused_at for clock in clocks)
    stood = [clock for clock in clocks if clock.paused_at and rest.status not in terms[clock.kind, clock.key].pauses]
    stops = [clock for clock in clocks if not clock.paused_at and rest.status in terms[clock.kind, clock.key].pauses]
    for clock in stops:
        clock.paused_at, clock.next_at = now, None
        clock.save(update_fields=["paused_at", "next_at"])
    if stood:
        _go_on(stood, terms, now)
    opened = _start_steps(service, terms, rest, now)
    is_paused = any(clock.paused_at for clock in [*clocks, *opened])
    _keep_pause(rest.case_id, rest.status if is_paused else "", now, was_paused=was_paused)
    if stood or stops or opened:
        _tell_process(service, [*clocks, *opened], rest)


def _keep_pause(case_id: UUID, status: str, now: datetime, *, was_paused: bool) -> None:
    """Write down for what a case waits from now on, where that is something else than before; `status` "": for nothing."""
    other = Pause.objects.filter(case_id=case_id, ended_at__isnull=True).exclude(status=status)
    closed = was_paused and other.update(ended_at=_not_before_its_start(now))
    if status and (closed or not was_paused):
        Pause.objects.create(case_id=case_id, status=status, began_at=now)


def _end_steps(clocks: list[Clock], terms: dict[tuple[str, str], Terms], now: datetime) -> list[Clock]:
    """End the clocks of tasks that are not open any more; return those that run on."""
    steps = [clock for clock in clocks if clock.kind == STEP]
    if not steps:
        return clocks
    open_ids = {task.id for task in process.open_tasks_of(steps[0].case_id)}
    left = [clock for clock in steps if clock.task_id not in open_ids]
    _end(left, terms, now, cancelled=False)
    return [clock for clock in clocks if clock not in left]


def _start_steps(service: Clock, terms: dict[tuple[str, str], Terms], rest: process.Rest, now: datetime) -> list[Clock]:
    made, known = [], None
    for task_id, step in rest.opened.items():
        limit = terms.get((STEP, step))
        if limit is not None:
            known = known or worktime.named_calendars()
            clock = Clock(
                case_id=rest.case_id, kind=STEP, key=step, task_id=task_id, version_id=service.version_id,
                service_code=service.service_code, body_code=service.body_code, started_at=now,
                paused_at=now if rest.status in limit.pauses else None,
            )  # fmt: skip
            _begin(clock, limit, known, now)
            made.append(clock)
    return Clock.objects.bulk_create(made)


def _go_on(clocks: list[Clock], terms: dict[tuple[str, str], Terms], now: datetime) -> None:
    """Let clocks go on after a pause, due later by the time that they stood still."""
    known = worktime.named_calendars()
    for clock in clocks:
        own, before = terms[clock.kind, clock.key], clock.due_at
        still = _stood(clock, own, known, now)
        clock.paused_at, clock.stood, clock.stood_open = None, still.whole, still.opening
        _set(clock, own, known, still, now)
        clock.save(update_fields=["paused_at", "stood", "stood_open", "due_at", "stage", "next_at", "flagged_to"])
        if clock.due_at is not None and clock.due_at != before:
            event = events.DueMoved(case_id=clock.case_id, kind=clock.kind, due_at=clock.due_at.isoformat())
            journal.record(actor=SYSTEM, event=event, now=now)
        if clock.kind == SERVICE:
            _tell_followers({clock.case_id: clock.due_at})


def _end(clocks: list[Clock], terms: dict[tuple[str, str], Terms], now: datetime, *, cancelled: bool) -> None:
    if not clocks:
        return
    known = worktime.named_calendars()
    for clock in clocks:
        own = terms[clock.kind, clock.key]
        still = _stood(clock, own, known, now)
        if clock.paused_at:
            clock.due_at = rules.due(clock.kind, own, known[own.calendar], clock.started_at, still)
        clock.ended_at, clock.cancelled = now, cancelled
        clock.met = None if cancelled or clock.due_at is None else now <= clock.due_at
        clock.spent_seconds = int(rules.spent(known[own.calendar], clock.started_at, now, still).total_seconds())
        clock.paused_at = clock.next_at = None
    Clock.objects.bulk_update(
        clocks, ["ended_at", "cancelled", "met", "spent_seconds", "paused_at", "next_at", "due_at"]
    )


def _close_pause(case_id: UUID, now: datetime) -> None:
    Pause.objects.filter(case_id=case_id, ended_at__isnull=True).update(ended_at=_not_before_its_start(now))


def _not_before_its_start(now: datetime) -> Greatest:
    """A pause that another machine began, whose clock is fast, lasts no time."""
    return Greatest(F("began_at"), Value(now))


def _stood(clock: Clock, terms: Terms, known: dict[str, worktime.Calendar], now: datetime) -> Stood:
    """Return how long a clock has stood still by now: the pauses that are over, and the one that it is in."""
    calendar = known[terms.calendar]
    if clock.stood is None or clock.stood_open is None:
        _count_pauses(clock, terms, calendar, pauses_of([clock.case_id]).get(clock.case_id, ()))
    still = Stood(clock.stood or timedelta(), clock.stood_open or timedelta())
    return still + rules.stood(calendar, [(clock.paused_at, now)] if clock.paused_at else [])


def _count_pauses(clock: Clock, terms: Terms, calendar: worktime.Calendar, pauses: Iterable[Pause]) -> None:
    """Add up the pauses of a clock that are over. One that it is in began with `paused_at`, however often its reason changed."""
    spans = [
        (max(pause.began_at, clock.started_at), min(filter(None, (pause.ended_at, clock.paused_at))))
        for pause in pauses
        if pause.status in terms.pauses and (pause.ended_at or clock.paused_at)
    ]
    still = rules.stood(calendar, spans)
    clock.stood, clock.stood_open = still.whole, still.opening


def _begin(clock: Clock, terms: Terms, known: dict[str, worktime.Calendar], now: datetime) -> None:
    clock.stood = clock.stood_open = timedelta()
    _set(clock, terms, known, Stood(), now)


def _set(clock: Clock, terms: Terms, known: dict[str, worktime.Calendar], still: Stood, now: datetime) -> None:
    """Work out when a clock runs out and when its next turn comes. Turns that are behind stay behind, unless time was won."""
    calendar = known[terms.calendar]
    clock.due_at = rules.due(clock.kind, terms, calendar, clock.started_at, still)
    turns = rules.turns(terms, calendar, clock.due_at)
    clock.stage = min(clock.stage, sum(turn.at <= now for turn in turns))
    reached = [turn.to for turn in turns[: clock.stage] if turn.what == "escalate"]
    clock.flagged_to = reached[-1] if reached else ""
    clock.next_at = turns[clock.stage].at if clock.stage < len(turns) and clock.paused_at is None else None


def _tell_process(service: Clock, clocks: list[Clock], rest: process.Rest) -> None:
    """Let the worklist show what falls due: the promise, or a task's own limit where that comes first; nothing in a pause."""
    promised = None if service.paused_at else service.due_at
    limits = {
        clock.task_id: min(filter(None, (None if clock.paused_at else clock.due_at, promised)), default=None)
        for clock in clocks
        if clock.kind == STEP and clock.task_id
    }
    process.reschedule(actor=SYSTEM, cases={service.case_id: promised}, tasks=limits)


def _tell_followers(dues: dict[UUID, datetime | None]) -> None:
    for follower in plugs.due_followers:
        follower(dues=dues)


# The sweep: what has to be done because time passed.


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


# A change of the working calendar.


def recompute(*, day: date, now: datetime) -> int:
    """Work out anew every open clock that a change of `day` touches. Returns how many moved.

    In batches of one transaction each; doing it twice, or going on after a kill, comes to the same.
    """
    begin = datetime.combine(day, datetime.min.time(), worktime.NAIROBI)
    looked_at, moved, last = 0, 0, UUID(int=0)
    while True:
        batch, changed, last = _recompute_batch(begin, last, now)
        looked_at, moved = looked_at + batch, moved + changed
        if not batch:
            break
    event = events.DuesRecomputed(day=day.isoformat(), looked_at=looked_at, moved=moved)
    journal.record(actor=SYSTEM, event=event, now=now)
    return moved


@transaction.atomic
def _recompute_batch(begin: datetime, last: UUID, now: datetime) -> tuple[int, int, UUID]:
    """A day matters to clocks that were running when it ended or before it, and that fall due on it or later, or stood still."""
    touched = Clock.objects.filter(
        Q(due_at__gte=begin) | Q(stood__gt=timedelta()),
        ended_at__isnull=True,
        started_at__lt=begin + timedelta(days=1),
        id__gt=last,
    )
    found = dict(touched.order_by("id").values_list("id", "case_id")[:RECOMPUTE_BATCH])
    if not found:
        return 0, 0, last
    process.hold(actor=SYSTEM, case_ids=found.values())  # in the order of locks that a moving case has
    clocks = list(touched.filter(id__in=found).select_for_update())
    known, pauses = worktime.named_calendars(), pauses_of([clock.case_id for clock in clocks])
    changed = []
    for clock in clocks:
        own, was = terms_of(clock.version_id)[clock.kind, clock.key], (clock.due_at, clock.next_at)
        _count_pauses(clock, own, known[own.calendar], pauses.get(clock.case_id, ()))
        _set(clock, own, known, _stood(clock, own, known, now), now)
        if (clock.due_at, clock.next_at) != was:
            changed.append(clock)
    with connection.cursor() as cursor:
        columns = ("id", "due_at", "stage", "next_at", "flagged_to", "stood", "stood_open")
        cursor.execute(MOVE, [[getattr(clock, column) for clock in clocks] for column in columns])
    _carry(changed)
    return len(found), len(changed), max(found)


def _carry(changed: list[Clock]) -> None:
    """Tell everybody who keeps a copy of a due time."""
    services = {clock.case_id: clock for clock in changed if clock.kind == SERVICE}
    cases = {case_id: None if clock.paused_at else clock.due_at for case_id, clock in services.items()}
    others = Clock.objects.filter(case_id__in=cases, kind=STEP, ended_at__isnull=True)
    steps = {clock.id: clock for clock in [*others, *(c for c in changed if c.kind == STEP)]}
    promised = dict(
        Clock.objects.filter(
            kind=SERVICE, paused_at__isnull=True, case_id__in={clock.case_id for clock in steps.values()}
        ).values_list("case_id", "due_at")
    )
    limits = {
        clock.task_id: min(filter(None, (clock.due_at, promised.get(clock.case_id))), default=None)
        for clock in steps.values()
        if clock.task_id and clock.paused_at is None
    }
    process.reschedule(actor=SYSTEM, cases=cases, tasks=limits)
    if services:
        _tell_followers({case_id: clock.due_at for case_id, clock in services.items()})
