"""Tax invoices (eTIMS) of bodies that are taxpayers, and credit notes for what goes back: without gaps, signed by KRA's unit in a job."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Sum
from django.utils import timezone

from huduma.contexts.payments import public as payments
from huduma.contexts.settlement import events
from huduma.contexts.settlement.models import TaxInvoice, Taxpayer
from huduma.contexts.settlement.providers.etims import CATEGORIES, Branch, Item
from huduma.contexts.settlement.queries.access import midnight
from huduma.contexts.settlement.queries.taxes import etims
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import public as journal

#: Most statutory fees are outside value added tax.
NOT_TAXABLE = "D"
RECENT = timedelta(days=30)


def enrol_taxpayer(*, body_code: str, tin: str, branch: str, serial: str, now: datetime) -> Taxpayer:
    """Enrol a body's device with KRA, which gives its key once, and keep that. Raises NotIssued."""
    key = etims().initialise(tin=tin, branch=branch, serial=serial)
    return Taxpayer.objects.create(body_code=body_code, tin=tin, branch=branch, key=key, since=now)


@transaction.atomic
def order_tax_invoices(*, bill_id: UUID, now: datetime) -> list[TaxInvoice]:
    """Number an invoice for each taxpayer on a settled bill; a second call changes nothing.

    What was paid in dollars waits until the rate of that day is known: see `order_waiting_invoices`.
    """
    bill, paid = payments.get_bill_for(SYSTEM, bill_id), payments.settling_payment(bill_id)
    if paid is None or bill.settled_at is None:  # all of it was waived
        return []
    rate: dict[str, Any] | None = None
    if paid.currency != "KES":
        known = payments.rate_on(paid.currency, timezone.localdate(bill.settled_at))
        if known is None:
            return []
        rate = {"rate": known.rate, "day": known.day.isoformat(), "source": known.source}
    amounts, made = payments.amounts_paid(bill, paid.currency), []
    for taxpayer in (
        Taxpayer.objects.select_for_update().filter(body_code__in=payments.bodies_of(bill)).order_by("body_code")
    ):
        own = [
            (line, cents) for line, cents in zip(bill.lines, amounts, strict=True)
            if line["body_code"] == taxpayer.body_code and cents > 0
        ]  # fmt: skip
        if not own or TaxInvoice.objects.filter(bill_id=bill_id, taxpayer=taxpayer).exists():
            continue
        moved = [cents for _, cents in own]
        shillings = payments.to_kenyan_cents(moved, rate["rate"]) if rate else moved
        lines = [
            _line(line["description"].get("en", line["code"]), line["description"], _category(line), cents)
            for (line, _), cents in zip(own, shillings, strict=True)
            if cents
        ]
        made.append(
            _number(
                taxpayer, bill_id=bill_id, lines=lines, currency=paid.currency, moved_cents=sum(moved), rate=rate, now=now
            )
        )  # fmt: skip
    return made


def without_rate(now: datetime) -> list[str]:
    """Bills that were paid in dollars in the last month and have no tax invoice, since nobody entered the rate of their day."""
    since = dict(Taxpayer.objects.values_list("body_code", "since"))
    recent = payments.dollar_bills_settled(now - RECENT, now) if since else []
    invoiced = set(
        TaxInvoice.objects.filter(bill_id__in=[bill.id for bill in recent]).values_list("bill_id", flat=True)
    )
    return [
        bill.reference for bill in recent
        if bill.id not in invoiced and bill.settled_at
        and any(since.get(body, now) <= bill.settled_at for body in payments.bodies_of(bill))
        and payments.rate_on(bill.currency, timezone.localdate(bill.settled_at)) is None
        and (paid := payments.settling_payment(bill.id)) is not None and paid.currency != "KES"
    ]  # fmt: skip


def order_waiting_invoices(*, day: date, now: datetime) -> int:
    """Number the invoices for dollars that came while the rate of a day prevails, which has come to be known; returns how many."""
    waiting = payments.dollar_bills_settled(midnight(day), midnight(day + payments.RATE_PREVAILS))
    return sum(len(order_tax_invoices(bill_id=bill.id, now=now)) for bill in waiting)


