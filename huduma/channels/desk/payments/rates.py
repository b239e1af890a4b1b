"""Exchange rates: one enters them, another agrees."""

from datetime import date
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.channels.desk.payments.bills import WAIVER_STATES as STATES
from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.ui.requests import actor_of


class NotADay(Refusal):
    """That is not a day. Choose the day for which the rate was published."""


@never_cache
def rates(request: HttpRequest) -> HttpResponse:
    """The newest rates, and the form for another."""
    actor, errors = actor_of(request), {}
    if request.method == "POST":
        try:
            payments.propose_rate(
                actor=actor, currency="USD", day=_day(request), rate=_rate(request), source=request.POST.get("source", ""),
                now=timezone.now(),
            )  # fmt: skip
            notes.success(request, gettext("Your proposal waits for a second person."))
            return redirect("desk:rates")
        except payments.SourceMissing as refusal:
            errors["source"] = refusal.message
        except payments.NotARate as refusal:
            errors["rate"] = refusal.message
        except (NotADay, payments.NotYet, payments.ProposedAlready) as refusal:
            errors["day"] = (
                gettext("This day has a rate already.")
                if isinstance(refusal, payments.ProposedAlready)
                else refusal.message
            )
    found = payments.rates_for(actor)
    context = {
        "rates": [(one, f"{Decimal(one.rate) / 10_000:.4f}", STATES[one.state]) for one in found],
        "names": identity.staff_names({one.asked_by for one in found}),
        "actor": actor,
        "errors": errors,
        "typed": request.POST,
    }
    return render(request, "desk/payments/rates.html", context, status=422 if errors else 200)


def _day(request: HttpRequest) -> date:
    try:
        return date.fromisoformat(request.POST.get("day", ""))
    except ValueError:
        raise NotADay from None


def _rate(request: HttpRequest) -> int:
    try:
        rate = Decimal(request.POST.get("rate", "").replace(",", "").strip()) * 10_000
    except InvalidOperation:
        raise payments.NotARate from None
    if not rate.is_finite() or rate != int(rate):
        raise payments.NotARate
    return int(rate)


@require_POST
def decide(request: HttpRequest, rate_id: UUID) -> HttpResponse:
    """Agree to a rate, or reject it."""
    try:
        payments.decide_rate(
            actor=actor_of(request), rate_id=rate_id, approve=request.POST.get("answer") == "yes", now=timezone.now()
        )
        notes.success(request, gettext("Your decision is recorded."))
    except (NotPermitted, NotFound):
        raise
    except Refusal as refusal:
        notes.warning(request, refusal.message)
    return redirect("desk:rates")


urlpatterns = [
    path("rates/", rates, name="rates"),
    path("rates/<uuid:rate_id>/", decide, name="decide_rate"),
]
