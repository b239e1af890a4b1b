"""Links to the programs of bodies: an administrator opens and ends them, and lets dead webhooks be tried again."""

from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.contexts.crm import public as crm
from huduma.contexts.places import public as places
from huduma.foundation.access import NotPermitted, Refusal
from huduma.foundation.ui.requests import actor_of

#: What a program may be told of, in words.
NEWS = {
    "matter.opened": gettext_lazy("A matter was opened"),
    "matter.routed": gettext_lazy("It was given to another body or kind"),
    "matter.escalated": gettext_lazy("It came to the next level"),
    "matter.overdue": gettext_lazy("It is late"),
    "matter.remark_added": gettext_lazy("Somebody wrote something"),
    "matter.answered": gettext_lazy("It was answered"),
    "matter.reopened": gettext_lazy("The customer opened it again"),
    "matter.closed": gettext_lazy("It was closed"),
}


@never_cache
def links(request: HttpRequest) -> HttpResponse:
    """The links, the webhooks that were given up, and opening a link: its secrets are shown once, on the page that follows."""
    actor, opened, error = actor_of(request), None, ""
    if request.method == "POST":
        try:
            opened = crm.open_link(
                actor=actor, body_code=request.POST.get("body", ""), name=request.POST.get("name", ""),
                url=request.POST.get("url", ""), types=request.POST.getlist("types"), now=timezone.now(),
            )  # fmt: skip
        except NotPermitted:
            raise
        except Refusal as refusal:
            error = refusal.message
    chosen = request.POST.getlist("types") if error else list(NEWS)
    context = {
        "news": [(kind, words, kind in chosen) for kind, words in NEWS.items()],
        "links": crm.list_links_for(actor),
        "dead": crm.list_dead_for(actor),
        "bodies": places.list_bodies(),
        "opened": opened,
        "hook": request.build_absolute_uri(reverse("hooks:crm", args=[opened.link.id])) if opened else "",
        "error": error,
        "typed": request.POST if error else {},
    }
    return render(request, "desk/crm/links.html", context, status=422 if error else 200)


@require_POST
def close(request: HttpRequest, link_id: UUID) -> HttpResponse:
    """End a link."""
    crm.close_link(actor=actor_of(request), link_id=link_id, now=timezone.now())
    notes.success(request, gettext("The link is over: the program can do nothing more."))
    return redirect("desk:crm")


@require_POST
def replay(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Let a dead webhook be tried again."""
    crm.replay(actor=actor_of(request), delivery_id=delivery_id, now=timezone.now())
    notes.success(request, gettext("It is sent again now."))
    return redirect("desk:crm")


urlpatterns = [
    path("crm/", links, name="crm"),
    path("crm/<uuid:link_id>/close/", close, name="close_link"),
    path("crm/dead/<uuid:delivery_id>/", replay, name="replay_webhook"),
]
