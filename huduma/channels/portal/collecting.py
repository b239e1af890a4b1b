"""A printed document that waits at a centre: where it is, and sending it to a nearer one."""

from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from huduma.channels.portal.identity import to_sign_in
from huduma.contexts.centres import public as centres
from huduma.contexts.places import public as places
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.ui.requests import actor_of


@never_cache
def collect(request: HttpRequest, collectable_id: UUID) -> HttpResponse:
    """Where a printed document waits, and sending it to a nearer centre; for somebody who is signed in."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    return _document(request, actor, centres.get_collectable_for(actor, collectable_id))


@never_cache
def collect_link(request: HttpRequest, reference: str, token: str) -> HttpResponse:
    """The same by the link in a message, without signing in."""
    found, actor = centres.open_collect_link(reference, token)
    return _document(request, actor, found)


def _document(request: HttpRequest, actor: Actor, document: centres.Collectable) -> HttpResponse:
    errors = {}
    if request.method == "POST":
        try:
            centres.redirect_document(
                actor=actor, collectable_id=document.id, to_centre_code=request.POST.get("to", ""), now=timezone.now()
            )
            notes.success(request, gettext("We text you when your document is there."))
            return redirect(request.path)
        except NotFound:
            errors["to"] = gettext("Choose one of the centres in the list.")
        except Refusal as refusal:
            errors["to"] = refusal.message
    others = [one for one in centres.list_centres() if one.is_open_to_public and one.code != document.centre_id]
    constituencies = places.list_constituencies()
    near = next((one for one in constituencies if one.code == request.GET.get("near")), None)
    context = {
        "document": document, "nearest": centres.nearest((near or document.centre).position, others), "errors": errors, "near": near,
        "constituencies": constituencies, "is_open": centres.is_open(document.centre, now=timezone.now()),
    }  # fmt: skip
    return render(request, "portal/centres/collect.html", context, status=422 if errors else 200)


urlpatterns = [
    path("documents-to-collect/<uuid:collectable_id>/", collect, name="collect"),
    path("d/<str:reference>/<str:token>/", collect_link, name="collect_link"),
]
