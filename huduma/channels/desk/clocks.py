"""What ran out of time, for those to whom it was escalated."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.cache import never_cache

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.clocks import public as clocks
from huduma.foundation.ui.requests import actor_of


@never_cache
def late(request: HttpRequest) -> HttpResponse:
    """Cases that were escalated to the reader's roles, what was due first at the top."""
    actor = actor_of(request)
    rows, after = clocks.list_escalated_for(actor, after=request.GET.get("after"))
    names = {service.code: service.name for service in catalogue.list_services(online=True)}
    context = {
        "rows": [
            (row, names.get(row.service_code, {"en": row.service_code}), actor.has_role("supervisor", body=row.body_code))
            for row in rows
        ],
        "after": after, "paged": "after" in request.GET,
    }  # fmt: skip
    return render(request, "desk/late.html", context)


urlpatterns = [path("late/", late, name="late")]
