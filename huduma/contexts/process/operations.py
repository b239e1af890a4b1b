"""Moving cases. Each operation takes a case from one rest to the next in one transaction, under the lock of its row.

What happens in a step (a bill, a document order, a status told to observers) is in that transaction too: a worker killed
in the middle leaves the case where it was, and its job goes over the step again.

`start`, `deliver_message` and `cancel` are the platform's own: the contexts above, which know whose case it is and have asked
for permission, call them as the system; anybody else is refused.
"""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from huduma.contexts.identity import public as identity
from huduma.contexts.process import events, rules
from huduma.contexts.process.models import HUMAN, UNPROMISED, Definition, Instance, Task
from huduma.contexts.process.providers import definitions, plugs
from huduma.contexts.process.providers.definitions import Fault, Process, Step
from huduma.contexts.process.providers.engine import Run, Wait
from huduma.contexts.process.queries import get_process
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM, Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal

NOTE_LIMIT = 4000
RESCHEDULE_CASES = """
UPDATE process_instance AS i SET due_at = new.due_at
FROM unnest(%s::uuid[], %s::timestamptz[]) AS new (case_id, due_at) WHERE i.case_id = new.case_id AND i.run = 'running'
"""
RESCHEDULE_TASKS = """
UPDATE process_task AS t SET due_at = new.due_at, sort_at = coalesce(new.due_at, t.created_at + make_interval(days => %s))
FROM unnest(%s::uuid[], %s::timestamptz[]) AS new (id, due_at)
WHERE t.id = new.id AND t.state = 'open' AND t.kind IN ('user', 'manual')
"""
RESCHEDULE_TASKS_OF_CASES = RESCHEDULE_TASKS.replace("(id, due_at)", "(case_id, due_at)").replace(
    "t.id = new.id", "t.case_id = new.case_id"
)


