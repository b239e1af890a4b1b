"""The businesses for which a citizen acts."""

import re

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.channels.portal.identity.proof import AFTER_PROOF
from huduma.channels.portal.identity.sign_in import to_sign_in
from huduma.contexts.identity import public as identity
from huduma.foundation.access import NotFound
from huduma.foundation.ui.requests import actor_of

ACTING_FOR = "on_behalf_of"


@never_cache
def organisations(request: HttpRequest) -> HttpResponse:
    """The businesses for which the citizen acts, and adding one."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    if not identity.is_proven(actor):
        request.session[AFTER_PROOF] = request.path
        return redirect("portal:prove")
    typed = {name: request.POST.get(name, "").strip()[:200] for name in ("name", "registration_number", "kind")}
    errors = {}
    if request.method == "POST":
        if len(typed["name"]) < 2:
            errors["name"] = gettext("Write the name of the business as it is registered.")
        if not REGISTRATION.fullmatch(typed["registration_number"]):
            errors["registration_number"] = gettext(
                "Write the registration number on the certificate, such as BN-ABC12345."
            )
        if typed["kind"] not in KINDS:
            errors["kind"] = gettext("Choose the kind of business.")
        if not errors:
            try:
                identity.register_organisation(actor=actor, now=timezone.now(), **typed)
            except identity.OrganisationTaken as refusal:
                errors["registration_number"] = refusal.message
            else:
                notes.success(request, gettext("Your business is added. You can apply for it now."))
                return redirect("portal:organisations")
    context = {
        "errors": errors, "typed": typed, "kinds": KINDS,
        "organisations": [(o, KINDS[o.kind]) for o in identity.list_organisations_for(actor)],
    }  # fmt: skip
    return render(request, "portal/identity/organisations.html", context, status=422 if errors else 200)


KINDS = {
    "sole-proprietor": gettext_lazy("Business of one person"),
    "partnership": gettext_lazy("Partnership"),
    "company": gettext_lazy("Company"),
    "society": gettext_lazy("Society or group"),
}


REGISTRATION = re.compile(r"[A-Za-z0-9/-]{3,30}")


@require_POST
def act_for(request: HttpRequest) -> HttpResponse:
    """Act for one of one's businesses from now on, until one stops or the mandate ends."""
    typed = request.POST.get("organisation", "")
    chosen = next((o for o in identity.list_organisations_for(actor_of(request)) if str(o.id) == typed), None)
    if chosen is None:
        raise NotFound
    request.session[ACTING_FOR] = str(chosen.id)
    return redirect("portal:my_applications")


@require_POST
def stop_acting(request: HttpRequest) -> HttpResponse:
    """Act for oneself again."""
    request.session.pop(ACTING_FOR, None)
    return redirect("portal:organisations")


urlpatterns = [
    path("account/organisations/", organisations, name="organisations"),
    path("account/organisations/act/", act_for, name="act_for"),
    path("account/organisations/stop/", stop_acting, name="stop_acting"),
]
