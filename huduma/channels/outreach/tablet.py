"""The page that a tablet installs: the same for everybody, without a session, so that it can be kept for a day without a network.

What it shows of anybody it gets by the API, and keeps encrypted under the officer's PIN.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext, override
from django.views.decorators.cache import cache_control, never_cache

from huduma.channels.outreach.words import words_in
from huduma.contexts.outreach import public as outreach
from huduma.foundation.ui.requests import actor_of

#: What the first view is made of, and what the scripts ask for when it is shown.
FIRST = ("app", "day", "store", "sync", "words")
LATER = ("apply", "fields", "forms", "photos", "screens")
STYLES = ("ui/huduma.css", "outreach/tablet.css")
ICONS = ("outreach/icon-192.png", "outreach/icon-512.png")


def to_tablet(request: HttpRequest) -> HttpResponse:
    """Lead from an address with a language to the page, which has both."""
    return HttpResponseRedirect(f"{reverse('outreach_api:tablet')}#{get_language()}")


def _addresses(modules: Iterable[str]) -> list[str]:
    return [static(f"outreach/{name}.js") for name in modules]


def _context() -> dict[str, Any]:
    return {
        "words": {code: words_in(code) for code, _ in settings.LANGUAGES},
        "scripts": _addresses(FIRST),
        "styles": [static(name) for name in STYLES],
        "icon": static(ICONS[0]),
        "language": get_language(),
        "SANDBOX": settings.SANDBOX,
    }


@cache_control(no_cache=True)
def tablet(request: HttpRequest) -> HttpResponse:
    """The page, with all its words; scripts do the rest."""
    return render(request, "outreach/tablet.html", _context())


@cache_control(no_cache=True)
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, which keeps the page and what it is made of. Its name for them changes when any of them does."""
    with override("en"):
        context = _context()
        whole = render_to_string("outreach/tablet.html", context)
    files = (*context["scripts"], *_addresses(LATER), *context["styles"], *map(static, ICONS))
    shell = [reverse("outreach_api:tablet"), *files]
    version = hashlib.sha256(f"{whole}{shell}".encode()).hexdigest()[:12]
    said = {"cache": f"huduma-tablet-{version}", "shell": json.dumps(shell)}
    return render(request, "outreach/worker.js", said, content_type="text/javascript")


@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> HttpResponse:
    """What an installed page is called and looks like (W3C Web Application Manifest)."""
    start = reverse("outreach_api:tablet")
    content = {
        "id": start, "start_url": start, "scope": start, "display": "standalone", "name": "Huduma Mashinani",
        "short_name": "Mashinani", "lang": get_language(), "background_color": "#fbfbf8", "theme_color": "#0e1a14",
        "icons": [
            {"src": static(name), "type": "image/png", "sizes": f"{size}x{size}", "purpose": "any maskable"}
            for name, size in zip(ICONS, (192, 512), strict=True)
        ],
    }  # fmt: skip
    return JsonResponse(content, content_type="application/manifest+json")


@never_cache
def visits(request: HttpRequest) -> HttpResponse:
    """For whom a tablet can be prepared: the coming visits of the officer who is signed in."""
    actor = actor_of(request)
    if not actor.is_staff:
        sign_in = f"{resolve_url('desk:sign_in')}?{urlencode({'next': reverse('outreach_api:tablet')})}"
        message = gettext("Sign in at the desk with your password and code, once: then this tablet is bound to you.")
        return JsonResponse({"message": message, "sign_in": sign_in}, status=401)
    found = [
        {"id": str(one.id), "place": one.place, "county": one.county.name, "opens": one.starts_at.isoformat()}
        for one in outreach.list_my_visits_for(actor, now=timezone.now())
    ]
    return JsonResponse({"visits": found, "csrf": get_token(request)})


urlpatterns = [path("tablet/", to_tablet, name="tablet")]
root_urlpatterns = [
    path("tablet/", tablet, name="tablet"),
    path("tablet/visits/", visits, name="tablet_visits"),
    path("worker.js", worker, name="worker"),
    path("manifest.webmanifest", manifest, name="manifest"),
]
