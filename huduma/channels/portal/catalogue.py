"""Finding a service, and reading its charter."""

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, gettext_lazy, override

from huduma.channels.portal.performance import figures
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import public as centres
from huduma.contexts.knowledge import public as knowledge
from huduma.contexts.places import public as places
from huduma.contexts.process import public as process
from huduma.foundation.access import NotFound

LIFE_EVENTS = {
    "birth": gettext_lazy("Having a child"),
    "identity": gettext_lazy("Proving who you are"),
    "education": gettext_lazy("Learning and studying"),
    "work": gettext_lazy("Finding and keeping work"),
    "business": gettext_lazy("Starting and running a business"),
    "driving": gettext_lazy("Driving and vehicles"),
    "travel": gettext_lazy("Travelling"),
    "marriage": gettext_lazy("Marriage and family"),
    "health": gettext_lazy("Health"),
    "housing": gettext_lazy("Housing, water and power"),
    "land": gettext_lazy("Land and property"),
    "tax": gettext_lazy("Tax"),
    "justice": gettext_lazy("Justice and safety"),
    "citizenship": gettext_lazy("Citizenship and immigration"),
    "social_protection": gettext_lazy("Social protection"),
    "retirement": gettext_lazy("Retirement"),
    "death": gettext_lazy("When someone dies"),
}
CONFIDENCE = {
    "published": gettext_lazy("from an official publication"),
    "secondary": gettext_lazy("from a guide or the press, not confirmed"),
    "estimate": gettext_lazy("compiled from common practice, not confirmed"),
    "none": gettext_lazy("not found"),
}
SCRIPT_ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


def home(request: HttpRequest) -> HttpResponse:
    """The start page: search first."""
    counts = catalogue.count_by_life_event()
    events = [(slug, title, counts.get(slug, 0)) for slug, title in LIFE_EVENTS.items()]
    online = catalogue.list_services(online=True)
    return render(request, "portal/catalogue/home.html", {"life_events": events, "online": online})


def search(request: HttpRequest) -> HttpResponse:
    """Search results, best first."""
    typed = request.GET.get("q", "").strip()[:200]
    result = catalogue.search(typed) if typed else None
    return render(request, "portal/catalogue/search.html", {"q": typed, "result": result})


def service(request: HttpRequest, code: str) -> HttpResponse:
    """The charter of one service."""
    found = catalogue.get_service(code)
    content = found.content
    context = {
        "service": found,
        "channels": [catalogue.CHANNELS[name] for name in content["channels"]],
        **charter_words(content),
        **figures(code),
        "structured": _structured(request, found),
        "drawing": _drawing(found),
        "answers": knowledge.list_about(code, now=timezone.now()),
    }
    return render(request, "portal/catalogue/service.html", context)


def _drawing(found: catalogue.Service) -> process.Drawing | None:
    """Return the steps of a service that runs here, drawn."""
    version = found.current_version
    if version is None:
        return None
    return process.draw_definition(version.part("process_bpmn"), version.part("rules_dmn") or "")


def life_events(request: HttpRequest) -> HttpResponse:
    """All life events."""
    counts = catalogue.count_by_life_event()
    events = [(slug, title, counts.get(slug, 0)) for slug, title in LIFE_EVENTS.items()]
    return render(request, "portal/catalogue/life_events.html", {"life_events": events})


def life_event(request: HttpRequest, slug: str) -> HttpResponse:
    """The services around one life event."""
    if slug not in LIFE_EVENTS:
        raise NotFound
    found = catalogue.list_services(life_event=slug)
    return render(request, "portal/catalogue/list.html", {"heading": LIFE_EVENTS[slug], "services": found})


def bodies(request: HttpRequest) -> HttpResponse:
    """All public bodies, with how many services each offers."""
    counts = catalogue.count_by_body()
    rows = [(body, counts.get(body.code, 0)) for body in places.list_bodies()]
    return render(request, "portal/catalogue/bodies.html", {"rows": rows})


def body(request: HttpRequest, code: str) -> HttpResponse:
    """The services of one body; a county government offers all county services."""
    found = places.get_body(code)
    is_county = found.code.startswith("CG-")
    services = catalogue.list_services(level="county") if is_county else catalogue.list_services(body_code=code)
    below = places.bodies_below(code)
    return render(
        request,
        "portal/catalogue/list.html",
        {"heading": found.name, "services": services, "body": found, "below": below},
    )


