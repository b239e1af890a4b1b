"""The desk's door: nothing behind it opens before password and second factor."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.http import urlencode

SECOND_FACTOR = "second_factor"
OPEN = ("sign_in", "second_factor")


class StaffOnlyMiddleware:
    """Sends whoever has not passed the second factor in this session to the sign-in of staff."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        """Answer instead of the view where somebody has to sign in first."""
        match = request.resolver_match
        if match is None or match.namespace != "desk" or match.url_name in OPEN:
            return None
        if request.user.is_authenticated and request.session.get(SECOND_FACTOR) == str(request.user.pk):
            return None
        return redirect(f"{resolve_url('desk:sign_in')}?{urlencode({'next': request.path})}")
