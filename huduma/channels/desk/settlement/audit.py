"""The auditor's trail: from a figure to its entries, from an entry to the payment, its bytes and approvals, to the bank and back."""

from datetime import date, timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from huduma.channels.desk.payments.gateways import REFUND_STATES, STATES, outcome_words
from huduma.channels.desk.settlement.collections import currency_of, names
from huduma.channels.desk.settlement.statements import KINDS, LINE_STATES, RULES, source_names
from huduma.channels.desk.settlement.words import ACTORS, act_words, role_words, transfer_words
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.contexts.settlement import public as settlement
from huduma.foundation.access import NotFound
from huduma.foundation.ui.requests import actor_of

#: How many entries of an account stand on one page.
ENTRIES = 200


@never_cache
def find(request: HttpRequest) -> HttpResponse:
    """Find payments, lines of statements and batches by the numbers that stand on papers; what is found alone is opened."""
    actor, typed = actor_of(request), request.GET.get("q", "").strip()[:60]
    found = settlement.find_payments_for(actor, typed)
    known = {one.id for one in found}
    lines = [one for one in settlement.find_lines_for(actor, typed) if one.cashbook_id not in known]
    batch = settlement.find_batch_for(actor, typed)
    if len(found) == 1 and not lines:
        return redirect("desk:trace", payment_id=found[0].id)
    if len(lines) == 1 and not found:
        return redirect("desk:statement_line", line_id=lines[0].id)
    if batch and not lines and not found:
        return redirect("desk:batch", batch_id=batch.id)
    errors = (
        {} if found or lines or not typed else {"q": gettext("Nothing has this number. Check each letter and digit.")}
    )
    context = {"found": [(one, STATES[one.state]) for one in found], "lines": lines, "typed": typed, "errors": errors}
    return render(request, "desk/settlement/find.html", context, status=422 if errors else 200)


@never_cache
def trace(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    """Everything that stands behind one payment."""
    found = settlement.trace_for(actor_of(request), payment_id)
    people = {one.actor_account_id for one in found.acts if one.actor_account_id}
    for remittance in found.remittances:
        people |= set(_signers(remittance))
    if found.explanation:
        people |= {one for one in (found.explanation.asked_by, found.explanation.decided_by) if one}
    if till := found.known.payment.till_session:
        people |= {one for one in (till.cashier, till.witness) if one}
    version = _version(found.known.payment.bill)
    staff, by_code = identity.staff_names(people), names()
    context = {
        "trace": found, "payment": found.known.payment, "bill": found.known.payment.bill,
        "state": STATES[found.known.payment.state], "rule": RULES.get(found.line.rule, "") if found.line else "",
        "kind": KINDS.get(found.explanation.kind, "") if found.explanation else "",
        "callbacks": [
            (one, outcome_words(one.outcome), bytes(one.body).decode(errors="backslashreplace")) for one in found.known.callbacks
        ],
        "lines": [(by_code.get(one["body_code"], one["body_code"]), one) for one in found.known.payment.bill.lines]
        if found.known.payment.bill else [],
        "transfers": [(one, transfer_words(one.kind), list(one.entries.all())) for one in found.transfers],
        "remittances": [
            (one, by_code.get(one.body_code, one.body_code), *(staff.get(who, "") for who in _signers(one)))
            for one in found.remittances
        ],
        "acts": [
            (
                one, act_words(one), staff.get(one.actor_account_id or one.id) or ACTORS[one.actor_kind],
                role_words(one.roles, by_code),
            )
            for one in found.acts
        ],
        "refunds": [
            (
                one, REFUND_STATES[one.state], found.lines_back.get(one.id),
                [(more, found.lines_back.get(more.id)) for more in one.receivables.all()],
            )
            for one in found.known.refunds
        ],
        "service": version.service if version else _service(found.service_code), "version": version, "staff": staff, "till": till,
    }  # fmt: skip
    return render(request, "desk/settlement/trace.html", context)


def _version(bill: payments.Bill | None) -> catalogue.ServiceVersion | None:
    """The version of the service whose schedule of fees the bill was worked out by."""
    kept = bill.terms.get("schedule") if bill else None
    return catalogue.get_version(UUID(kept)) if kept else None


@never_cache
def charter(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """The schedule of fees of one version of a service, as it was published and by whom: where a figure on a bill begins."""
    settlement.bodies_seen(actor_of(request))
    version = catalogue.get_version(version_id)
    content = version.part("service")
    proposal = catalogue.proposal_of(version)
    people = {
        one for one in (proposal.drafted_by, proposal.decided_by, proposal.published_by) if one
    } if proposal else set()  # fmt: skip
    context = {
        "version": version, "content": content, "proposal": proposal, "staff": identity.staff_names(people),
        "lines": [
            (one, catalogue.price_in_words(one["amount"], one.get("currency", "KES")) if "amount" in one else "")
            for one in content.get("fees", [])
        ],
    }  # fmt: skip
    return render(request, "desk/settlement/charter.html", context)


@never_cache
def line(request: HttpRequest, line_id: int) -> HttpResponse:
    """One line of a statement: what it proves, and the way from there."""
    found = settlement.line_for(actor_of(request), line_id)
    said = found.explanation
    context = {
        "found": found, "line": found.line, "source": dict(source_names()).get(found.line.source, found.line.source),
        "state": LINE_STATES[found.line.state], "rule": RULES.get(found.line.rule, ""), "kind": KINDS.get(said.kind, "") if said else "",
        "staff": identity.staff_names({one for one in (said.asked_by, said.decided_by) if one}) if said else {},
    }  # fmt: skip
    return render(request, "desk/settlement/line.html", context)


def _signers(remittance: settlement.Remittance) -> list[UUID]:
    """Who made and who checked its batch."""
    batch = remittance.batch
    return [batch.made_by, batch.checked_by or batch.made_by]


def _service(code: str) -> object:
    try:
        return catalogue.get_service(code) if code else None
    except NotFound:
        return None


@never_cache
def account(request: HttpRequest, account: str) -> HttpResponse:
    """The entries of one account of the ledger, by day."""
    actor, currency = actor_of(request), currency_of(request)
    try:
        since = date.fromisoformat(request.GET.get("since", ""))
    except ValueError:
        since = timezone.localdate()
    try:
        until = date.fromisoformat(request.GET.get("until", ""))
    except ValueError:
        until = since
    older = request.GET.get("older", "")
    entries = settlement.entries_for(
        actor, account, currency, since, until + timedelta(days=1), int(older) if older.isdecimal() else None
    )
    context = {
        "account": account, "currency": currency, "currencies": settlement.CURRENCIES, "since": since, "until": until,
        "entries": [(one, transfer_words(one.transfer.kind)) for one in entries], "total": sum(one.amount_cents for one in entries),
        "older": entries[-1].id if len(entries) == ENTRIES else None,
    }  # fmt: skip
    return render(request, "desk/settlement/account.html", context)


@never_cache
def checks(request: HttpRequest) -> HttpResponse:
    """What the last run of each daily check found."""
    found = settlement.findings_for(actor_of(request))
    context = {"found": [(settlement.check_words(one.check_code), one) for one in found]}
    return render(request, "desk/settlement/checks.html", context)


urlpatterns = [
    path("audit/", find, name="audit"),
    path("audit/payments/<uuid:payment_id>/", trace, name="trace"),
    path("audit/charters/<uuid:version_id>/", charter, name="charter"),
    path("audit/lines/<int:line_id>/", line, name="statement_line"),
    path("audit/accounts/<str:account>/", account, name="ledger_account"),
    path("checks/", checks, name="checks"),
]
