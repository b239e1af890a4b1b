"""Reading tax invoices and credit notes."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.conf import settings

from huduma.contexts.payments import public as payments
from huduma.contexts.settlement.models import TaxInvoice
from huduma.contexts.settlement.providers.etims import Branch, Etims
from huduma.foundation.access import Actor


@dataclass(frozen=True)
class Copy:
    """A payer's copy of an invoice or credit note. `address` is what its QR code says; empty until KRA signed it."""

    invoice: TaxInvoice
    address: str
    tax_cents: int

    @property
    def taxable_cents(self) -> int:
        """The total without the tax."""
        return self.invoice.total_cents - self.tax_cents

    @property
    def rate(self) -> tuple[str, date, str] | None:
        """For money in dollars: how many shillings one is, as text; published for which day, and where."""
        kept = self.invoice.rate
        return kept and (f"{Decimal(kept['rate']) / 10_000:.4f}", date.fromisoformat(kept["day"]), kept["source"])


def etims() -> Etims:
    """Return the service as it is configured."""
    return Etims(**settings.ETIMS)  # type: ignore[arg-type]  # of settings


def tax_invoices_of(bill_id: UUID) -> list[TaxInvoice]:
    """Return the tax invoices and credit notes for a bill whose reader has been checked, by taxpayer and number."""
    found = TaxInvoice.objects.filter(bill_id=bill_id).select_related("taxpayer", "original")
    return list(found.order_by("taxpayer__body_code", "number"))


def tax_copies_for(actor: Actor, bill_id: UUID) -> list[Copy]:
    """Return the copies of a bill's tax invoices and credit notes, to whoever may see the bill. Raises NotFound."""
    bill = payments.get_bill_for(actor, bill_id)
    return [_copy(one) for one in tax_invoices_of(bill.id)]


def _copy(invoice: TaxInvoice) -> Copy:
    who = invoice.taxpayer
    address = etims().receipt_address(Branch(who.tin, who.branch, ""), invoice.signature) if invoice.signature else ""
    return Copy(invoice, address, sum(line.get("tax_cents", 0) for line in invoice.lines))
