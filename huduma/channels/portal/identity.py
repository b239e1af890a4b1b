"""Signing in by phone and code, proving who one is, and seeing who looked at one's data."""

import re

from django.conf import settings
from django.contrib import auth
from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import path
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from huduma.contexts.contact import public as matters
from huduma.contexts.exchange import public as exchange
from huduma.contexts.identity import public as identity
from huduma.contexts.messages import public as messages
from huduma.foundation import identifiers, mail
from huduma.foundation import phone as phones
from huduma.foundation.access import ANONYMOUS, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal
from huduma.foundation.ui.requests import actor_of, address_of

PHONE = "sign_in_phone"
NEXT = "sign_in_next"
AFTER_PROOF = "after_proof"
REGISTER_DOWN = "register_down"
EMAIL = "email_to_confirm"
ACTING_FOR = "on_behalf_of"
LOOKS = (
    "identity.person.viewed", "identity.person.assisted", "identity.person.card_checked", "identity.person.phone_replaced",
    "identity.person.new_number_asked", "identity.person.new_number_refused",
    "exchange.register.asked", "contact.customer.viewed", "contact.matter.viewed",
    "identity.person.merged", "identity.person.parted",
    "contact.case_access.granted", "credentials.credential.read",
)  # fmt: skip
#: What happened, in words, by the act; why, by the purpose that a reader gave.
LOOKED = {
    "exchange.register.asked": gettext_lazy("A government register was asked about you, at your own request"),
    "identity.person.assisted": gettext_lazy("An officer served you at a counter"),
    "identity.person.card_checked": gettext_lazy("An officer had your ID card checked at a counter"),
    "identity.person.phone_replaced": gettext_lazy(
        "An officer moved your account to another phone number at a counter"
    ),
    "identity.person.new_number_asked": gettext_lazy(
        "An officer asked at a counter to move your account to another phone number"
    ),
    "identity.person.new_number_refused": gettext_lazy("Moving your account to another phone number was refused"),
    "identity.person.merged": gettext_lazy("Two records with your details were joined into one"),
    "identity.person.parted": gettext_lazy("Two records that had been joined were parted again"),
    "identity.person.viewed": gettext_lazy("An officer opened your record"),
    "contact.customer.viewed": gettext_lazy("A member of staff opened the page of what you asked for"),
    "contact.matter.viewed": gettext_lazy("A member of staff read what you wrote to us"),
    "credentials.credential.read": gettext_lazy("A document of yours was opened"),
    "contact.case_access.granted": gettext_lazy(
        "A member of staff got leave to see an application of yours, for a time"
    ),
}
PURPOSES = {
    "casework": gettext_lazy("to decide your application"),
    "assisted": gettext_lazy("to serve you in person"),
    "records": gettext_lazy("to find out whether two records are one person’s"),
    **{code: gettext_lazy(words) for code, words in matters.PURPOSES.items()},
}


def _own_address(request: HttpRequest, target: str) -> str:
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if safe else resolve_url("portal:account")


@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for the phone number, and text a code to it. Known and unknown numbers get the same answer."""
    typed = request.POST.get("phone", "")
    errors = {}
    if request.method == "POST":
        try:
            number = phones.parse_mobile(typed)
            _text_code(request, number)
        except phones.NotMobile:
            errors["phone"] = gettext("No text message reaches this number. Type a mobile number like 0712 345 678.")
        except phones.InvalidPhone:
            errors["phone"] = gettext("Type a phone number like 0712 345 678.")
        except identity.TooManyCodes as refusal:
            errors["phone"] = refusal.message
        else:
            request.session[PHONE] = number
            request.session[NEXT] = _own_address(request, request.POST.get("next", ""))
            return redirect("portal:sign_in_code")
    context = {"typed": typed, "errors": errors, "next": request.POST.get("next") or request.GET.get("next", "")}
    return render(request, "portal/identity/sign_in.html", context, status=422 if errors else 200)


def _text_code(request: HttpRequest, number: str) -> None:
    now = timezone.now()
    code = identity.issue_code(phone=number, address=address_of(request), now=now)
    messages.send(
        actor=ANONYMOUS,
        kind="identity.sign_in_code",
        language=get_language() or "en",
        text=gettext(
            "Your Huduma code is %(code)s. It is good for 5 minutes. Nobody from government will ask you for it."
        )
        % {"code": code},
        to_phone=number,
        dedupe_key=f"code:{number}:{now.timestamp()}",
        secret=True,
        now=now,
    )


@never_cache
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """Take the code; the session gets a new key, so that nobody who knew the old one comes in along."""
    number = request.session.get(PHONE)
    if number is None:
        return redirect("portal:sign_in")
    errors = {}
    if request.method == "POST":
        now = timezone.now()
        try:
            account = identity.sign_in_by_code(
                actor=ANONYMOUS,
                phone=number,
                code=request.POST.get("code", ""),
                language=get_language() or "en",
                now=now,
            )
        except identity.WrongCode as refusal:
            errors["code"] = refusal.message
        else:
            target = request.session.pop(NEXT, None) or resolve_url("portal:account")
            request.session.pop(PHONE)
            auth.login(request, account, backend=settings.AUTHENTICATION_BACKENDS[0])
            actor = identity.actor_for(account, channel="portal", purpose="self-service")
            identity.record_sign_in(actor=actor, account_id=account.id, by="sms-code", now=now)
            return redirect(target)
    context = {"number": number, "errors": errors}
    return render(request, "portal/identity/code.html", context, status=422 if errors else 200)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    auth.logout(request)
    return redirect("portal:home")


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for the sign-in, then come back to this page."""
    return redirect(f"{resolve_url('portal:sign_in')}?next={request.path}")


