"""A till: opened with a float, takes cash for bills by their reference, counted by two people."""

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from huduma.channels.desk.payments.amounts import NotAnAmount, typed_cents
from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.foundation import money
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.ui.requests import actor_of

#: The field of a step's amount.
AMOUNTS = {"open": "float", "take": "given", "count": "counted"}


class NoSuchReference(Refusal):
    """No bill has this reference. Check each letter and digit with the person."""


@never_cache
def till(request: HttpRequest) -> HttpResponse:
    """The cashier's own till, and those of colleagues that wait for a second count."""
    actor, errors = actor_of(request), {}
    actor.require_role("officer", "supervisor")
    amount = ""
    if request.method == "POST":
        step = request.POST.get("step", "")
        amount = AMOUNTS.get(step, f"witness-{request.POST.get('session', '')}")
        try:
            STEPS.get(step, _open)(request)
            return redirect("desk:till")
        except (NotPermitted, NotFound):
            if step != "take":
                raise
            errors["reference"] = NoSuchReference().message
        except payments.ReasonMissing as refusal:
            amount = f"reason-{request.POST.get('session', '')}"
            errors[amount] = refusal.message
        except (NotAnAmount, payments.NotEnough) as refusal:
            errors[amount] = refusal.message
        except Refusal as refusal:
            errors["reference" if step == "take" else amount] = refusal.message
    session = payments.till_of(actor)
    others, differing = payments.tills_to_witness_for(actor), payments.tills_to_explain_for(actor)
    context = {
        "session": session,
        "takings": payments.till_takings(session) if session else [],
        "others": others,
        "differing": differing,
        "names": identity.staff_names({one.cashier for one in (*others, *differing)}),
        "bodies": sorted(actor.body_codes),
        "errors": errors,
        "amount_error": errors.get(amount, ""),
        "typed": request.POST,
    }
    return render(request, "desk/payments/till.html", context, status=422 if errors else 200)


def _open(request: HttpRequest) -> None:
    payments.open_till(
        actor=actor_of(request), till=request.POST.get("till", ""), body_code=request.POST.get("body", ""),
        float_cents=typed_cents(request), now=timezone.now(),
    )  # fmt: skip


def _take(request: HttpRequest) -> None:
    payment, change = payments.take_cash(
        actor=actor_of(request), reference=request.POST.get("reference", ""), given_cents=typed_cents(request),
        now=timezone.now(),
    )  # fmt: skip
    words = gettext("Taken: %(amount)s. Change: %(change)s. Receipt: %(receipt)s")
    facts = {
        "amount": money.format_cents(payment.amount_cents), "change": money.format_cents(change),
        "receipt": payment.receipt,
    }  # fmt: skip
    notes.success(request, words % facts)


def _count(request: HttpRequest) -> None:
    session = payments.till_of(actor_of(request))
    if session is None:
        raise NotFound
    payments.count_till(
        actor=actor_of(request), session_id=session.id, counted_cents=typed_cents(request), now=timezone.now()
    )
    notes.success(request, gettext("Your count is kept. A second person counts now; their count closes the till."))


def _witness(request: HttpRequest) -> None:
    wanted = request.POST.get("session", "")
    session = next((one for one in payments.tills_to_witness_for(actor_of(request)) if str(one.id) == wanted), None)
    if session is None:
        raise NotFound
    counted = payments.witness_till(
        actor=actor_of(request), session_id=session.id, counted_cents=typed_cents(request), now=timezone.now()
    )
    if counted.state == "closed":
        notes.success(request, gettext("The till is closed. Both counts agree, and nothing is missing."))
    elif counted.state == "open":
        notes.warning(request, gettext("The two counts differ. Count again: first the cashier, then you."))


def _reason(request: HttpRequest) -> None:
    wanted = request.POST.get("session", "")
    session = next((one for one in payments.tills_to_explain_for(actor_of(request)) if str(one.id) == wanted), None)
    if session is None:
        raise NotFound
    payments.explain_till(
        actor=actor_of(request), session_id=session.id, reason=request.POST.get("reason", ""), now=timezone.now()
    )
    notes.success(request, gettext("The till is closed. The difference is recorded with its reason."))


STEPS = {"open": _open, "take": _take, "count": _count, "witness": _witness, "reason": _reason}

urlpatterns = [path("till/", till, name="till")]
