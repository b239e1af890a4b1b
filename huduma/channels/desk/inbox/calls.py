"""The telephone: calls that ring now, calls back that were promised, and the latest ones."""

from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import path
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.contexts.contact import public as contact
from huduma.contexts.identity import public as identity
from huduma.contexts.inbox import public as inbox
from huduma.foundation.ui.requests import actor_of

HOW = {
    "answered": gettext_lazy("answered"),
    "missed": gettext_lazy("missed"),
    "callback": gettext_lazy("asked to be called back"),
}


@never_cache
def calls(request: HttpRequest) -> HttpResponse:
    """What rings now stands first; the page renews itself."""
    actor, now = actor_of(request), timezone.now()
    live, ended = inbox.list_calls_for(actor, now=now), inbox.list_ended_calls_for(actor)
    names = identity.staff_names({one.taken_by for one in (*live, *ended) if one.taken_by})
    context = {
        "live": [(one, names.get(one.taken_by, "") if one.taken_by else "") for one in live],
        "ended": [(one, HOW[one.how], names.get(one.taken_by, "") if one.taken_by else "") for one in ended],
        "callbacks": inbox.list_callbacks_for(actor, now=now),
    }
    return render(request, "desk/inbox/calls.html", context)


@require_POST
def take(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """Take a call: the caller's page opens, for the purpose "call"; where the number is nobody's or several people's, the conversation."""
    actor = actor_of(request)
    call = inbox.take_call(actor=actor, call_id=call_id, now=timezone.now())
    found = contact.find_customers_for(actor, call.phone)
    if len(found) == 1:
        address = resolve_url("desk:customer", person_id=found[0].person_id)
        return redirect(f"{address}?{urlencode({'why': 'call', 'talk': str(call.conversation_id)})}")
    return redirect("desk:conversation", conversation_id=call.conversation_id)


@require_POST
def settle(request: HttpRequest, callback_id: UUID) -> HttpResponse:
    """Say how a call back went."""
    callback = inbox.settle_callback(
        actor=actor_of(request), callback_id=callback_id, reached=request.POST.get("reached") == "1", now=timezone.now()
    )
    if callback.state == "failed":
        notes.warning(request, gettext("Tried three times: it stands as not kept."))
    else:
        notes.success(request, gettext("Recorded."))
    return redirect("desk:calls")


urlpatterns = [
    path("calls/", calls, name="calls"),
    path("calls/<uuid:call_id>/take/", take, name="take_call"),
    path("calls/back/<uuid:callback_id>/", settle, name="settle_callback"),
]
