"""An officer's work: the list of what waits, and one case at a time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import path
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.channels.desk.menu import entries_for
from huduma.channels.desk.processes import service_name, show_opinion
from huduma.contexts.applications import public as applications
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.clocks import public as clocks
from huduma.contexts.contact import public as contact
from huduma.contexts.credentials import public as credentials
from huduma.contexts.identity import public as identity
from huduma.contexts.places import public as places
from huduma.contexts.process import public as process
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal
from huduma.foundation.translated import pick
from huduma.foundation.ui.downloads import file_response
from huduma.foundation.ui.requests import actor_of

VIEWS = ("team", "mine", "late")
TOLD = (
    "process.instance.started",
    "process.message.arrived",
    "process.task.assigned",
    "process.task.completed",
    "process.instance.ended",
    "clocks.due.moved",
    "clocks.clock.warned",
    "clocks.clock.escalated",
    "clocks.clock.lapsed",
)


@dataclass(frozen=True)
class Turn:
    """One line of a case's timeline."""

    at: datetime
    text: str
    by: str = ""
    note: str = ""


@never_cache
def worklist(request: HttpRequest) -> HttpResponse:
    """Show the open tasks: the team's, one's own, or those late and nearly late; what is due first stands first."""
    view, service = request.GET.get("view", "team"), request.GET.get("service", "")
    if view not in VIEWS:
        view = "team"
    actor = actor_of(request)
    entries = entries_for(actor)
    if entries and entries[0][0] != "desk:worklist":  # who works on no cases begins where they work
        return redirect(entries[0][0])
    page = process.list_tasks_for(
        actor,
        now=timezone.now(),
        view=view,  # type: ignore[arg-type]  # checked above
        service_code=service,
        after=request.GET.get("after"),
    )
    names = identity.staff_names({task.assignee_id for task in page.tasks if task.assignee_id})
    bodies = None if actor.has_everywhere("officer", "supervisor") else actor.body_codes
    services = [(s.code, s.name) for s in catalogue.list_services(online=True) if bodies is None or s.body_id in bodies]
    called = {code: service_name(code) for code in {task.service_code for task in page.tasks}}
    rows = [
        {
            "task": task,
            "service": called[task.service_code],
            "assignee": names.get(task.assignee_id, "") if task.assignee_id else "",
        }
        for task in page.tasks
    ]
    context = {
        "rows": rows, "after": page.after, "view": view, "service": service, "services": services,
        "actor": actor, "paged": "after" in request.GET, "may_escalate": actor.has_role("supervisor", "secretariat"),
    }  # fmt: skip
    return render(request, "desk/worklist.html", context)


@never_cache
def case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Show a case and what can be decided now."""
    return _show(request, case_id)


def _show(request: HttpRequest, case_id: UUID, errors: dict[str, str] | None = None, status: int = 200) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    wanted = request.POST.get("task") or request.GET.get("task")
    task, instance = process.get_task_for(actor, case_id, _uuid(wanted) if wanted else None)
    if task is not None and not actor.has_role("officer", "supervisor", body=instance.body_code):
        return show_opinion(request, actor, task, instance, {"errors": errors or {}, "status": status})
    subject = _subject(actor, case_id, now)
    document = credentials.document_of(case_id)
    is_boss = actor.has_role("supervisor", body=instance.body_code)
    context = {
        "task": task,
        "instance": instance,
        "subject": subject,
        "document": document,
        "is_boss": is_boss,
        "service": service_name(instance.service_code),
        "body": _body_name(instance.body_code),
        "urgency": process.urgency(instance, now) if instance.run == "running" else "",
        "time": clocks.time_of(case_id),
        "outcomes": process.outcomes_of(task) if task else [],
        "questions": list(process.questions_of(case_id).items()) if task else [],
        "is_mine": task is not None and task.assignee_id == actor.account_id,
        "may_work": task is not None and process.may_work(actor, task),
        "may_do": task is not None and process.may_do(instance, task, actor.account_id),
        "assignee": _assignee(task),
        "colleagues": identity.list_colleagues_for(actor, instance.body_code) if is_boss and task else [],
        "turns": _timeline(case_id),
        "mentions": [
            (contact.KINDS[one.matter.kind].name, one)
            for one in contact.list_mentions_for(actor, case_id, body_code=instance.body_code)
        ],
        "drawing": process.draw_case(case_id),
        "is_stuck": any(waiting.stuck_at for waiting in process.open_tasks_of(case_id)),
        "errors": errors or {},
        "typed": request.POST,
        "typed_fields": request.POST.getlist("fields"),
    }
    return render(request, "desk/case.html", context, status=status)


def _subject(actor: Actor, case_id: UUID, now: datetime) -> applications.Case | None:
    """Return the application that a case decides; a case of another kind has none."""
    try:
        return applications.get_case_for(actor, case_id, now=now)
    except NotFound:
        return None


def _assignee(task: process.Task | None) -> str:
    if task is None or task.assignee_id is None:
        return ""
    return identity.staff_names({task.assignee_id}).get(task.assignee_id, "")


def _body_name(code: str) -> dict[str, str]:
    try:
        body = places.get_body(code)
    except NotFound:
        return {"en": code}
    return {"en": body.name_en, "sw": body.name_sw}


def _timeline(case_id: UUID) -> list[Turn]:
    entries = journal.entries_concerning(case_id, acts=TOLD)[::-1]
    names = identity.staff_names({e.actor_account_id for e in entries if e.actor_account_id and e.channel == "desk"})
    done = {str(task.id): task for task in process.decisions_of(case_id)}
    turns = []
    for entry in entries:
        task = done.get(entry.facts.get("task_id", "")) if entry.act == "process.task.completed" else None
        by = names.get(entry.actor_account_id, "") if entry.actor_account_id else ""
        turns.append(Turn(entry.at, _words(entry, task), by, task.note if task else ""))
    return turns


def _words(entry: journal.Entry, task: process.Task | None) -> str:
    if task is not None:
        return f"{pick(task.name)}: {pick(process.outcome_name(task))}"
    words = {
        "process.instance.started": gettext("The case began"),
        "bill-settled": gettext("The bill was paid"),
        "corrected": gettext("The applicant corrected the application"),
        "credential-issued": gettext("The document was signed"),
        "claimed": gettext("An officer took the case"),
        "released": gettext("The case went back to the team"),
        "reassigned": gettext("A supervisor handed the case over"),
        "process.instance.ended": gettext("The case ended"),
        "clocks.due.moved": gettext("The clock goes on; what is due moved"),
        "clocks.clock.warned": gettext("A time limit came near"),
        "clocks.clock.escalated": gettext("A time limit ran out, and the case was escalated"),
        "clocks.clock.lapsed": gettext("The time that a law gives ran out"),
    }
    for key in (entry.act, entry.facts.get("name"), entry.facts.get("how")):
        if key in words:
            return words[key]
    return gettext("A time limit ran out")


@never_cache
def find(request: HttpRequest) -> HttpResponse:
    """Open the case whose reference the customer says."""
    typed = request.GET.get("reference", "").strip()
    try:
        return redirect("desk:case", case_id=applications.find_case_for(actor_of(request), typed))
    except NotFound:
        words = gettext("No case has the reference %(reference)s. Check it and try again.")
        notes.warning(request, words % {"reference": typed[:20]})
        return redirect("desk:worklist")


@never_cache
def upload(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Give a file of a case to its officers."""
    return file_response(applications.get_upload_for(actor_of(request), upload_id))


