"""Applying for somebody else: whom one may act for, who may act for oneself and what they did, and how a mandate is given and ended."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.channels.portal.identity import AFTER_PROOF, to_sign_in
from huduma.contexts.applications import public as applications
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.exchange import public as exchange
from huduma.contexts.identity import public as identity
from huduma.foundation import identifiers, links
from huduma.foundation import phone as phones
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.ui.requests import actor_of

RELATIONS = {
    "parent": gettext_lazy("My mother or father"),
    "client": gettext_lazy("A client: I do this as my work"),
    "other": gettext_lazy("Somebody else"),
}
#: The same as the one who is asked reads it.
SAID = {
    "parent": gettext_lazy("Their mother or father"),
    "client": gettext_lazy("Their client"),
    "other": gettext_lazy("Somebody they know"),
}
STATES = {
    "asked": gettext_lazy("Waits for an answer"),
    "given": gettext_lazy("In force"),
    "declined": gettext_lazy("Declined"),
    "ended": gettext_lazy("Ended"),
    "over": gettext_lazy("Over"),
}


@never_cache
def people(request: HttpRequest) -> HttpResponse:
    """Both sides: whom one may act for, and who may act for oneself, with every application they made."""
    actor = actor_of(request)
    if refused := _stranger(request, actor):
        return refused
    mine, theirs = identity.list_representations_for(actor)
    context = {
        "mine": [_row(row) for row in mine],
        "theirs": [_row(row) for row in theirs],
        "made": applications.list_made_for(actor),
    }
    return render(request, "portal/identity/people.html", context)


def _stranger(request: HttpRequest, actor: Actor) -> HttpResponse | None:
    """Return where somebody is sent who is not signed in, or has not shown who they are."""
    if actor.kind == "anonymous":
        return to_sign_in(request)
    if not identity.is_proven(actor):
        request.session[AFTER_PROOF] = request.path
        return redirect("portal:prove")
    return None


def _row(row: identity.Representation) -> dict[str, Any]:
    state = "over" if row.state == "given" and row.to_on < timezone.localdate() else row.state
    return {"mandate": row, "state": state, "words": STATES[state], "services": [_name(code) for code in row.services]}


def _name(code: str) -> dict[str, str]:
    try:
        return catalogue.get_service(code).name
    except NotFound:
        return {"en": code}


@never_cache
def child(request: HttpRequest) -> HttpResponse:
    """Act for one's child: the record of the birth says who its parents are."""
    actor = actor_of(request)
    if refused := _stranger(request, actor):
        return refused
    errors, typed = {}, request.POST.get("slip", "").strip().upper()[:20]
    if request.method == "POST":
        try:
            if not typed:
                raise exchange.NotInRegister
            row = exchange.record_child(actor=actor, slip=typed, now=timezone.now())
        except exchange.RegisterUnavailable:
            errors["slip"] = gettext("The register does not answer at the moment. Try again in a while.")
        except Refusal as refusal:
            errors["slip"] = refusal.message
        else:
            words = gettext("You can apply for %(name)s now.") % {"name": row.person.full_name if row.person else ""}
            notes.success(request, words)
            return redirect("portal:people")
    context = {"errors": errors, "typed": typed}
    return render(request, "portal/identity/child.html", context, status=422 if errors else 200)


@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    """Ask an adult to let one apply for them: for what, and until when."""
    actor, today = actor_of(request), timezone.localdate()
    if refused := _stranger(request, actor):
        return refused
    online = catalogue.list_services(online=True)
    typed = {
        name: request.POST.get(name, "").strip() for name in ("relation", "id_number", "phone", "day", "month", "year")
    }
    typed["service"] = request.POST.get("service", request.GET.get("service", ""))
    errors: dict[str, str] = {}
    if request.method == "POST":
        given = _read(typed, errors)
        if typed["service"] and typed["service"] not in {service.code for service in online}:
            errors["service"] = gettext("Choose a service.")
        if not errors:
            try:
                services = [typed["service"]] if typed["service"] else []
                identity.ask_to_represent(actor=actor, services=services, now=timezone.now(), **given)
            except identity.MandateTooLong as refusal:
                errors["day"] = refusal.message
            except Refusal as refusal:
                errors["id_number"] = refusal.message
            else:
                notes.success(request, gettext("We sent the question by SMS. You hear from us when it is answered."))
                return redirect("portal:people")
    until = today + timedelta(days=90)
    context = {
        "errors": errors, "typed": typed, "relations": RELATIONS.items(), "services": online, "example": until,
    }  # fmt: skip
    return render(request, "portal/identity/ask.html", context, status=422 if errors else 200)


def _read(typed: dict[str, str], errors: dict[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {"relation": typed["relation"]}
    if typed["relation"] not in RELATIONS:
        errors["relation"] = gettext("Choose who this person is.")
    try:
        given["id_number"] = identifiers.id_number(typed["id_number"])
    except identifiers.InvalidIdentifier:
        errors["id_number"] = gettext("Type the ID number on the front of the card: 6 to 9 digits.")
    try:
        given["phone"] = phones.parse_mobile(typed["phone"])
    except (phones.InvalidPhone, phones.NotMobile):
        errors["phone"] = gettext("No text message reaches this number. Type a mobile number like 0712 345 678.")
    try:
        given["until"] = date(int(typed["year"]), int(typed["month"]), int(typed["day"]))
    except (ValueError, OverflowError):
        errors["day"] = gettext("Write the last day: day, month and year.")
    return given


@never_cache
def mandate(request: HttpRequest, token: str) -> HttpResponse:
    """What somebody asks to do in one's name, and one's answer."""
    actor = actor_of(request)
    if refused := _stranger(request, actor):
        return refused
    found = links.thing_of(identity.REPRESENTATION_LINK, token)
    if found is None:
        raise NotFound
    row = identity.get_representation(found)
    identity.require_asked(actor, row)
    if row.state != "asked":
        notes.info(request, identity.MandateAnswered().message)
        return redirect("portal:people")
    errors, answer = {}, request.POST.get("answer", "")
    if request.method == "POST" and answer in ("yes", "no"):
        identity.answer_representation(actor=actor, token=token, accepts=answer == "yes", now=timezone.now())
        notes.success(request, gettext("Your answer is recorded. You can end a mandate here at any time."))
        return redirect("portal:people")
    if request.method == "POST":
        errors["answer"] = gettext("Choose yes or no.")
    context = {"row": _row(row), "relation": SAID[row.relation], "errors": errors}
    return render(request, "portal/identity/mandate.html", context, status=422 if errors else 200)


@require_POST
def end(request: HttpRequest, representation_id: UUID) -> HttpResponse:
    """End a mandate, from either side."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    identity.end_representation(actor=actor, representation_id=representation_id, now=timezone.now())
    notes.success(request, gettext("The mandate has ended."))
    return redirect("portal:people")


urlpatterns = [
    path("account/people/", people, name="people"),
    path("account/people/child/", child, name="child"),
    path("account/people/ask/", ask, name="ask_mandate"),
    path("account/people/<uuid:representation_id>/end/", end, name="end_mandate"),
    path("m/<str:token>/", mandate, name="mandate"),
]
