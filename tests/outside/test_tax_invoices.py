"""Tax invoices against the stand-in of KRA's unit: numbered without gaps, signed once, looked up after a lost answer; credited; copied."""

import html
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Bill
from huduma.contexts.payments.operations import refunds
from huduma.contexts.payments.providers.base import Result
from huduma.contexts.settlement import handlers, operations
from huduma.contexts.settlement.models import Finding, TaxInvoice
from huduma.contexts.settlement.providers.etims import Branch, Item, NotIssued
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import public as journal

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


def give_back(bill, cents, officer_actor):
    """Refund a part of what was paid, in the books."""
    one, other = officer_actor(None, role="accountant"), officer_actor(None, role="accountant")
    now, payment = timezone.now(), payments.settling_payment(bill.id)
    refund = payments.propose_refund(actor=one, payment_id=payment.id, amount_cents=cents, note="not served", now=now)
    payments.decide_refund(actor=other, refund_id=refund.id, approve=True, now=now)
    refunds._move(refund.id, "sending", now)
    refunds.take_refund_result(refund_id=refund.id, result=Result("paid", receipt=f"B{cents}"), now=now)
    for entry in journal.entries_concerning(refund.id, acts=("payments.refund.succeeded",)):
        handlers.on_refund(entry)
        handlers.on_refund(entry)  # the same news twice is one note


def test_what_goes_back_of_an_invoice_is_credited_once_and_never_more_than_it(taxpayer, paid, officer_actor, sandbox):
    bill = paid("R1")
    operations.order_tax_invoices(bill_id=bill.id, now=timezone.now())
    for cents in (5_000, 100_000):
        give_back(bill, cents, officer_actor)
    notes = list(TaxInvoice.objects.exclude(original=None).order_by("number"))
    assert [(one.number, one.total_cents, one.original.number) for one in notes] == [(2, 5_000, 1), (3, 100_000, 1)]
    for note in reversed(notes):
        operations.issue_tax_invoice(note.id)  # its invoice is issued before it
    assert TaxInvoice.objects.filter(issued_at=None).count() == 0
    with pytest.raises(NotIssued, match="910"):
        operations.etims().issue(
            Branch(taxpayer.tin, "00", taxpayer.key),
            number=4,
            items=[Item("More", "D", 1)],
            at=timezone.now(),
            credits=1,
        )


def test_only_what_was_paid_is_invoiced_where_a_part_was_waived(taxpayer, bill, officer_actor):
    raised, now = bill(105_000), timezone.now()
    asked = payments.ask_waiver(
        actor=officer_actor("CRS"), bill_id=raised.id, body_code="CRS", kind="waiver", reason="Hardship", amount_cents=5_000,
        legal_basis="Article 210", now=now,
    )  # fmt: skip
    payments.decide_waiver(actor=officer_actor("CRS", role="supervisor"), waiver_id=asked.id, approve=True, now=now)
    pay(raised, 100_000)
    assert [one.total_cents for one in operations.order_tax_invoices(bill_id=raised.id, now=now)] == [100_000]


def pay(raised, cents, currency="KES"):
    gateway = "mpesa" if currency == "KES" else "card"
    payments.take_stated(
        gateway=gateway, receipt=f"R{cents}", reference=raised.reference, amount_cents=cents, currency=currency,
        since=timezone.now(),
    )  # fmt: skip
    raised.refresh_from_db()
    assert raised.state == "settled"


@pytest.fixture
def set_rate(officer_actor):
    """Enters what a dollar is on a day before today and has it agreed; what that tells is heard."""

    def enter(rate, days=0):
        one, other = officer_actor(None, role="accountant"), officer_actor(None, role="accountant")
        now = timezone.now()
        day = timezone.localdate(now) - timedelta(days=days)
        found = payments.propose_rate(actor=one, currency="USD", day=day, rate=rate, source="CBK", now=now)
        payments.decide_rate(actor=other, rate_id=found.id, approve=True, now=now)
        for entry in journal.entries_concerning(found.id, acts=("payments.rate.decided",)):
            handlers.on_rate(entry)

    return enter


