"""Proving who one is, by the card or, while the register is away, by one's own word."""

from django.conf import settings
from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from huduma.channels.portal.identity.sign_in import to_sign_in
from huduma.contexts.exchange import public as exchange
from huduma.contexts.identity import public as identity
from huduma.foundation import identifiers
from huduma.foundation.access import Refusal
from huduma.foundation.ui.requests import actor_of

AFTER_PROOF = "after_proof"


REGISTER_DOWN = "register_down"


@never_cache
def prove(request: HttpRequest) -> HttpResponse:
    """Prove who one is by the ID card: its number and its serial number."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    errors = {}
    if request.method == "POST":
        number = serial = ""
        try:
            number = identifiers.id_number(request.POST.get("id_number", ""))
        except identifiers.InvalidIdentifier:
            errors["id_number"] = gettext("Type the ID number on the front of the card: 6 to 9 digits.")
        try:
            serial = identifiers.card_serial(request.POST.get("serial_number", ""))
        except identifiers.InvalidIdentifier:
            errors["serial_number"] = gettext("Type the serial number of the card: 6 to 12 letters or digits.")
        if not errors:
            try:
                exchange.prove_identity(actor=actor, id_number=number, serial_number=serial, now=timezone.now())
            except exchange.RegisterUnavailable as refusal:
                request.session[REGISTER_DOWN] = True
                errors["id_number"] = refusal.message
            except exchange.TooManyAttempts as refusal:
                errors["id_number"] = refusal.message
            except Refusal as refusal:  # the register answered
                request.session.pop(REGISTER_DOWN, None)
                errors["id_number"] = refusal.message
            else:
                request.session.pop(REGISTER_DOWN, None)
                notes.success(request, gettext("Your identity is confirmed."))
                return redirect(request.session.pop(AFTER_PROOF, None) or "portal:account")
    context = {
        "errors": errors,
        "typed": request.POST,
        "sandbox": settings.SANDBOX,
        "down": REGISTER_DOWN in request.session,
    }
    return render(request, "portal/identity/prove.html", context, status=422 if errors else 200)


@never_cache
def by_hand(request: HttpRequest) -> HttpResponse:
    """Say who one is while the register does not answer; officers see that it has to be checked."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    if not request.session.get(REGISTER_DOWN):
        return redirect("portal:prove")
    typed = {name: request.POST.get(name, "").strip()[:100] for name in BY_HAND}
    errors = {}
    if request.method == "POST":
        needed = {"first_name": gettext("Write your first name."), "surname": gettext("Write your surname.")}
        errors = {name: words for name, words in needed.items() if not typed[name]}
        try:
            born = identity.birth_date(typed["day"], typed["month"], typed["year"], timezone.localdate())
            if born is None:
                raise ValueError
        except ValueError:
            errors["day"] = gettext("Write your date of birth: day, month and year.")
        if not errors:
            facts = identity.IdentityFacts(
                id_number=None, surname=typed["surname"], first_name=typed["first_name"],
                other_names=typed["other_names"], birth_date=born, sex="",
            )  # fmt: skip
            identity.record_identity_proof(actor=actor, facts=facts, by="by-hand", now=timezone.now())
            del request.session[REGISTER_DOWN]
            notes.success(
                request, gettext("You can go on. Your details will be checked when the register answers again.")
            )
            return redirect(request.session.pop(AFTER_PROOF, None) or "portal:account")
    return render(
        request, "portal/identity/by_hand.html", {"errors": errors, "typed": typed}, status=422 if errors else 200
    )


BY_HAND = ("first_name", "other_names", "surname", "day", "month", "year")


urlpatterns = [
    path("account/identity/", prove, name="prove"),
    path("account/identity/by-hand/", by_hand, name="by_hand"),
]
