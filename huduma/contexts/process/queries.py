"""Reading cases. Lists read task rows by their indexes; no state is ever opened for a list."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import get_language, gettext

from huduma.contexts.process import rules
from huduma.contexts.process.models import HUMAN, Definition, Instance, Task, TeamMember
from huduma.contexts.process.providers import definitions, drawing
from huduma.contexts.process.providers.drawing import Line, Marks
from huduma.contexts.process.providers.steps import Outcome, Process
from huduma.foundation.access import Actor, NotFound, NotPermitted
from huduma.foundation.journal import public as journal
from huduma.foundation.translated import pick
from huduma.foundation.worktime import public as worktime

View = Literal["mine", "team", "late"]
#: A case is nearly late in the last two working hours of its promise; one that was promised more than four days ahead, in its last
#: nine (a working day). So nothing that was promised for tomorrow is nearly late from its first minute.
SOON_HOURS, SOON_HOURS_OF_LONG, LONG = 2, 9, timedelta(days=4)


@dataclass(frozen=True)
class TaskRow:
    """A task in a list. `urgency`: late, soon, on_time, or "" where nothing was promised. `item`: for which entry of a list."""

    id: UUID
    case_id: UUID
    name: dict[str, str]
    service_code: str
    body_code: str
    assignee_id: UUID | None
    due_at: datetime | None
    created_at: datetime
    urgency: str
    item: str = ""
    team: str = ""


@dataclass(frozen=True)
class Page:
    """A page of a list; `after` asks for the next one, None where there is none."""

    tasks: list[TaskRow]
    after: str | None


def get_process(digest: str) -> Process:
    """Return a kept definition, ready to run; read once in each process. Raises NotFound."""
    if found := definitions.cached(digest):
        return found
    kept = Definition.objects.filter(digest=digest).first()
    if kept is None:
        raise NotFound
    return definitions.remember(digest, definitions.build(kept.bpmn, kept.dmn, kept.called))


def list_tasks_for(
    actor: Actor,
    *,
    now: datetime,
    view: View = "team",
    service_code: str = "",
    limit: int = 25,
    after: str | None = None,
) -> Page:
    """Return open tasks, those due first at the top: the actor's own, the team's, or the team's late and nearly late ones.

    `after` is a Page's mark; a mark that is none starts at the top. Raises NotPermitted for those who work on no cases.
    """
    if not actor.has_role("officer", "supervisor"):
        raise NotPermitted
    short_at, long_at = _soon_at(now)
    tasks = Task.objects.filter(_workable(actor), state="open", kind__in=HUMAN)
    if view == "mine":
        tasks = tasks.filter(assignee_id=actor.account_id)
    if view == "late":
        is_long = Q(due_at__lte=long_at, due_at__gt=F("instance__started_at") + LONG)
        tasks = tasks.filter(Q(due_at__lte=short_at) | is_long, sort_at__lte=long_at)
    if service_code:
        tasks = tasks.filter(service_code=service_code)
    found = list(_after(tasks, after).order_by("sort_at", "id")[: limit + 1])
    in_question = [t.instance_id for t in found if t.due_at is not None and short_at < t.due_at <= long_at]
    started = dict(Instance.objects.filter(id__in=in_question).values_list("id", "started_at")) if in_question else {}
    page = [
        _row(task, _urgency(task.due_at, started.get(task.instance_id, now), now, (short_at, long_at)))
        for task in found[:limit]
    ]
    return Page(page, _mark(found[limit - 1]) if len(found) > limit else None)


def _workable(actor: Actor) -> Q:
    """Return which tasks an actor may see in lists: of their bodies, and not those of teams that they are not in."""
    held = [g for g in actor.grants if g.role in ("officer", "supervisor")]
    if any(g.body_code is None for g in held):
        return Q()
    bodies = {g.body_code for g in held}
    members = TeamMember.objects.filter(body_code=OuterRef("body_code"), team=OuterRef("team"))
    mine = members.filter(Q(account_id=actor.account_id))
    ours = Q(body_code=next(iter(bodies))) if len(bodies) == 1 else Q(body_code__in=bodies)
    led = {g.body_code for g in held if g.role == "supervisor"}
    if led == bodies:
        return ours
    return ours & (Q(body_code__in=led) | Q(team="") | ~Exists(members) | Exists(mine))


def may_work(actor: Actor, task: Task) -> bool:
    """Whether an actor may work on a task: its role in its body, and in its team where that has members; supervisors always."""
    if actor.has_role("supervisor", body=task.body_code):
        return True
    if not (task.role and actor.has_role(task.role, body=task.body_code)):
        return False
    if not task.team:
        return True
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


@dataclass(frozen=True)
class StuckRow:
    """A step that waits for a supervisor: what failed, and since when."""

    id: UUID
    case_id: UUID
    name: dict[str, str]
    service_code: str
    stuck_at: datetime
    fault: str
    attempts: int


def list_stuck_for(actor: Actor, *, limit: int = 100) -> list[StuckRow]:
    """Return the steps at which cases of the actor's bodies are stuck, oldest first. Raises NotPermitted unless a supervisor asks."""
    bodies = {g.body_code for g in actor.grants if g.role == "supervisor"}
    if not bodies:
        raise NotPermitted
    tasks = Task.objects.filter(state="open", stuck_at__isnull=False)
    if None not in bodies:
        tasks = tasks.filter(instance__body_code__in=bodies)
    return [
        StuckRow(t.id, t.case_id, t.name, t.service_code, t.stuck_at or t.created_at, t.fault, t.attempts)
        for t in tasks.order_by("stuck_at", "id")[:limit]
    ]


