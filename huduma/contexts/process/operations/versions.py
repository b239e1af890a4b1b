"""Moving running cases to another definition, and back.

A case can move when it stands only at steps that the other definition has with the same meaning: same kind, same place, same
message, action or decision. Clocks on the borders of its steps are set anew where the other definition has others.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from huduma.contexts.process import events, rules
from huduma.contexts.process.models import Instance, Move, Task
from huduma.contexts.process.operations.steps import defer, row
from huduma.contexts.process.providers.engine import Run
from huduma.contexts.process.queries import get_process
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal


@dataclass(frozen=True)
class Obstacle:
    """Why a case cannot move: where it stands, and whether that step is `gone` or `changed` in the other definition."""

    step: str
    name: dict[str, str]
    why: str


class CannotMove(Refusal):
    """This case stands at a step that the new version does not have, or where it means something else. Finish that step first."""

    def __init__(self, obstacles: list[Obstacle]) -> None:
        super().__init__()
        self.obstacles = obstacles


class CannotUndo(Refusal):
    """This case has gone on since it was moved, so the move cannot be undone. Move it to another version instead."""


def obstacles(case_ids: Iterable[UUID], digest: str) -> dict[UUID, list[Obstacle]]:
    """Return, for each running case, why it cannot move to a definition; an empty list where it can."""
    target = get_process(digest)
    running = Instance.objects.filter(case_id__in=list(case_ids), run="running")
    return {instance.case_id: _obstacles(instance, target) for instance in running}


def _obstacles(instance: Instance, target: Any) -> list[Obstacle]:
    source = get_process(instance.definition_id)
    found = Run.load(source, instance.state).obstacles(target)
    return [Obstacle(step, source.steps[step].name, why) for step, why in found]


@transaction.atomic
def move(
    *, actor: Actor, case_id: UUID, digest: str, now: datetime, facts: dict[str, Any] | None = None
) -> Move | None:
    """Let a running case go on under another definition; None where it runs under it already.

    `facts`: what the other definition may declare and the case does not know yet. Only supervisors of the deciding body.
    Raises NotFound, NotPermitted, CannotMove.
    """
    instance = _lock(actor, case_id)
    if instance.definition_id == digest:
        return None
    target = get_process(digest)
    if found := _obstacles(instance, target):
        raise CannotMove(found)
    run = Run.load(get_process(instance.definition_id), instance.state).moved(target)
    run.facts = {**rules.scalar_facts(facts or {}, target.facts, target.lists), **run.facts}
    source, before = instance.definition_id, instance.state
    _resume(instance, run, digest, now)
    record = Move.objects.create(
        instance=instance, source_id=source, target_id=digest, state=before, version=instance.version, moved_at=now
    )
    event = events.InstanceMoved(case_id=case_id, source=source, target=digest, how="moved")
    journal.record(actor=actor, event=event, now=now)
    return record


@transaction.atomic
def undo_move(*, actor: Actor, case_id: UUID, now: datetime) -> str:
    """Take the latest move of a case back, while it has not gone on; returns the definition under which it runs again.

    Raises NotFound, NotPermitted, CannotUndo.
    """
    instance = _lock(actor, case_id)
    record = instance.moves.order_by("-moved_at", "-id").first()
    if record is None or record.undone_at is not None or record.version != instance.version:
        raise CannotUndo
    # Numbers that the other definition gave to places stay given: a place in a process has its number once.
    state = {**record.state, "last": max(record.state["last"], instance.state["last"])}
    _resume(instance, Run.load(get_process(record.source_id), state), record.source_id, now)
    record.undone_at = now
    record.save(update_fields=["undone_at"])
    event = events.InstanceMoved(case_id=case_id, source=record.target_id, target=record.source_id, how="undone")
    journal.record(actor=actor, event=event, now=now)
    return record.source_id


def _lock(actor: Actor, case_id: UUID) -> Instance:
    instance = Instance.objects.select_for_update().filter(case_id=case_id, run="running").first()
    if instance is None:
        raise NotFound
    actor.require_role("supervisor", body=instance.body_code)
    return instance


def _resume(instance: Instance, run: Run, digest: str, now: datetime) -> None:
    """Write a case's state under a definition and make the task rows say it: what stays is kept, with its officer."""
    waits = {wait.token: wait for wait in run.waits()}
    kept = {task.token: task for task in instance.tasks.filter(token__in=waits)}
    instance.tasks.filter(state="open").exclude(token__in=waits).update(state="cancelled", done_at=now)
    for token, wait in waits.items():
        fresh = row(instance, run, wait, {}, now)
        if (task := kept.get(token)) is None:
            fresh.save()
            defer(fresh, run.process)
            continue
        _take_over(task, fresh)
        if task.state == "cancelled":  # a clock that the move took away and its undoing brings back
            task.state, task.done_at = "open", None
            defer(task, run.process)
        task.save()
    instance.definition_id, instance.state, instance.version = digest, run.dump(), instance.version + 1
    instance.save(update_fields=["definition", "state", "version"])


def _take_over(task: Task, fresh: Task) -> None:
    for name in ("name", "role", "team", "share", "body_code", "awaits"):
        setattr(task, name, getattr(fresh, name))