@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """The citizen's own page: who they are, and who looked at their data."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    own = identity.get_account_for(actor)
    known_as = identity.records_of(actor.person_id) if actor.person_id else []
    entries = [entry for one in known_as for entry in journal.entries_concerning(one, acts=LOOKS, limit=50)]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    looks = [
        (entry.at, LOOKED[entry.act], PURPOSES.get(entry.purpose, ""), entry.roles)
        for entry in entries
        if entry.actor_person_id != actor.person_id or entry.act == "exchange.register.asked"
    ]
    return render(request, "portal/identity/account.html", {"account": own, "person": own.person, "looks": looks})


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


@never_cache
def contact(request: HttpRequest) -> HttpResponse:
    """In which language notices come, and an e-mail address, which counts once the code sent to it came back."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    own, errors, now = identity.get_account_for(actor), {}, timezone.now()
    typed = request.POST.get("email", own.email or "").strip().lower()
    if request.method == "POST":
        language = request.POST.get("language")
        if language in ("en", "sw") and language != own.language:
            own = identity.change_contact(actor=actor, language=language, now=now)
        try:
            if typed and typed != own.email:
                mail.parse(typed)
                _mail_code(actor, typed)
                request.session[EMAIL] = typed
                return redirect("portal:confirm_email")
            if own.email and not typed:
                identity.change_contact(actor=actor, verified_email="", now=now)
        except mail.InvalidAddress:
            errors["email"] = gettext("Type an e-mail address like name@example.com.")
        except Refusal as refusal:
            errors["email"] = refusal.message
        else:
            notes.success(request, gettext("Saved."))
            return redirect("portal:account")
    context = {"account": own, "typed": typed, "errors": errors}
    return render(request, "portal/identity/contact.html", context, status=422 if errors else 200)


def _mail_code(actor: Actor, address: str) -> None:
    now = timezone.now()
    code = identity.issue_email_code(actor=actor, email=address, now=now)
    messages.send(
        actor=actor,
        kind="identity.email_code",
        language=get_language() or "en",
        subject=gettext("Confirm your e-mail address for Huduma"),
        text=gettext(
            "Your Huduma code is %(code)s. It is good for 15 minutes. If you did not ask for it, do nothing: "
            "this address is not used then."
        )
        % {"code": code},
        to_email=address,
        dedupe_key=f"email-code:{actor.account_id}:{now.timestamp()}",
        secret=True,
        now=now,
    )


@sensitive_post_parameters("code")
@never_cache
def confirm_email(request: HttpRequest) -> HttpResponse:
    """Take the code that went to the new e-mail address."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    if EMAIL not in request.session:
        return redirect("portal:contact")
    errors = {}
    if request.method == "POST":
        try:
            identity.confirm_email(actor=actor, code=request.POST.get("code", ""), now=timezone.now())
        except Refusal as refusal:
            errors["code"] = refusal.message
        else:
            del request.session[EMAIL]
            notes.success(request, gettext("Your e-mail address is confirmed."))
            return redirect("portal:account")
    context = {"address": request.session[EMAIL], "errors": errors}
    return render(request, "portal/identity/email_code.html", context, status=422 if errors else 200)


urlpatterns = [
    path("sign-in/", sign_in, name="sign_in"),
    path("sign-in/code/", sign_in_code, name="sign_in_code"),
    path("sign-out/", sign_out, name="sign_out"),
    path("account/", account, name="account"),
    path("account/identity/", prove, name="prove"),
    path("account/identity/by-hand/", by_hand, name="by_hand"),
    path("account/contact/", contact, name="contact"),
    path("account/contact/code/", confirm_email, name="confirm_email"),
    path("account/organisations/", organisations, name="organisations"),
    path("account/organisations/act/", act_for, name="act_for"),
    path("account/organisations/stop/", stop_acting, name="stop_acting"),
]