def _soon_at(now: datetime) -> tuple[datetime, datetime]:
    """Return the moments up to which what is due is nearly late: of a short promise, and of a long one."""
    calendar = worktime.calendar()
    return calendar.deadline(now, SOON_HOURS, "hours"), calendar.deadline(now, SOON_HOURS_OF_LONG, "hours")


def _urgency(due_at: datetime | None, started_at: datetime, now: datetime, soon_at: tuple[datetime, datetime]) -> str:
    is_long = due_at is not None and due_at - started_at > LONG
    return rules.urgency(due_at, now, soon_at[is_long])


def _row(task: Task, urgency: str) -> TaskRow:
    return TaskRow(
        task.id, task.case_id, task.name, task.service_code, task.body_code, task.assignee_id, task.due_at,
        task.created_at, urgency, task.item, task.team,
    )  # fmt: skip


def _mark(task: Task) -> str:
    return urlsafe_b64encode(f"{task.sort_at.isoformat()}|{task.id}".encode()).decode()


def _after(tasks: "QuerySet[Task]", mark: str | None) -> "QuerySet[Task]":
    try:
        moment, task_id = urlsafe_b64decode(mark or "").decode().split("|")
        sort_at, last = datetime.fromisoformat(moment), UUID(task_id)
    except ValueError:
        return tasks
    return tasks.filter(Q(sort_at__gt=sort_at) | Q(sort_at=sort_at, id__gt=last), sort_at__gte=sort_at)


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


def list_running_for(actor: Actor, service_code: str, *, limit: int = 20_000) -> list[UUID]:
    """Return the running cases of a service in the actor's bodies, oldest first. Raises NotPermitted unless a supervisor asks."""
    bodies = {g.body_code for g in actor.grants if g.role == "supervisor"}
    if not bodies:
        raise NotPermitted
    running = Instance.objects.filter(run="running", service_code=service_code)
    if None not in bodies:
        running = running.filter(body_code__in=bodies)
    return list(running.order_by("id").values_list("case_id", flat=True)[:limit])


def running_services_for(actor: Actor) -> dict[str, int]:
    """Return how many cases of each service run in the bodies that the actor supervises."""
    bodies = {g.body_code for g in actor.grants if g.role == "supervisor"}
    running = Instance.objects.filter(run="running").exclude(service_code="")
    if None not in bodies:
        running = running.filter(body_code__in=bodies)
    return dict(running.values_list("service_code").annotate(count=Count("id")).order_by("service_code"))


def outcomes_of(task: Task) -> list[Outcome]:
    """Return how a task can end, in the order in which its process names them."""
    return list(get_process(task.instance.definition_id).steps[task.step].outcomes.values())


def outcome_name(task: Task) -> dict[str, str]:
    """Return in words how a finished task ended."""
    step = get_process(task.instance.definition_id).steps.get(task.step)  # the case may have moved to another version
    outcome = step.outcomes.get(task.outcome) if step else None
    return outcome.name if outcome else {"en": task.outcome}


@dataclass(frozen=True)
class Stay:
    """One time that a case rested at a step: since when, when an officer took it (None: nobody did), until when."""

    step: str
    kind: str
    role: str
    assignee_id: UUID | None
    came_at: datetime
    taken_at: datetime | None
    left_at: datetime | None
    outcome: str


@dataclass(frozen=True)
class CaseLog:
    """A case as it went, in the order of its stays."""

    case_id: UUID
    run: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    stays: list[Stay]


def logs_of(case_ids: Collection[UUID]) -> list[CaseLog]:
    """Return how cases went, in the order of their beginning. For contexts that count: nothing in it says who the applicant is."""
    instances = list(
        Instance.objects.filter(case_id__in=list(case_ids)).defer("state").order_by("started_at", "case_id")
    )
    tasks = list(
        Task.objects.filter(case_id__in=list(case_ids), state__in=["open", "done"])
        .only("case_id", "step", "kind", "role", "assignee_id", "created_at", "done_at", "outcome")
        .order_by("created_at", "token")
    )
    human = [task.id for task in tasks if task.kind in HUMAN]
    taken = journal.last_times("process.task.assigned", human, how=["claimed", "reassigned"])
    stays: dict[UUID, list[Stay]] = {}
    for t in tasks:
        stay = Stay(t.step, t.kind, t.role, t.assignee_id, t.created_at, taken.get(t.id), t.done_at, t.outcome)
        stays.setdefault(t.case_id, []).append(stay)
    return [CaseLog(i.case_id, i.run, i.status, i.started_at, i.ended_at, stays.get(i.case_id, [])) for i in instances]


