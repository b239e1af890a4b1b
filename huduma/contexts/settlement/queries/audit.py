"""Following a shilling: from the bill through what the gateway sent and what was booked to the bank, and back."""

import re
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Q

from huduma.contexts.payments import public as payments
from huduma.contexts.settlement.models import Batch, Explanation, Remittance, StatementLine, TaxInvoice
from huduma.contexts.settlement.queries.access import EVIDENCE, PAGE_SIZE, bodies_seen, midnight, sources
from huduma.contexts.settlement.queries.batches import covering
from huduma.contexts.settlement.queries.lines import line_of
from huduma.contexts.settlement.queries.standings import parts_of
from huduma.contexts.settlement.queries.taxes import tax_invoices_of
from huduma.foundation.access import Actor, NotFound
from huduma.foundation.journal import public as journal

#: Acts of these contexts are the approvals and papers behind money.
ACTS = ("payments.", "settlement.", "applications.")


@dataclass(frozen=True)
class Trace:
    """All that stands behind a payment. `known.callbacks` is empty for readers who may not see payers' names.

    `lines_back`: the lines of statements that prove its refunds (and what went out twice), by the id of either.
    """

    known: payments.Known
    transfers: list[payments.Transfer]
    line: StatementLine | None
    lines_back: dict[UUID, StatementLine]
    explanation: Explanation | None
    remittances: list[Remittance]
    tax_invoices: list[TaxInvoice]
    acts: list[journal.Entry]
    service_code: str
    shows_evidence: bool


def _is_seen(bodies: frozenset[str] | None, payment: payments.Payment) -> bool:
    if bodies is None:
        return True
    return payment.bill is not None and bool(payments.bodies_of(payment.bill) & bodies)


def find_payments_for(actor: Actor, text: str) -> list[payments.Payment]:
    """Return the payments that a receipt or the reference of a bill names, of the bodies that the actor sees. Raises NotPermitted."""
    bodies = bodies_seen(actor)
    return [one for one in payments.payments_named(text) if _is_seen(bodies, one)] if text else []


def trace_for(actor: Actor, payment_id: UUID) -> Trace:
    """Return all that stands behind a payment. Raises NotPermitted, NotFound."""
    bodies = bodies_seen(actor)
    known = payments.trail_of(payment_id)
    if known is None or not _is_seen(bodies, known.payment):
        raise NotFound
    shows = actor.has_everywhere(*EVIDENCE)
    transfers = payments.transfers_of([payment_id])
    owed = {
        (entry.account_id, entry.currency): entry.recorded_at
        for transfer in transfers for entry in transfer.entries.all() if entry.account_id.startswith("body:")
    }  # fmt: skip
    found = (covering(account, currency, at) for (account, currency), at in sorted(owed.items()))
    remittances = [one for one in found if one is not None and (bodies is None or one.body_code in bodies)]
    line = line_of(payment_id)
    acts = _acts(known, remittances, line)
    if not shows:
        known.callbacks.clear()
    return Trace(
        known, transfers, line, _lines_back(known), line.explanations.filter(state="accepted").first() if line else None, remittances,
        tax_invoices_of(known.payment.bill.id) if known.payment.bill else [], acts,
        next((str(one.facts["service_code"]) for one in acts if one.facts.get("service_code")), ""), shows,
    )  # fmt: skip


def _lines_back(known: payments.Known) -> dict[UUID, StatementLine]:
    gone = [one.id for one in known.refunds]
    gone += [more.id for one in known.refunds for more in one.receivables.all()]
    found = StatementLine.objects.filter(cashbook_id__in=gone).select_related("statement")
    return {one.cashbook_id: one for one in found if one.cashbook_id}


@dataclass(frozen=True)
class LineTrace:
    """What a line of a statement proves: a payment, perhaps its refund; or what was handed over to a body; or what persons said it is."""

    line: StatementLine
    payment: payments.Payment | None
    refund: payments.Refund | None
    remittance: Remittance | None
    explanation: Explanation | None


def line_for(actor: Actor, line_id: int) -> LineTrace:
    """Return what a line of a statement proves. Raises NotPermitted, NotFound."""
    actor.require_everywhere(*EVIDENCE)
    line = StatementLine.objects.select_related("statement").filter(id=line_id).first()
    if line is None:
        raise NotFound
    payment, refund = (line.cashbook_id and payments.money_behind(line.cashbook_id)) or (None, None)
    handed = Remittance.objects.filter(Q(confirmed_by=line) | Q(returned_by=line)).select_related("batch").first()
    return LineTrace(line, payment, refund, handed, line.explanations.filter(state="accepted").first())


def find_lines_for(actor: Actor, text: str) -> list[StatementLine]:
    """Return the lines of statements that a source's number or our order's names; nothing to those who see no statements."""
    if not text or not actor.has_everywhere(*EVIDENCE):
        return []
    named = Q(key__in={text, text.upper()}) | Q(confirms__end_to_end=text.upper()) | Q(returns__end_to_end=text.upper())
    found = StatementLine.objects.filter(named, source__in=sources()).select_related("statement")
    return list(found.order_by("id")[:PAGE_SIZE])


def find_batch_for(actor: Actor, text: str) -> Batch | None:
    """Return the batch that its own name, or that of one of its orders to the bank, names, to those who see it. Raises NotPermitted."""
    bodies = bodies_seen(actor)
    named = re.fullmatch(r"HUD(?:UMA-)?(\d{7,8})(?:-\d{5})?", text.upper())
    found = Batch.objects.filter(number=int(named[1])) if named else Batch.objects.none()
    if bodies is not None:
        found = found.filter(remittances__body_code__in=bodies)
    return found.first()


def _acts(known: payments.Known, remittances: list[Remittance], line: StatementLine | None) -> list[journal.Entry]:
    about = {known.payment.id, *(one.batch_id for one in remittances), *({line.statement_id} if line else ())}
    if known.payment.bill:
        about |= {known.payment.bill.id, known.payment.bill.payable_id}
    found = {entry.id: entry for one in about for entry in journal.entries_concerning(one)}
    return sorted((one for one in found.values() if one.act.startswith(ACTS)), key=lambda one: one.at)


def entries_for(
    actor: Actor, account: str, currency: str, since: date, before: date, older_than: int | None = None
) -> list[payments.LedgerEntry]:
    """Return the newest entries of an account in a span of days, `before` excluded, or those older than one that was shown.

    Raises NotPermitted, NotFound.
    """
    bodies = bodies_seen(actor)
    if bodies is not None and (not account.startswith("body:") or parts_of(account)[0] not in bodies):
        raise NotFound
    return payments.entries_of(account, currency, midnight(since), midnight(before), older_than)