class FaultyProcess(Refusal):
    """The process cannot run as it is written. Correct the faults and publish it again."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__()
        self.faults = faults


class TaskClosed(Refusal):
    """This task was finished already. Open the case again to see what was decided."""


class AlreadyClaimed(Refusal):
    """A colleague is working on this task. Choose another one, or ask your supervisor to hand it to you."""


class NotYours(Refusal):
    """This task is assigned to a colleague. Ask your supervisor to hand it to you."""


class CannotHandOver(Refusal):
    """This colleague does not work for the body that decides the case. Choose somebody from the list."""


class NoSuchOutcome(Refusal):
    """This task cannot end that way. Choose one of the answers on the page."""


class ReasonNeeded(Refusal):
    """Write the reason, in words that the applicant will understand."""


class CaseMoved(Refusal):
    """The case has changed since you opened this page. Look at it again, then decide."""


@transaction.atomic
def define(*, actor: Actor, bpmn: str, dmn: str = "", now: datetime) -> str:
    """Check a definition, keep it, and return its digest; the same definition is kept once. Raises FaultyProcess."""
    digest = hashlib.sha256(f"{bpmn}\0{dmn}".encode()).hexdigest()
    if definitions.cached(digest) and Definition.objects.filter(digest=digest).exists():
        return digest
    if faults := definitions.check(bpmn, dmn):
        raise FaultyProcess(faults)
    _, created = Definition.objects.get_or_create(digest=digest, defaults={"bpmn": bpmn, "dmn": dmn, "kept_at": now})
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

    Of `facts` only those that the process declares are kept. `due_at`: when the promise to the customer falls due.
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
        run = Run.begin(process, rules.scalar_facts(facts, process.facts))
        _rest(actor, instance, run, now)
    return instance


@transaction.atomic
def deliver_message(
    *, actor: Actor, case_id: UUID, name: str, now: datetime, facts: dict[str, Any] | None = None
) -> bool:
    """Tell a case that what it may be waiting for happened; returns whether it was waiting.

    A message that comes twice, too late, or for no case at all, changes nothing.
    """
    actor.require_role()
    instance = Instance.objects.select_for_update().filter(case_id=case_id, run="running").first()
    if instance is None:
        return False
    process = get_process(instance.definition_id)
    steps = [step.key for step in process.steps.values() if step.message == name]
    task = instance.tasks.filter(state="open", kind="message", step__in=steps).first()
    if task is None:
        return False
    run = Run.load(process, instance.state)
    run.happen(task.token, rules.scalar_facts(facts or {}, process.facts))
    _close(task, now)
    journal.record(actor=actor, event=events.MessageArrived(case_id=case_id, name=name), now=now)
    _rest(actor, instance, run, now)
    return True


@transaction.atomic
def fire_timer(*, task_id: UUID, now: datetime) -> None:
    """Let a timer run out, if its case still waits for it."""
    instance = Instance.objects.select_for_update().filter(tasks=task_id, run="running").first()
    task = Task.objects.filter(id=task_id, kind="timer", state="open", due_at__lte=now).first()
    if instance is None or task is None:
        return
    run = Run.load(get_process(instance.definition_id), instance.state)
    run.happen(task.token, {})
    _close(task, now)
    journal.record(actor=SYSTEM, event=events.MessageArrived(case_id=task.case_id, name=task.step), now=now)
    _rest(SYSTEM, instance, run, now)


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
    steps = [step.key for step in process.steps.values() if outcome in step.outcomes]
    task = instance.tasks.filter(state="open", kind__in=HUMAN, step__in=steps).order_by("created_at", "id").first()
    if task is None:
        return False
    task.outcome = outcome
    _close(task, now)
    event = events.TaskCompleted(task_id=task.id, case_id=case_id, step=task.step, outcome=outcome, fields=[])
    journal.record(actor=actor, event=event, now=now)
    run = Run.load(process, instance.state)
    run.finish(task.token, {"outcome": outcome})
    _rest(actor, instance, run, now)
    return True


@transaction.atomic
def hold(*, actor: Actor, case_ids: Collection[UUID]) -> None:
    """Take the locks of cases, always in the same order, until the transaction around this ends."""
    actor.require_role()
    rows = Instance.objects.select_for_update().filter(case_id__in=list(case_ids)).order_by("case_id")
    list(rows.values_list("id"))


@transaction.atomic
def reschedule(
    *, actor: Actor, cases: Mapping[UUID, datetime | None], tasks: Mapping[UUID, datetime | None] | None = None
) -> None:
    """Say anew when running cases fall due, and with them their officers' open tasks; then what single tasks have instead.

    Three statements, however many cases. None: nothing falls due now.
    """
    actor.require_role()
    parts: dict[str, list[Any]] = {
        "cases": [list(cases), list(cases.values())], "tasks": [list(tasks or {}), list((tasks or {}).values())],
    }  # fmt: skip
    with connection.cursor() as cursor:
        if cases:
            cursor.execute(RESCHEDULE_CASES, parts["cases"])
            cursor.execute(RESCHEDULE_TASKS_OF_CASES, [UNPROMISED.days, *parts["cases"]])
        if tasks:
            cursor.execute(RESCHEDULE_TASKS, [UNPROMISED.days, *parts["tasks"]])


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


@transaction.atomic
def claim_task(*, actor: Actor, task_id: UUID, now: datetime) -> Task:
    """Take a task; taking one's own again changes nothing.

    Raises NotFound, NotPermitted, TaskClosed, AlreadyClaimed.
    """
    task = _lock(actor, task_id)[1]
    if task.assignee_id == actor.account_id:
        return task
    if task.assignee_id is not None:
        raise AlreadyClaimed
    return _assign(actor, task, actor.account_id, "claimed", now)


@transaction.atomic
def release_task(*, actor: Actor, task_id: UUID, now: datetime) -> Task:
    """Give a task back to the team: one's own, or as supervisor anybody's. Raises NotYours and what claim_task raises."""
    task = _lock(actor, task_id)[1]
    if task.assignee_id is None:
        return task
    if task.assignee_id != actor.account_id and not actor.has_role("supervisor", body=task.body_code):
        raise NotYours
    return _assign(actor, task, None, "released", now)


@transaction.atomic
def reassign_task(*, actor: Actor, task_id: UUID, to_account_id: UUID, now: datetime) -> Task:
    """Hand a task to a colleague of the same body; only its supervisors do. Raises CannotHandOver, NotPermitted, TaskClosed."""
    task = _lock(actor, task_id)[1]
    actor.require_role("supervisor", body=task.body_code)
    colleagues = {c.account_id for c in identity.list_colleagues_for(actor, task.body_code)}
    if to_account_id not in colleagues:
        raise CannotHandOver
    return _assign(actor, task, to_account_id, "reassigned", now)


@transaction.atomic
def complete_task(
    *,
    actor: Actor,
    task_id: UUID,
    outcome: str,
    now: datetime,
    note: str = "",
    fields: list[str] | None = None,
    version: int | None = None,
) -> Task:
    """Finish a task with one of the outcomes that its step declares, and let the case go on.

    `note`: the reason, shown to the applicant. `fields`: the questions to be answered again. `version`: the case's version
    on the page where this was decided. A task that nobody took is taken by finishing it. Raises NotFound, NotPermitted,
    TaskClosed, NotYours, CaseMoved, NoSuchOutcome, ReasonNeeded.
    """
    instance, task = _lock(actor, task_id)
    if task.assignee_id not in (None, actor.account_id):
        raise NotYours
    if version is not None and version != instance.version:
        raise CaseMoved
    process = get_process(instance.definition_id)
    declared = process.steps[task.step].outcomes.get(outcome)
    if declared is None:
        raise NoSuchOutcome
    note = note.strip()[:NOTE_LIMIT]
    if "reason" in declared.needs and not note:
        raise ReasonNeeded
    task.assignee_id, task.outcome, task.note = actor.account_id, outcome, note
    task.fields = (fields or []) if "fields" in declared.needs else []
    _close(task, now)
    event = events.TaskCompleted(
        task_id=task.id, case_id=task.case_id, step=task.step, outcome=outcome, fields=task.fields
    )
    journal.record(actor=actor, event=event, now=now)
    run = Run.load(process, instance.state)
    run.finish(task.token, {"outcome": outcome})
    _rest(actor, instance, run, now)
    return task


def _lock(actor: Actor, task_id: UUID) -> tuple[Instance, Task]:
    """Return a task that the actor may work on, and its case's row, locked."""
    found = Task.objects.filter(id=task_id, kind__in=HUMAN).values_list("instance_id", "body_code", "role").first()
    if found is None:
        raise NotFound
    instance_id, body_code, role = found
    if not actor.has_role("supervisor", *([role] if role else []), body=body_code) or actor.account_id is None:
        raise NotPermitted
    instance = Instance.objects.select_for_update().get(id=instance_id)
    task = Task.objects.get(id=task_id)  # read after the lock: what it says now is true until we commit
    if task.state != "open":
        raise TaskClosed
    return instance, task


