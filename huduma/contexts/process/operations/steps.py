"""One step of a case: let it go on until it rests, do what its steps do, then write its state and where it waits.

Everything is in the transaction of the act that moved the case. An action that raises takes back only what it did itself: the
case stands at that step, stuck, until a supervisor retries or skips it. `queries.list_stuck_for` shows where.
"""

import logging
from datetime import datetime
from typing import Any

from django.db import OperationalError, transaction
from psycopg.errors import DeadlockDetected, SerializationFailure

from huduma.contexts.process import events, rules
from huduma.contexts.process.models import HUMAN, KINDS, UNPROMISED, Instance, Task
from huduma.contexts.process.providers import plugs
from huduma.contexts.process.providers.checking import config_errors
from huduma.contexts.process.providers.engine import Run, Standstill, Wait
from huduma.contexts.process.providers.steps import Process, Step
from huduma.contexts.process.providers.timers import due
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM, Actor, Refusal
from huduma.foundation.journal import public as journal

logger = logging.getLogger(__name__)


class WrongConfiguration(Refusal):
    """The facts of this case do not fit what this step needs. Correct them, or skip the step with a reason."""


class _World:
    """What happens outside the engine while a case moves."""

    def __init__(self, instance: Instance, run: Run, now: datetime, *, is_start: bool) -> None:
        self.instance = instance
        self.process = run.process
        self.now = now
        self.is_start = is_start
        self.faults: dict[int, str] = {}
        self.signals: list[str] = []

    def enter(self, step: Step, facts: dict[str, Any]) -> None:
        """Tell observers of a step's status, and keep in mind which signals go out."""
        if step.status and self._is_needed(step, facts):
            self.instance.status = step.status
            for observer in plugs.observers:
                observer(
                    case_id=self.instance.case_id, step=step.key, status=step.status, outcome=facts.get("outcome"),
                    now=self.now,
                )  # fmt: skip
        if step.kind == "throw" or step.ends == "signal":
            self.signals.append(step.awaits)

    def _is_needed(self, step: Step, facts: dict[str, Any]) -> bool:
        """Whether there is anything to do at a step: nobody is told that a case waits for what it does not need."""
        service = plugs.actions.get(step.action) if step.kind == "service" else None
        if service is None or service.need is None:
            return True
        try:
            config = configure(step, service, facts)
            return service.need(case_id=self.instance.case_id, config=config, now=self.now)
        except (Refusal, rules.Forbidden):
            return True  # the action is about to say why

    def act(self, step: Step, facts: dict[str, Any], token: int) -> plugs.Result:
        """Decide by a table, or do what a service task does."""
        if step.kind == "decision":
            return self.process.tables[step.decision].decide(facts)
        service = plugs.actions.get(step.action)
        if service.action is None:
            return plugs.RESTING
        config = configure(step, service, facts)
        with transaction.atomic():
            result = service.action(case_id=self.instance.case_id, config=config, now=self.now)
        if isinstance(result, plugs.Resting) or (result is None and (service.awaits or service.call)):
            return plugs.RESTING
        return learned(result, self.process)

    def failed(self, step: Step, token: int, error: Exception) -> None:
        """Keep why a step could not be done; a case that cannot even start is refused to the one who starts it.

        What two transactions did to each other is no fault of the step: the whole movement is taken back, to be made again.
        """
        if self.is_start and isinstance(error, Refusal):
            raise error
        if isinstance(error, OperationalError) and isinstance(error.__cause__, DeadlockDetected | SerializationFailure):
            raise error
        logger.error(
            "step %s of case %s is stuck: %s", step.key, self.instance.case_id, type(error).__name__,
            exc_info=None if isinstance(error, Refusal | rules.Forbidden | plugs.Thrown) else error,
        )  # fmt: skip
        self.faults[token] = sentence(error)


def configure(step: Step, service: plugs.Service, facts: dict[str, Any]) -> dict[str, Any]:
    """Return a service task's configuration with its expressions worked out. Raises WrongConfiguration, rules.Forbidden."""
    config = {name: rules.evaluate(text, facts) if how == "fact" else text for name, (how, text) in step.config.items()}
    if problem := next(config_errors(service.schema, config, set(config)), None):
        raise WrongConfiguration(problem=problem)
    return config


