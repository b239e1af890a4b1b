"""How promises are kept, and the cases behind each figure."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.cache import never_cache

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.performance import public as performance
from huduma.foundation.ui.requests import actor_of

PARTS = ("all", "county", "channel")


@never_cache
def figures(request: HttpRequest) -> HttpResponse:
    """Every service with what people got, those that keep their promise worst at the top."""
    rows = performance.list_figures_for(actor_of(request))
    names = {service.code: service.name for service in catalogue.list_services(online=True)}
    context = {"rows": [(row, names.get(row.service_code, {"en": row.service_code})) for row in rows]}
    return render(request, "desk/figures.html", context)


@never_cache
def figure(request: HttpRequest, code: str) -> HttpResponse:
    """The cases behind one figure, newest first."""
    part, value = request.GET.get("part", "all"), request.GET.get("value", "")[:10]
    if part not in PARTS:
        part, value = "all", ""
    actor, service = actor_of(request), catalogue.get_service(code)
    rows, after = performance.list_cases_for(
        actor, service_code=code, part=part, value=value, after=request.GET.get("after")
    )
    context = {
        "service": service, "rows": [(row, actor.has_role("officer", "supervisor", body=row.body_code)) for row in rows],
        "after": after, "part": part, "value": value, "paged": "after" in request.GET,
        "found": performance.figures_of(code),
    }  # fmt: skip
    return render(request, "desk/figure.html", context)


urlpatterns = [
    path("figures/", figures, name="figures"),
    path("figures/<slug:code>/", figure, name="figure"),
]
