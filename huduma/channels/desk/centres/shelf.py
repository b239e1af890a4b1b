"""The shelf: printed documents that came, who collected them, and which wait too long."""

from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.channels.desk.centres.place import centre_of, service_name
from huduma.contexts.applications import public as applications
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import public as centres
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.ui.requests import actor_of

PROOF_NAMES = {
    "id-card": gettext_lazy("ID card"),
    "passport": gettext_lazy("Passport"),
    "waiting-card": gettext_lazy("Waiting card"),
    "fingerprint": gettext_lazy("Fingerprint"),
    "letter": gettext_lazy("Letter of the holder, and the agent’s ID card"),
}


#: What can be looked at of a shelf, beside all of it: what has lain for so many days, and what is to be sent on.
TO_SEND = "send"


@never_cache
def shelf(request: HttpRequest) -> HttpResponse:
    """What waits at a centre, the oldest first, a page at a time; receiving a document by the reference of its application."""
    actor, now, centre = actor_of(request), timezone.now(), centre_of(request)
    errors: dict[str, str] = {}
    typed = {name: request.POST.get(name, "").strip() for name in ("reference", "shelf")}
    if request.method == "POST":
        try:
            case_id, person_id, code = applications.ids_of(typed["reference"])
            service = catalogue.get_service(code)
            document = centres.receive_document(
                actor=actor, centre_code=centre.code, person_id=person_id, title=dict(service.content["output"])
                if "output" in service.content else dict(service_name(code)), body_code=service.body_id,
                shelf=typed["shelf"], case_id=case_id, now=now,
            )  # fmt: skip
            notes.success(request, gettext("On the shelf; the holder is told."))
            return redirect("desk:collectable", collectable_id=document.id)
        except NotFound:
            errors["reference"] = gettext("No application has this reference. Check it on the document’s cover.")
    only = request.GET.get("only", "")
    days = int(only) if only in map(str, centres.AGES) else 0
    page = centres.list_shelf_for(
        actor, centre.code, now=now, after=_maybe_uuid(request.GET.get("after", "")), at_least_days=days,
        to_send=only == TO_SEND,
    )  # fmt: skip
    context = {
        "centre": centre, "page": page, "only": only, "coming": centres.list_coming_for(actor, centre.code),
        "ages": centres.count_by_age(centre.code, now=now), "errors": errors, "typed": typed,
        "may_return": days >= centres.RETURN_AFTER_DAYS and actor.has_role("supervisor", "secretariat"),
        "to_return": [row.document.id for row in page.rows if row.document.state == "ready"],
    }  # fmt: skip
    return render(request, "desk/centres/shelf.html", context, status=422 if errors else 200)


@never_cache
def find(request: HttpRequest) -> HttpResponse:
    """Open the document that somebody asks for: its reference, that of the application, or the holder's ID number."""
    centre, typed = centre_of(request), request.GET.get("reference", "")
    try:
        case_id = applications.ids_of(typed)[0]
    except NotFound:
        case_id = None
    found = centres.find_on_shelf_for(actor_of(request), centre.code, typed=typed, case_id=case_id)
    if len(found) == 1:
        return redirect("desk:collectable", collectable_id=found[0].id)
    if not found:
        notes.warning(request, gettext("No document here has this reference or belongs to this ID number."))
        return redirect(f"{reverse('desk:shelf')}?centre={centre.code}")
    return render(request, "desk/centres/found.html", {"centre": centre, "found": found, "asked": typed})


@require_POST
def give_back(request: HttpRequest) -> HttpResponse:
    """Send back what stands on a page and has waited too long."""
    centre = centre_of(request)
    asked = [key for text in request.POST.getlist("document") if (key := _maybe_uuid(text))]
    went = centres.return_documents(
        actor=actor_of(request), centre_code=centre.code, collectable_ids=asked, now=timezone.now()
    )
    notes.success(request, gettext("Sent back: %(number)s.") % {"number": went})
    return redirect(f"{reverse('desk:shelf')}?centre={centre.code}&only={centres.RETURN_AFTER_DAYS}")


def _maybe_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@never_cache
def collectable(request: HttpRequest, collectable_id: UUID) -> HttpResponse:
    """One document: hand it over with proof of identity, send it on, put it on the shelf, or send it back."""
    actor, now, errors = actor_of(request), timezone.now(), {}
    asked = request.POST
    if request.method == "POST":
        about: dict[str, Any] = {"actor": actor, "collectable_id": collectable_id, "now": now}
        try:
            if asked.get("do") == "send":
                centres.send_document(**about)
            elif asked.get("do") == "shelve":
                centres.shelve_document(**about, shelf=asked.get("shelf", ""))
            elif asked.get("do") == "return":
                centres.return_document(**about)
            else:
                centres.hand_over_document(
                    **about,
                    proof=asked.get("proof", ""),
                    by=asked.get("by", ""),
                    collector_name=asked.get("collector", ""),
                )
            notes.success(request, gettext("Recorded."))
            return redirect("desk:shelf")
        except (NotPermitted, NotFound):
            raise
        except Refusal as refusal:
            errors["proof"] = refusal.message
    document = centres.view_document(actor=actor, collectable_id=collectable_id, now=now)
    context = {
        "document": document, "proofs": PROOF_NAMES.items(), "errors": errors, "typed": asked,
        "is_boss": actor.has_role("supervisor", "secretariat"), "days": (now - document.received_at).days,
    }  # fmt: skip
    return render(request, "desk/centres/collectable.html", context, status=422 if errors else 200)


urlpatterns = [
    path("shelf/", shelf, name="shelf"),
    path("shelf/find/", find, name="find_collectable"),
    path("shelf/back/", give_back, name="give_back"),
    path("shelf/<uuid:collectable_id>/", collectable, name="collectable"),
]