def learned(result: dict[str, Any] | None, process: Process) -> dict[str, Any]:
    """Return what a case keeps of a result: the facts that its process declares, and the team that goes on with it."""
    return rules.scalar_facts(result or {}, process.facts | {"team"}, process.lists)


def sentence(error: Exception) -> str:
    """Return why a step failed, for supervisors: no personal data, so of a program's fault only its kind."""
    if isinstance(error, Refusal):
        return error.default_message()[:200]
    if isinstance(error, plugs.Thrown):
        return f"the error {error.code!r} is not caught"[:200]
    return str(error)[:200] if isinstance(error, rules.Forbidden | Standstill) else type(error).__name__


def rest(
    actor: Actor, instance: Instance, run: Run, now: datetime, *, done: Task | None = None, is_start: bool = False
) -> None:
    """Let a case go on until it rests, then write its state and project where it waits. `done`: the task that is closed already."""
    world = _World(instance, run, now, is_start=is_start)
    ended = run.advance(world)
    left = run.rested - ({done.token} if done else set())
    new = _project(instance, run, left, world.faults, now)
    instance.state = {} if ended else run.dump()
    instance.version += 1
    if ended:
        instance.run, instance.ended_at = "ended", now
        journal.record(
            actor=actor, event=events.ProcessEnded(case_id=instance.case_id, status=instance.status), now=now
        )
    instance.save(update_fields=["state", "version", "run", "ended_at", "status"])
    for name in world.signals:
        jobs.defer("process.broadcast", name=name, except_case=str(instance.case_id), thrown_at=now.isoformat())
    opened = {task.id: task.step for task in new if task.kind in HUMAN}
    plugs.tell_followers(plugs.Rest(instance.case_id, instance.run, instance.status, opened), now)


def _project(instance: Instance, run: Run, rested: frozenset[int], faults: dict[int, str], now: datetime) -> list[Task]:
    """Make the task rows say what the state says: close what the case left, add and return where it came to."""
    waits = {wait.token: wait for wait in run.waits()}
    if left := rested - set(waits):
        instance.tasks.filter(state="open", token__in=left).update(state="cancelled", done_at=now)
    new = [row(instance, run, wait, faults, now) for token, wait in waits.items() if token not in run.rested]
    if new:
        Task.objects.bulk_create(new)
    for task in new:
        defer(task, run.process)
        if task.stuck_at:
            event = events.StepStuck(task_id=task.id, case_id=task.case_id, step=task.step, body_code=task.body_code)
            journal.record(actor=SYSTEM, event=event, now=now)
    return new


def defer(task: Task, process: Process) -> None:
    """Let the job begin that a task needs: a timer's, or the call of a service task."""
    if task.stuck_at:
        return
    if task.kind == "timer":
        jobs.defer("process.fire_timer", at=task.due_at, task_id=str(task.id))
    elif task.kind == "service" and plugs.actions.get(process.steps[task.step].action).call:
        jobs.defer("process.call_service", task_id=str(task.id))


def row(instance: Instance, run: Run, wait: Wait, faults: dict[int, str], now: datetime) -> Task:
    step, facts = wait.step, run.facts_at(wait.token)
    due_at, fault, body_code = instance.due_at, faults.get(wait.token, ""), instance.body_code
    try:
        if step.kind == "timer":
            due_at = due(step, facts, now)
        how, text = step.body
        body_code = (str(rules.evaluate(text, facts)) if how == "fact" else text) or instance.body_code
    except rules.Forbidden as error:
        fault = sentence(error)
        run.stick(wait.token)
    is_human = step.kind in HUMAN and not fault
    return Task(
        instance=instance,
        case_id=instance.case_id,
        token=wait.token,
        step=step.key,
        name=step.name if step.name["en"] else {"en": step.key},
        kind=step.kind if step.kind in KINDS and (is_human or step.kind not in HUMAN) else "service",
        item=wait.item,
        awaits=step.awaits or step.action[:60],
        role=step.role if is_human else "",
        team=(step.team or facts.get("team") or "") if is_human else "",
        share=list(step.share),
        body_code=body_code,
        service_code=instance.service_code,
        due_at=due_at,
        sort_at=due_at or now + UNPROMISED,
        created_at=now,
        stuck_at=now if fault else None,
        fault=fault,
    )


def close(task: Task, now: datetime) -> None:
    """Write down that a task is done."""
    task.state, task.done_at = "done", now
    task.save(update_fields=["state", "done_at", "assignee_id", "outcome", "note", "fields"])
