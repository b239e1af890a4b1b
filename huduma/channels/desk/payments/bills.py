"""A bill at the desk of the body that it is owed to, and letting a payer off: one asks, another decides."""

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

from huduma.channels.desk.payments.amounts import NotAnAmount, typed_cents
from huduma.channels.desk.payments.gateways import STATES
from huduma.channels.desk.payments.tills import NoSuchReference
from huduma.contexts.contact import public as contact
from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.ui.requests import actor_of

BILL_STATES = {
    "open": gettext_lazy("to be paid"), "settled": gettext_lazy("paid"), "cancelled": gettext_lazy("cancelled"),
}  # fmt: skip
KINDS = {"waiver": gettext_lazy("Waiver"), "exemption": gettext_lazy("Exemption by law")}
WAIVER_STATES = {
    "proposed": gettext_lazy("waits for a second person"), "approved": gettext_lazy("agreed"),
    "rejected": gettext_lazy("not agreed"),
}  # fmt: skip


@never_cache
def bills(request: HttpRequest) -> HttpResponse:
    """Find a bill by its reference; the waivers that wait; and the public record of those that were decided."""
    actor, error, typed = actor_of(request), "", request.GET.get("reference", "").strip()
    if typed:
        try:
            return redirect("desk:bill", reference=payments.bill_for_body(actor, typed).reference)
        except NotFound:
            error = NoSuchReference().message
    waiting, decided = payments.waivers_for(actor, waiting=True), payments.waivers_for(actor, waiting=False)
    context = {
        "typed": typed,
        "error": error,
        "waiting": [(one, KINDS[one.kind]) for one in waiting],
        "decided": [(one, KINDS[one.kind], WAIVER_STATES[one.state]) for one in decided],
        "names": _names([*waiting, *decided]),
    }
    return render(request, "desk/payments/bills.html", context, status=422 if error else 200)


def _names(waivers: list[payments.Waiver]) -> dict[UUID, str]:
    return identity.staff_names({who for one in waivers for who in (one.asked_by, one.decided_by) if who})


@never_cache
def bill(request: HttpRequest, reference: str) -> HttpResponse:
    """One bill: its lines, what was paid, and what was let off."""
    return _show(request, reference)


def _show(
    request: HttpRequest, reference: str, errors: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    actor = actor_of(request)
    found = payments.bill_for_body(actor, reference)
    bodies = sorted({line["body_code"] for line in found.lines} - {""})
    waivers = payments.waivers_of(found)
    own = [body for body in bodies if actor.has_role("officer", "supervisor", body=body)]
    cancels = bool(own) or actor.has_everywhere(*payments.MONEY_ROLES)
    context: dict[str, Any] = {
        "bill": found,
        "state": BILL_STATES[found.state],
        "due_cents": payments.due_cents(found),
        "currency": payments.currency_by(found, None),
        "plan": payments.plan_of(found),
        "paid": [(one, STATES[one.state], cancels and payments.is_cancellable(one)) for one in payments.payments_of(found)],
        "mentions": [
            (contact.KINDS[one.matter.kind].name, one)
            for one in contact.list_mentions_for(actor, found.id, body_code=(own or bodies or [""])[0])
        ],
        "waivers": [
            (one, KINDS[one.kind], WAIVER_STATES[one.state], actor.has_role("supervisor", "accounting_officer", body=one.body_code))
            for one in waivers
        ],
        "names": _names(waivers),
        "bodies": own,
        "kinds": KINDS.items(),
        "actor": actor,
        "errors": errors or {},
        "typed": request.POST,
    }  # fmt: skip
    return render(request, "desk/payments/bill.html", context, status=status)


@require_POST
def ask(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask to let the payer off."""
    found = payments.bill_for_body(actor_of(request), reference)
    try:
        payments.ask_waiver(
            actor=actor_of(request), bill_id=found.id, body_code=request.POST.get("body", ""),
            kind=request.POST.get("kind", ""), reason=request.POST.get("reason", ""),
            amount_cents=typed_cents(request) if request.POST.get("amount", "").strip() else None,
            legal_basis=request.POST.get("law", ""), now=timezone.now(),
        )  # fmt: skip
    except payments.ReasonMissing as refusal:
        return _show(request, reference, {"reason": refusal.message}, status=422)
    except payments.LawMissing as refusal:
        return _show(request, reference, {"law": refusal.message}, status=422)
    except (NotAnAmount, payments.MoreThanOwed) as refusal:
        return _show(request, reference, {"amount": refusal.message}, status=422)
    except (NotPermitted, NotFound):
        raise
    except Refusal as refusal:
        notes.warning(request, refusal.message)
    else:
        notes.success(request, gettext("Your request waits for a second person."))
    return redirect("desk:bill", reference=reference)


@require_POST
def decide(request: HttpRequest, reference: str, waiver_id: UUID) -> HttpResponse:
    """Agree to a waiver, reject it, or take one's own back."""
    try:
        payments.decide_waiver(
            actor=actor_of(request),
            waiver_id=waiver_id,
            approve=request.POST.get("answer") == "yes",
            now=timezone.now(),
        )
    except (NotPermitted, NotFound):
        raise
    except Refusal as refusal:
        notes.warning(request, refusal.message)
    else:
        notes.success(request, gettext("Your decision is recorded."))
    return redirect("desk:bill", reference=reference)


urlpatterns = [
    path("bills/", bills, name="bills"),
    path("bills/<str:reference>/", bill, name="bill"),
    path("bills/<str:reference>/waivers/", ask, name="ask_waiver"),
    path("bills/<str:reference>/waivers/<uuid:waiver_id>/", decide, name="decide_waiver"),
]
