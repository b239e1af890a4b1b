"""Paying a bill, waiting for the money, and the receipt."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from huduma.channels.portal.identity import to_sign_in
from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.foundation.access import NotFound
from huduma.foundation.ui.requests import actor_of

#: Why a payment did not happen, by the gateway's reason code.
REASONS = {
    "cancelled": gettext_lazy("It was declined on the phone. Nothing was taken."),
    "expired": gettext_lazy("Nobody answered on the phone in time. Nothing was taken."),
    "balance": gettext_lazy("There was not enough money in the M-Pesa account. Nothing was taken."),
    "limits": gettext_lazy("The amount is beyond what this M-Pesa account may send today. Pay from another phone."),
    "pin": gettext_lazy("The PIN was wrong. Nothing was taken."),
    "locked": gettext_lazy("This M-Pesa account is locked. Call Safaricom, or pay from another phone."),
    "unreachable": gettext_lazy("The phone could not be reached: it is off, without network, or has no M-Pesa."),
    "busy": gettext_lazy("Another M-Pesa payment was under way on this phone. Wait a minute, then try again."),
    "too-soon": gettext_lazy("The same payment was asked for a moment ago. Wait two minutes, then try again."),
    "lost": gettext_lazy("The request did not reach M-Pesa. Nothing was taken."),
}
FAILED = gettext_lazy("M-Pesa did not carry out the payment. Nothing was taken.")


@never_cache
def pay(request: HttpRequest, bill_id: UUID) -> HttpResponse:
    """A bill and how it can be paid; while a payment runs, the page waits with the payer."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    bill = payments.get_bill_for(actor, bill_id)
    errors = {}
    if request.method == "POST":
        try:
            payments.start_payment(
                actor=actor, bill_id=bill_id, phone=request.POST.get("phone", ""), now=timezone.now()
            )
            return redirect("portal:pay", bill_id=bill_id)
        except payments.AlreadyPaid:
            return redirect("portal:pay", bill_id=bill_id)
        except payments.NotAPhone as refusal:
            errors["phone"] = refusal.message
    payment = payments.latest_payment(bill.id)
    context = {
        "bill": bill,
        "payment": payment,
        "waiting": payment is not None and payment.is_open and bill.state == "open",
        "failed": REASONS.get(payment.reason, FAILED) if payment and payment.state == "failed" else "",
        "phone": request.POST.get("phone") or _own_phone(request),
        "errors": errors,
    }
    return render(request, "portal/payments/pay.html", context, status=422 if errors else 200)


def _own_phone(request: HttpRequest) -> str:
    try:
        return identity.get_account_for(actor_of(request)).phone or ""
    except NotFound:
        return ""


@never_cache
def receipt(request: HttpRequest, bill_id: UUID) -> HttpResponse:
    """The proof of payment, to keep or to print."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    bill = payments.get_bill_for(actor, bill_id)
    if bill.state != "settled":
        return redirect("portal:pay", bill_id=bill_id)
    context = {"bill": bill, "payment": payments.settling_payment(bill.id)}
    return render(request, "portal/payments/receipt.html", context)


urlpatterns = [
    path("bills/<uuid:bill_id>/", pay, name="pay"),
    path("bills/<uuid:bill_id>/receipt/", receipt, name="receipt"),
]
