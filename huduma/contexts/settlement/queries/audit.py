"""Following a shilling: from the bill through what the gateway sent and what was booked to the bank, and back."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from huduma.contexts.payments import public as payments
from huduma.contexts.settlement.models import Explanation, Remittance, StatementLine, TaxInvoice
from huduma.contexts.settlement.queries.access import EVIDENCE, bodies_seen, midnight
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
    """All that stands behind a payment. `known.callbacks` is empty for readers who may not see payers' names."""

    known: payments.Known
    transfers: list[payments.Transfer]
    line: StatementLine | None
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
        known, transfers, line, line.explanations.filter(state="accepted").first() if line else None, remittances,
        tax_invoices_of(known.payment.bill.id) if known.payment.bill else [], acts,
        next((str(one.facts["service_code"]) for one in acts if one.facts.get("service_code")), ""), shows,
    )  # fmt: skip


def _acts(known: payments.Known, remittances: list[Remittance], line: StatementLine | None) -> list[journal.Entry]:
    about = {known.payment.id, *(one.batch_id for one in remittances), *({line.statement_id} if line else ())}
    if known.payment.bill:
        about |= {known.payment.bill.id, known.payment.bill.payable_id}
    found = {entry.id: entry for one in about for entry in journal.entries_concerning(one)}
    return sorted((one for one in found.values() if one.act.startswith(ACTS)), key=lambda one: one.at)


def entries_for(actor: Actor, account: str, currency: str, since: date, before: date) -> list[payments.LedgerEntry]:
    """Return the newest entries of an account in a span of days, `before` excluded. Raises NotPermitted, NotFound."""
    bodies = bodies_seen(actor)
    if bodies is not None and (not account.startswith("body:") or parts_of(account)[0] not in bodies):
        raise NotFound
    return payments.entries_of(account, currency, midnight(since), midnight(before))
