"""All answers before they are sent."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from huduma.channels.portal.identity import to_sign_in
from huduma.contexts.applications import public as applications
from huduma.contexts.process import public as process
from huduma.foundation.translated import pick
from huduma.foundation.ui.requests import actor_of


@never_cache
def check(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """All answers before they are sent; pressing the button twice sends once."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    application = applications.get_application_for(actor, application_id)
    if application.status not in ("draft", "waiting_correction"):
        return redirect("portal:application", application_id=application_id)
    errors: dict[str, str] = {}
    if request.method == "POST":
        send = applications.send_correction if application.status == "waiting_correction" else applications.submit
        try:
            send(actor=actor, application_id=application_id, now=timezone.now())
            return redirect(f"{resolve_url('portal:application', application_id=application_id)}?sent=1")
        except applications.Incomplete as refusal:
            titles = {page["id"]: page["title"] for page in applications.pages_of(application)}
            errors = {f"section-{page}": gettext("%(page)s: something is missing or wrong.") % {"page": pick(titles[page])}
                      for page in refusal.pages}  # fmt: skip
        except process.NoRule as refusal:
            errors = {"main": refusal.message}
    sections = applications.sections_of(application)
    changeable = {page["id"] for page in applications.pages_of(application)}
    context = {
        "application": application,
        "service": applications.service_name(application),
        "sections": sections,
        "changeable": changeable,
        "errors": errors,
        **_quoted(application),
    }
    return render(request, "portal/applications/check.html", context, status=422 if errors else 200)


def _quoted(application: applications.Application) -> dict[str, Any]:
    if application.status != "draft":
        return {}
    try:
        lines = applications.fee_lines(application, on=timezone.localdate())
    except process.NoRule:
        return {}
    return {
        "lines": lines,
        "is_free": not lines,
        "total": sum(line.amount_cents for line in lines),
        "currency": lines[0].currency if lines else "KES",
    }


urlpatterns = [
    path("applications/<uuid:application_id>/check/", check, name="check"),
]
