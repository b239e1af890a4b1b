"""Batches of money for bodies, from proposal to the bank's confirmation; and the bank accounts to which it goes."""

from datetime import date, timedelta
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.channels.desk.settlement.collections import as_file, currency_of, names, proposable
from huduma.contexts.identity import public as identity
from huduma.contexts.settlement import public as settlement
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.ui.requests import actor_of

STATES = {
    "proposed": gettext_lazy("waits for a second person"), "approved": gettext_lazy("approved, on its way to the bank"),
    "rejected": gettext_lazy("rejected"), "sent": gettext_lazy("with the bank"), "done": gettext_lazy("confirmed by the bank"),
    "waiting": gettext_lazy("not yet on the bank’s statement"), "confirmed": gettext_lazy("confirmed by the bank"),
    "returned": gettext_lazy("returned by the body’s bank: owed again"), "seconded": gettext_lazy("approved once"),
}  # fmt: skip

#: Before any money was collected.
FIRST_DAY = date(2000, 1, 1)


@require_POST
def propose(request: HttpRequest) -> HttpResponse:
    """Propose to hand over what was collected before today."""
    now = timezone.now()
    currency = request.POST.get("currency", "")
    try:
        batch = settlement.propose_batch(
            actor=actor_of(request), body_code=request.POST.get("body", ""), before=settlement.midnight(now),
            currency=currency if currency in settlement.CURRENCIES else settlement.CURRENCIES[0], now=now,
        )  # fmt: skip
    except settlement.NothingToHandOver as refusal:
        notes.warning(request, refusal.message)
        return redirect("desk:collections")
    notes.success(request, gettext("Your proposal waits for a second person."))
    return redirect("desk:batch", batch_id=batch.id)


@never_cache
def batch(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """One batch: who gets what, who made and checked it, where its files went."""
    actor = actor_of(request)
    found, remittances, deliveries = settlement.batch_for(actor, batch_id)
    by_code = names()
    people = identity.staff_names({one for one in (found.made_by, found.checked_by) if one})
    bodies = list(dict.fromkeys(one.body_code for one in remittances))
    context = {
        "batch": found, "state": STATES[found.state], "deliveries": deliveries, "actor": actor,
        "rows": [
            (by_code.get(one.body_code, one.body_code), one, STATES[one.state], *_collected(one)) for one in remittances
        ],
        "sees_lines": actor.has_everywhere(*settlement.EVIDENCE),
        "maker": people.get(found.made_by, ""), "checker": people.get(found.checked_by, "") if found.checked_by else "",
        "decides": actor.has_role(*settlement.CHECKERS, body=found.body_code) if found.body_code
        else actor.has_everywhere(*settlement.CHECKERS),
        "bodies": [(code, by_code.get(code, code)) for code in bodies] if found.checked_at and found.state != "rejected" else [],
    }  # fmt: skip
    return render(request, "desk/settlement/batch.html", context)


def _collected(one: settlement.Remittance) -> tuple[date, date]:
    """The first and the last day on which the money of a remittance was collected."""
    since = settlement.collected_since(one)
    last = timezone.localdate(one.batch.before - timedelta(microseconds=1))
    return timezone.localdate(since) if since else FIRST_DAY, last


@require_POST
def decide(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Approve a batch, or reject it."""
    try:
        done = settlement.decide_batch(
            actor=actor_of(request), batch_id=batch_id, approve=request.POST.get("answer") == "yes", now=timezone.now()
        )
    except (NotPermitted, NotFound):
        raise
    except Refusal as refusal:
        notes.warning(request, refusal.message)
    else:
        notes.success(request, gettext("The batch is now: %(state)s.") % {"state": STATES[done.state]})
    return redirect("desk:batch", batch_id=batch_id)


@never_cache
def advice(request: HttpRequest, batch_id: UUID, body_code: str) -> HttpResponse:
    """A body's remittance advice, as PDF or workbook."""
    report = settlement.advice_for(actor_of(request), batch_id, body_code)
    answer = as_file(request, report, f"remittance-{body_code}-{batch_id.hex[-8:]}")
    if answer is None:
        raise NotFound
    return answer


@never_cache
def bank_accounts(request: HttpRequest) -> HttpResponse:
    """Where bodies get their money, and changes of that."""
    actor, errors, now = actor_of(request), {}, timezone.now()
    if request.method == "POST":
        try:
            _change(request)
            return redirect("desk:bank_accounts")
        except settlement.NotABankAccount as refusal:
            errors["account"] = refusal.message
        except (NotPermitted, NotFound):
            raise
        except Refusal as refusal:
            errors["body"] = refusal.message
    found = settlement.bank_accounts_for(actor)
    by_code = names()
    people = identity.staff_names(
        {one for change in found for one in (change.proposed_by, change.first_by, change.second_by) if one}
    )
    context = {
        "rows": [(by_code.get(one.body_code, one.body_code), one, STATES.get(one.state, "")) for one in found],
        "names": people, "now": now, "errors": errors, "typed": request.POST, "actor": actor,
        "bodies": [one for one in proposable(actor, by_code) if one[0]], "currency": currency_of(request),
        "decides": actor.has_role(*settlement.CHECKERS),
    }  # fmt: skip
    return render(request, "desk/settlement/bank_accounts.html", context, status=422 if errors else 200)


def _change(request: HttpRequest) -> None:
    actor, now, answer = actor_of(request), timezone.now(), request.POST.get("answer", "")
    if not answer:
        settlement.propose_bank_account(
            actor=actor, body_code=request.POST.get("body", ""), name=request.POST.get("name", ""),
            bic=request.POST.get("bic", ""), account=request.POST.get("account", ""), now=now,
        )  # fmt: skip
        notes.success(request, gettext("The change waits for two other persons; a day after the second it counts."))
        return
    try:
        change = UUID(request.POST.get("change", ""))
    except ValueError:
        raise NotFound from None
    decide_change = settlement.approve_bank_account if answer == "yes" else settlement.reject_bank_account
    decide_change(actor=actor, account_id=change, now=now)
    notes.success(request, gettext("Your decision is recorded."))


urlpatterns = [
    path("batches/propose/", propose, name="propose_batch"),
    path("batches/<uuid:batch_id>/", batch, name="batch"),
    path("batches/<uuid:batch_id>/decide/", decide, name="decide_batch"),
    path("batches/<uuid:batch_id>/advice/<str:body_code>/", advice, name="remittance_advice"),
    path("bank-accounts/", bank_accounts, name="bank_accounts"),
]
