"""One page of a form: kept as it is typed, checked when the applicant goes on."""

from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import path, translate_url
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.channels.portal.drafts.fields import fields_of
from huduma.channels.portal.identity import to_sign_in
from huduma.contexts.applications import public as applications
from huduma.contexts.exchange import public as exchange
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.files import public as files
from huduma.foundation.ui import ways_back
from huduma.foundation.ui.requests import actor_of

LARGEST_FILE = 5_500_000


@never_cache
def page(request: HttpRequest, application_id: UUID, page_id: str) -> HttpResponse:
    """One page of the form: kept as it is typed, checked when the applicant goes on."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return HttpResponse(status=401) if "autosave" in request.POST else to_sign_in(request)
    application = applications.get_application_for(actor, application_id)
    if application.status not in ("draft", "waiting_correction"):
        return redirect("portal:application", application_id=application_id)
    if request.method == "POST":
        return _save(request, actor, application, page_id)
    if held := ways_back.take(request):
        _keep(actor, application, page_id, {name: texts[-1] for name, texts in held.items()})
        application.refresh_from_db()
        notes.info(request, gettext("You were signed out for your safety. What you had typed is still here."))
    return _show(request, application, page_id, {})


def _keep(actor: Actor, application: applications.Application, page_id: str, typed: Any) -> dict[str, str]:
    return applications.save_page(
        actor=actor, application_id=application.id, page_id=page_id, typed=lambda name: typed.get(name, ""),
        now=timezone.now(),
    )  # fmt: skip


def _save(request: HttpRequest, actor: Actor, application: applications.Application, page_id: str) -> HttpResponse:
    asked = page_asked(application, page_id)
    refused = _attach(request, actor, application, asked)
    errors = {**_keep(actor, application, page_id, request.POST), **refused}
    if "autosave" in request.POST:
        return HttpResponse(status=204)
    if "switch_language" in request.POST:
        return redirect(translate_url(request.get_full_path(), request.POST["switch_language"]))
    if request.POST.get("go") == "later":
        notes.success(request, gettext("Your answers are saved. Go on whenever you like, on any device."))
        return redirect("portal:my_applications")
    if "drop" in request.POST:
        group, _, entry_id = request.POST["drop"].partition("/")
        applications.remove_entry(
            actor=actor, application_id=application.id, page_id=page_id, field=group, entry_id=entry_id,
            now=timezone.now(),
        )  # fmt: skip
        return to_page(application, page_id, request.POST.get("back", ""))
    if "add" in request.POST:
        return _add(request, actor, application, page_id, request.POST["add"])
    application.refresh_from_db()
    by_hand = False
    if set(page_asked(application, page_id)["fields"]) - set(
        asked["fields"]
    ):  # an answer made us ask more on this page
        return to_page(application, page_id, request.POST.get("back", ""))
    if not errors and applications.asks_register(application, page_id):
        errors, by_hand = _ask(request, actor, application, asked)
        application.refresh_from_db()
    if errors:
        return _show(request, application, page_id, errors, by_hand)
    return _next(request, application, page_id)


def page_asked(application: applications.Application, page_id: str) -> dict[str, Any]:
    """Return what a page asks now. Raises NotFound for a page that is not asked."""
    asked = next((page for page in applications.pages_of(application) if page["id"] == page_id), None)
    if asked is None:
        raise NotFound
    return asked


def _add(
    request: HttpRequest, actor: Actor, application: applications.Application, page_id: str, field: str
) -> HttpResponse:
    """One more entry of a repeating group."""
    try:
        entry_id = applications.add_entry(
            actor=actor, application_id=application.id, page_id=page_id, field=field, now=timezone.now()
        )
    except applications.TooManyEntries as refusal:
        return _show(request, application, page_id, {field: refusal.message})
    address = resolve_url(
        "portal:entry", application_id=application.id, page_id=page_id, field=field, entry_id=entry_id
    )
    return redirect(f"{address}?back={request.POST.get('back', '')}")


def _attach(
    request: HttpRequest, actor: Actor, application: applications.Application, asked: dict[str, Any]
) -> dict[str, str]:
    refused = {}
    for name in asked["fields"]:
        for file in request.FILES.getlist(name):
            try:
                if (file.size or 0) > LARGEST_FILE:  # refused before it is read
                    raise files.TooLarge
                applications.attach_file(
                    actor=actor, application_id=application.id, field=name, content=file.read(),
                    name=file.name or "", now=timezone.now(),
                )  # fmt: skip
            except NotFound:
                raise
            except Refusal as refusal:
                refused[name] = refusal.message
    return refused


def _ask(
    request: HttpRequest, actor: Actor, application: applications.Application, asked: dict[str, Any]
) -> tuple[dict[str, str], bool]:
    """Ask the register; returns what is wrong, and whether going on by hand is offered."""
    field = asked["fields"][0]
    now = timezone.now()
    if request.POST.get("go") == "by-hand":
        applications.go_by_hand(actor=actor, application_id=application.id, now=now)
        return {}, False
    try:
        applications.ask_register(actor=actor, application_id=application.id, now=now)
    except exchange.RegisterUnavailable as refusal:
        return {field: refusal.message}, True
    except (exchange.NotInRegister, exchange.TooManyAttempts, applications.RecordOfOthers) as refusal:
        return {field: refusal.message}, False
    return {}, False


def _next(request: HttpRequest, application: applications.Application, page_id: str) -> HttpResponse:
    """Go to the next page; after a change from the check page, back there, by way of pages that the change made incomplete."""
    order = applications.pages_of(application)
    ids = [page["id"] for page in order]
    after = ids[ids.index(page_id) + 1 :]
    if request.POST.get("back") == "check":
        today = timezone.localdate()
        wrong = [page["id"] for page in order if applications.problems_on(application, page, today)]
        if wrong:
            return to_page(application, wrong[0], "check")
    elif after:
        known = applications.pages_known(application, timezone.localdate())
        if unknown := [page for page in after if page not in known]:
            return to_page(application, unknown[0])
    return redirect("portal:check", application_id=application.id)


def _show(
    request: HttpRequest,
    application: applications.Application,
    page_id: str,
    errors: dict[str, str],
    by_hand: bool = False,
) -> HttpResponse:
    order = applications.pages_of(application)
    place = next((number for number, page in enumerate(order) if page["id"] == page_id), None)
    if place is None:
        raise NotFound
    context = {
        "application": application,
        "service": applications.service_name(application),
        "page": order[place],
        "number": place + 1,
        "of": len(order),
        "previous": order[place - 1]["id"] if place else None,
        "fields": fields_of(applications.questions_on(application, order[place]), errors, application),
        "errors": errors,
        "by_hand": by_hand,
        "back": request.POST.get("back") or request.GET.get("back", ""),
        "reason": applications.waits_for(application) if application.status == "waiting_correction" else "",
        "switch_form": "page",
    }
    return render(request, "portal/applications/page.html", context, status=422 if errors else 200)


@require_POST
def remove_file(request: HttpRequest, application_id: UUID, page_id: str) -> HttpResponse:
    """Take a file back."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    try:
        upload_id = UUID(request.POST.get("upload", ""))
    except ValueError:
        raise NotFound from None
    applications.remove_file(actor=actor, application_id=application_id, upload_id=upload_id, now=timezone.now())
    return redirect("portal:apply_page", application_id=application_id, page_id=page_id)


def to_page(application: applications.Application, page_id: str, back: str = "") -> HttpResponse:
    """Lead to a page of the form, and from there back to `back`."""
    address = resolve_url("portal:apply_page", application_id=application.id, page_id=page_id)
    return redirect(f"{address}?back={back}" if back else address)


def first_unanswered(application: applications.Application, page_id: str) -> str:
    """Return the first page from here on that is not answered already, or this one where all are."""
    order = applications.pages_of(application)
    place = next(number for number, page in enumerate(order) if page["id"] == page_id)
    known = applications.pages_known(application, timezone.localdate())
    return next((page["id"] for page in order[place:] if page["id"] not in known), page_id)


urlpatterns = [
    path("applications/<uuid:application_id>/pages/<slug:page_id>/", page, name="apply_page"),
    path("applications/<uuid:application_id>/pages/<slug:page_id>/remove/", remove_file, name="remove_file"),
]
