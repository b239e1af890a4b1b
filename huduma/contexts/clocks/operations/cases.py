"""The clocks of one case: they start, stand still, go on and end with it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Greatest

from huduma.contexts.clocks import events, rules
from huduma.contexts.clocks.models import Clock, Pause
from huduma.contexts.clocks.providers import plugs
from huduma.contexts.clocks.queries import pauses_of, terms_of
from huduma.contexts.clocks.rules import SERVICE, STEP, Stood, Terms
from huduma.contexts.process import public as process
from huduma.foundation.access import SYSTEM, Actor
from huduma.foundation.journal import public as journal
from huduma.foundation.worktime import public as worktime


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
        _close(Pause.objects.filter(case_id=rest.case_id, ended_at__isnull=True), now)
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
    closed = was_paused and _close(other, now)
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
        still = stood_by(clock, own, known, now)
        clock.paused_at, clock.stood, clock.stood_open = None, still.whole, still.opening
        set_due(clock, own, known, still, now)
        clock.save(update_fields=["paused_at", "stood", "stood_open", "due_at", "stage", "next_at", "flagged_to"])
        if clock.due_at is not None and clock.due_at != before:
            event = events.DueMoved(case_id=clock.case_id, kind=clock.kind, due_at=clock.due_at.isoformat())
            journal.record(actor=SYSTEM, event=event, now=now)
        if clock.kind == SERVICE:
            tell_followers({clock.case_id: clock.due_at})


def _end(clocks: list[Clock], terms: dict[tuple[str, str], Terms], now: datetime, *, cancelled: bool) -> None:
    if not clocks:
        return
    known = worktime.named_calendars()
    for clock in clocks:
        own = terms[clock.kind, clock.key]
        still = stood_by(clock, own, known, now)
        if clock.paused_at:
            clock.due_at = rules.due(clock.kind, own, known[own.calendar], clock.started_at, still)
        clock.ended_at, clock.cancelled = now, cancelled
        clock.met = None if cancelled or clock.due_at is None else now <= clock.due_at
        clock.spent_seconds = int(rules.spent(known[own.calendar], clock.started_at, now, still).total_seconds())
        clock.paused_at = clock.next_at = None
    Clock.objects.bulk_update(
        clocks, ["ended_at", "cancelled", "met", "spent_seconds", "paused_at", "next_at", "due_at"]
    )


def _close(pauses: "QuerySet[Pause]", now: datetime) -> int:
    """End pauses, and return how many. One that another machine began, whose clock is fast, lasts no time."""
    return pauses.update(ended_at=Greatest(F("began_at"), Value(now)))


def stood_by(clock: Clock, terms: Terms, known: dict[str, worktime.Calendar], now: datetime) -> Stood:
    """Return how long a clock has stood still by now: the pauses that are over, and the one that it is in."""
    calendar = known[terms.calendar]
    if clock.stood is None or clock.stood_open is None:
        count_pauses(clock, terms, calendar, pauses_of([clock.case_id]).get(clock.case_id, ()))
    still = Stood(clock.stood or timedelta(), clock.stood_open or timedelta())
    return still + rules.stood(calendar, [(clock.paused_at, now)] if clock.paused_at else [])


def count_pauses(clock: Clock, terms: Terms, calendar: worktime.Calendar, pauses: Iterable[Pause]) -> None:
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
    set_due(clock, terms, known, Stood(), now)


def set_due(clock: Clock, terms: Terms, known: dict[str, worktime.Calendar], still: Stood, now: datetime) -> None:
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


def tell_followers(dues: dict[UUID, datetime | None]) -> None:
    for follower in plugs.due_followers:
        follower(dues=dues)
