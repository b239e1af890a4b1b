"""Agreeing to somebody else's application, by the link that was sent: one reads it, and says yes, or no and why."""

from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.channels.portal.identity import AFTER_PROOF, to_sign_in
from huduma.contexts.applications import public as applications
from huduma.contexts.identity import public as identity
from huduma.foundation import phone as phones
from huduma.foundation.ui.requests import actor_of


@never_cache
def agree(request: HttpRequest, token: str) -> HttpResponse:
    """What is agreed to, and the answer."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    if not identity.is_proven(actor):
        request.session[AFTER_PROOF] = request.path
        return redirect("portal:prove")
    errors = {}
    answer, reason = request.POST.get("answer", ""), request.POST.get("reason", "")
    if request.method == "POST":
        if answer not in ("yes", "no"):
            errors["answer"] = gettext("Choose whether you agree.")
        else:
            try:
                applications.answer_agreement(
                    actor=actor, token=token, agrees=answer == "yes", reason=reason, now=timezone.now()
                )
                return redirect("portal:agree", token=token)
            except applications.AgreementReasonNeeded as refusal:
                errors["reason"] = refusal.message
            except applications.AnsweredAlready as refusal:
                notes.info(request, refusal.message)
                return redirect("portal:agree", token=token)
    asked = applications.agreement_for(actor, token, now=timezone.now())
    context = {"asked": asked, "answer": answer, "reason": reason, "errors": errors}
    return render(request, "portal/applications/agree.html", context, status=422 if errors else 200)


@require_POST
def ask_again(request: HttpRequest, application_id: UUID, agreement_id: UUID) -> HttpResponse:
    """Send a link once more, to another number where the first was wrong."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    try:
        phone = request.POST.get("phone", "").strip()
        applications.ask_again(actor=actor, agreement_id=agreement_id, phone=phone, now=timezone.now())
        notes.success(request, gettext("The link is sent."))
    except (phones.InvalidPhone, phones.NotMobile):
        notes.error(request, gettext("No text message reaches this number. Type a mobile number like 0712 345 678."))
    except (applications.AskedLately, applications.AnsweredAlready) as refusal:
        notes.error(request, refusal.message)
    return redirect("portal:application", application_id=application_id)


urlpatterns = [
    path("agree/<str:token>/", agree, name="agree"),
    path("applications/<uuid:application_id>/agreements/<uuid:agreement_id>/", ask_again, name="ask_again"),
]
