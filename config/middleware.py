"""Where a web request becomes an Actor, and a Refusal becomes a page."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from huduma.contexts.identity import public as identity
from huduma.foundation.access import ANONYMOUS, Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal
from huduma.foundation.journal.event import AccessRefused
from huduma.foundation.ui import errors
from huduma.foundation.ui.requests import actor_of, address_of

STATUS = {NotFound: 404, NotPermitted: 403}


def installation(request: HttpRequest) -> dict[str, Any]:
    """Tell templates which installation this is, whom an officer serves now, and for which organisation a citizen acts."""
    organisation = None
    if hasattr(request, "session") and request.session.get("on_behalf_of"):
        organisation = identity.organisation_of(actor_of(request))
    return {
        "SANDBOX": settings.SANDBOX,
        "SANDBOX_URL": settings.SANDBOX_URL if settings.SANDBOX else "",
        "assisting": request.session.get("assisting_name", "") if hasattr(request, "session") else "",
        "acting_for": organisation,
    }


class NulMiddleware:
    """Keeps the NUL character, which PostgreSQL stores in no text, from all views: no address has one, no form needs one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return errors.unreadable(request)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Take NUL out of the fields of a form. Files keep their bytes; a callback's body, which may be signed, is not read."""
        if request.method != "POST" or request.path_info.startswith("/hooks/"):
            return
        if any("\0" in text for name, texts in request.POST.lists() for text in (name, *texts)):
            clean = QueryDict(mutable=True)
            for name, texts in request.POST.lists():
                clean.setlist(name.replace("\0", ""), [text.replace("\0", "") for text in texts])
            request.POST = clean  # type: ignore[assignment]


class SizeMiddleware:
    """Refuses a request that says it is too large, before anything of it is received."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or len(length) > 15 or int(length) > settings.LARGEST_REQUEST:
            return errors.too_large(request)
        return self.get_response(request)


class ActorMiddleware:
    """Sets `request.actor` (lazily) and answers refusals that no page handled."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: replace(_actor(request), address=address_of(request)))  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Show the page of a refusal; a forbidden act is written into the journal."""
        if not isinstance(exception, Refusal):
            return None
        status = next((code for kind, code in STATUS.items() if isinstance(exception, kind)), 409)
        if status == 403:
            journal.record(actor=actor_of(request), event=AccessRefused(path=request.path[:200]), now=timezone.now())
        return render(request, f"{status}.html", {"message": exception.message}, status=status)


def _actor(request: HttpRequest) -> Actor:
    channel = (request.resolver_match.app_name if request.resolver_match else "") or "portal"
    if not request.user.is_authenticated:
        return ANONYMOUS
    assisting = request.session.get("assisting") if channel not in identity.STAFF_CHANNELS else None
    organisation = request.session.get("on_behalf_of")
    return identity.actor_for(
        request.user,
        channel=channel,
        purpose="casework" if channel in identity.STAFF_CHANNELS else "self-service",
        second_factor=request.session.get("second_factor") == str(request.user.pk),
        assisting=UUID(assisting) if assisting else None,
        acting_for=UUID(organisation) if organisation else None,
    )
