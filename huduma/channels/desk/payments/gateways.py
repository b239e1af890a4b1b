"""How the gateways fare, and the payments that a person has to explain."""

from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.contexts.settlement import public as settlement
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.ui.requests import actor_of

CONFIDENCE = {
    "spec-conformant": gettext_lazy("conforms to a standard, checked by an independent tool"),
    "client-proven": gettext_lazy("proven by somebody else’s software"),
    "self-proven": gettext_lazy("proven against our own stand-in only"),
    "assumed": gettext_lazy("assumed: there is no public interface"),
}
STATES = {
    "requested": gettext_lazy("asked for"), "pushing": gettext_lazy("being sent to the gateway"),
    "pending": gettext_lazy("waiting for the payer"), "unknown": gettext_lazy("not known yet"),
    "review": gettext_lazy("waiting for a person"), "failed": gettext_lazy("failed"),
    "succeeded": gettext_lazy("settled its bill"), "held": gettext_lazy("kept until the rest comes"),
    "applied": gettext_lazy("settled a bill together with others"), "surplus": gettext_lazy("too much: goes back"),
}  # fmt: skip

REFUND_STATES = {
    "proposed": gettext_lazy("waits for a second person"), "approved": gettext_lazy("approved, about to be sent"),
    "sending": gettext_lazy("being sent"), "sent": gettext_lazy("sent, not confirmed yet"),
    "review": gettext_lazy("waiting for a person"), "recorded": gettext_lazy("recorded as paid by hand, to be checked"),
    "closing": gettext_lazy("to be closed without paying, waits for a second person"), "closed": gettext_lazy("closed without paying"),
    "succeeded": gettext_lazy("back with the payer"), "rejected": gettext_lazy("rejected"),
}  # fmt: skip


#: What became of a notice of a gateway.
OUTCOMES = {
    "": gettext_lazy("not read yet"),
    "forged": gettext_lazy("its signature is wrong: not believed"),
    "late": gettext_lazy("sent too long ago: not believed"),
    "malformed": gettext_lazy("could not be read"),
    "unknown-token": gettext_lazy("came to an address that is none: not believed"),
    "unknown-checkout": gettext_lazy("is of a request that we did not make"),
    "other-checkout": gettext_lazy("is of another request"),
    "other-receipt": gettext_lazy("names another receipt"),
    "other-refund": gettext_lazy("is not about this refund"),
    "not-paid": gettext_lazy("says that nothing was paid"),
    "not-confirmed": gettext_lazy("told nothing new"),
    "known": gettext_lazy("was known already"),
    "own": gettext_lazy("is the money that we had asked for"),
    "contradicted": gettext_lazy("the gateway said something else when it was asked"),
    "settled": gettext_lazy("confirmed by the gateway: credited"),
    "balance": gettext_lazy("tells the balance"),
}


class NothingChosen(Refusal):
    """Choose what happened."""


def outcome_words(outcome: str) -> str:
    """Return what became of a notice; of some it is what became of the payment or refund."""
    return str(OUTCOMES.get(outcome) or STATES.get(outcome) or REFUND_STATES.get(outcome) or outcome)


@never_cache
def gateways(request: HttpRequest) -> HttpResponse:
    """Every way to be paid: how far it is proven, how it fares, what nobody knows yet."""
    actor = actor_of(request)
    rows = [(one, CONFIDENCE[one.gateway.confidence]) for one in payments.standings_for(actor)]
    context = {
        "rows": rows,
        "explains": actor.has_everywhere(*payments.MONEY_ROLES),
        "etims": settlement.Etims,
        "etims_words": CONFIDENCE[settlement.Etims.confidence],
    }
    return render(request, "desk/payments/gateways.html", context)


@never_cache
def unexplained(request: HttpRequest) -> HttpResponse:
    """The payments that wait for a person."""
    context = {"payments": payments.unexplained_for(actor_of(request))}
    return render(request, "desk/payments/unexplained.html", context)


