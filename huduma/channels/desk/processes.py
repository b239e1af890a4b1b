"""What supervisors do with processes: stuck steps, running cases that go to a new version, teams; and another body's question."""

from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.contexts.applications import public as applications
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.contexts.process import public as process
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.translated import pick
from huduma.foundation.ui.requests import actor_of


def service_name(code: str) -> dict[str, str]:
    """Return what a service is called; its code where the catalogue knows it no longer."""
    try:
        return catalogue.get_service(code).name
    except NotFound:
        return {"en": code}


@never_cache
def processes(request: HttpRequest) -> HttpResponse:
    """Show what waits for a supervisor: stuck steps, teams, and the services whose running cases may be moved."""
    actor = actor_of(request)
    return _processes(request, actor)


def _processes(
    request: HttpRequest, actor: Actor, wrong: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    stuck = [(row, service_name(row.service_code)) for row in process.list_stuck_for(actor)]
    running = [(code, service_name(code), count) for code, count in process.running_services_for(actor).items()]
    context = {"stuck": stuck, "running": running, "teams": _teams(actor), "wrong": wrong or {}}
    return render(request, "desk/processes/processes.html", context, status=status)


def _teams(actor: Actor) -> list[dict[str, Any]]:
    led = sorted({g.body_code for g in actor.grants if g.role == "supervisor" and g.body_code})
    found = []
    for body_code in led:
        members = process.team_members(body_code)
        colleagues = identity.list_colleagues_for(actor, body_code)
        for team in process.list_teams(body_code):
            in_it = members.get(team, set())
            people = [(c.account_id, c.name, c.account_id in in_it) for c in colleagues]
            found.append({"body": body_code, "team": team, "people": people})
    return found


@require_POST
def unstick(request: HttpRequest, task_id: UUID, how: str) -> HttpResponse:
    """Do a stuck step again, or skip it with a reason; what was typed stays where the reason is missing."""
    actor, now = actor_of(request), timezone.now()
    try:
        if how == "skip":
            process.skip_step(actor=actor, task_id=task_id, reason=request.POST.get("reason", ""), now=now)
            notes.success(request, gettext("The step was skipped. Your reason is kept with the case."))
        elif process.retry_step(actor=actor, task_id=task_id, now=now):
            notes.success(request, gettext("The step was done, or is being tried again. The case goes on."))
        else:
            notes.warning(request, gettext("The step failed again. The reason is below."))
    except process.ReasonNeeded as refusal:
        return _processes(request, actor, {"task": task_id, "message": refusal.message}, status=422)
    except (NotPermitted, NotFound):
        raise
    except Refusal as refusal:
        notes.warning(request, refusal.message)
    return redirect("desk:processes")


@require_POST
def set_team(request: HttpRequest, body: str, team: str) -> HttpResponse:
    """Say who is in a team."""
    try:
        chosen = {UUID(text) for text in request.POST.getlist("member")}
    except ValueError:
        raise NotFound from None
    process.set_team(actor=actor_of(request), body_code=body, team=team, account_ids=chosen, now=timezone.now())
    notes.success(request, gettext("The team is saved."))
    return redirect("desk:processes")


@never_cache
def moves(request: HttpRequest, code: str) -> HttpResponse:
    """Show which running cases can go to the version in force, and why others cannot; move the chosen ones, or take moves back."""
    actor, now = actor_of(request), timezone.now()
    report: dict[str, Any] = {}
    if request.method == "POST":
        report = _move(actor, request.POST.getlist("case"), undo=request.POST.get("act") == "undo", now=now)
    rows = applications.list_movable_for(actor, code, now=now)
    context = {
        "code": code, "service": service_name(code), "report": report,
        "can": [row for row in rows if row.can], "cannot": [row for row in rows if not row.can],
    }  # fmt: skip
    return render(request, "desk/processes/moves.html", context)


def _move(actor: Actor, chosen: list[str], *, undo: bool, now: Any) -> dict[str, Any]:
    """Move cases one by one, each in its own transaction: one that cannot keeps no other."""
    act = applications.undo_move if undo else applications.move_application
    done, refused = [], []
    for text in chosen[:100]:
        try:
            application_id = UUID(text)
        except ValueError:
            continue
        try:
            done.append(act(actor=actor, application_id=application_id, now=now))
        except NotPermitted:
            raise
        except Refusal as refusal:
            refused.append((application_id, refusal.message))
    words = gettext("Cases that went back: %(count)d.") if undo else gettext("Cases that were moved: %(count)d.")
    return {"done": done, "refused": refused, "words": words % {"count": len(done)}, "undo": undo}


def show_opinion(
    request: HttpRequest, actor: Actor, task: process.Task, instance: process.Instance, typed: dict[str, Any]
) -> HttpResponse:
    """Show another body's officer what it is asked and what is shared with it, and nothing else of the case."""
    context = {
        "task": task, "instance": instance, "outcomes": process.outcomes_of(task),
        "sections": applications.shared_sections_for(actor, instance.case_id, now=timezone.now()),
        "service": service_name(instance.service_code), "is_mine": task.assignee_id == actor.account_id,
        "errors": typed["errors"], "typed": request.POST, "title": pick(task.name),
    }  # fmt: skip
    return render(request, "desk/processes/opinion.html", context, status=typed["status"])


urlpatterns = [
    path("processes/", processes, name="processes"),
    path("processes/steps/<uuid:task_id>/retry/", unstick, {"how": "retry"}, name="retry_step"),
    path("processes/steps/<uuid:task_id>/skip/", unstick, {"how": "skip"}, name="skip_step"),
    path("processes/teams/<slug:body>/<slug:team>/", set_team, name="set_team"),
    path("processes/moves/<slug:code>/", moves, name="moves"),
]
