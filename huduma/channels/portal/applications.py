"""Applying for a service one page at a time, following what became of it, and tracking it without signing in."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import path, translate_url
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.channels.portal.catalogue import charter_words
from huduma.channels.portal.identity import AFTER_PROOF, current_actor, to_sign_in
from huduma.contexts.applications import public as applications
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import public as centres
from huduma.contexts.credentials import public as credentials
from huduma.contexts.exchange import public as exchange
from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.contexts.places import public as places
from huduma.contexts.process import public as process
from huduma.foundation import phone as phones
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.files import public as files
from huduma.foundation.translated import pick
from huduma.foundation.ui.downloads import file_response

HELD = "held_answers"
LARGEST_FILE = 5_500_000
STATUSES = {
    "draft": gettext_lazy("Not sent yet"),
    "submitted": gettext_lazy("Sent"),
    "waiting_payment": gettext_lazy("Waits for payment"),
    "in_review": gettext_lazy("Being checked"),
    "waiting_correction": gettext_lazy("Waits for your correction"),
    "waiting_visit": gettext_lazy("Waits for your visit"),
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
}


@dataclass(frozen=True)
class Field:
    """A question as the page shows it."""

    name: str
    ui: dict[str, Any]
    value: Any
    error: str
    required: bool
    options: list[tuple[str, Any]]
    files: list[applications.Upload]

    @property
    def parts(self) -> list[tuple[str, Any, str, str]]:
        """The three inputs of a date: name, label, value, and how a browser may fill it in."""
        year, month, day = [*str(self.value or "").split("-"), "", "", ""][:3]
        return [
            ("day", gettext("Day"), day.lstrip("0"), ""),
            ("month", gettext("Month"), month.lstrip("0"), ""),
            ("year", gettext("Year"), year.lstrip("0"), "year"),
        ]

    @property
    def accept(self) -> str:
        """The kinds of file for the file chooser."""
        kinds = self.ui.get("upload", {}).get("accept", [])
        return ",".join(f".{kind}" for kind in [*kinds, *(["jpg"] if "jpeg" in kinds else [])])


@never_cache
def apply(request: HttpRequest, code: str) -> HttpResponse:
    """Before the first question: what is needed, what it costs; a draft that is there is offered again."""
    service = catalogue.get_service(code)
    if service.current_version is None:
        raise applications.NotOnline
    actor = current_actor(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    if not identity.is_known(actor.applicant_id or UUID(int=0)) and not identity.is_proven(actor):
        request.session[AFTER_PROOF] = request.path
        return redirect("portal:prove")
    form = service.current_version.part("form")
    for_organisation = form["applicant"] == "organisation"
    if actor.organisation_id and not for_organisation:
        raise applications.PersonNeeded
    organisations = identity.list_organisations_for(actor) if for_organisation else []
    organisations = [o for o in organisations if actor.organisation_id in (None, o.id)]
    errors = {}
    if request.method == "POST":
        try:
            chosen = _organisation(request, organisations)
            draft = applications.open_application(
                actor=actor, service_code=code, organisation_id=chosen, now=timezone.now()
            )
            return _to_page(draft, applications.pages_of(draft)[0]["id"])
        except applications.OrganisationNeeded:
            errors["organisation"] = gettext("Choose the business that applies.")
    context = {
        "service": service,
        "draft": applications.get_draft_for(actor, code),
        "for_organisation": for_organisation,
        "organisations": organisations,
        "chosen": request.POST.get("organisation") or str(actor.organisation_id),
        "errors": errors,
        **charter_words(service.content),
    }
    return render(request, "portal/applications/apply.html", context, status=422 if errors else 200)


def _organisation(request: HttpRequest, organisations: list[identity.Organisation]) -> UUID | None:
    typed = request.POST.get("organisation", "")
    return next((o.id for o in organisations if str(o.id) == typed), None)


def _to_page(application: applications.Application, page_id: str) -> HttpResponse:
    return redirect("portal:apply_page", application_id=application.id, page_id=page_id)


@never_cache
def page(request: HttpRequest, application_id: UUID, page_id: str) -> HttpResponse:
    """One page of the form: kept as it is typed, checked when the applicant goes on."""
    actor = current_actor(request)
    if actor.kind == "anonymous":
        return _hold(request)
    application = applications.get_application_for(actor, application_id)
    if application.status not in ("draft", "waiting_correction"):
        return redirect("portal:application", application_id=application_id)
    if request.method == "POST":
        return _save(request, actor, application, page_id)
    held = request.session.pop(HELD, None)
    if held and held["path"] == request.path:
        _keep(actor, application, page_id, held["typed"])
        application.refresh_from_db()
        notes.info(request, gettext("You were signed out for your safety. What you had typed is still here."))
    return _show(request, application, page_id, {})


def _hold(request: HttpRequest) -> HttpResponse:
    """The session ended while somebody was typing: keep the page's text until they have signed in again."""
    if request.method == "POST":
        if "autosave" in request.POST:
            return HttpResponse(status=401)
        typed = {name: text[:4000] for name, text in request.POST.items() if name != "csrfmiddlewaretoken"}
        request.session[HELD] = {"path": request.path, "typed": typed}
    return to_sign_in(request)