def in_dollars(*cents):
    words = {"en": "Survey", "sw": "Upimaji"}
    lines = [{"code": f"fee{one}", "description": words, "amount_cents": one, "body_code": "CRS"} for one in cents]
    return payments.raise_bill(
        actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=None, description=words, lines=lines,
        currency="USD", now=timezone.now(),
    )  # fmt: skip


def test_what_was_paid_in_dollars_is_invoiced_and_credited_in_shillings_at_the_rate_of_its_day(
    taxpayer, set_rate, officer_actor
):
    bill = in_dollars(2_000, 1_001)
    pay(bill, 3_001, "USD")
    set_rate(1_280_000, days=8)  # too old
    issue(bill)
    assert not TaxInvoice.objects.exists()
    assert operations.run_checks(timezone.now()) == 1  # so that somebody enters it
    assert Finding.objects.get(check_code="without-rate").examples == [bill.reference]
    set_rate(1_292_400)
    invoice = TaxInvoice.objects.get()
    assert (invoice.total_cents, [one["cents"] for one in invoice.lines]) == (387_849, [258_479, 129_370])
    assert (invoice.currency, invoice.moved_cents, invoice.rate["rate"]) == ("USD", 3_001, 1_292_400)
    sale = operations.etims()._sale(1, [Item("x", "D", one["cents"]) for one in invoice.lines], timezone.localtime())
    assert (sale["totAmt"], sale["itemList"][0]["totAmt"]) == ("3878.49", "2584.79")
    for cents in (1_000, 1_000, 1_001):
        give_back(bill, cents, officer_actor)
    notes = list(TaxInvoice.objects.exclude(original=None).order_by("number"))
    assert [one.moved_cents for one in notes] == [1_000, 1_000, 1_001]
    assert [one.total_cents for one in notes] == [129_239, 129_240, 129_370]
    for note in notes:
        operations.issue_tax_invoice(note.id)


def test_a_bill_in_dollars_that_was_paid_in_shillings_is_invoiced_and_credited_in_what_was_paid(
    taxpayer, set_rate, officer_actor
):
    set_rate(1_292_400)
    bill = in_dollars(2_000, 1_001)
    pay(bill, 387_800)
    (invoice,) = operations.order_tax_invoices(bill_id=bill.id, now=timezone.now())
    assert (invoice.total_cents, invoice.currency, invoice.rate) == (387_800, "KES", None)
    give_back(bill, 87_800, officer_actor)
    note = TaxInvoice.objects.exclude(original=None).get()
    assert (note.total_cents, note.currency) == (87_800, "KES")


def test_the_payer_has_a_copy_whose_code_kra_knows(taxpayer, paid, client, sandbox):
    bill, now = paid("R1"), timezone.now()
    account = identity.open_account(actor=SYSTEM, phone="+254700000002", language="en", now=now)
    facts = identity.IdentityFacts(
        id_number="90000002", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
    account.refresh_from_db()
    client.force_login(account)
    Bill.objects.filter(id=bill.id).update(payer_person_id=account.person_id)
    receipt = f"/en/bills/{bill.id}/receipt/"
    assert "/tax-invoices/" not in client.get(receipt).content.decode()
    operations.order_tax_invoices(bill_id=bill.id, now=timezone.now())
    assert f"/en/bills/{bill.id}/tax-invoices/" in client.get(receipt).content.decode()
    for language, words in (("en", "KRA has not signed it yet"), ("sw", "KRA bado haijaitia saini")):
        assert words in client.get(f"/{language}/bills/{bill.id}/tax-invoices/").content.decode()
    operations.issue_tax_invoice(TaxInvoice.objects.get().id)
    page = client.get(f"/sw/bills/{bill.id}/tax-invoices/").content.decode()
    address = html.unescape(re.search(r'href="([^"]*indexEtimsReceiptData[^"]*)"', page).group(1))
    assert TaxInvoice.objects.get().signature in address
    assert "Tax invoice 1" in sandbox.get(address[address.index("/etims") :]).text
    Bill.objects.filter(id=bill.id).update(payer_person_id=ids.uuid7())
    assert client.get(f"/en/bills/{bill.id}/tax-invoices/").status_code == 404
