"""Prompts on phones: limited where nobody pays them; and payments by gateways that are not plugged in any more."""

from datetime import timedelta

import pytest

from huduma.contexts.payments import operations
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Payment
from huduma.contexts.payments.operations import intake
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.django_db


def unpaid_prompts(bill, count, now, **more):
    """Prompts of a bill that were shown and not paid."""
    for nth in range(count):
        made = {
            "bill": bill, "gateway": "mpesa", "amount_cents": 100, "state": "failed", "reason": "cancelled",
            "started_at": now, "phone": f"+2547000000{nth:02}", "checkout_id": ids.uuid7().hex, "token": ids.uuid7().hex,
        }  # fmt: skip
        Payment.objects.create(**made | more)


def test_a_phone_is_not_asked_again_and_again_for_what_it_does_not_pay(raise_bill, now):
    asked = {"phone": "0700000077", "gateway": "mpesa", "language": "en"}
    reference = raise_bill().reference
    unpaid_prompts(raise_bill(), 9, now, phone="+254700000077")
    unpaid_prompts(
        raise_bill(), 5, now, phone="+254700000077", checkout_id=None
    )  # the gateway refused: nothing was shown
    unpaid_prompts(raise_bill(), 5, now - timedelta(minutes=61), phone="+254700000077")
    first = payments.start_by_reference(reference=reference, now=now, **asked)
    assert payments.start_by_reference(reference=reference, now=now, **asked) == first  # a second click asks nobody
    other = raise_bill().reference
    with pytest.raises(payments.PhoneAskedTooOften):
        payments.start_by_reference(reference=other, now=now, **asked)
    with pytest.raises(payments.PhoneAskedTooOften):
        payments.start_by_reference(reference=other, now=now, **asked | {"gateway": "airtel"})
    payments.start_by_reference(reference=other, now=now, **asked | {"gateway": "card"})  # a page troubles nobody
    operations.credit(payment_id=first.id, total_cents=None, receipt="R1", now=now)
    payments.start_by_reference(reference=raise_bill().reference, now=now, **asked)  # what is paid does not count


def test_one_bill_is_not_asked_for_on_one_phone_after_another(raise_bill, now):
    bill = raise_bill()
    unpaid_prompts(bill, 10, now)
    asked = {"reference": bill.reference, "phone": "0700000077", "gateway": "mpesa", "language": "en"}
    with pytest.raises(payments.BillAskedTooOften):
        payments.start_by_reference(now=now, **asked)
    payments.start_by_reference(now=now + timedelta(minutes=61), **asked)


def test_a_payment_by_a_gateway_that_is_not_plugged_in_any_more_can_be_looked_at(raise_bill, now):
    bill = raise_bill()
    unpaid_prompts(bill, 1, now, gateway="gone")
    old = payments.latest_payment(bill.id)
    assert not payments.is_cancellable(old)
    with pytest.raises(payments.NotToCancel):
        payments.cancel_payment(actor=SYSTEM, payment_id=old.id, reference=bill.reference, now=now)
    Payment.objects.create(
        bill=raise_bill(), gateway="gone", amount_cents=100, received_cents=100, state="held", started_at=now,
        checkout_id="x", token="x",
    )  # fmt: skip
    intake._ask_for_the_rest(now)  # and keeps no list from being read
