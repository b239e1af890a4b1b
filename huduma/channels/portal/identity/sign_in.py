"""Signing in by phone and code."""

from urllib.parse import quote

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import path
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.contexts.identity import public as identity
from huduma.contexts.messages import public as messages
from huduma.foundation import phone as phones
from huduma.foundation.access import ANONYMOUS
from huduma.foundation.ui import ways_back
from huduma.foundation.ui.requests import address_of

PHONE = "sign_in_phone"


NEXT = "sign_in_next"


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
    """Ask for the sign-in, then come back to this page, or to the one on which a form stood, with what was typed there."""
    if request.method == "POST":
        ways_back.keep_till_sign_in(request)
    return redirect(f"{resolve_url('portal:sign_in')}?next={quote(ways_back.page_of(request))}")


urlpatterns = [
    path("sign-in/", sign_in, name="sign_in"),
    path("sign-in/code/", sign_in_code, name="sign_in_code"),
    path("sign-out/", sign_out, name="sign_out"),
]
