"""Pages for what goes wrong before a view could say so."""

import sys

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import get_language_from_path, gettext, override

from huduma.foundation.ui import ways_back


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return render(request, "403.html", status=403)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose token does not count any more: its page is shown anew, with what was typed; 403 to what may be of another site."""
    page = ways_back.page_of(request)
    if "autosave" not in request.POST and ways_back.keep(request):
        return redirect(page)
    return render(request, "403_csrf.html", {"back": page}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return render(request, "404.html", status=404)


def unreadable(request: HttpRequest) -> HttpResponse:
    """400, to a request whose address no page has: in the language of its address."""
    with override(get_language_from_path(request.path_info) or settings.LANGUAGE_CODE):
        page = render_to_string("400.html", {"request": request})
    return HttpResponse(page, status=400)


def too_large(request: HttpRequest) -> HttpResponse:
    """413, to a request that is not read: in the language of its address."""
    with override(get_language_from_path(request.path_info) or settings.LANGUAGE_CODE):
        message = gettext("What you sent is too large. Go back and send your files one at a time, each at most 5 MB.")
        page = render_to_string("413.html", {"request": request, "message": message})
    return HttpResponse(page, status=413)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; or 503 while the database is away, which a browser and a gateway may try again. Reads nothing from the database."""
    away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    message = gettext(
        "Huduma does not reach its records at the moment. Nothing that you saved is lost. Try again in a minute."
    )
    page = render_to_string("500.html", {"request": request, "message": message if away else ""})
    return HttpResponse(page, status=503 if away else 500, headers={"Retry-After": "10"} if away else {})
