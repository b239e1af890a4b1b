"""Before the first question: what is needed, what it costs, and for whom it is."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from huduma.channels.portal.catalogue import charter_words
from huduma.channels.portal.drafts.pages import first_unanswered, to_page
from huduma.channels.portal.identity import AFTER_PROOF, to_sign_in
from huduma.channels.portal.performance import figures
from huduma.contexts.applications import public as applications
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.foundation.ui.requests import actor_of


@never_cache
def apply(request: HttpRequest, code: str) -> HttpResponse:
    """Before the first question: what is needed, what it costs; a draft that is there is offered again."""
    service = catalogue.get_service(code)
    if service.current_version is None:
        raise applications.NotOnline
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    if actor.applicant_id is None or not identity.is_known(actor.applicant_id):
        request.session[AFTER_PROOF] = request.path
        return redirect("portal:prove")
    form = service.current_version.part("form")
    for_organisation = form["applicant"] == "organisation"
    if actor.organisation_id and not for_organisation:
        raise applications.PersonNeeded
    organisations = identity.list_organisations_for(actor) if for_organisation else []
    organisations = [o for o in organisations if actor.organisation_id in (None, o.id)]
    by_oneself = not for_organisation and actor.applicant_id == actor.person_id
    others = identity.list_represented_for(actor, code) if by_oneself else []
    errors = {}
    rules = applications.eligibility_of(service.current_version, actor.applicant_id, timezone.localdate())
    if request.method == "POST":
        try:
            chosen, other = _organisation(request, organisations), request.POST.get("for", "")
            if others and other not in ("self", *(str(one.id) for one in others)):
                raise applications.NoMandate
            draft = applications.open_application(
                actor=actor, service_code=code, organisation_id=chosen, now=timezone.now(),
                for_person_id=next((one.id for one in others if str(one.id) == other), None),
            )  # fmt: skip
            return to_page(draft, first_unanswered(draft, applications.pages_of(draft)[0]["id"]))
        except applications.NotEligible as refusal:
            if others:  # otherwise the page says why, and what to do
                errors["for"] = refusal.message
        except applications.OrganisationNeeded:
            errors["organisation"] = gettext("Choose the business that applies.")
        except applications.NoMandate:
            errors["for"] = gettext("Choose for whom you apply.")
    context = {
        "service": service,
        "draft": applications.get_draft_for(actor, code),
        "rules": [] if others else rules,
        "eligible": bool(others) or all(met is not False for _, met in rules),
        "for_organisation": for_organisation,
        "organisations": organisations,
        "by_oneself": by_oneself,
        "others": others,
        "other": request.POST.get("for", ""),
        "chosen": request.POST.get("organisation") or str(actor.organisation_id),
        "errors": errors,
        **charter_words(service.content),
        **figures(code),
    }
    return render(request, "portal/applications/apply.html", context, status=422 if errors else 200)


def _organisation(request: HttpRequest, organisations: list[identity.Organisation]) -> UUID | None:
    typed = request.POST.get("organisation", "")
    return next((o.id for o in organisations if str(o.id) == typed), None)


urlpatterns = [
    path("services/<slug:code>/apply/", apply, name="apply"),
]
