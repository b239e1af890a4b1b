"""Tax invoices (eTIMS) for bodies that are taxpayers: numbered without gaps when a bill is settled, signed by KRA's unit in a job."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from huduma.contexts.payments import public as payments
from huduma.contexts.settlement import events
from huduma.contexts.settlement.models import TaxInvoice, Taxpayer
from huduma.contexts.settlement.providers.etims import CATEGORIES, Branch, Etims, Item
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import public as journal

#: Most statutory fees are outside value added tax.
NOT_TAXABLE = "D"


def etims() -> Etims:
    """Return the service as it is configured."""
    return Etims(**settings.ETIMS)  # type: ignore[arg-type]  # of settings


def enrol_taxpayer(*, body_code: str, tin: str, branch: str, serial: str, now: datetime) -> Taxpayer:
    """Enrol a body's device with KRA, which gives its key once, and keep that. Raises NotIssued."""
    key = etims().initialise(tin=tin, branch=branch, serial=serial)
    return Taxpayer.objects.create(body_code=body_code, tin=tin, branch=branch, key=key, since=now)


@transaction.atomic
def order_tax_invoices(*, bill_id: UUID, now: datetime) -> list[TaxInvoice]:
    """Number an invoice for each taxpayer on a settled bill; a second call changes nothing."""
    bill = payments.get_bill_for(SYSTEM, bill_id)
    made = []
    for taxpayer in (
        Taxpayer.objects.select_for_update().filter(body_code__in=payments.bodies_of(bill)).order_by("body_code")
    ):
        lines = [
            {
                "name": line["description"].get("en", line["code"]),
                "category": _category(line),
                "cents": line["amount_cents"],
            }
            for line in bill.lines
            if line["body_code"] == taxpayer.body_code and line["amount_cents"] > 0
        ]
        if not lines or TaxInvoice.objects.filter(bill_id=bill_id, taxpayer=taxpayer).exists():
            continue
        last = TaxInvoice.objects.filter(taxpayer=taxpayer).aggregate(last=Max("number"))["last"] or 0
        invoice = TaxInvoice.objects.create(
            taxpayer=taxpayer, bill_id=bill_id, number=last + 1, lines=lines, currency=bill.currency, ordered_at=now,
            total_cents=sum(line["cents"] for line in lines),
        )  # fmt: skip
        jobs.defer("settlement.tax_invoice", invoice_id=str(invoice.id))
        made.append(invoice)
    return made


def _category(line: dict[str, object]) -> str:
    category = str(line.get("tax_category", NOT_TAXABLE))
    return category if category in CATEGORIES else NOT_TAXABLE


def issue_tax_invoice(invoice_id: UUID) -> None:
    """Have an invoice signed; sent again it is looked up, never issued twice. Raises NotIssued."""
    invoice = TaxInvoice.objects.select_related("taxpayer").get(id=invoice_id)
    if invoice.issued_at is not None:
        return
    who = invoice.taxpayer
    signed = etims().issue(
        Branch(who.tin, who.branch, who.key), number=invoice.number, at=timezone.localtime(invoice.ordered_at),
        items=[Item(line["name"], line["category"], line["cents"]) for line in invoice.lines],
    )  # fmt: skip
    with transaction.atomic():
        invoice = TaxInvoice.objects.select_for_update().get(id=invoice_id)
        if invoice.issued_at is None:
            invoice.receipt_number, invoice.signature = signed.receipt_number, signed.signature
            invoice.internal_data, invoice.issued_at = signed.internal_data, timezone.now()
            invoice.save(update_fields=["receipt_number", "signature", "internal_data", "issued_at"])
            event = events.TaxInvoiceIssued(invoice_id=invoice.id, bill_id=invoice.bill_id, body_code=who.body_code)
            journal.record(actor=SYSTEM, event=event, now=timezone.now())


def sweep_tax_invoices() -> None:
    """Order again the invoices whose job gave up."""
    for invoice_id in TaxInvoice.objects.filter(issued_at=None).values_list("id", flat=True)[:1000]:
        jobs.defer("settlement.tax_invoice", once=f"settlement.tax_invoice:{invoice_id}", invoice_id=str(invoice_id))
