"""Moving cases. Each operation takes a case from one rest to the next in one transaction, under the lock of its row.

`start`, `deliver_message`, `cancel` and the rest here are the platform's own: the contexts above, which know whose case it is and
have asked for permission, call them as the system; anybody else is refused.
"""

import hashlib
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from huduma.contexts.process import events, rules
from huduma.contexts.process.models import HUMAN, UNPROMISED, Definition, Instance, Task
from huduma.contexts.process.operations.steps import close, defer, rest
from huduma.contexts.process.providers import definitions, plugs
from huduma.contexts.process.providers.engine import Run
from huduma.contexts.process.providers.timers import due
from huduma.contexts.process.providers.xml import Fault
from huduma.contexts.process.queries import get_process
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM, Actor, Refusal
from huduma.foundation.journal import public as journal
from huduma.foundation.worktime import public as worktime

BROADCAST = 200
RESCHEDULE_CASES = """
WITH new AS (SELECT * FROM unnest(%s::uuid[], %s::timestamptz[]) AS new (case_id, due_at)),
cases AS (
    UPDATE process_instance AS i SET due_at = new.due_at FROM new WHERE i.case_id = new.case_id AND i.run = 'running'
)
UPDATE process_task AS t SET due_at = new.due_at, sort_at = coalesce(new.due_at, t.created_at + make_interval(days => %s))
FROM new WHERE t.case_id = new.case_id AND t.state = 'open' AND t.kind IN ('user', 'manual')
"""
RESCHEDULE_TASKS = """
UPDATE process_task AS t SET due_at = new.due_at, sort_at = coalesce(new.due_at, t.created_at + make_interval(days => %s))
FROM unnest(%s::uuid[], %s::timestamptz[]) AS new (id, due_at)
WHERE t.id = new.id AND t.state = 'open' AND t.kind IN ('user', 'manual')
"""


