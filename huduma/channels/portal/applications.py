"""Following what became of an application, taking it back, and tracking it without signing in."""

from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache

from huduma.channels.portal.identity import to_sign_in
from huduma.contexts.applications import public as applications
from huduma.contexts.centres import public as centres
from huduma.contexts.clocks import public as clocks
from huduma.contexts.contact import public as contact
from huduma.contexts.credentials import public as credentials
from huduma.contexts.payments import public as payments
from huduma.contexts.process import public as process
from huduma.foundation import phone as phones
from huduma.foundation.access import NotFound, Refusal
from huduma.foundation.translated import pick
from huduma.foundation.ui.downloads import file_response
from huduma.foundation.ui.requests import actor_of

STATUSES = {
    "draft": gettext_lazy("Not sent yet"),
    "submitted": gettext_lazy("Sent"),
    "waiting_payment": gettext_lazy("Waits for payment"),
    "in_review": gettext_lazy("Being checked"),
    "waiting_correction": gettext_lazy("Waits for your correction"),
    "waiting_visit": gettext_lazy("Waits for your visit"),
    "waiting_agreement": gettext_lazy("Waits until others agree"),
    "issuing": gettext_lazy("Approved, document being signed"),
    "issued": gettext_lazy("Approved, document ready"),
    "rejected": gettext_lazy("Not approved"),
    "withdrawn": gettext_lazy("Withdrawn"),
}
TURNS = {
    **STATUSES,
    "applications.application.submitted": gettext_lazy("You sent the application"),
    "applications.application.corrected": gettext_lazy("You sent the correction"),
    "payments.bill.settled": gettext_lazy("Payment received"),
    "payments.payment.failed": gettext_lazy("A payment did not go through"),
    "credentials.credential.revoked": gettext_lazy("The document was declared void"),
    "clocks.clock.lapsed": gettext_lazy("The time that the law gives the office ran out"),
}


def _way(application_id: UUID, bills: list[payments.Bill]) -> str:
    """Return how far an application is, drawn; "" where its process tells no turns. Who had nothing to pay did not pay."""
    stations = [
        one for one in process.way_of(application_id) if bills or (one.status, one.state) != ("waiting_payment", "done")
    ]
    named = [(str(STATUSES.get(station.status, pick(station.name))), station) for station in stations]
    return process.draw_way(named) if named else ""


@never_cache
def application(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """The page of an application: what to do now, what happened, and the document."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    found = applications.get_application_for(actor, application_id)
    if found.status == "draft":
        first = applications.pages_of(found)[0]["id"]
        return redirect("portal:apply_page", application_id=application_id, page_id=first)
    bills, turns = payments.bills_for_payable(found.id), applications.timeline_of(found)
    document = credentials.document_of(found.id)
    county = applications.visit_county(found) if found.status == "waiting_visit" else None
    context = {
        "application": found,
        "service": applications.service_name(found),
        "status": STATUSES.get(found.status, found.status),
        "sent": "sent" in request.GET,
        "open_bill": next((bill for bill in bills if bill.state == "open"), None),
        "settled_bills": [bill for bill in bills if bill.state == "settled"],
        "document": document,
        "reason": applications.waits_for(found),
        "way": _way(found.id, bills),
        "matters": contact.list_about_for(actor, found.id),
        "first_page": applications.pages_of(found)[0]["id"] if found.status == "waiting_correction" else None,
        "centres": centres.list_centres(county) if county else [],
        "by_another": found.representative if found.representative_id not in (None, actor.person_id) else None,
        "agreements": applications.agreements_of(found),
        "visit": centres.appointment_of_case(found.id, now=timezone.now()) if found.status == "waiting_visit" else None,
        "turns": [(turn.at, TURNS.get(turn.what, turn.what), turn.note) for turn in turns],
        "may_withdraw": applications.may_withdraw(found),
        "time": time_words(found.id),
        "live": found.status in ("submitted", "issuing"),
    }
    return render(request, "portal/applications/application.html", context)


def time_words(application_id: UUID) -> dict[str, Any]:
    """What is told of an application's time: why the clock stands still, when it stood, and what laws say."""
    time = clocks.time_of(application_id)
    if time is None:
        return {}
    return {
        "waits": STATUSES.get(time.waits_in, time.waits_in),
        "since": time.waits_since,
        "stood": [(STATUSES.get(pause.status, pause.status), pause.began_at, pause.ended_at) for pause in time.stood],
        "laws": time.laws,
    }


@never_cache
def short(request: HttpRequest, reference: str) -> HttpResponse:
    """The short address that notices carry."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    found = applications.get_by_reference_for(actor, reference)
    return redirect("portal:application", application_id=found.id)


@never_cache
def my_applications(request: HttpRequest) -> HttpResponse:
    """Everything that the citizen asked for."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    rows = [
        {
            "application": row,
            "service": name,
            "status": STATUSES.get(row.status, row.status),
            "other": row.person.full_name if row.representative_id == actor.person_id else "",
        }
        for row, name in applications.list_applications_for(actor)
    ]
    return render(request, "portal/applications/my.html", {"rows": rows})


@never_cache
def withdraw(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Take an application back, after one question."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    found = applications.get_application_for(actor, application_id)
    if request.method == "POST":
        if found.status == "draft":
            applications.discard_draft(actor=actor, application_id=application_id, now=timezone.now())
            notes.success(request, gettext("Your draft and its files are deleted."))
            return redirect("portal:my_applications")
        applications.withdraw(actor=actor, application_id=application_id, now=timezone.now())
        notes.success(request, gettext("Your application is withdrawn."))
        return redirect("portal:application", application_id=application_id)
    context = {"application": found, "service": applications.service_name(found)}
    return render(request, "portal/applications/withdraw.html", context)


@never_cache
def upload(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Give a file back to whoever uploaded it."""
    return file_response(applications.get_upload_for(actor_of(request), upload_id))


@never_cache
def track(request: HttpRequest) -> HttpResponse:
    """How far an application is, by its reference and the applicant's phone number, without signing in."""
    typed = {name: request.POST.get(name, request.GET.get(name, "")).strip() for name in ("reference", "phone")}
    errors, found = {}, None
    if request.method == "POST":
        try:
            number = phones.parse(typed["phone"])
            found = applications.track(
                reference=typed["reference"], phone=number, address=actor_of(request).address, now=timezone.now()
            )
        except phones.InvalidPhone:
            errors["phone"] = gettext("Type a phone number like 0712 345 678.")
        except NotFound:
            errors["reference"] = gettext(
                "No application has this reference and this phone number. Check both; the reference is in our SMS."
            )
        except Refusal as refusal:
            errors["reference"] = refusal.message
    context = {
        "typed": typed,
        "errors": errors,
        "found": found,
        "status": STATUSES.get(found.status, found.status) if found else "",
        "turns": [(turn.at, TURNS.get(turn.what, turn.what)) for turn in found.turns] if found else [],
    }
    return render(request, "portal/applications/track.html", context, status=422 if errors else 200)


urlpatterns = [
    path("applications/", my_applications, name="my_applications"),
    path("applications/<uuid:application_id>/", application, name="application"),
    path("applications/<uuid:application_id>/withdraw/", withdraw, name="withdraw"),
    path("a/<str:reference>/", short, name="short"),
    path("files/<uuid:upload_id>/", upload, name="upload"),
    path("track/", track, name="track"),
]
