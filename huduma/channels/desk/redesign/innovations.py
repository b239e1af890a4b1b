"""The register of innovations at the desk: every body reads it, whoever redesigned a service enters it, the Secretariat publishes."""

from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.reengineering import public as reengineering
from huduma.foundation.ui.requests import actor_of

FIELDS = ("title_en", "title_sw", "change_en", "change_sw")


@never_cache
def innovations(request: HttpRequest) -> HttpResponse:
    """Every innovation that was entered, newest first."""
    actor = actor_of(request)
    names = {service.code: service.name for service in catalogue.list_services(online=True)}
    rows = [
        (one, names.get(one.service_code, {"en": one.service_code}))
        for one in reengineering.list_innovations_for(actor)
    ]
    context = {"rows": rows, "may_publish": actor.has_role("secretariat")}
    return render(request, "desk/redesign/innovations.html", context)


@never_cache
def tell(request: HttpRequest, code: str, first: int, second: int) -> HttpResponse:
    """Tell what was changed between two measured versions, in both languages."""
    actor = actor_of(request)
    before, after = (reengineering.get_measurement_for(actor, code, number) for number in (first, second))
    typed = {name: request.POST.get(name, "").strip() for name in FIELDS}
    errors = {}
    if request.method == "POST":
        try:
            reengineering.enter_innovation(
                actor=actor, before_version_id=before.version_id, after_version_id=after.version_id,
                title={"en": typed["title_en"], "sw": typed["title_sw"]},
                change={"en": typed["change_en"], "sw": typed["change_sw"]}, now=timezone.now(),
            )  # fmt: skip
        except (reengineering.InnovationIncomplete, reengineering.NothingMeasured) as refusal:
            errors[next((name for name in FIELDS if not typed[name]), "title_en")] = refusal.message
        else:
            notes.success(
                request,
                gettext("It is in the register. Other bodies read it now; the Secretariat can tell the public."),
            )
            return redirect("desk:innovations")
    context = {"service": catalogue.get_service(code), "pair": (before, after), "typed": typed, "errors": errors}
    return render(request, "desk/redesign/tell.html", context, status=422 if errors else 200)


@require_POST
def publish(request: HttpRequest, innovation_id: UUID) -> HttpResponse:
    """Tell everybody."""
    reengineering.publish_innovation(actor=actor_of(request), innovation_id=innovation_id, now=timezone.now())
    notes.success(request, gettext("Everybody can read it now."))
    return redirect("desk:innovations")


urlpatterns = [
    path("innovations/", innovations, name="innovations"),
    path("innovations/<uuid:innovation_id>/publish/", publish, name="publish_innovation"),
    path("redesign/<slug:code>/tell/<int:first>/<int:second>/", tell, name="tell_innovation"),
]
