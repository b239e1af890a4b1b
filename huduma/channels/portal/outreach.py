"""Outreach visits near the reader: where Huduma comes, when, with which services; told of by SMS to whom wants it."""

from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.outreach import public as outreach
from huduma.contexts.places import public as places
from huduma.foundation import phone as phones
from huduma.foundation import throttle
from huduma.foundation.access import NotFound, Refusal
from huduma.foundation.ui.requests import actor_of, address_of

ASKS_AN_HOUR = 20


class TooManyAsked(Refusal):
    """Too many numbers were entered from here. Wait an hour and try again."""


def visits(request: HttpRequest) -> HttpResponse:
    """The visits to come, of one county or all."""
    county = request.GET.get("county", "")
    counties = places.list_counties()
    if county not in {one.code for one in counties}:
        county = ""
    context = {
        "visits": outreach.list_coming(county_code=county, now=timezone.now()), "counties": counties, "county": county,
    }  # fmt: skip
    return render(request, "portal/outreach/visits.html", context)


@never_cache
def visit(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """The public notice of a visit: what to bring for each service, what it costs, and being told the day before."""
    found, now, errors = outreach.get_visit(visit_id), timezone.now(), {}
    typed = request.POST.get("phone", "").strip()
    if request.method == "POST":
        try:
            if not throttle.allow(f"outreach:{address_of(request)}", limit=ASKS_AN_HOUR, seconds=3600):
                raise TooManyAsked
            outreach.follow_visit(
                actor=actor_of(request), visit_id=visit_id, phone=typed, language=get_language() or "sw", now=now
            )
        except phones.InvalidPhone:
            errors["phone"] = gettext("Type a phone number like 0712 345 678.")
        except NotFound:
            raise
        except Refusal as refusal:
            errors["phone"] = refusal.message
        else:
            notes.success(request, gettext("We text you the day before, and if the visit is called off."))
            return redirect("portal:outreach_visit", visit_id=visit_id)
    offered = [catalogue.get_service(code) for code in found.services]
    context = {
        "visit": found, "services": [(one, catalogue.fees_in_words(one.content)) for one in offered], "errors": errors,
        "typed": typed, "may_follow": found.state == "planned" and found.starts_at > now,
    }  # fmt: skip
    return render(request, "portal/outreach/visit.html", context, status=422 if errors else 200)


urlpatterns = [
    path("mashinani/", visits, name="outreach_visits"),
    path("mashinani/<uuid:visit_id>/", visit, name="outreach_visit"),
]
