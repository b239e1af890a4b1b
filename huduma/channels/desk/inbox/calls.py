"""The telephone: calls that ring now, calling out and how it went, calls back that were promised, and the latest ones."""

from datetime import datetime
from typing import Any
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
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.translated import pick
from huduma.foundation.ui.requests import actor_of

HOW = {
    "answered": gettext_lazy("answered"),
    "missed": gettext_lazy("missed"),
    "callback": gettext_lazy("asked to be called back"),
}
STAGES = {
    "ringing": gettext_lazy("waits for somebody"),
    "agent": gettext_lazy("the agent’s telephone rings"),
    "customer": gettext_lazy("the customer’s telephone rings"),
    "talking": gettext_lazy("on the line"),
}


@never_cache
def calls(request: HttpRequest) -> HttpResponse:
    """What rings now stands first; the page renews itself."""
    actor, now = actor_of(request), timezone.now()
    live, ended = inbox.list_calls_for(actor, now=now), inbox.list_ended_calls_for(actor)
    names = identity.staff_names({one.taken_by for one in (*live, *ended) if one.taken_by})
    context = {
        "live": [(one, names.get(one.taken_by, "") if one.taken_by else "", STAGES[one.stage]) for one in live],
        "ended": [(one, _went(one), names.get(one.taken_by, "") if one.taken_by else "") for one in ended],
        "actor": actor,
        **call_context(actor, ended[::-1], now),
        "callbacks": inbox.list_callbacks_for(actor, now=now),
    }
    return render(request, "desk/inbox/calls.html", context)


def _went(call: inbox.Call) -> str:
    if call.outcome:
        return pick(inbox.OUTCOMES[call.outcome])
    if call.direction == "out" and call.how == "missed":
        return gettext("did not come about")
    return str(HOW[call.how])


def call_context(actor: Actor, calls: list[inbox.Call], now: datetime) -> dict[str, Any]:
    """Return what a page shows of the reader's calls: the one that goes on, and the last one whose outcome is still to be said."""
    mine = [one for one in calls if one.taken_by == actor.account_id]
    current = inbox.live_call_of(actor, now=now)
    unsaid = [
        one
        for one in mine
        if one.stage == "over" and one.direction == "out" and one.how == "answered" and not one.outcome
    ]
    return {
        "current": current,
        "stage": STAGES[current.stage] if current else "",
        "unsaid": unsaid[-1] if unsaid else None,
        "outcomes": inbox.OUTCOMES.items(),
        "purposes": [(code, words) for code, words in inbox.CALL_PURPOSES.items() if code != "callback"],
    }


@require_POST
def call(request: HttpRequest) -> HttpResponse:
    """Call a customer: of a conversation, of a person, or of a call back that was promised."""
    post = request.POST
    wanted = {name: _uuid(post.get(name, "")) for name in ("conversation_id", "person_id", "callback_id")}
    try:
        inbox.call_out(
            actor=actor_of(request), purpose=post.get("purpose", ""), now=timezone.now(), **{k: v for k, v in wanted.items() if v}
        )  # fmt: skip
    except (NotFound, NotPermitted):
        raise
    except Refusal as refusal:
        notes.warning(request, refusal.message)
        if wanted["conversation_id"]:
            return redirect("desk:conversation", conversation_id=wanted["conversation_id"])
        if wanted["person_id"]:
            return redirect(f"{resolve_url('desk:customer', person_id=wanted['person_id'])}?why=call")
        return redirect("desk:calls")
    notes.success(request, gettext("Your telephone rings. Lift it: then we call the customer."))
    return redirect("desk:calls")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@require_POST
def hang_up(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """End one's own call."""
    ended = inbox.hang_up(actor=actor_of(request), call_id=call_id, now=timezone.now())
    return redirect("desk:conversation", conversation_id=ended.conversation_id)


@require_POST
def outcome(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """Say how one's own call went."""
    try:
        said = inbox.record_outcome(
            actor=actor_of(request), call_id=call_id, outcome=request.POST.get("outcome", ""), now=timezone.now()
        )
    except (inbox.NotOver, inbox.NoOutcome) as refusal:
        notes.warning(request, refusal.message)
        return redirect("desk:calls")
    notes.success(request, gettext("Recorded."))
    return redirect("desk:conversation", conversation_id=said.conversation_id)


@never_cache
def recording(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """The recording of a call: from our own exchange as a download, else where the telephone company has it. It is written down."""
    content, address = inbox.hear_recording(actor=actor_of(request), call_id=call_id, now=timezone.now())
    if address:
        answer = redirect(address)
        answer["Referrer-Policy"] = "no-referrer"
        return answer
    headers = {"Content-Disposition": f'attachment; filename="{call_id}.wav"'}
    return HttpResponse(content, content_type="audio/x-wav", headers=headers)


@require_POST
def take(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """Take a call: the caller's page opens, for the purpose "call"; where the number is nobody's or several people's, the conversation."""
    actor = actor_of(request)
    try:
        call = inbox.take_call(actor=actor, call_id=call_id, now=timezone.now())
    except inbox.NoTelephone as refusal:
        notes.warning(request, refusal.message)
        return redirect("desk:inbox")
    except inbox.NotRinging as refusal:
        notes.warning(request, refusal.message)
        return redirect("desk:calls")
    found = contact.find_customers_for(actor, call.phone) if call.phone else []
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
    path("calls/out/", call, name="call_out"),
    path("calls/<uuid:call_id>/hang-up/", hang_up, name="hang_up"),
    path("calls/<uuid:call_id>/outcome/", outcome, name="call_outcome"),
    path("calls/<uuid:call_id>/recording/", recording, name="recording"),
    path("calls/<uuid:call_id>/take/", take, name="take_call"),
    path("calls/back/<uuid:callback_id>/", settle, name="settle_callback"),
]
