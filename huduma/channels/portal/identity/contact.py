"""How notices reach a citizen."""

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from huduma.channels.portal.identity.sign_in import to_sign_in
from huduma.contexts.identity import public as identity
from huduma.contexts.messages import public as messages
from huduma.foundation import mail
from huduma.foundation.access import Actor, Refusal
from huduma.foundation.ui.requests import actor_of

EMAIL = "email_to_confirm"


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
    path("account/contact/", contact, name="contact"),
    path("account/contact/code/", confirm_email, name="confirm_email"),
]
