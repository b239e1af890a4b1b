"""Refunds that wait for a person: to approve, to send again, to pay by hand, to check."""

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
from huduma.channels.desk.payments.gateways import show_payment
from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.files import public as files
from huduma.foundation.ui.downloads import file_response
from huduma.foundation.ui.requests import actor_of

#: What may be wrong with a scanned slip.
SLIP_REFUSALS = (
    payments.SlipMissing, files.Empty, files.TooLarge, files.WrongType, files.Infected, files.NotScanned,
)  # fmt: skip
REASONS = {
    "duplicate": gettext_lazy("paid twice"), "surplus": gettext_lazy("paid too much"),
    "cancelled": gettext_lazy("the bill was cancelled"), "no-bill": gettext_lazy("no bill of ours was meant"),
    "decision": gettext_lazy("somebody decided it"),
}  # fmt: skip
TROUBLES = {
    "by-hand": gettext_lazy("this gateway cannot give money back by itself"),
    "contradicted": gettext_lazy("the gateway says now that the money never came"),
    "no-phone": gettext_lazy("the payer’s number is hidden, and only a part goes back"),
    "no-answer": gettext_lazy("no answer for a day"),
    "paid-twice": gettext_lazy("recorded as paid by hand, and then the gateway paid it too: look at the evidence"),
}


@never_cache
def refunds(request: HttpRequest) -> HttpResponse:
    """The refunds that wait, and money that nobody knows what for."""
    return _show(request)


def _show(
    request: HttpRequest, wrong: UUID | None = None, errors: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    actor = actor_of(request)
    waiting = payments.waiting_refunds_for(actor)
    context = {
        "rows": [(one, REASONS[one.reason], TROUBLES.get(one.trouble, one.trouble)) for one in waiting],
        "ownerless": payments.ownerless_for(actor),
        "gateways": [(one.code, one.gateway.name) for one in payments.standings_for(actor)],
        "names": identity.staff_names(
            {who for one in waiting for who in (one.asked_by, one.hand_by, one.close_by) if who}
        ),
        "actor": actor,
        "wrong": wrong,
        "errors": errors or {},
        "typed": request.POST,
    }
    return render(request, "desk/payments/refunds.html", context, status=status)


@require_POST
def propose(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    """Propose to give a payment back, whole or in part."""
    try:
        payments.propose_refund(
            actor=actor_of(request), payment_id=payment_id, amount_cents=typed_cents(request),
            note=request.POST.get("note", ""), now=timezone.now(),
        )  # fmt: skip
    except payments.ReasonMissing as refusal:
        return show_payment(request, payment_id, {"note": refusal.message}, status=422)
    except (NotAnAmount, payments.MoreThanReceived, payments.WholeOnly, payments.ClosedFirst) as refusal:
        return show_payment(request, payment_id, {"amount": refusal.message}, status=422)
    except (payments.NothingReceived, payments.BillStillOpen, payments.ProposedAlready) as refusal:
        notes.warning(request, refusal.message)
    else:
        notes.success(request, gettext("Your proposal waits for a second person."))
    return redirect("desk:payment", payment_id=payment_id)


@require_POST
def decide(request: HttpRequest, refund_id: UUID) -> HttpResponse:
    """Agree that money goes back, or not."""
    return _act(
        request, payments.decide_refund, gettext("Your decision is recorded."), refund_id=refund_id,
        approve=request.POST.get("answer") == "yes",
    )  # fmt: skip


@require_POST
def resend(request: HttpRequest, refund_id: UUID) -> HttpResponse:
    """Hand a refund to its gateway again."""
    said = gettext("The refund is handed to the gateway again, under the same number.")
    return _act(request, payments.resend_refund, said, refund_id=refund_id)


@require_POST
def record(request: HttpRequest, refund_id: UUID) -> HttpResponse:
    """Say that a refund was paid by hand."""
    slip = request.FILES.get("slip")
    try:
        return _act(
            request, payments.record_by_hand, gettext("A second person now looks at the evidence."), refund_id=refund_id,
            hand_from=request.POST.get("from", ""), evidence=request.POST.get("evidence", ""),
            note=request.POST.get("note", ""), slip=slip.read() if slip else b"", slip_name=slip.name or "" if slip else "",
        )  # fmt: skip
    except payments.EvidenceMissing as refusal:
        return _show(request, refund_id, {"evidence": refusal.message}, status=422)
    except SLIP_REFUSALS as refusal:
        return _show(request, refund_id, {"slip": refusal.message}, status=422)


@require_POST
def close(request: HttpRequest, refund_id: UUID) -> HttpResponse:
    """Propose to end a refund that got stuck, or decide on that."""
    answer = request.POST.get("answer", "")
    if answer:
        said = gettext("Your decision is recorded.")
        return _act(request, payments.decide_closing, said, refund_id=refund_id, approve=answer == "yes")
    try:
        said = gettext("Your proposal waits for a second person.")
        return _act(request, payments.propose_closing, said, refund_id=refund_id, reason=request.POST.get("reason", ""))
    except payments.ReasonMissing as refusal:
        return _show(request, refund_id, {"close": refusal.message}, status=422)


@never_cache
def slip(request: HttpRequest, refund_id: UUID) -> HttpResponse:
    """The scanned paper of a refund paid by hand."""
    return file_response(payments.slip_for(actor_of(request), refund_id))


@require_POST
def check(request: HttpRequest, refund_id: UUID) -> HttpResponse:
    """Say whether the evidence of a refund paid by hand is there."""
    found = request.POST.get("answer") == "yes"
    return _act(
        request, payments.check_by_hand, gettext("Your decision is recorded."), refund_id=refund_id, found=found
    )


def _act(request: HttpRequest, operation: object, said: str, **what: object) -> HttpResponse:
    assert callable(operation)
    try:
        operation(actor=actor_of(request), now=timezone.now(), **what)
        notes.success(request, said)
    except (NotPermitted, NotFound, payments.EvidenceMissing, payments.ReasonMissing, *SLIP_REFUSALS):
        raise
    except Refusal as refusal:
        notes.warning(request, refusal.message)
    return redirect("desk:refunds")


urlpatterns = [
    path("refunds/", refunds, name="refunds"),
    path("payments/<uuid:payment_id>/refund/", propose, name="propose_refund"),
    path("refunds/<uuid:refund_id>/decide/", decide, name="decide_refund"),
    path("refunds/<uuid:refund_id>/send/", resend, name="resend_refund"),
    path("refunds/<uuid:refund_id>/by-hand/", record, name="record_by_hand"),
    path("refunds/<uuid:refund_id>/slip/", slip, name="refund_slip"),
    path("refunds/<uuid:refund_id>/close/", close, name="close_refund"),
    path("refunds/<uuid:refund_id>/check/", check, name="check_by_hand"),
]
