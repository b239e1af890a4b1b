"""Service tasks that ask the outside, and steps at which a case is stuck.

A call is a job between two transactions: the step opens a task, the job calls, and the answer moves the case. A call that
fails is repeated after 1, 4, 16, 64 and 256 minutes; then, like a step that raised, it waits for a supervisor.
"""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from huduma.contexts.process import events
from huduma.contexts.process.models import Instance, Task
from huduma.contexts.process.operations.steps import close, configure, learned, rest, sentence
from huduma.contexts.process.operations.work import ReasonNeeded, TaskClosed
from huduma.contexts.process.providers import plugs
from huduma.contexts.process.providers.engine import Run
from huduma.contexts.process.queries import get_process
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM, Actor, NotFound
from huduma.foundation.journal import public as journal

logger = logging.getLogger(__name__)

CALL_ATTEMPTS = 6
FIRST_PAUSE = timedelta(minutes=1)


def call_service(*, task_id: UUID, now: datetime) -> None:
    """Ask the outside what a service task asks, and let its case go on with the answer; or try again later."""
    task = Task.objects.select_related("instance").filter(id=task_id, state="open", kind="service").first()
    if task is None or task.stuck_at is not None:
        return
    process = get_process(task.instance.definition_id)
    step = process.steps[task.step]
    service = plugs.actions.get(step.action)
    assert service.call is not None
    try:
        config = configure(step, service, Run.load(process, task.instance.state).facts_at(task.token))
        facts = learned(service.call(case_id=task.case_id, config=config, now=now), process)
    except plugs.Thrown as thrown:
        _thrown(task_id, thrown, now)
    except Exception as error:
        logger.warning("service task %s of case %s failed: %s", step.key, task.case_id, type(error).__name__)
        _failed(task_id, error, now)
    else:
        _answered(task_id, facts, now)


@transaction.atomic
def _answered(task_id: UUID, facts: dict[str, Any], now: datetime) -> None:
    instance, task, run = _open(task_id)
    if task is None:
        return
    run.finish(task.token, None, facts)
    _go_on(SYSTEM, instance, task, run, now)


@transaction.atomic
def _thrown(task_id: UUID, thrown: plugs.Thrown, now: datetime) -> None:
    instance, task, run = _open(task_id)
    if task is None:
        return
    if not run.throw(task.token, thrown.code):
        _stick(instance, task, run, sentence(thrown), now)
        return
    _go_on(SYSTEM, instance, task, run, now)


@transaction.atomic
def _failed(task_id: UUID, error: Exception, now: datetime) -> None:
    instance, task, run = _open(task_id)
    if task is None:
        return
    task.attempts += 1
    if task.attempts >= CALL_ATTEMPTS:
        _stick(instance, task, run, sentence(error), now)
        return
    task.fault = sentence(error)
    task.save(update_fields=["attempts", "fault"])
    jobs.defer("process.call_service", at=now + FIRST_PAUSE * 4 ** (task.attempts - 1), task_id=str(task.id))


def _open(task_id: UUID) -> tuple[Instance, Task | None, Run]:
    instance = Instance.objects.select_for_update().get(tasks=task_id)
    task = Task.objects.filter(id=task_id, state="open", stuck_at=None).first()
    state = instance.state or {"tokens": [], "facts": {}, "last": 0}
    return instance, task, Run.load(get_process(instance.definition_id), state)


def _stick(instance: Instance, task: Task, run: Run, fault: str, now: datetime) -> None:
    run.stick(task.token)
    instance.state = run.dump()
    instance.save(update_fields=["state"])
    task.stuck_at, task.fault = now, fault
    task.save(update_fields=["attempts", "stuck_at", "fault"])
    event = events.StepStuck(task_id=task.id, case_id=task.case_id, step=task.step, body_code=task.body_code)
    journal.record(actor=SYSTEM, event=event, now=now)


def _go_on(actor: Actor, instance: Instance, task: Task, run: Run, now: datetime) -> None:
    close(task, now)
    journal.record(actor=actor, event=events.MessageArrived(case_id=task.case_id, name=task.step), now=now)
    rest(actor, instance, run, now, done=task)


@transaction.atomic
def retry_step(*, actor: Actor, task_id: UUID, now: datetime) -> bool:
    """Do a stuck step again; returns whether the case got on. Raises NotFound, NotPermitted, TaskClosed."""
    instance, task, run = _lock(actor, task_id)
    run.retry(task.token)
    _unstick(actor, instance, task, run, "retried", now)
    return not instance.tasks.filter(state="open", step=task.step, stuck_at__isnull=False).exists()


@transaction.atomic
def skip_step(*, actor: Actor, task_id: UUID, reason: str, now: datetime) -> None:
    """Go on from a stuck step as if it had been done, with the reason. From a choice, the default flow is taken.

    Raises NotFound, NotPermitted, TaskClosed, ReasonNeeded.
    """
    instance, task, run = _lock(actor, task_id)
    if not reason.strip():
        raise ReasonNeeded
    task.note = reason.strip()[:4000]
    run.skip(task.token)
    _unstick(actor, instance, task, run, "skipped", now)


def _lock(actor: Actor, task_id: UUID) -> tuple[Instance, Task, Run]:
    instance = Instance.objects.select_for_update().filter(tasks=task_id).first()
    if instance is None:
        raise NotFound
    actor.require_role("supervisor", body=instance.body_code)
    task = Task.objects.get(id=task_id)
    if task.state != "open" or task.stuck_at is None:
        raise TaskClosed
    return instance, task, Run.load(get_process(instance.definition_id), instance.state)


def _unstick(actor: Actor, instance: Instance, task: Task, run: Run, how: str, now: datetime) -> None:
    task.outcome, task.assignee_id = how, actor.account_id
    close(task, now)
    event = events.StepUnstuck(task_id=task.id, case_id=task.case_id, step=task.step, how=how)
    journal.record(actor=actor, event=event, now=now)
    rest(actor, instance, run, now, done=task)
