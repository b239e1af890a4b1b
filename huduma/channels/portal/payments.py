"""Paying bills: one or several at once, signed in, or by whoever holds the reference; waiting for the money; and the receipt."""

from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.channels.portal.identity import to_sign_in
from huduma.contexts.contact import public as contact
from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.contexts.settlement import public as settlement
from huduma.foundation import throttle
from huduma.foundation.access import NotFound, Refusal
from huduma.foundation.translated import pick
from huduma.foundation.ui.requests import actor_of, address_of

#: Why a payment did not happen, by the gateway's reason code.
REASONS = {
    "cancelled": gettext_lazy("It was declined. Nothing was taken."),
    "expired": gettext_lazy("Nobody answered in time. Nothing was taken."),
    "balance": gettext_lazy("There was not enough money in the account. Nothing was taken."),
    "limits": gettext_lazy("The amount is beyond what this account may send today. Pay another way."),
    "pin": gettext_lazy("The PIN was wrong. Nothing was taken."),
    "locked": gettext_lazy("This account is locked. Call the company that keeps it, or pay another way."),
    "unreachable": gettext_lazy("The phone could not be reached: it is off, without network, or has no such account."),
    "not-registered": gettext_lazy("This phone number has no such account. Check the number, or pay another way."),
    "busy": gettext_lazy("Another payment was under way on this phone. Wait a minute, then try again."),
    "too-soon": gettext_lazy("The same payment was asked for a moment ago. Wait two minutes, then try again."),
    "lost": gettext_lazy("The request did not arrive. Nothing was taken."),
    "withdrawn": gettext_lazy("It was cancelled, as you asked. Choose another way to pay."),
    "ruled": gettext_lazy("We looked into it: the money did not reach us."),
}
FAILED = gettext_lazy("This way to pay does not work just now. Nothing was taken. Try again, or pay another way.")
#: What another number or another way to pay mends, so the page shows it beside what was typed.
NOT_SO = (payments.NotAPhone, payments.PhoneAskedTooOften, payments.BillAskedTooOften, payments.NoSuchWay)
TRIES, WINDOW_SECONDS = 60, 3600
CODE_KEPT_SECONDS = 24 * 3600


class TooManyTries(Refusal):
    """Too many references were tried from here. Wait an hour, or sign in to see your own bills."""


@never_cache
def my_bills(request: HttpRequest) -> HttpResponse:
    """One's own bills; several of them are paid at once."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    error = ""
    if request.method == "POST":
        try:
            chosen = [UUID(one) for one in request.POST.getlist("bill")]
            if not chosen:
                raise NothingChosen
            basket = payments.make_basket(actor=actor, bill_ids=chosen, now=timezone.now())
            return redirect("portal:pay", bill_id=basket.id)
        except ValueError:
            raise NotFound from None
        except NotFound:
            raise
        except Refusal as refusal:
            error = refusal.message
    bills = payments.bills_for(actor)
    context = {
        "open_bills": [(bill, payments.due_cents(bill)) for bill in bills if bill.state == "open"],
        "others": [bill for bill in bills if bill.state != "open"],
        "chosen": request.POST.getlist("bill"),
        "error": error,
    }
    return render(request, "portal/payments/bills.html", context, status=422 if error else 200)


class NothingChosen(Refusal):
    """Choose at least one bill to pay."""


@require_POST
def spread(request: HttpRequest, bill_id: UUID) -> HttpResponse:
    """Pay a bill in instalments."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    typed = request.POST.get("count", "")
    try:
        payments.agree_instalments(
            actor=actor,
            bill_id=bill_id,
            count=int(typed) if typed.isdecimal() and len(typed) < 4 else 0,
            now=timezone.now(),
        )
    except NotFound:
        raise
    except Refusal as refusal:
        notes.warning(request, refusal.message)
    return redirect("portal:pay", bill_id=bill_id)


