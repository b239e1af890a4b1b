"""Moving running applications to the version of a service that is in force, and back. The promise stays what it was."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from huduma.contexts.applications import events, queries, rules
from huduma.contexts.applications.models import Application
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.process import public as process
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

BATCH = 100


class CannotMoveAnswers(Refusal):
    """The new version asks questions that this applicant was not asked. Decide this application under the version it was sent under."""


@dataclass(frozen=True)
class Movable:
    """A running application under an older version: why it cannot move (steps, questions), nothing where it can."""

    application: Application
    steps: list[process.Obstacle] = field(default_factory=list)
    questions: list[dict[str, str]] = field(default_factory=list)

    @property
    def can(self) -> bool:
        """Whether it can move."""
        return not self.steps and not self.questions


def list_movable_for(actor: Actor, service_code: str, *, now: datetime) -> list[Movable]:
    """Return running applications that are not under the version in force, the oldest first, at most BATCH.

    Raises NotPermitted unless a supervisor asks, NotFound where the service has no version.
    """
    version = _in_force(service_code)
    case_ids = process.list_running_for(actor, service_code)
    rows = Application.objects.filter(id__in=case_ids).exclude(version=version).order_by("id")[:BATCH]
    digest = _digest(version, now)
    steps = process.obstacles([row.id for row in rows], digest)
    form = version.part("form")
    return [Movable(row, steps[row.id], _unasked(row, form, now)) for row in rows if row.id in steps]


@transaction.atomic
def move_application(*, actor: Actor, application_id: UUID, now: datetime) -> Application:
    """Let a running application go on under the version in force; again changes nothing.

    Raises NotFound, NotPermitted, CannotMoveAnswers, process.CannotMove.
    """
    application = _lock(application_id)
    version = _in_force(application.service_code)
    if application.version_id == version.id:
        return application
    if _unasked(application, version.part("form"), now):
        raise CannotMoveAnswers
    facts = queries.all_answers(application)
    process.move(actor=actor, case_id=application.id, digest=_digest(version, now), facts=facts, now=now)
    return _bind(actor, application, version.id, "moved", now)


@transaction.atomic
def undo_move(*, actor: Actor, application_id: UUID, now: datetime) -> Application:
    """Take the latest move of an application back, while it has not gone on.

    Raises NotFound, NotPermitted, process.CannotUndo.
    """
    application = _lock(application_id)
    moves = journal.entries_concerning(application.id, acts=[events.ApplicationMoved.act])
    if not moves or moves[0].facts["how"] != "moved":
        raise process.CannotUndo
    process.undo_move(actor=actor, case_id=application.id, now=now)
    return _bind(actor, application, UUID(moves[0].facts["source_id"]), "undone", now)


def _lock(application_id: UUID) -> Application:
    application = Application.objects.select_for_update().filter(id=application_id).exclude(status="draft").first()
    if application is None:
        raise NotFound
    return application


def _bind(actor: Actor, application: Application, version_id: UUID, how: str, now: datetime) -> Application:
    source_id, application.version_id = application.version_id, version_id
    application.save(update_fields=["version"])
    event = events.ApplicationMoved(application_id=application.id, source_id=source_id, target_id=version_id, how=how)
    journal.record(actor=actor, event=event, now=now)
    return application


def _in_force(service_code: str) -> catalogue.ServiceVersion:
    version = catalogue.get_service(service_code).current_version
    if version is None:
        raise NotFound
    return version


def _digest(version: catalogue.ServiceVersion, now: datetime) -> str:
    return process.define(actor=SYSTEM, bpmn=version.part("process_bpmn"), dmn=version.part("rules_dmn") or "", now=now)


def _unasked(application: Application, form: dict[str, Any], now: datetime) -> list[dict[str, str]]:
    """Return the questions of another form that the answers leave open, or that they answer no longer rightly."""
    answers = queries.all_answers(application)
    has_files = set(queries.uploaded(application))
    by_hand = application.register_state == "by-hand"
    pages = rules.pages(form, application.answers, application.register_facts, by_hand=by_hand)
    names = [name for page in pages for name in page["fields"]]
    wrong = rules.problems(form, names, answers, has_files, timezone.localdate(now))
    return [form["ui"][name]["label"] for name in wrong if name in form["ui"]]
