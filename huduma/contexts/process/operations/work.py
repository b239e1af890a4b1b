"""What officers do with tasks: take, give back, hand over, finish."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from huduma.contexts.identity import public as identity
from huduma.contexts.process import events
from huduma.contexts.process.models import HUMAN, Instance, Task, TeamMember
from huduma.contexts.process.operations.steps import close, rest
from huduma.contexts.process.providers.engine import Run
from huduma.contexts.process.providers.plugs import questions_of
from huduma.contexts.process.queries import get_process, list_teams, may_do, may_work
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal

NOTE_LIMIT = 4000


class TaskClosed(Refusal):
    """This task was finished already. Open the case again to see what was decided."""


class AlreadyClaimed(Refusal):
    """A colleague is working on this task. Choose another one, or ask your supervisor to hand it to you."""


class NotYours(Refusal):
    """This task is assigned to a colleague. Ask your supervisor to hand it to you."""


class CannotHandOver(Refusal):
    """This colleague does not work for the body that decides the case. Choose somebody from the list."""


class SupervisorsOnly(Refusal):
    """This step is for supervisors. Hand it to one of them."""


class SamePerson(Refusal):
    """Two different people have to see this case, and this step is not for the one who did the other step. Leave it to a colleague."""


class NoSuchOutcome(Refusal):
    """This task cannot end that way. Choose one of the answers on the page."""


class ReasonNeeded(Refusal):
    """Write the reason, in words that the applicant will understand."""


class QuestionsNeeded(Refusal):
    """Choose at least one question that the applicant has to answer again."""


class NotAsked(Refusal):
    """One of these questions was not asked in this case. Choose among the questions on the page."""


class CaseMoved(Refusal):
    """The case has changed since you opened this page. Look at it again, then decide."""


@transaction.atomic
def claim_task(*, actor: Actor, task_id: UUID, now: datetime) -> Task:
    """Take a task; taking one's own again changes nothing.

    Raises NotFound, NotPermitted, TaskClosed, AlreadyClaimed, SamePerson.
    """
    instance, task = _lock(actor, task_id)
    if task.assignee_id == actor.account_id:
        return task
    if task.assignee_id is not None:
        raise AlreadyClaimed
    _require_another(instance, task, actor.account_id)
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
    """Hand a task to a colleague of the same body; only its supervisors do.

    Raises CannotHandOver, SupervisorsOnly, NotPermitted, TaskClosed, SamePerson.
    """
    instance, task = _lock(actor, task_id)
    actor.require_role("supervisor", body=task.body_code)
    colleagues = {c.account_id for c in identity.list_colleagues_for(actor, task.body_code)}
    if to_account_id not in colleagues:
        raise CannotHandOver
    if task.role == "supervisor":
        supervisors = identity.list_staff(roles=["supervisor"], body_code=task.body_code)
        if to_account_id not in {c.account_id for c in supervisors}:
            raise SupervisorsOnly
    _require_another(instance, task, to_account_id)
    return _assign(actor, task, to_account_id, "reassigned", now)


def _require_another(instance: Instance, task: Task, account_id: UUID | None) -> None:
    """Raise SamePerson where the case's process wants another person for this step than for one that this officer did or holds."""
    if not may_do(instance, task, account_id):
        raise SamePerson


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
    TaskClosed, NotYours, SamePerson, CaseMoved, NoSuchOutcome, ReasonNeeded, QuestionsNeeded, NotAsked.
    """
    instance, task = _lock(actor, task_id)
    if task.assignee_id not in (None, actor.account_id):
        raise NotYours
    _require_another(instance, task, actor.account_id)
    if version is not None and version != instance.version:
        raise CaseMoved
    process = get_process(instance.definition_id)
    declared = process.steps[task.step].outcomes.get(outcome)
    if declared is None:
        raise NoSuchOutcome
    note = note.strip()[:NOTE_LIMIT]
    if "reason" in declared.needs and not note:
        raise ReasonNeeded
    again = _require_asked(task.case_id, fields or []) if "fields" in declared.needs else []
    task.assignee_id, task.outcome, task.note, task.fields = actor.account_id, outcome, note, again
    close(task, now)
    event = events.TaskCompleted(
        task_id=task.id, case_id=task.case_id, step=task.step, outcome=outcome, fields=task.fields
    )
    journal.record(actor=actor, event=event, now=now)
    run = Run.load(process, instance.state)
    run.finish(task.token, outcome)
    rest(actor, instance, run, now, done=task)
    return task


def _require_asked(case_id: UUID, fields: list[str]) -> list[str]:
    """Return the questions to be answered again, each once. Of a case that asked nothing, none are needed."""
    asked = questions_of(case_id)
    if not set(fields) <= set(asked):
        raise NotAsked
    if asked and not fields:
        raise QuestionsNeeded
    return [name for name in asked if name in fields]


def _lock(actor: Actor, task_id: UUID) -> tuple[Instance, Task]:
    """Return a task that the actor may work on, and its case's row, locked."""
    instance = Instance.objects.select_for_update().filter(tasks=task_id).first()
    task = Task.objects.filter(id=task_id, kind__in=HUMAN).first()  # what it says now is true until we commit
    if instance is None or task is None:
        raise NotFound
    if actor.account_id is None or not may_work(actor, task):
        raise NotPermitted
    if task.state != "open":
        raise TaskClosed
    return instance, task


def _assign(actor: Actor, task: Task, account_id: UUID | None, how: str, now: datetime) -> Task:
    task.assignee_id = account_id
    task.save(update_fields=["assignee_id"])
    event = events.TaskAssigned(task_id=task.id, case_id=task.case_id, step=task.step, how=how, account_id=account_id)
    journal.record(actor=actor, event=event, now=now)
    return task


@transaction.atomic
def set_team(*, actor: Actor, body_code: str, team: str, account_ids: set[UUID], now: datetime) -> None:
    """Say who of a body's officers are in a team; only its supervisors do. Without members a team is the whole body.

    Raises NotPermitted, NotFound for a team that no process names, CannotHandOver for somebody of another body.
    """
    actor.require_role("supervisor", body=body_code)
    if team not in list_teams(body_code):
        raise NotFound
    if account_ids - {c.account_id for c in identity.list_colleagues_for(actor, body_code)}:
        raise CannotHandOver
    members = TeamMember.objects.filter(body_code=body_code, team=team)
    members.exclude(account_id__in=account_ids).delete()
    there = set(members.values_list("account_id", flat=True))
    TeamMember.objects.bulk_create(
        TeamMember(body_code=body_code, team=team, account_id=account_id) for account_id in account_ids - there
    )
    event = events.TeamSet(body_code=body_code, team=team, account_ids=sorted(map(str, account_ids)))
    journal.record(actor=actor, event=event, now=now)


def assign_team(*, case_id: UUID, config: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Give the case to a team from here on; it is a fact of the case, which each new task takes over."""
    return {"team": config["team"]}
