"""Conflicts: both sides on one page, the choices that the rule declares, and a reason."""

from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache

from huduma.channels.outreach.labels import KINDS, RECORDS, frame
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.outreach import public as outreach
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.ui.requests import actor_of

CHOICES = {
    "as-known": gettext_lazy("It is the known person: take it over for them, their record stays as it is"),
    "without-number": gettext_lazy("It is another person: register them without this ID number"),
    "as-well": gettext_lazy("Send this one as well"),
    "replace": gettext_lazy("Put this one in the place of what they began elsewhere"),
    "as-draft": gettext_lazy("Keep it as a draft that the person finishes; they get an SMS"),
    "new-number": gettext_lazy("Take it over under a new number"),
    "again": gettext_lazy("Try again now: what was in the way is settled"),
    "drop": gettext_lazy("Take nothing over; the officer tells the person why, and gives money back"),
}


@never_cache
def conflicts(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, the oldest first."""
    actor = actor_of(request)
    actor.require_role("supervisor", "secretariat", "administrator")
    found = [(one, KINDS[one.kind], outreach.state_of(one)[1]) for one in outreach.list_conflicts_for(actor)]
    return render(request, "outreach/conflicts.html", frame(actor, conflicts=found))


@never_cache
def conflict(request: HttpRequest, record_id: UUID) -> HttpResponse:
    """One conflict: what was taken in, what is here, and what becomes of it."""
    actor, errors = actor_of(request), {}
    if request.method == "POST":
        try:
            outreach.decide_conflict(
                actor=actor, record_id=record_id, choice=request.POST.get("choice", ""),
                reason=request.POST.get("reason", ""), now=timezone.now(),
            )  # fmt: skip
        except (NotFound, NotPermitted):
            raise
        except outreach.ReasonMissing as refusal:
            errors["reason"] = refusal.message
        except Refusal as refusal:
            errors["choice"] = refusal.message
        else:
            notes.success(request, gettext("Decided. The tablet learns of it when it next syncs."))
            return redirect("outreach:conflicts")
    found = outreach.get_conflict_for(actor, record_id)
    body = found.record.body
    service = catalogue.get_service(body["service"]).name if body.get("service") else None
    context = frame(
        actor, dispute=found, record=found.record, body=body, kind=KINDS[found.record.kind], service=service,
        state=RECORDS[found.record.state], other=found.record.facts.get("other", {}), errors=errors, typed=request.POST,
        choices=[(name, CHOICES[name]) for name in found.choices],
    )  # fmt: skip
    return render(request, "outreach/conflict.html", context, status=422 if errors else 200)


urlpatterns = [
    path("conflicts/", conflicts, name="conflicts"),
    path("conflicts/<uuid:record_id>/", conflict, name="conflict"),
]