def _keep(actor: Actor, application: applications.Application, page_id: str, typed: Any) -> dict[str, str]:
    return applications.save_page(
        actor=actor, application_id=application.id, page_id=page_id, typed=lambda name: typed.get(name, ""),
        now=timezone.now(),
    )  # fmt: skip


def _save(request: HttpRequest, actor: Actor, application: applications.Application, page_id: str) -> HttpResponse:
    asked = next((page for page in applications.pages_of(application) if page["id"] == page_id), None)
    if asked is None:
        raise NotFound
    refused = _attach(request, actor, application, asked)
    errors = {**_keep(actor, application, page_id, request.POST), **refused}
    if "autosave" in request.POST:
        return HttpResponse(status=204)
    if "switch_language" in request.POST:
        return redirect(translate_url(request.get_full_path(), request.POST["switch_language"]))
    if request.POST.get("go") == "later":
        notes.success(request, gettext("Your answers are saved. Go on whenever you like, on any device."))
        return redirect("portal:my_applications")
    application.refresh_from_db()
    by_hand = False
    if not errors and applications.asks_register(application, page_id):
        errors, by_hand = _ask(request, actor, application, asked)
        application.refresh_from_db()
    if errors:
        return _show(request, application, page_id, errors, by_hand)
    return _next(request, application, page_id)


def _attach(
    request: HttpRequest, actor: Actor, application: applications.Application, asked: dict[str, Any]
) -> dict[str, str]:
    refused = {}
    for name in asked["fields"]:
        for file in request.FILES.getlist(name):
            try:
                if (file.size or 0) > LARGEST_FILE:  # refused before it is read
                    raise files.TooLarge
                applications.attach_file(
                    actor=actor, application_id=application.id, field=name, content=file.read(),
                    name=file.name or "", now=timezone.now(),
                )  # fmt: skip
            except NotFound:
                raise
            except Refusal as refusal:
                refused[name] = refusal.message
    return refused


def _ask(
    request: HttpRequest, actor: Actor, application: applications.Application, asked: dict[str, Any]
) -> tuple[dict[str, str], bool]:
    """Ask the register; returns what is wrong, and whether going on by hand is offered."""
    field = asked["fields"][0]
    now = timezone.now()
    if request.POST.get("go") == "by-hand":
        applications.go_by_hand(actor=actor, application_id=application.id, now=now)
        return {}, False
    try:
        applications.ask_register(actor=actor, application_id=application.id, now=now)
    except exchange.RegisterUnavailable as refusal:
        return {field: refusal.message}, True
    except (exchange.NotInRegister, exchange.TooManyAttempts, applications.RecordOfOthers) as refusal:
        return {field: refusal.message}, False
    return {}, False


def _next(request: HttpRequest, application: applications.Application, page_id: str) -> HttpResponse:
    order = [page["id"] for page in applications.pages_of(application)]
    after = order[order.index(page_id) + 1 :]
    if after and request.POST.get("back") != "check":
        return _to_page(application, after[0])
    return redirect("portal:check", application_id=application.id)


def _show(
    request: HttpRequest,
    application: applications.Application,
    page_id: str,
    errors: dict[str, str],
    by_hand: bool = False,
) -> HttpResponse:
    order = applications.pages_of(application)
    place = next((number for number, page in enumerate(order) if page["id"] == page_id), None)
    if place is None:
        raise NotFound
    context = {
        "application": application,
        "service": applications.service_name(application),
        "page": order[place],
        "number": place + 1,
        "of": len(order),
        "previous": order[place - 1]["id"] if place else None,
        "fields": _fields(application, order[place], errors),
        "errors": errors,
        "by_hand": by_hand,
        "back": request.POST.get("back") or request.GET.get("back", ""),
        "reason": applications.waits_for(application) if application.status == "waiting_correction" else "",
        "switch_form": "page",
    }
    return render(request, "portal/applications/page.html", context, status=422 if errors else 200)


def _fields(application: applications.Application, asked: dict[str, Any], errors: dict[str, str]) -> list[Field]:
    counties = [(county.code, county.name) for county in places.list_counties()]
    return [
        Field(
            name=question.name,
            ui=question.ui,
            value=question.value,
            error=errors.get(question.name, ""),
            required=question.required,
            options=counties
            if question.ui["widget"] == "county"
            else [(option["value"], option["label"]) for option in question.ui.get("options", [])],
            files=question.files,
        )
        for question in applications.questions_on(application, asked)
    ]


