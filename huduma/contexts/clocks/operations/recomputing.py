"""A change of the working calendar moves the clocks that are open."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from huduma.contexts.clocks import events
from huduma.contexts.clocks.models import Clock
from huduma.contexts.clocks.operations.cases import count_pauses, set_due, stood_by, tell_followers
from huduma.contexts.clocks.queries import pauses_of, terms_of
from huduma.contexts.clocks.rules import SERVICE, STEP
from huduma.contexts.process import public as process
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import public as journal
from huduma.foundation.worktime import public as worktime

BATCH = 1000
MOVE = """
UPDATE clocks_clock AS c SET due_at = new.due_at, stage = new.stage, next_at = new.next_at, flagged_to = new.flagged_to,
    stood = new.stood, stood_open = new.stood_open
FROM unnest(%s::uuid[], %s::timestamptz[], %s::smallint[], %s::timestamptz[], %s::text[], %s::interval[], %s::interval[])
    AS new (id, due_at, stage, next_at, flagged_to, stood, stood_open)
WHERE c.id = new.id AND c.ended_at IS NULL
"""


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
    found = dict(touched.order_by("id").values_list("id", "case_id")[:BATCH])
    if not found:
        return 0, 0, last
    process.hold(actor=SYSTEM, case_ids=found.values())  # in the order of locks that a moving case has
    clocks = list(touched.filter(id__in=found).select_for_update())
    known, pauses = worktime.named_calendars(), pauses_of([clock.case_id for clock in clocks])
    changed = []
    for clock in clocks:
        own, was = terms_of(clock.version_id)[clock.kind, clock.key], (clock.due_at, clock.next_at)
        count_pauses(clock, own, known[own.calendar], pauses.get(clock.case_id, ()))
        set_due(clock, own, known, stood_by(clock, own, known, now), now)
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
        tell_followers({case_id: clock.due_at for case_id, clock in services.items()})
