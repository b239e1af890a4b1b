"""Filling in a form one page at a time, without losing a word, and sending it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import path, translate_url
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.channels.portal.catalogue import charter_words
from huduma.channels.portal.identity import AFTER_PROOF, to_sign_in
from huduma.channels.portal.performance import figures
from huduma.contexts.applications import public as applications
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.exchange import public as exchange
from huduma.contexts.identity import public as identity
from huduma.contexts.places import public as places
from huduma.contexts.process import public as process
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.files import public as files
from huduma.foundation.translated import pick
from huduma.foundation.ui.requests import actor_of

HELD = "held_answers"
LARGEST_FILE = 5_500_000


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
    entries: list[applications.Entry]

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
    def chosen(self) -> list[str]:
        """The choices made, where several may be."""
        return self.value if isinstance(self.value, list) else []

    @property
    def accept(self) -> str:
        """The kinds of file for the file chooser."""
        kinds = self.ui.get("upload", {}).get("accept", [])
        return ",".join(f".{kind}" for kind in [*kinds, *(["jpg"] if "jpeg" in kinds else [])])

    @property
    def kinds(self) -> str:
        """The same in words."""
        upload = self.ui.get("upload", {})
        *first, last = (kind.upper() for kind in upload.get("accept") or ("pdf", "jpeg", "png"))
        named = gettext("%(some)s or %(last)s") % {"some": ", ".join(first), "last": last} if first else last
        return gettext("%(kinds)s, up to %(size)s MB each") % {"kinds": named, "size": upload.get("max_mb", 5)}


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
            return _to_page(draft, _unanswered(draft, applications.pages_of(draft)[0]["id"]))
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


def _to_page(application: applications.Application, page_id: str, back: str = "") -> HttpResponse:
    address = resolve_url("portal:apply_page", application_id=application.id, page_id=page_id)
    return redirect(f"{address}?back={back}" if back else address)


def _unanswered(application: applications.Application, page_id: str) -> str:
    """Return the first page from here on that is not answered already, or this one where all are."""
    order = applications.pages_of(application)
    place = next(number for number, page in enumerate(order) if page["id"] == page_id)
    known = applications.pages_known(application, timezone.localdate())
    return next((page["id"] for page in order[place:] if page["id"] not in known), page_id)


@never_cache
def page(request: HttpRequest, application_id: UUID, page_id: str) -> HttpResponse:
    """One page of the form: kept as it is typed, checked when the applicant goes on."""
    actor = actor_of(request)
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
    asked = _asked(application, page_id)
    refused = _attach(request, actor, application, asked)
    errors = {**_keep(actor, application, page_id, request.POST), **refused}
    if "autosave" in request.POST:
        return HttpResponse(status=204)
    if "switch_language" in request.POST:
        return redirect(translate_url(request.get_full_path(), request.POST["switch_language"]))
    if request.POST.get("go") == "later":
        notes.success(request, gettext("Your answers are saved. Go on whenever you like, on any device."))
        return redirect("portal:my_applications")
    if "drop" in request.POST:
        group, _, entry_id = request.POST["drop"].partition("/")
        applications.remove_entry(
            actor=actor, application_id=application.id, page_id=page_id, field=group, entry_id=entry_id,
            now=timezone.now(),
        )  # fmt: skip
        return _to_page(application, page_id, request.POST.get("back", ""))
    if "add" in request.POST:
        return _add(request, actor, application, page_id, request.POST["add"])
    application.refresh_from_db()
    by_hand = False
    if set(_asked(application, page_id)["fields"]) - set(asked["fields"]):  # an answer made us ask more on this page
        return _to_page(application, page_id, request.POST.get("back", ""))
    if not errors and applications.asks_register(application, page_id):
        errors, by_hand = _ask(request, actor, application, asked)
        application.refresh_from_db()
    if errors:
        return _show(request, application, page_id, errors, by_hand)
    return _next(request, application, page_id)


def _asked(application: applications.Application, page_id: str) -> dict[str, Any]:
    asked = next((page for page in applications.pages_of(application) if page["id"] == page_id), None)
    if asked is None:
        raise NotFound
    return asked


def _add(
    request: HttpRequest, actor: Actor, application: applications.Application, page_id: str, field: str
) -> HttpResponse:
    """One more entry of a repeating group."""
    try:
        entry_id = applications.add_entry(
            actor=actor, application_id=application.id, page_id=page_id, field=field, now=timezone.now()
        )
    except applications.TooManyEntries as refusal:
        return _show(request, application, page_id, {field: refusal.message})
    address = resolve_url(
        "portal:entry", application_id=application.id, page_id=page_id, field=field, entry_id=entry_id
    )
    return redirect(f"{address}?back={request.POST.get('back', '')}")


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
    """Go to the next page; after a change from the check page, back there, by way of pages that the change made incomplete."""
    order = applications.pages_of(application)
    ids = [page["id"] for page in order]
    after = ids[ids.index(page_id) + 1 :]
    if request.POST.get("back") == "check":
        today = timezone.localdate()
        wrong = [page["id"] for page in order if applications.problems_on(application, page, today)]
        if wrong:
            return _to_page(application, wrong[0], "check")
    elif after:
        known = applications.pages_known(application, timezone.localdate())
        if unknown := [page for page in after if page not in known]:
            return _to_page(application, unknown[0])
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
        "fields": fields_of(applications.questions_on(application, order[place]), errors, application),
        "errors": errors,
        "by_hand": by_hand,
        "back": request.POST.get("back") or request.GET.get("back", ""),
        "reason": applications.waits_for(application) if application.status == "waiting_correction" else "",
        "switch_form": "page",
    }
    return render(request, "portal/applications/page.html", context, status=422 if errors else 200)


def fields_of(
    questions: list[applications.Question], errors: dict[str, str], application: applications.Application
) -> list[Field]:
    """Return questions as a page shows them."""
    counties = [(county.code, county.name) for county in places.list_counties()]
    today = timezone.localdate()
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
            entries=applications.entries_of(application, question.name, today)
            if question.ui["widget"] == "group"
            else [],
        )
        for question in questions
    ]


@require_POST
def remove_file(request: HttpRequest, application_id: UUID, page_id: str) -> HttpResponse:
    """Take a file back."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    try:
        upload_id = UUID(request.POST.get("upload", ""))
    except ValueError:
        raise NotFound from None
    applications.remove_file(actor=actor, application_id=application_id, upload_id=upload_id, now=timezone.now())
    return redirect("portal:apply_page", application_id=application_id, page_id=page_id)