def _assign(actor: Actor, task: Task, account_id: UUID | None, how: str, now: datetime) -> Task:
    task.assignee_id = account_id
    task.save(update_fields=["assignee_id"])
    event = events.TaskAssigned(task_id=task.id, case_id=task.case_id, step=task.step, how=how, account_id=account_id)
    journal.record(actor=actor, event=event, now=now)
    return task


def _close(task: Task, now: datetime) -> None:
    task.state, task.done_at = "done", now
    task.save(update_fields=["state", "done_at", "assignee_id", "outcome", "note", "fields"])


def _rest(actor: Actor, instance: Instance, run: Run, now: datetime) -> None:
    """Let a case go on until it rests, then write its state and project where it waits."""
    ended = run.advance(lambda step, facts: _enter(instance, run.process, step, facts, now))
    instance.state = {} if ended else run.dump()
    instance.version += 1
    if ended:
        instance.run, instance.ended_at = "ended", now
        journal.record(
            actor=actor, event=events.ProcessEnded(case_id=instance.case_id, status=instance.status), now=now
        )
    instance.save(update_fields=["state", "version", "run", "ended_at", "status"])
    new = _project(instance, [] if ended else run.waits(), now)
    opened = {task.id: task.step for task in new if task.kind in HUMAN}
    plugs.tell_followers(plugs.Rest(instance.case_id, instance.run, instance.status, opened), now)


def _enter(
    instance: Instance, process: Process, step: Step, facts: dict[str, Any], now: datetime
) -> dict[str, Any] | None:
    """Tell observers of a step's status; do what a service task or a decision does and return its facts."""
    if step.status:
        instance.status = step.status
        for observer in plugs.observers:
            observer(case_id=instance.case_id, step=step.key, status=step.status, outcome=facts.get("outcome"), now=now)
    if step.kind == "decision":
        return process.tables[step.decision].decide(facts)
    if step.kind != "service":
        return None
    config = {name: rules.evaluate(text, facts) if how == "fact" else text for name, (how, text) in step.config.items()}
    result = plugs.actions.get(step.action)(case_id=instance.case_id, config=config, now=now)
    return rules.scalar_facts(result or {}, process.facts)


def _project(instance: Instance, waits: list[Wait], now: datetime) -> list[Task]:
    """Make the task rows say what the state says: close what the case left, add and return where it came to."""
    tokens = {wait.token for wait in waits}
    there = set(instance.tasks.filter(state="open").values_list("token", flat=True))
    if left := there - tokens:
        instance.tasks.filter(state="open", token__in=left).update(state="cancelled", done_at=now)
    new = [_row(instance, wait, now) for wait in waits if wait.token not in there]
    Task.objects.bulk_create(new)
    for task in new:
        if task.kind == "timer":
            jobs.defer("process.fire_timer", at=task.due_at, task_id=str(task.id))
    return new


def _row(instance: Instance, wait: Wait, now: datetime) -> Task:
    step = wait.step
    due_at = now + step.after if step.kind == "timer" else instance.due_at
    return Task(
        instance=instance,
        case_id=instance.case_id,
        token=wait.token,
        step=step.key,
        name=step.name,
        kind=step.kind,
        role=step.role if step.kind in HUMAN else "",
        body_code=instance.body_code,
        service_code=instance.service_code,
        due_at=due_at,
        sort_at=due_at or now + UNPROMISED,
        created_at=now,
    )
