"""The desk's door: nothing behind it opens before password and second factor, and then only to staff."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import urlencode

from huduma.contexts.identity import public as identity
from huduma.foundation.access import Actor, NotPermitted
from huduma.foundation.journal import public as journal
from huduma.foundation.ui import ways_back
from huduma.foundation.ui.requests import actor_of

SECOND_FACTOR = "second_factor"
#: The channels behind this door, and what of them is open: a tablet's page asks for its own PIN, where no network is.
BEHIND = ("desk", "outreach")
OPEN = ("sign_in", "second_factor", "sign_out", "tablet")


class StaffOnlyMiddleware:
    """Sends strangers, and staff without the second factor in this session, to the sign-in of staff; refuses citizens."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        """Answer instead of the view where somebody has to sign in first, or has no business at the desk."""
        match = request.resolver_match
        if match is None or match.namespace not in BEHIND or match.url_name in OPEN:
            return None
        user = request.user
        if user.is_authenticated:
            actor = actor_of(request)
            if actor.is_staff:  # grants are given after the second factor only
                return None
            if request.session.get(SECOND_FACTOR) == str(user.pk) or not identity.is_staff(user.pk):
                return _refuse(request, actor)
        if request.method == "POST":
            ways_back.keep_till_sign_in(request)
        return redirect(f"{resolve_url('desk:sign_in')}?{urlencode({'next': ways_back.page_of(request)})}")


def _refuse(request: HttpRequest, actor: Actor) -> HttpResponse:
    journal.record(actor=actor, event=journal.AccessRefused(path=request.path[:200]), now=timezone.now())
    context = {"message": NotPermitted().message, "sign_in": resolve_url("desk:sign_in")}
    return render(request, "403.html", context, status=403)