class FaultyProcess(Refusal):
    """The process cannot run as it is written. Correct the faults and publish it again."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__()
        self.faults = faults


@transaction.atomic
def define(*, actor: Actor, bpmn: str, dmn: str = "", now: datetime) -> str:
    """Check a definition, keep it, and return its digest; the same definition is kept once. Raises FaultyProcess.

    The shared processes that it calls are kept with it as they are now.
    """
    called = definitions.shared(bpmn)
    parts = [bpmn, dmn, *(text for pair in sorted(called.items()) for text in pair)]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    if definitions.cached(digest) and Definition.objects.filter(digest=digest).exists():
        return digest
    if faults := definitions.check(bpmn, dmn):
        raise FaultyProcess(faults)
    given = {"bpmn": bpmn, "dmn": dmn, "called": called, "kept_at": now}
    _, created = Definition.objects.get_or_create(digest=digest, defaults=given)
    if created:
        journal.record(actor=actor, event=events.ProcessDefined(digest=digest), now=now)
    return digest


@transaction.atomic
def start(
    *,
    actor: Actor,
    case_id: UUID,
    digest: str,
    body_code: str,
    facts: dict[str, Any],
    due_at: datetime | None,
    now: datetime,
    service_code: str = "",
) -> Instance:
    """Start a case's process and return its instance; a second start of the same case changes nothing.

    Of `facts` only those that the process declares are kept. `due_at`: when the promise to the customer falls due. Raises
    the refusal of a step that refuses (such as NoRule): then nothing was started.
    """
    actor.require_role()
    process = get_process(digest)
    instance, created = Instance.objects.get_or_create(
        case_id=case_id,
        defaults={
            "definition_id": digest, "body_code": body_code, "service_code": service_code, "state": {},
            "due_at": due_at, "started_at": now,
        },
    )  # fmt: skip
    if created:
        event = events.ProcessStarted(case_id=case_id, digest=digest, body_code=body_code)
        journal.record(actor=actor, event=event, now=now)
        run = Run.begin(process, rules.scalar_facts(facts, process.facts, process.lists))
        rest(actor, instance, run, now, is_start=True)
    return instance


@transaction.atomic
def deliver_message(
    *, actor: Actor, case_id: UUID, name: str, now: datetime, facts: dict[str, Any] | None = None
) -> bool:
    """Tell a case that what it may be waiting for happened; returns whether it was waiting.

    A message that comes twice, too late, or for no case at all, changes nothing. Of several places that wait for it, the
    oldest gets it.
    """
    actor.require_role()
    instance = Instance.objects.select_for_update().filter(case_id=case_id, run="running").first()
    if instance is None:
        return False
    process = get_process(instance.definition_id)
    services = {key: service.awaits[name] for key, service in plugs.actions.items() if name in service.awaits}
    steps = process.within(lambda s: (s.kind == "message" and s.awaits == name) or s.action in services)
    waiting = instance.tasks.filter(state="open", kind__in=("message", "service"), step__in=steps, stuck_at=None)
    task = waiting.order_by("token").first()
    if task is None:
        return False
    run = Run.load(process, instance.state)
    known = rules.scalar_facts(facts or {}, process.facts, process.lists)
    if task.kind == "service":
        run.finish(task.token, services[process.steps[task.step].action], known)
    else:
        run.happen(task.token, known)
    close(task, now)
    journal.record(actor=actor, event=events.MessageArrived(case_id=case_id, name=name), now=now)
    rest(actor, instance, run, now, done=task)
    return True


@transaction.atomic
def fire_timer(*, task_id: UUID, now: datetime) -> None:
    """Let a timer run out, if its case still waits for it."""
    _happen(task_id, "timer", now)


def broadcast(*, name: str, except_case: UUID, thrown_at: datetime, now: datetime) -> None:
    """Let every case hear a signal that waited for it when it was thrown; each in a transaction of its own.

    A case that fails keeps none of the others from hearing it. Raises its error at the end: those left hear it next time.
    """
    after, failed = None, None
    while True:
        waiting = Task.objects.filter(state="open", kind="signal", awaits=name, created_at__lte=thrown_at)
        waiting = waiting.exclude(case_id=except_case).order_by("id")
        found = list((waiting.filter(id__gt=after) if after else waiting).values_list("id", flat=True)[:BROADCAST])
        for task_id in found:
            try:
                with transaction.atomic():
                    _happen(task_id, "signal", now)
            except Exception as error:
                failed = error
        if len(found) < BROADCAST:
            break
        after = found[-1]
    if failed:
        raise failed


def _happen(task_id: UUID, kind: str, now: datetime) -> None:
    instance = Instance.objects.select_for_update().filter(tasks=task_id, run="running").first()
    task = Task.objects.filter(id=task_id, kind=kind, state="open", stuck_at=None).first()
    if instance is None or task is None:
        return
    if task.kind == "timer" and task.due_at and task.due_at > now:  # it was moved, or this machine's clock is behind
        jobs.defer("process.fire_timer", at=task.due_at, task_id=str(task_id))
        return
    run = Run.load(get_process(instance.definition_id), instance.state)
    run.happen(task.token)
    close(task, now)
    journal.record(
        actor=SYSTEM, event=events.MessageArrived(case_id=task.case_id, name=task.awaits or task.step), now=now
    )
    rest(SYSTEM, instance, run, now, done=task)


@transaction.atomic
def finish_by_law(*, actor: Actor, case_id: UUID, outcome: str, now: datetime) -> bool:
    """Finish the open task of a case that can end with `outcome`, because a law counts silence as that outcome.

    Returns whether there was such a task. Nobody is written down as its officer.
    """
    actor.require_role()
    instance = Instance.objects.select_for_update().filter(case_id=case_id, run="running").first()
    if instance is None:
        return False
    process = get_process(instance.definition_id)
    steps = process.within(lambda step: outcome in step.outcomes)
    task = instance.tasks.filter(state="open", kind__in=HUMAN, step__in=steps).order_by("created_at", "id").first()
    if task is None:
        return False
    task.outcome = outcome
    close(task, now)
    event = events.TaskCompleted(task_id=task.id, case_id=case_id, step=task.step, outcome=outcome, fields=[])
    journal.record(actor=actor, event=event, now=now)
    run = Run.load(process, instance.state)
    run.finish(task.token, outcome)
    rest(actor, instance, run, now, done=task)
    return True


@transaction.atomic
def hold(*, actor: Actor, case_ids: Collection[UUID]) -> None:
    """Take the locks of cases, always in the same order, until the transaction around this ends."""
    actor.require_role()
    rows = Instance.objects.select_for_update().filter(case_id__in=list(case_ids)).order_by("case_id")
    list(rows.values_list("id"))


@transaction.atomic(savepoint=False)
def reschedule(
    *, actor: Actor, cases: Mapping[UUID, datetime | None], tasks: Mapping[UUID, datetime | None] | None = None
) -> None:
    """Say anew when running cases fall due, and with them their officers' open tasks; then what single tasks have instead.

    Two statements, however many cases. None: nothing falls due now.
    """
    actor.require_role()
    with connection.cursor() as cursor:
        if cases:
            cursor.execute(RESCHEDULE_CASES, [list(cases), list(cases.values()), UNPROMISED.days])
        if tasks:
            cursor.execute(RESCHEDULE_TASKS, [UNPROMISED.days, list(tasks), list(tasks.values())])


def recompute_timers(*, day: date, now: datetime) -> int:
    """Work out anew the timers in working time that a change of `day` touches; returns how many moved.

    Each in a transaction of its own; doing it twice, or going on after a kill, comes to the same.
    """
    begin = datetime.combine(day, datetime.min.time(), worktime.NAIROBI)
    moved, last = 0, UUID(int=0)
    while True:
        waiting = Task.objects.filter(state="open", kind="timer", stuck_at=None, due_at__gte=begin, id__gt=last)
        waiting = waiting.filter(created_at__lt=begin + timedelta(days=1)).order_by("id")
        found = list(waiting.values_list("id", flat=True)[:BROADCAST])
        moved += sum(map(_recompute_timer, found))
        if len(found) < BROADCAST:
            return moved
        last = found[-1]


@transaction.atomic
def _recompute_timer(task_id: UUID) -> bool:
    instance = Instance.objects.select_for_update().filter(tasks=task_id, run="running").first()
    task = Task.objects.filter(id=task_id, state="open", stuck_at=None).first()
    if instance is None or task is None or task.due_at is None:
        return False
    process = get_process(instance.definition_id)
    step = process.steps[task.step]
    if step.clock is None or not step.clock.working:
        return False
    before = task.due_at
    task.due_at = task.sort_at = due(step, Run.load(process, instance.state).facts_at(task.token), task.created_at)
    if task.due_at == before:
        return False
    task.save(update_fields=["due_at", "sort_at"])
    if task.due_at < before:  # otherwise the job that waits finds that it is early, and waits again
        defer(task, process)
    return True


@transaction.atomic
def cancel(*, actor: Actor, case_id: UUID, now: datetime) -> bool:
    """Stop a running case and close its tasks; returns whether it was running."""
    actor.require_role()
    instance = Instance.objects.select_for_update().filter(case_id=case_id, run="running").first()
    if instance is None:
        return False
    instance.tasks.filter(state="open").update(state="cancelled", done_at=now)
    instance.run, instance.ended_at, instance.version = "cancelled", now, instance.version + 1
    instance.save(update_fields=["run", "ended_at", "version"])
    journal.record(actor=actor, event=events.ProcessEnded(case_id=case_id, status="cancelled"), now=now)
    plugs.tell_followers(plugs.Rest(case_id, "cancelled", instance.status, {}), now)
    return True