@transaction.atomic
def order_credit_notes(*, bill_id: UUID, refund_id: UUID, transfer_id: UUID, now: datetime) -> list[TaxInvoice]:
    """Number a credit note for each invoice of a bill, or of the bills of a basket, out of whose money a refund was paid.

    What the refund took back from a taxpayer (its transfer says it) is shared by that taxpayer's invoices and their lines, by what is
    left of each; dollars at the rate of the invoice. Money that was too much was never invoiced, and a second call changes nothing.
    """
    bill = payments.get_bill_for(SYSTEM, bill_id)
    currency, legs = payments.legs_of(transfer_id)
    about = [bill.id, *(one.id for one in payments.settled_with(bill))]
    with_invoice = TaxInvoice.objects.filter(bill_id__in=about, original=None).values("taxpayer_id")
    made: list[TaxInvoice] = []
    for taxpayer in Taxpayer.objects.select_for_update().filter(id__in=with_invoice).order_by("body_code"):
        if taxpayer.invoices.filter(refund_id=refund_id).exists():
            continue
        own = f"body:{taxpayer.body_code}"
        back = sum(cents for account, cents in legs.items() if account == own or account.startswith(f"{own}:"))
        invoices = list(
            taxpayer.invoices.filter(bill_id__in=about, original=None, currency=currency).order_by("number")
        )
        left = [_left(invoice) for invoice in invoices]
        for invoice, (moved, lines), back_of in zip(
            invoices, left, _shared([one for one, _ in left], back), strict=True
        ):
            cents = payments.share([back_of, moved - back_of], sum(lines))[0] if moved else 0
            if not cents:
                continue
            parts = zip(invoice.lines, payments.share(lines, cents), strict=True)
            credited = [
                _line(line["name"], line.get("words", {"en": line["name"]}), line["category"], part)
                for line, part in parts
                if part
            ]
            made.append(
                _number(
                    taxpayer, bill_id=invoice.bill_id, original=invoice, refund_id=refund_id, lines=credited,
                    currency=currency, moved_cents=back_of, rate=invoice.rate, now=now,
                )
            )  # fmt: skip
    return made


def _left(invoice: TaxInvoice) -> tuple[int, list[int]]:
    """Return what did not go back yet of an invoice, in its money's currency, and of each line, in shillings.

    Of lines as near as its credit notes tell (they name no lines).
    """
    cents = [line["cents"] for line in invoice.lines]
    notes = invoice.credit_notes.aggregate(total=Sum("total_cents", default=0), moved=Sum("moved_cents", default=0))
    lines = [one - part for one, part in zip(cents, payments.share(cents, notes["total"]), strict=True)]
    return invoice.moved_cents - notes["moved"], lines


def _shared(left: list[int], cents: int) -> list[int]:
    cents = min(cents, sum(left))
    return payments.share(left, cents) if cents > 0 else [0] * len(left)


def _number(taxpayer: Taxpayer, **what: Any) -> TaxInvoice:
    """Write down an invoice or credit note under the taxpayer's next number, and have it signed; the taxpayer is locked."""
    last = TaxInvoice.objects.filter(taxpayer=taxpayer).aggregate(last=Max("number"))["last"] or 0
    now = what.pop("now")
    total = sum(line["cents"] for line in what["lines"])
    invoice = TaxInvoice.objects.create(taxpayer=taxpayer, number=last + 1, ordered_at=now, total_cents=total, **what)
    jobs.defer("settlement.tax_invoice", invoice_id=str(invoice.id))
    return invoice


def _line(name: str, words: dict[str, str], category: str, cents: int) -> dict[str, Any]:
    return {
        "name": name,
        "words": words,
        "category": category,
        "cents": cents,
        "tax_cents": etims().tax_cents(category, cents),
    }


def _category(line: dict[str, object]) -> str:
    category = str(line.get("tax_category", NOT_TAXABLE))
    return category if category in CATEGORIES else NOT_TAXABLE


def issue_tax_invoice(invoice_id: UUID) -> None:
    """Have an invoice or credit note signed; sent again it is looked up, never issued twice. Raises NotIssued."""
    invoice = TaxInvoice.objects.select_related("taxpayer", "original").get(id=invoice_id)
    if invoice.issued_at is not None:
        return
    who, original = invoice.taxpayer, invoice.original
    if original is not None:
        issue_tax_invoice(original.id)  # nothing is credited that KRA does not know
    signed = etims().issue(
        Branch(who.tin, who.branch, who.key), number=invoice.number, at=timezone.localtime(invoice.ordered_at),
        credits=original.number if original else 0,
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