@never_cache
def pay(request: HttpRequest, bill_id: UUID) -> HttpResponse:
    """A bill and how it can be paid; while a payment runs, the page waits with the payer."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    bill = payments.get_bill_for(actor, bill_id)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            payments.start_payment(actor=actor, bill_id=bill_id, **_typed(request))
            return redirect("portal:pay", bill_id=bill_id)
        except payments.AlreadyPaid:
            return redirect("portal:pay", bill_id=bill_id)
        except NOT_SO as refusal:
            errors = _error(refusal)
    context = {**_shown(request, bill, errors), "own": True, "phone": request.POST.get("phone") or _own_phone(request)}
    context["matters"] = contact.list_about_for(actor, bill.id)
    return render(request, "portal/payments/pay.html", context, status=422 if errors else 200)


@never_cache
def find(request: HttpRequest) -> HttpResponse:
    """Ask for the reference of the bill that somebody wants to pay without signing in."""
    error, typed = "", request.POST.get("reference", "").strip()
    if request.method == "POST":
        _count_try(request)
        try:
            return redirect("portal:pay_reference", reference=payments.find_bill(typed).reference)
        except NotFound:
            error = NoSuchBill().message
    context = {"error": error, "typed": typed}
    return render(request, "portal/payments/find.html", context, status=422 if error else 200)


class NoSuchBill(Refusal):
    """No bill has this reference. Check each letter and digit: it begins with HB and has 11 of them."""


@never_cache
def pay_reference(request: HttpRequest, reference: str) -> HttpResponse:
    """A bill, to whoever holds its reference: what is owed and how to pay it, and nothing of whose it is.

    Whose bill it is goes on to its own page, such as when a gateway sends them back.
    """
    if request.headers.get("Sec-Fetch-Mode") != "cors":  # the page's own renewing is no try
        _count_try(request)
    bill = payments.find_bill(reference)
    if request.method == "GET" and _is_own(request, bill):
        return redirect("portal:pay", bill_id=bill.id)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            payments.start_by_reference(reference=bill.reference, **_typed(request))
            return redirect("portal:pay_reference", reference=bill.reference)
        except payments.AlreadyPaid:
            return redirect("portal:pay_reference", reference=bill.reference)
        except NOT_SO as refusal:
            errors = _error(refusal)
    context = {**_shown(request, bill, errors), "own": False, "phone": request.POST.get("phone", "")}
    return render(request, "portal/payments/pay.html", context, status=422 if errors else 200)


@require_POST
def cancel(request: HttpRequest, bill_id: UUID) -> HttpResponse:
    """Give up a payment on a gateway's page that was not made."""
    if actor_of(request).kind == "anonymous":
        return to_sign_in(request)
    _cancel(request, payments.get_bill_for(actor_of(request), bill_id))
    return redirect("portal:pay", bill_id=bill_id)


@require_POST
def cancel_by_reference(request: HttpRequest, reference: str) -> HttpResponse:
    """The same by whoever holds the bill's reference."""
    _count_try(request)
    bill = payments.find_bill(reference)
    _cancel(request, bill)
    return redirect("portal:pay_reference", reference=bill.reference)


def _cancel(request: HttpRequest, bill: payments.Bill) -> None:
    payment = payments.running_payment(bill)  # of two tabs the second finds none
    if payment is None or payment.bill_id != bill.id or str(payment.id) != request.POST.get("payment"):
        return
    try:
        payments.cancel_payment(
            actor=actor_of(request), payment_id=payment.id, reference=bill.reference, now=timezone.now()
        )
    except payments.NotToCancel as refusal:
        notes.warning(request, refusal.message)


def _is_own(request: HttpRequest, bill: payments.Bill) -> bool:
    try:
        payments.get_bill_for(actor_of(request), bill.id)
    except NotFound:
        return False
    return True


def _count_try(request: HttpRequest) -> None:
    if not throttle.allow(f"bill-reference:{address_of(request)}", limit=TRIES, seconds=WINDOW_SECONDS):
        raise TooManyTries


def _typed(request: HttpRequest) -> dict[str, Any]:
    return {
        "phone": request.POST.get("phone", ""), "gateway": request.POST.get("way", "mpesa"),
        "language": get_language() or "en", "now": timezone.now(), "whole": request.POST.get("part") != "next",
    }  # fmt: skip


