"""One entry of a repeating group, on a page of its own."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, translate_url
from django.utils import timezone
from django.views.decorators.cache import never_cache

from huduma.channels.portal.drafts.fields import fields_of
from huduma.channels.portal.drafts.pages import page_asked, to_page
from huduma.channels.portal.identity import to_sign_in
from huduma.contexts.applications import public as applications
from huduma.foundation.access import NotFound
from huduma.foundation.ui.requests import actor_of


@never_cache
def entry(request: HttpRequest, application_id: UUID, page_id: str, field: str, entry_id: str) -> HttpResponse:
    """One entry of a repeating group, on a page of its own."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return HttpResponse(status=401) if "autosave" in request.POST else to_sign_in(request)
    application = applications.get_application_for(actor, application_id)
    group = next(
        (q for q in applications.questions_on(application, page_asked(application, page_id)) if q.name == field), None
    )
    if group is None or group.ui["widget"] != "group":
        raise NotFound
    back = request.POST.get("back") or request.GET.get("back", "")
    errors: dict[str, str] = {}
    if request.POST.get("go") == "remove":
        applications.remove_entry(
            actor=actor, application_id=application_id, page_id=page_id, field=field, entry_id=entry_id,
            now=timezone.now(),
        )  # fmt: skip
        return to_page(application, page_id, back)
    if request.method == "POST":
        before = applications.questions_in(application, field, applications.entry_of(application, field, entry_id))
        errors = applications.save_entry(
            actor=actor, application_id=application_id, page_id=page_id, field=field, entry_id=entry_id,
            typed=lambda name: request.POST.get(name, ""), now=timezone.now(),
        )  # fmt: skip
        if "autosave" in request.POST:
            return HttpResponse(status=204)
        if "switch_language" in request.POST:
            return redirect(translate_url(request.get_full_path(), request.POST["switch_language"]))
        application.refresh_from_db()
        after = applications.questions_in(application, field, applications.entry_of(application, field, entry_id))
        if {q.name for q in after} - {q.name for q in before}:
            return redirect(request.get_full_path())
        if not errors:
            return to_page(application, page_id, back)
    questions = applications.questions_in(application, field, applications.entry_of(application, field, entry_id))
    context = {
        "application": application,
        "service": applications.service_name(application),
        "page_id": page_id,
        "group": group.ui,
        "fields": fields_of(questions, errors, application),
        "errors": errors,
        "back": back,
        "switch_form": "page",
    }
    return render(request, "portal/applications/entry.html", context, status=422 if errors else 200)


urlpatterns = [
    path("applications/<uuid:application_id>/pages/<slug:page_id>/<slug:field>/<slug:entry_id>/", entry, name="entry"),
]