def counties(request: HttpRequest) -> HttpResponse:
    """The 47 counties."""
    return render(request, "portal/catalogue/counties.html", {"counties": places.list_counties()})


def county(request: HttpRequest, code: str) -> HttpResponse:
    """A county: its constituencies and where people are served in person."""
    context = {
        "county": places.get_county(code),
        "constituencies": places.list_constituencies(code),
        "centres": centres.list_centres(code),
    }
    return render(request, "portal/catalogue/county.html", context)


def sitemap(request: HttpRequest) -> HttpResponse:
    """sitemap.xml with both languages of every page."""
    paths: list[tuple[str, dict[str, str]]] = [
        ("portal:home", {}),
        ("portal:life_events", {}),
        ("portal:bodies", {}),
        ("portal:counties", {}),
    ]
    paths += [("portal:answers", {})]
    paths += [("portal:answer", {"code": one.article_id}) for one in knowledge.list_public(now=timezone.now())]
    paths += [("portal:service", {"code": found.code}) for found in catalogue.list_services()]
    pages = []
    for name, arguments in paths:
        addresses = {}
        for language, _ in settings.LANGUAGES:
            with override(language):
                addresses[language] = settings.PUBLIC_URL + reverse(name, kwargs=arguments)
        pages.append(addresses)
    return render(request, "portal/catalogue/sitemap.xml", {"pages": pages}, content_type="application/xml")


def robots(request: HttpRequest) -> HttpResponse:
    """robots.txt."""
    text = f"User-agent: *\nDisallow: /*/desk/\nSitemap: {settings.PUBLIC_URL}/en/sitemap.xml\n"
    return HttpResponse(text, content_type="text/plain")


def schema(request: HttpRequest, name: str) -> JsonResponse:
    """A published JSON Schema of the packages, for editors and other programs; `tasks`: what service tasks are told."""
    try:
        found = process.tasks_schema() if name == "tasks" else catalogue.schema(name)
    except KeyError:
        raise NotFound from None
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=3600"}
    return JsonResponse(found, json_dumps_params={"indent": 1}, content_type="application/schema+json", headers=headers)


def charter_words(content: dict[str, Any]) -> dict[str, Any]:
    """What a charter promises, in words: `fees`, the `schedule` that they come from, `turnaround`, and how sure each figure is."""
    return {
        "content": content,
        "fees": catalogue.fees_in_words(content),
        "schedule": _schedule(content),
        "turnaround": catalogue.turnaround_in_words(content["turnaround"]),
        "confidence": {name: CONFIDENCE[level] for name, level in content["confidence"].items()},
    }


def _schedule(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of the fee schedule in force or to come, with the amount in `words`."""
    lines = catalogue.schedule(content, timezone.localdate())
    for line in lines:
        if "amount" in line:
            line["words"] = catalogue.price_in_words(line["amount"], line.get("currency", "KES"))
        else:
            line["words"] = gettext("worked out from your answers")
    return lines


def _structured(request: HttpRequest, found: catalogue.Service) -> SafeString:
    """The service as schema.org GovernmentService, for search engines."""
    language = get_language() or "en"
    data = {
        "@context": "https://schema.org",
        "@type": "GovernmentService",
        "name": found.name[language],
        "description": found.content["description"][language],
        "serviceType": found.category,
        "areaServed": {"@type": "Country", "name": "Kenya"},
        "provider": {"@type": "GovernmentOrganization", "name": found.body.name[language]},
        "url": settings.PUBLIC_URL + request.path,
        "inLanguage": language,
    }
    # As Django's json_script does: no character that could end the script element.
    return mark_safe(json.dumps(data, ensure_ascii=False).translate(SCRIPT_ESCAPES))  # noqa: S308


urlpatterns = [
    path("", home, name="home"),
    path("search/", search, name="search"),
    path("services/<slug:code>/", service, name="service"),
    path("life-events/", life_events, name="life_events"),
    path("life-events/<slug:slug>/", life_event, name="life_event"),
    path("bodies/", bodies, name="bodies"),
    path("bodies/<str:code>/", body, name="body"),
    path("counties/", counties, name="counties"),
    path("counties/<str:code>/", county, name="county"),
    path("sitemap.xml", sitemap, name="sitemap"),
    path("robots.txt", robots, name="robots"),
]