@never_cache
def entry(request: HttpRequest, application_id: UUID, page_id: str, field: str, entry_id: str) -> HttpResponse:
    """One entry of a repeating group, on a page of its own."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return _hold(request)
    application = applications.get_application_for(actor, application_id)
    group = next(
        (q for q in applications.questions_on(application, _asked(application, page_id)) if q.name == field), None
    )
    if group is None or group.ui["widget"] != "group":
        raise NotFound
    back = request.POST.get("back") or request.GET.get("back", "")
    errors: dict[str, str] = {}
    if request.POST.get("go") == "remove":
        applications.remove_entry(
            actor=actor, application_id=application_id, page_id=page_id, field=field, entry_id=entry_id,
            now=timezone.now(),
        )  # fmt: skip
        return _to_page(application, page_id, back)
    if request.method == "POST":
        before = applications.questions_in(application, field, applications.entry_of(application, field, entry_id))
        errors = applications.save_entry(
            actor=actor, application_id=application_id, page_id=page_id, field=field, entry_id=entry_id,
            typed=lambda name: request.POST.get(name, ""), now=timezone.now(),
        )  # fmt: skip
        if "autosave" in request.POST:
            return HttpResponse(status=204)
        if "switch_language" in request.POST:
            return redirect(translate_url(request.get_full_path(), request.POST["switch_language"]))
        application.refresh_from_db()
        after = applications.questions_in(application, field, applications.entry_of(application, field, entry_id))
        if {q.name for q in after} - {q.name for q in before}:
            return redirect(request.get_full_path())
        if not errors:
            return _to_page(application, page_id, back)
    questions = applications.questions_in(application, field, applications.entry_of(application, field, entry_id))
    context = {
        "application": application,
        "service": applications.service_name(application),
        "page_id": page_id,
        "group": group.ui,
        "fields": fields_of(questions, errors, application),
        "errors": errors,
        "back": back,
        "switch_form": "page",
    }
    return render(request, "portal/applications/entry.html", context, status=422 if errors else 200)


@never_cache
def check(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """All answers before they are sent; pressing the button twice sends once."""
    actor = actor_of(request)
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
        lines = applications.fee_lines(application, on=timezone.localdate())
    except process.NoRule:
        return {}
    return {
        "lines": lines,
        "is_free": not lines,
        "total": sum(line.amount_cents for line in lines),
        "currency": lines[0].currency if lines else "KES",
    }


urlpatterns = [
    path("services/<slug:code>/apply/", apply, name="apply"),
    path("applications/<uuid:application_id>/check/", check, name="check"),
    path("applications/<uuid:application_id>/pages/<slug:page_id>/", page, name="apply_page"),
    path("applications/<uuid:application_id>/pages/<slug:page_id>/remove/", remove_file, name="remove_file"),
    path("applications/<uuid:application_id>/pages/<slug:page_id>/<slug:field>/<slug:entry_id>/", entry, name="entry"),
]
