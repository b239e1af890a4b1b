"""Tax invoices against the stand-in of KRA's unit: numbered without gaps, signed once, looked up after a lost answer."""

import pytest
from django.utils import timezone

from huduma.contexts.settlement import operations
from huduma.contexts.settlement.models import TaxInvoice
from huduma.contexts.settlement.providers.etims import Branch, Item, NotIssued

pytestmark = pytest.mark.django_db


@pytest.fixture
def taxpayer(sandbox):
    return operations.enrol_taxpayer(
        body_code="CRS", tin="P000000000A", branch="00", serial="dvc-1", now=timezone.now()
    )


def issue(bill):
    for invoice in operations.order_tax_invoices(bill_id=bill.id, now=timezone.now()):
        operations.issue_tax_invoice(invoice.id)


def test_only_a_taxpayers_lines_are_invoiced_in_an_unbroken_row(taxpayer, paid):
    first, second, other = paid("R1"), paid("R2"), paid("R3", body="DCI")
    for bill in (first, second, other, first):
        issue(bill)
    found = list(TaxInvoice.objects.order_by("number"))
    assert [(one.number, one.bill_id) for one in found] == [(1, first.id), (2, second.id)]
    assert all(one.signature and one.receipt_number and one.issued_at for one in found)


def test_an_answer_that_was_lost_is_looked_up_and_nothing_is_issued_twice(taxpayer, paid):
    issue(paid("R1"))
    first = TaxInvoice.objects.get()
    TaxInvoice.objects.update(issued_at=None, signature="", receipt_number="")
    operations.issue_tax_invoice(first.id)
    assert TaxInvoice.objects.get().signature == first.signature


def test_an_outage_is_tried_again_and_a_stranger_is_refused(taxpayer, paid, sandbox):
    sandbox.post("/_control/etims", json={"fault": "error_5xx"}).raise_for_status()
    with pytest.raises(NotIssued):
        issue(paid("R1"))
    invoice = TaxInvoice.objects.get()
    operations.issue_tax_invoice(invoice.id)
    with pytest.raises(NotIssued, match="901"):
        operations.etims().issue(Branch("P000000000A", "00", "guess"), number=9, items=[], at=timezone.now())
    with pytest.raises(NotIssued, match="902"):
        operations.enrol_taxpayer(body_code="DCI", tin="P000000000A", branch="00", serial="dvc-1", now=timezone.now())


def test_tax_is_taken_out_of_what_was_paid(taxpayer):
    service = operations.etims()
    sale = service._sale(1, [Item("Hall", "B", 116_000), Item("Fee", "D", 5_000)], timezone.localtime())
    assert (sale["taxAmtB"], sale["taxblAmtB"], sale["totTaxAmt"], sale["totAmt"]) == (
        "160.00",
        "1000.00",
        "160.00",
        "1210",
    )