@never_cache
def revoke(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Declare the document of a case void, with the reason."""
    actor, errors = actor_of(request), {}
    document = credentials.document_of(case_id)
    if document is None:
        raise NotFound
    actor.require_role("supervisor", body=document.body_code)
    if request.method == "POST":
        try:
            credentials.revoke_credential(
                actor=actor, credential_id=document.id, reason=request.POST.get("reason", ""), now=timezone.now()
            )
        except credentials.ReasonMissing as refusal:
            errors["reason"] = refusal.message
        else:
            notes.success(request, gettext("The document is void. Whoever checks it sees that from now on."))
            return redirect("desk:case", case_id=case_id)
    context = {"document": document, "case_id": case_id, "errors": errors}
    return render(request, "desk/revoke.html", context, status=422 if errors else 200)


@require_POST
def decide(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Finish the task; what was typed stays where something is missing."""
    try:
        process.complete_task(
            actor=actor_of(request),
            task_id=_task_id(request),
            outcome=request.POST.get("outcome", ""),
            note=request.POST.get("note", ""),
            fields=request.POST.getlist("fields"),
            version=_number(request.POST.get("version", "")),
            now=timezone.now(),
        )
    except process.NoSuchOutcome as refusal:
        return _show(request, case_id, {"outcome": refusal.message}, status=422)
    except process.ReasonNeeded as refusal:
        return _show(request, case_id, {"note": refusal.message}, status=422)
    except (process.QuestionsNeeded, process.NotAsked) as refusal:
        return _show(request, case_id, {"fields": refusal.message}, status=422)
    except process.CaseMoved as refusal:
        return _show(request, case_id, {"outcome": refusal.message}, status=409)
    except Refusal as refusal:
        return _told(request, case_id, refusal)
    notes.success(request, gettext("Your decision is recorded."))
    return redirect("desk:worklist")


@require_POST
def assign(request: HttpRequest, case_id: UUID, how: str) -> HttpResponse:
    """Take a task, give it back, or hand it to a colleague."""
    actor, task_id, now = actor_of(request), _task_id(request), timezone.now()
    try:
        if how == "claim":
            process.claim_task(actor=actor, task_id=task_id, now=now)
        elif how == "release":
            process.release_task(actor=actor, task_id=task_id, now=now)
        else:
            to = _uuid(request.POST.get("to", ""))
            process.reassign_task(actor=actor, task_id=task_id, to_account_id=to, now=now)
    except Refusal as refusal:
        return _told(request, case_id, refusal)
    return redirect(f"{resolve_url('desk:case', case_id=case_id)}?{urlencode({'task': str(task_id)})}")


def _told(request: HttpRequest, case_id: UUID, refusal: Refusal) -> HttpResponse:
    """Show a refusal on the case's page; what is forbidden or does not exist has pages of its own."""
    if isinstance(refusal, NotPermitted | NotFound):
        raise refusal
    notes.warning(request, refusal.message)
    return redirect("desk:case", case_id=case_id)


def _task_id(request: HttpRequest) -> UUID:
    return _uuid(request.POST.get("task", ""))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


urlpatterns = [
    path("", worklist, name="worklist"),
    path("find/", find, name="find"),
    path("files/<uuid:upload_id>/", upload, name="upload"),
    path("cases/<uuid:case_id>/", case, name="case"),
    path("cases/<uuid:case_id>/document/revoke/", revoke, name="revoke"),
    path("cases/<uuid:case_id>/decision/", decide, name="decide"),
    path("cases/<uuid:case_id>/claim/", assign, {"how": "claim"}, name="claim"),
    path("cases/<uuid:case_id>/release/", assign, {"how": "release"}, name="release"),
    path("cases/<uuid:case_id>/reassign/", assign, {"how": "reassign"}, name="reassign"),
]