@require_POST
def remove_file(request: HttpRequest, application_id: UUID, page_id: str) -> HttpResponse:
    """Take a file back."""
    actor = current_actor(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    try:
        upload_id = UUID(request.POST.get("upload", ""))
    except ValueError:
        raise NotFound from None
    applications.remove_file(actor=actor, application_id=application_id, upload_id=upload_id, now=timezone.now())
    return redirect("portal:apply_page", application_id=application_id, page_id=page_id)


@never_cache
def check(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """All answers before they are sent; pressing the button twice sends once."""
    actor = current_actor(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    application = applications.get_application_for(actor, application_id)
    if application.status not in ("draft", "waiting_correction"):
        return redirect("portal:application", application_id=application_id)
    errors: dict[str, str] = {}
    if request.method == "POST":
        send = applications.send_correction if application.status == "waiting_correction" else applications.submit
        try:
            send(actor=actor, application_id=application_id, now=timezone.now())
            return redirect(f"{resolve_url('portal:application', application_id=application_id)}?sent=1")
        except applications.Incomplete as refusal:
            titles = {page["id"]: page["title"] for page in applications.pages_of(application)}
            errors = {f"section-{page}": gettext("%(page)s: something is missing or wrong.") % {"page": pick(titles[page])}
                      for page in refusal.pages}  # fmt: skip
        except process.NoRule as refusal:
            errors = {"main": refusal.message}
    sections = applications.sections_of(application)
    changeable = {page["id"] for page in applications.pages_of(application)}
    context = {
        "application": application,
        "service": applications.service_name(application),
        "sections": sections,
        "changeable": changeable,
        "errors": errors,
        **_quoted(application),
    }
    return render(request, "portal/applications/check.html", context, status=422 if errors else 200)


def _quoted(application: applications.Application) -> dict[str, Any]:
    if application.status != "draft":
        return {}
    try:
        lines = applications.quote(application)
    except process.NoRule:
        return {}
    return {"lines": lines, "total": sum(cents for _, cents in lines)}


@never_cache
def application(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """The page of an application: what to do now, what happened, and the document."""
    actor = current_actor(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    found = applications.get_application_for(actor, application_id)
    if found.status == "draft":
        return _to_page(found, applications.pages_of(found)[0]["id"])
    bills = payments.bills_for_payable(found.id)
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
        "reason": applications.waits_for(found)
        if found.status in ("waiting_correction", "rejected", "waiting_visit")
        else "",
        "first_page": applications.pages_of(found)[0]["id"] if found.status == "waiting_correction" else None,
        "centres": centres.list_centres(county) if county else [],
        "promised": found.promise is not None and found.promise["confidence"] == "published",
        "turns": [(turn.at, TURNS.get(turn.what, turn.what), turn.note) for turn in applications.timeline_of(found)],
        "may_withdraw": found.status not in ("issuing", "issued", "rejected", "withdrawn"),
        "live": found.status in ("submitted", "issuing"),
    }
    return render(request, "portal/applications/application.html", context)


@never_cache
def short(request: HttpRequest, reference: str) -> HttpResponse:
    """The short address that notices carry."""
    actor = current_actor(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    found = applications.get_by_reference_for(actor, reference)
    return redirect("portal:application", application_id=found.id)


@never_cache
def my_applications(request: HttpRequest) -> HttpResponse:
    """Everything that the citizen asked for."""
    actor = current_actor(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    rows = [
        {"application": row, "service": name, "status": STATUSES.get(row.status, row.status)}
        for row, name in applications.list_applications_for(actor)
    ]
    return render(request, "portal/applications/my.html", {"rows": rows})


@never_cache
def withdraw(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Take an application back, after one question."""
    actor = current_actor(request)
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
    return file_response(applications.get_upload_for(current_actor(request), upload_id))


@never_cache
def track(request: HttpRequest) -> HttpResponse:
    """How far an application is, by its reference and the applicant's phone number, without signing in."""
    typed = {name: request.POST.get(name, request.GET.get(name, "")).strip() for name in ("reference", "phone")}
    errors, found = {}, None
    if request.method == "POST":
        try:
            number = phones.parse(typed["phone"])
            found = applications.track(reference=typed["reference"], phone=number, now=timezone.now())
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
    path("services/<slug:code>/apply/", apply, name="apply"),
    path("applications/", my_applications, name="my_applications"),
    path("applications/<uuid:application_id>/", application, name="application"),
    path("applications/<uuid:application_id>/check/", check, name="check"),
    path("applications/<uuid:application_id>/withdraw/", withdraw, name="withdraw"),
    path("applications/<uuid:application_id>/pages/<slug:page_id>/", page, name="apply_page"),
    path("applications/<uuid:application_id>/pages/<slug:page_id>/remove/", remove_file, name="remove_file"),
    path("a/<str:reference>/", short, name="short"),
    path("files/<uuid:upload_id>/", upload, name="upload"),
    path("track/", track, name="track"),
]
