"""Money that was given back twice: asked back from the payer, or written off by two persons."""

from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.ui.requests import actor_of


@never_cache
def given_twice(request: HttpRequest) -> HttpResponse:
    """What is still owed, and what came back or was written off."""
    return _show(request)


def _show(request: HttpRequest, wrong: UUID | None = None, error: str = "", status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    found = payments.receivables_for(actor)
    context = {
        "rows": [
            (one, payments.due_cents(one.bill), one.amount_cents - one.bill.total_cents - payments.lost_cents(one.bill))
            for one in found
        ],
        "names": identity.staff_names({who for one in found for who in (one.off_by, one.off_checked_by) if who}),
        "decides": actor.has_everywhere(*payments.MONEY_ROLES),
        "actor": actor,
        "wrong": wrong,
        "error": error,
        "typed": request.POST,
    }
    return render(request, "desk/payments/given_twice.html", context, status=status)


@require_POST
def ask(request: HttpRequest, receivable_id: UUID) -> HttpResponse:
    """Ask the payer to give it back."""
    said = gettext("The payer is asked by SMS, with the number of the bill.")
    return _act(request, payments.ask_back, said, receivable_id)


@require_POST
def write_off(request: HttpRequest, receivable_id: UUID) -> HttpResponse:
    """Propose to write off what did not come back, or decide on that."""
    answer = request.POST.get("answer", "")
    if answer:
        said = gettext("Your decision is recorded.")
        return _act(request, payments.decide_write_off, said, receivable_id, approve=answer == "yes")
    try:
        said = gettext("Your proposal waits for a second person.")
        return _act(request, payments.propose_write_off, said, receivable_id, reason=request.POST.get("reason", ""))
    except payments.ReasonMissing as refusal:
        return _show(request, receivable_id, refusal.message, status=422)


def _act(request: HttpRequest, operation: object, said: str, receivable_id: UUID, **what: object) -> HttpResponse:
    assert callable(operation)
    try:
        operation(actor=actor_of(request), receivable_id=receivable_id, now=timezone.now(), **what)
        notes.success(request, said)
    except (NotPermitted, NotFound, payments.ReasonMissing):
        raise
    except Refusal as refusal:
        notes.warning(request, refusal.message)
    return redirect("desk:given_twice")


urlpatterns = [
    path("refunds/given-twice/", given_twice, name="given_twice"),
    path("refunds/given-twice/<uuid:receivable_id>/ask/", ask, name="ask_back"),
    path("refunds/given-twice/<uuid:receivable_id>/write-off/", write_off, name="write_off"),
]