@never_cache
def payment(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    """All that is known of one payment, with the bytes that came."""
    return show_payment(request, payment_id)


def show_payment(
    request: HttpRequest, payment_id: UUID, errors: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    """Show that page, with what was wrong in a form of it."""
    actor = actor_of(request)
    known = payments.known_for(actor, payment_id)
    people = {ruling.proposed_by for ruling in known.rulings} | {r.decided_by for r in known.rulings if r.decided_by}
    context = {
        "known": known,
        "payment": known.payment,
        "state": STATES[known.payment.state],
        "callbacks": [
            (one, outcome_words(one.outcome), bytes(one.body).decode(errors="backslashreplace"))
            for one in known.callbacks
        ],
        "proposal": next((ruling for ruling in known.rulings if ruling.state == "proposed"), None),
        "names": identity.staff_names(people),
        "refunds": [(one, REFUND_STATES[one.state]) for one in known.refunds],
        "refundable_cents": payments.refundable_cents(known.payment),
        "cancellable": payments.is_cancellable(known.payment),
        "actor": actor,
        "errors": errors or {},
        "typed": request.POST,
    }
    return render(request, "desk/payments/payment.html", context, status=status)


@require_POST
def ask_again(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    """Ask the gateway now."""
    state = payments.query_again(actor=actor_of(request), payment_id=payment_id)
    notes.info(request, gettext("The gateway was asked. The payment now is: %(state)s") % {"state": STATES[state]})
    return redirect("desk:payment", payment_id=payment_id)


@require_POST
def cancel(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    """End a payment on a gateway's page that the payer says they did not make."""
    found = payments.cancel_payment(actor=actor_of(request), payment_id=payment_id, now=timezone.now())
    words = gettext("The gateway was asked. The payment now is: %(state)s") % {"state": STATES[found.state]}
    notes.info(request, words)
    assert found.bill is not None  # what is asked for on a page is asked for a bill
    return redirect("desk:bill", reference=found.bill.reference)


@require_POST
def propose(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    """Propose how to end it."""
    if request.POST.get("verdict") not in ("settle", "fail"):
        return show_payment(request, payment_id, {"verdict": NothingChosen().message}, status=422)
    try:
        payments.propose_ruling(
            actor=actor_of(request), payment_id=payment_id, verdict=request.POST.get("verdict", ""),
            reason=request.POST.get("reason", ""), receipt=request.POST.get("receipt", ""), now=timezone.now(),
        )  # fmt: skip
    except payments.ReasonMissing as refusal:
        return show_payment(request, payment_id, {"reason": refusal.message}, status=422)
    except (payments.ReceiptMissing, payments.ReceiptTaken) as refusal:
        return show_payment(request, payment_id, {"receipt": refusal.message}, status=422)
    except (payments.NotWaiting, payments.ProposedAlready) as refusal:
        notes.warning(request, refusal.message)
    else:
        notes.success(request, gettext("Your proposal waits for a second person."))
    return redirect("desk:payment", payment_id=payment_id)


@require_POST
def decide(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    """Agree to a proposal, or reject it."""
    try:
        payments.decide_ruling(
            actor=actor_of(request), payment_id=payment_id, approve=request.POST.get("answer") == "yes",
            now=timezone.now(),
        )  # fmt: skip
    except Refusal as refusal:
        if isinstance(refusal, NotPermitted | NotFound):
            raise
        notes.warning(request, refusal.message)
    else:
        notes.success(request, gettext("Your decision is recorded."))
    return redirect("desk:payment", payment_id=payment_id)


urlpatterns = [
    path("gateways/", gateways, name="gateways"),
    path("payments/unexplained/", unexplained, name="unexplained"),
    path("payments/<uuid:payment_id>/", payment, name="payment"),
    path("payments/<uuid:payment_id>/ask/", ask_again, name="ask_again"),
    path("payments/<uuid:payment_id>/cancel/", cancel, name="cancel_payment"),
    path("payments/<uuid:payment_id>/propose/", propose, name="propose_ruling"),
    path("payments/<uuid:payment_id>/decide/", decide, name="decide_ruling"),
]
