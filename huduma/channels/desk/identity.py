"""How staff sign in (password, then a code of their authenticator app), and how they serve a person who stands at the counter."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import segno
from allauth.account.forms import LoginForm
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django.conf import settings
from django.contrib import auth
from django.contrib import messages as notes
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from huduma.channels.desk.gate import SECOND_FACTOR
from huduma.contexts.centres import public as centres
from huduma.contexts.exchange import public as exchange
from huduma.contexts.identity import public as identity
from huduma.contexts.messages import public as messages
from huduma.foundation import identifiers
from huduma.foundation import phone as phones
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.ui.requests import actor_of, address_of

PENDING = "staff_sign_in"
BACKEND = settings.AUTHENTICATION_BACKENDS[0]
PENDING_SECONDS = 600
SESSION_SECONDS = 8 * 3600
NEW_NUMBER = "new_number"


@sensitive_post_parameters("password")
@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    """First the password. An address that is nobody's, a wrong password and a citizen's account get the same answer."""
    errors = {}
    target = request.POST.get("next") or request.GET.get("next", "")
    if request.method == "POST":
        form = LoginForm(request.POST, request=request)
        account = form.user if form.is_valid() else None
        if account is not None and identity.is_staff(account.id):
            safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
            request.session[PENDING] = {
                "account": str(account.pk),
                "until": timezone.now().timestamp() + PENDING_SECONDS,
                "next": target if safe else resolve_url("desk:worklist"),
            }
            return redirect("desk:second_factor")
        errors["login"] = _refused(form) or gettext("E-mail address and password do not belong together.")
    context = {"errors": errors, "typed": request.POST.get("login", ""), "next": target, "sandbox": settings.SANDBOX}
    return render(request, "desk/sign_in.html", context, status=422 if errors else 200)


def _refused(form: Form) -> str:
    codes = {error.code for problems in form.errors.as_data().values() for error in problems}
    if codes & {"too_many_login_attempts", "rate_limited"}:
        return gettext("Too many tries. Wait five minutes, then try again.")
    return ""


@sensitive_post_parameters("code")
@never_cache
def second_factor(request: HttpRequest) -> HttpResponse:
    """Then a code of the authenticator app; whoever has none yet binds one first."""
    pending = request.session.get(PENDING)
    if pending is None or pending["until"] < timezone.now().timestamp():
        return redirect("desk:sign_in")
    account = identity.Account.objects.get(id=pending["account"])
    enrolled = identity.has_second_factor(account.id)
    data = request.POST if request.method == "POST" else None
    form = AuthenticateForm(data, user=account) if enrolled else ActivateTOTPForm(data, user=account)
    errors = {}
    if data is not None:
        if form.is_valid() and (not _is_app_code(form) or identity.use_up(account.id, form.cleaned_data["code"])):
            return _come_in(request, account, form, pending["next"])
        errors["code"] = _refused(form) or gettext(
            "That code is not right, or it was used already. Wait for the next one."
        )
    context = {"errors": errors, "enrolled": enrolled}
    if not enrolled:
        address = get_adapter().build_totp_url(account, form.secret)
        context |= {"secret": form.secret, "qr": segno.make(address).svg_data_uri(scale=5)}
    return render(request, "desk/second_factor.html", context, status=422 if errors else 200)


def _is_app_code(form: Any) -> bool:
    return isinstance(form, ActivateTOTPForm) or form.authenticator.type == form.authenticator.Type.TOTP


def _come_in(request: HttpRequest, account: identity.Account, form: Any, target: str) -> HttpResponse:
    now = timezone.now()
    codes: list[str] = []
    actor = identity.actor_for(account, channel="desk", purpose="casework", second_factor=True)
    how = "recovery-code"
    if isinstance(form, ActivateTOTPForm):
        codes = identity.enrol_second_factor(actor=actor, account_id=account.id, secret=form.secret, now=now)
        how = "totp"
    elif _is_app_code(form):
        how = "totp"
    auth.login(request, account, backend=BACKEND)
    for name in (PENDING, "mfa.totp.secret"):
        request.session.pop(name, None)
    request.session[SECOND_FACTOR] = str(account.pk)
    request.session.set_expiry(SESSION_SECONDS)
    identity.record_sign_in(actor=actor, account_id=account.id, by=f"password+{how}", now=now)
    if codes:
        return render(request, "desk/recovery_codes.html", {"codes": codes, "next": target})
    return redirect(target)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    auth.logout(request)
    return redirect("desk:sign_in")


@never_cache
def assist(request: HttpRequest) -> HttpResponse:
    """Serve a person without ID or phone: their consent, what they say of themselves, then any service on their behalf."""
    actor = actor_of(request)
    if not actor.has_role("officer", "supervisor"):
        raise NotPermitted
    errors, typed = {}, {name: request.POST.get(name, "").strip() for name in FIELDS}
    if request.method == "POST":
        errors = _wrong(typed)
        if not errors:
            facts = identity.IdentityFacts(
                id_number=typed["id_number"] or None, surname=typed["surname"], first_name=typed["first_name"],
                other_names=typed["other_names"], birth_date=_birth_date(typed), sex="",
            )  # fmt: skip
            try:
                person = identity.register_assisted_person(
                    actor=actor, facts=facts, phone=typed["phone"], consent=typed["consent"], now=timezone.now()
                )
            except identity.AnotherName as refusal:
                errors["id_number"] = refusal.message
        if not errors:
            _tie_ticket(actor, person.id)
            request.session["assisting"] = str(person.id)
            request.session["assisting_name"] = person.full_name
            return redirect("portal:search")
    context = {
        "errors": errors, "typed": typed, "may_move_numbers": actor.has_role("supervisor"),
        "may_confirm_numbers": actor.has_role("officer", "supervisor"),
    }  # fmt: skip
    return render(request, "desk/assist.html", context, status=422 if errors else 200)


def _tie_ticket(actor: Actor, person_id: UUID) -> None:
    """Let the ticket at the officer's counter, if there is one without a name, be this person's."""
    counter = centres.counter_of(actor)
    current = centres.at_counter(counter)[0] if counter else None
    if current is not None and current.person is None:
        centres.link_ticket(actor=actor, ticket_id=current.id, person_id=person_id, now=timezone.now())


FIELDS = ("first_name", "other_names", "surname", "id_number", "phone", "day", "month", "year", "consent")


def _birth_date(typed: dict[str, str]) -> date | None:
    return identity.birth_date(typed["day"], typed["month"], typed["year"], timezone.localdate())


def _wrong(typed: dict[str, str]) -> dict[str, str]:
    errors = {}
    if not typed["first_name"]:
        errors["first_name"] = gettext("Write the person’s first name.")
    if typed["id_number"]:
        try:
            typed["id_number"] = identifiers.id_number(typed["id_number"])
        except identifiers.InvalidIdentifier:
            errors["id_number"] = gettext("An ID number has 6 to 9 digits. Leave it empty when the person has none.")
    if typed["phone"]:
        try:
            phones.parse(typed["phone"])
        except phones.InvalidPhone:
            errors["phone"] = gettext("Type a phone number like 0712 345 678.")
    try:
        _birth_date(typed)
    except ValueError:
        errors["day"] = gettext("Write a real date of birth, or leave it empty.")
    if typed["consent"] not in identity.CONSENTS:
        errors["consent"] = gettext("Ask the person first, then choose how they agreed.")
    return errors


@never_cache
def new_number(request: HttpRequest) -> HttpResponse:
    """A person lost their phone number: check their ID card, and text a code to the new number."""
    actor, now = actor_of(request), timezone.now()
    typed = {name: request.POST.get(name, "").strip() for name in ("id_number", "serial_number", "phone")}
    errors = {}
    actor.require_role("supervisor")  # before the card is read, so that nobody types it in vain
    if request.method == "POST":
        read = {}
        for name, (parse, wrong, words) in CARD.items():
            try:
                read[name] = parse(typed[name])
            except wrong:
                errors[name] = str(words)
        if not errors:
            try:
                person = exchange.check_card(
                    actor=actor, id_number=read["id_number"], serial_number=read["serial_number"], now=now
                )
                _text_code(request, read["phone"])
            except identity.TooManyCodes as refusal:
                errors["phone"] = refusal.message
            except Refusal as refusal:
                errors["id_number"] = refusal.message
            else:
                request.session[NEW_NUMBER] = [str(person.id), person.full_name, read["phone"]]
                return redirect("desk:new_number_code")
    context = {"errors": errors, "typed": typed, "sandbox": settings.SANDBOX}
    return render(request, "desk/new_number.html", context, status=422 if errors else 200)


CARD: dict[str, tuple[Callable[[str], str], type[Exception], Promise]] = {
    "id_number": (
        identifiers.id_number, identifiers.InvalidIdentifier,
        gettext_lazy("Type the ID number on the front of the card: 6 to 9 digits."),
    ),
    "serial_number": (
        identifiers.card_serial, identifiers.InvalidIdentifier,
        gettext_lazy("Type the serial number of the card: 6 to 12 letters or digits."),
    ),
    "phone": (
        phones.parse_mobile, phones.InvalidPhone,
        gettext_lazy("No text message reaches this number. Type a mobile number like 0712 345 678."),
    ),
}  # fmt: skip


def _text_code(request: HttpRequest, number: str) -> None:
    now = timezone.now()
    messages.send(
        actor=actor_of(request), kind="identity.new_number_code", language=get_language() or "en", to_phone=number,
        text=gettext("Huduma: read this code to the officer who serves you: %(code)s. From then on you sign in with this number.")
        % {"code": identity.issue_code(phone=number, address=address_of(request), now=now)},
        dedupe_key=f"new-number:{number}:{now.timestamp()}", secret=True, now=now,
    )  # fmt: skip


@never_cache
def new_number_code(request: HttpRequest) -> HttpResponse:
    """The person reads the code out; then a colleague has to confirm."""
    if NEW_NUMBER not in request.session:
        return redirect("desk:new_number")
    person_id, name, phone = request.session[NEW_NUMBER]
    errors = {}
    if request.method == "POST":
        try:
            change = identity.ask_new_number(
                actor=actor_of(request), person_id=UUID(person_id), phone=phone, code=request.POST.get("code", ""),
                now=timezone.now(),
            )  # fmt: skip
        except Refusal as refusal:
            errors["code"] = refusal.message
        else:
            del request.session[NEW_NUMBER]
            return redirect(f"{reverse('desk:confirm_number')}?reference={change.reference}")
    context = {"errors": errors, "name": name, "number": phone}
    return render(request, "desk/new_number_code.html", context, status=422 if errors else 200)


@never_cache
def confirm_number(request: HttpRequest) -> HttpResponse:
    """A second person looks at card and face, and confirms the move to a new number or refuses it; who asked waits for them here."""
    actor, now, errors = actor_of(request), timezone.now(), {}
    actor.require_role("officer", "supervisor")
    typed, change = request.POST.get("reference", request.GET.get("reference", "")).strip(), None
    try:
        if typed:
            change = identity.get_number_change_for(actor, typed, now=now)
        if request.method == "POST" and change is not None:
            name = change.person.full_name
            if request.POST.get("do") == "confirm":
                identity.confirm_new_number(actor=actor, reference=typed, now=now)
                notes.success(request, gettext("%(name)s signs in with the new number from now on.") % {"name": name})
            else:
                identity.refuse_new_number(actor=actor, reference=typed, now=now)
                notes.success(request, gettext("It was refused. Nothing was changed for %(name)s.") % {"name": name})
            return redirect("desk:assist")
    except NotFound:
        errors["reference"] = gettext(
            "Nothing waits under this reference: it was settled, or asked longer than an hour ago."
        )
    except NotPermitted:
        raise
    except Refusal as refusal:
        errors["reference"] = refusal.message
    context = {
        "errors": errors,
        "typed": typed,
        "change": change,
        "is_own": change and change.asked_by == actor.account_id,
    }
    return render(request, "desk/confirm_number.html", context, status=422 if errors else 200)


@require_POST
def stop_assisting(request: HttpRequest) -> HttpResponse:
    """The person has been served."""
    for name in ("assisting", "assisting_name"):
        request.session.pop(name, None)
    return redirect("desk:counter" if centres.counter_of(actor_of(request)) else "desk:worklist")


urlpatterns = [
    path("sign-in/", sign_in, name="sign_in"),
    path("sign-in/code/", second_factor, name="second_factor"),
    path("sign-out/", sign_out, name="sign_out"),
    path("assist/", assist, name="assist"),
    path("new-number/", new_number, name="new_number"),
    path("new-number/code/", new_number_code, name="new_number_code"),
    path("new-number/confirm/", confirm_number, name="confirm_number"),
    path("assist/stop/", stop_assisting, name="stop_assisting"),
]