def outcomes_by_step(bpmn: str, dmn: str = "") -> dict[str, set[str]]:
    """Return the officers' tasks of a definition without faults, each with the outcomes that it declares."""
    steps = definition_of(bpmn, dmn).steps.values()
    return {step.key: set(step.outcomes) for step in steps if step.kind in HUMAN}


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


def urgency(instance: Instance, now: datetime) -> str:
    """Return `late`, `soon` (nearly late: see SOON_HOURS), `on_time`, or "" where nothing was promised."""
    return _urgency(instance.due_at, instance.started_at, now, _soon_at(now))


@dataclass(frozen=True)
class Drawing:
    """A process as a picture, and the same in words. `svg` is safe to put into a page."""

    svg: str
    lines: list[Line]


@dataclass(frozen=True)
class Station:
    """A turn of a case that its applicant is told of. `state`: here, done, or ""; `is_main`: on the way to where cases are meant to go."""

    status: str
    name: dict[str, str]
    state: str
    is_main: bool


@lru_cache(maxsize=256)
def definition_of(bpmn: str, dmn: str = "") -> Process:
    """Return a definition as it would run today, for contexts that ask what it says. Raises definitions.Faulty, xml.Unreadable."""
    return definitions.build(bpmn, dmn, definitions.shared(bpmn))


def draw_definition(bpmn: str, dmn: str = "", marks: Marks | None = None) -> Drawing:
    """Draw a definition without faults in the active language, with marks on its steps and flows."""
    return _draw(definition_of(bpmn, dmn), bpmn, marks) if marks else _drawn(bpmn, dmn, get_language())


@lru_cache(maxsize=256)
def _drawn(bpmn: str, dmn: str, language: str | None) -> Drawing:
    return _draw(definition_of(bpmn, dmn), bpmn, Marks())


def draw_case(case_id: UUID) -> Drawing:
    """Draw the process of a case and where it is, for contexts that have checked who asks. Raises NotFound."""
    instance = Instance.objects.select_related("definition").filter(case_id=case_id).first()
    if instance is None:
        raise NotFound
    process = get_process(instance.definition_id)
    tasks = list(Task.objects.filter(case_id=case_id).values_list("step", "state"))
    on_border = set(process.within(lambda step: bool(step.host)))
    here = frozenset(step for step, state in tasks if state == "open") - on_border
    return _draw(
        process, instance.definition.bpmn, Marks(here, frozenset(step for step, state in tasks if state == "done"))
    )


def _draw(process: Process, bpmn: str, marks: Marks) -> Drawing:
    lines = drawing.lines(process, marks)
    at = ", ".join(pick(line.name) for line in lines if line.state == "here")
    steps = "; ".join(pick(line.name) for line in lines)
    words = {
        "title": gettext("The steps of a case, drawn"),
        "here": gettext("The case is here"),
        "description": gettext("Steps, in their order: %(steps)s.") % {"steps": steps},
    }
    if at:
        words["description"] += " " + gettext("The case is at: %(step)s.") % {"step": at}
    return Drawing(drawing.draw(process, bpmn, marks, (get_language() or "en")[:2], words), lines)


def way_of(case_id: UUID) -> list[Station]:
    """Return how far a case is, in the turns that its applicant is told of; what lies aside only while the case is there.

    For contexts that have checked who asks; empty where no process runs for the case.
    """
    instance = Instance.objects.filter(case_id=case_id).first()
    if instance is None:
        return []
    way = [
        (step, is_main)
        for step, is_main in drawing.way(get_process(instance.definition_id))
        if is_main or step.status == instance.status
    ]
    at = next((i for i, (step, _) in enumerate(way) if step.status == instance.status), -1)
    return [
        Station(step.status, step.name, "here" if i == at else "done" if i < at else "", is_main)
        for i, (step, is_main) in enumerate(way)
    ]


def draw_way(stations: list[tuple[str, Station]]) -> str:
    """Return a small picture of how far a case is: what each station is called in the active language, one below the other."""
    words = {
        "title": gettext("How far your application is"),
        "here": gettext("You are here"),
        "description": "; ".join(
            f"{name} ({gettext('You are here')})" if station.state == "here" else name for name, station in stations
        ),
    }
    return drawing.simple([(name, station.state, station.is_main) for name, station in stations], words)