def _error(refusal: Refusal) -> dict[str, str]:
    at = "phone" if isinstance(refusal, (payments.NotAPhone, payments.PhoneAskedTooOften)) else "way"
    return {at: refusal.message}


def _shown(request: HttpRequest, bill: payments.Bill, errors: dict[str, str]) -> dict[str, Any]:
    payment = payments.running_payment(bill) or payments.latest_payment(bill.id)
    ways = payments.ways_to_pay(bill, timezone.now())
    by_code = {way.code: way.gateway for way in ways}
    currency, plan = payments.currency_by(bill, None), payments.plan_of(bill)
    due_cents = payments.due_cents(bill, currency=currency)
    return {
        "bill": bill,
        "members": payments.members_of(bill),
        "settled_members": payments.settled_with(bill),
        "payment": payment,
        "gateway": by_code.get(payment.gateway) if payment else None,
        "cancellable": payment is not None and payment.bill_id == bill.id and payments.is_cancellable(payment),
        "waiting": payment is not None and payment.is_open and bill.state == "open",
        "failed": REASONS.get(payment.reason, FAILED) if payment and payment.state == "failed" else "",
        "held_cents": payments.sum_held(bill),
        "due_cents": due_cents,
        "currency": currency,
        "plan": plan,
        "next_cents": payments.next_cents(bill) if plan else 0,
        "spread": payments.spreads(bill) if bill.state == "open" and not plan else [],
        "refunds": payments.refunds_of(bill.id),
        "varies": any((way.due_cents, way.currency) != (due_cents, currency) for way in ways),
        "asked": [way for way in ways if way.gateway.way in ("prompt", "page")],
        "phone_ways": ", ".join(pick(way.gateway.name) for way in ways if way.gateway.needs_phone),
        "typed_ways": [way for way in ways if way.gateway.typed_at],
        "way": request.POST.get("way", "mpesa"),
        "part": request.POST.get("part", "next"),
        "errors": errors,
    }


def _own_phone(request: HttpRequest) -> str:
    try:
        return identity.get_account_for(actor_of(request)).phone or ""
    except NotFound:
        return ""


def code(request: HttpRequest, reference: str) -> HttpResponse:
    """The QR code of a bill, which the M-Pesa app reads: drawn by M-Pesa once, then kept. Where M-Pesa draws none, what to do instead."""
    bill = payments.find_bill(reference)
    key = f"bill-code:{bill.reference}:{payments.due_cents(bill, 'mpesa')}"
    picture: bytes | None = cache.get(key)
    if picture is None:
        try:
            picture = payments.draw_code(bill)
        except payments.NoSuchWay:  # whoever asks for a picture sees no page
            response = render(request, "portal/payments/no_code.html", content_type="image/svg+xml")
            response["Cache-Control"] = "no-store"
            return response
        cache.set(key, picture, CODE_KEPT_SECONDS)
    return HttpResponse(picture, content_type="image/png")


@never_cache
def receipt(request: HttpRequest, bill_id: UUID) -> HttpResponse:
    """The proof of payment, to keep or to print."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    bill = payments.get_bill_for(actor, bill_id)
    if bill.state != "settled":
        return redirect("portal:pay", bill_id=bill_id)
    context = {
        "bill": bill,
        "payment": payments.settling_payment(bill.id),
        "members": payments.settled_with(bill),
        "invoiced": bool(settlement.tax_copies_for(actor, bill.id)),
    }
    return render(request, "portal/payments/receipt.html", context)


urlpatterns = [
    path("bills/", my_bills, name="my_bills"),
    path("bills/<uuid:bill_id>/instalments/", spread, name="spread"),
    path("bills/<uuid:bill_id>/", pay, name="pay"),
    path("bills/<uuid:bill_id>/receipt/", receipt, name="receipt"),
    path("bills/<uuid:bill_id>/cancel/", cancel, name="cancel_payment"),
    path("pay/<str:reference>/cancel/", cancel_by_reference, name="cancel_by_reference"),
    path("pay/", find, name="find_bill"),
    path("pay/<str:reference>/", pay_reference, name="pay_reference"),
    path("pay/<str:reference>/code.png", code, name="bill_code"),
]
