"""One case: its definition, its tasks, who may do them, and how they ended."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q

from huduma.contexts.process.models import HUMAN, Definition, Instance, Task, TeamMember
from huduma.contexts.process.providers import definitions
from huduma.contexts.process.providers.steps import Outcome, Process
from huduma.foundation.access import Actor, NotFound, NotPermitted


def get_process(digest: str) -> Process:
    """Return a kept definition, ready to run; read once in each process. Raises NotFound."""
    if found := definitions.cached(digest):
        return found
    kept = Definition.objects.filter(digest=digest).first()
    if kept is None:
        raise NotFound
    return definitions.remember(digest, definitions.build(kept.bpmn, kept.dmn, kept.called))


def may_work(actor: Actor, task: Task) -> bool:
    """Whether an actor may work on a task: its role in its body, and in its team where that has members; supervisors always."""
    if actor.has_role("supervisor", body=task.body_code):
        return True
    if not (task.role and actor.has_role(task.role, body=task.body_code)):
        return False
    if not task.team or (task.assignee_id is not None and task.assignee_id == actor.account_id):
        return True  # a supervisor may have handed it to somebody outside the team
    members = TeamMember.objects.filter(body_code=task.body_code, team=task.team)
    return not members.exists() or members.filter(Q(account_id=actor.account_id)).exists()


def may_do(instance: Instance, task: Task, account_id: UUID | None) -> bool:
    """Whether an officer may do a task beside what they did in its case: some steps are for two persons (four eyes).

    What they took and did not finish counts as done, lest somebody holds both.
    """
    step = get_process(instance.definition_id).steps.get(task.step)
    if step is None or not step.apart:
        return True
    states = ["done"] if task.assignee_id == account_id else ["done", "open"]
    theirs = Task.objects.filter(instance=instance, step__in=step.apart, assignee_id=account_id, state__in=states)
    return not theirs.exists()


def list_teams(body_code: str) -> list[str]:
    """Return the teams of a body that open tasks name or that have members."""
    named = Task.objects.filter(body_code=body_code, state="open").exclude(team="").values_list("team", flat=True)
    staffed = TeamMember.objects.filter(body_code=body_code).values_list("team", flat=True)
    return sorted({*named.distinct(), *staffed.distinct()})


def team_members(body_code: str) -> dict[str, set[UUID]]:
    """Return who is in which team of a body."""
    found: dict[str, set[UUID]] = {}
    for team, account_id in TeamMember.objects.filter(body_code=body_code).values_list("team", "account_id"):
        found.setdefault(team, set()).add(account_id)
    return found


def get_task_for(actor: Actor, case_id: UUID, task_id: UUID | None = None) -> tuple[Task | None, Instance]:
    """Return an open task of a case, or None where the actor has nothing to do, and the case's instance.

    Of several, `task_id`, else the actor's own, else one that they may work on. Officers of another body get only what that body
    is asked. Raises NotFound where no process runs for the case, NotPermitted for everybody else.
    """
    instance = Instance.objects.filter(case_id=case_id).first()
    if instance is None:
        raise NotFound
    tasks = list(instance.tasks.filter(state="open", kind__in=HUMAN).order_by("created_at", "id"))
    if not actor.has_role("officer", "supervisor", body=instance.body_code):
        tasks = [task for task in tasks if may_work(actor, task)]
        if not tasks:
            raise NotPermitted
    if len(tasks) < 2:
        return next(iter(tasks), None), instance
    chosen = [task for task in tasks if task.id == task_id]
    chosen += [task for task in tasks if task.assignee_id == actor.account_id]
    chosen += [task for task in tasks if task.assignee_id is None and may_work(actor, task)]
    return [*chosen, *tasks][0], instance


def shared_with(actor: Actor, case_id: UUID) -> frozenset[str]:
    """Return the questions of a case that another body sees now, because one of its officers is asked something.

    Raises NotPermitted where they are asked nothing.
    """
    tasks = Task.objects.filter(case_id=case_id, state="open", kind__in=HUMAN)
    asked = [task for task in tasks if task.share and may_work(actor, task)]
    if not asked:
        raise NotPermitted
    return frozenset(name for task in asked for name in task.share)


def outcomes_of(task: Task) -> list[Outcome]:
    """Return how a task can end, in the order in which its process names them."""
    return list(get_process(task.instance.definition_id).steps[task.step].outcomes.values())


def outcome_name(task: Task) -> dict[str, str]:
    """Return in words how a finished task ended."""
    step = get_process(task.instance.definition_id).steps.get(task.step)  # the case may have moved to another version
    outcome = step.outcomes.get(task.outcome) if step else None
    return outcome.name if outcome else {"en": task.outcome}


def assignees_of(case_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """Return which officers' accounts hold open tasks of cases."""
    found: dict[UUID, set[UUID]] = {}
    held = Task.objects.filter(case_id__in=list(case_ids), state="open", assignee_id__isnull=False)
    for case_id, account_id in held.values_list("case_id", "assignee_id"):
        if account_id is not None:
            found.setdefault(case_id, set()).add(account_id)
    return found


def open_tasks_of(case_id: UUID) -> list[Task]:
    """Return everything that a case waits for: officers, messages, timers."""
    return list(Task.objects.filter(case_id=case_id, state="open").order_by("created_at", "id"))


def decisions_of(case_id: UUID) -> list[Task]:
    """Return the tasks that officers finished, oldest first, with outcome, note and fields.

    For contexts that have checked who asks: notes are for the applicant and the officers of the case.
    """
    done = Task.objects.select_related("instance").filter(case_id=case_id, state="done", kind__in=HUMAN)
    return list(done.order_by("done_at", "id"))
