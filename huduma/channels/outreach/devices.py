"""Tablets: who has which, when it was seen, what it still holds as far as it told, and how a lost one is erased."""

from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache

from huduma.channels.outreach.labels import RECORDS, frame
from huduma.contexts.identity import public as identity
from huduma.contexts.outreach import public as outreach
from huduma.foundation.journal import public as journal
from huduma.foundation.ui.requests import actor_of

ACTS = {
    "outreach.device.registered": gettext_lazy("Registered"),
    "outreach.pack.taken": gettext_lazy("Took services, forms and numbers with it"),
    "outreach.records.received": gettext_lazy("Brought records"),
    "outreach.file.received": gettext_lazy("Brought a file"),
    "outreach.device.lost": gettext_lazy("Reported lost"),
    "outreach.device.wiped": gettext_lazy("Said that it is erased"),
}


@never_cache
def tablets(request: HttpRequest) -> HttpResponse:
    """The tablets of the reader's teams, the latest first."""
    actor = actor_of(request)
    actor.require_role("officer", "supervisor", "secretariat", "administrator")
    found = outreach.list_tablets_for(actor)
    names = identity.staff_names({one.account_id for one in found})
    context = frame(actor, tablets=[(one, names.get(one.account_id, "")) for one in found], now=timezone.now())
    return render(request, "outreach/tablets.html", context)


@never_cache
def tablet(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """One tablet with its history; here it is reported lost."""
    actor = actor_of(request)
    if request.method == "POST":
        outreach.report_lost(actor=actor, device_id=device_id, now=timezone.now())
        notes.success(
            request, gettext("Reported lost. It takes nothing in any more and erases itself when it next calls.")
        )
        return redirect("outreach:tablet_page", device_id=device_id)
    found = outreach.get_tablet_for(actor, device_id)
    entries = journal.entries_concerning(device_id, acts=tuple(ACTS), limit=100)
    context = frame(
        actor, device=found.device, officer=found.officer, days=outreach.TOKEN_DAYS,
        counts=[(RECORDS[name], number) for name, number in found.counts.items()],
        turns=[(one.at, ACTS[one.act]) for one in entries],
    )  # fmt: skip
    return render(request, "outreach/tablet_page.html", context)


urlpatterns = [
    path("tablets/", tablets, name="tablets"),
    path("tablets/<uuid:device_id>/", tablet, name="tablet_page"),
]
