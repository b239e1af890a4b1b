"""What whoever pays is told, in their language; and what lost its job is taken up again."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from huduma.contexts.payments import operations
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Bill, Callback, Payment, Refund
from huduma.contexts.payments.operations import collection, refunds
from huduma.contexts.payments.providers.base import Result
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.django_db
HELPER = "+254700000003"


@pytest.fixture
def bill(now):
    line = {"code": "fee", "description": {"en": "Fee", "sw": "Ada"}, "amount_cents": 120000, "body_code": "CRS"}
    return payments.raise_bill(
        actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=None,
        description={"en": "Test", "sw": "Jaribio"}, lines=[line], now=now,
    )  # fmt: skip


def came(bill, cents, receipt, language="en", state="pending", **more):
    return Payment.objects.create(
        bill=bill, gateway="mpesa", origin="unasked", phone=HELPER, language=language, amount_cents=cents, state=state,
        receipt=receipt, token=receipt, started_at=timezone.now(), **more,
    )  # fmt: skip


def credit(payment):
    operations.credit(payment_id=payment.id, total_cents=None, receipt=payment.receipt, now=timezone.now())


@pytest.fixture
def told(sandbox, drain_jobs):
    """What the helper's phone got since it was looked at last."""
    seen = []

    def look():
        drain_jobs()
        texts = [one["text"] for one in sandbox.get(f"/_control/messages?phone={HELPER}").json()]
        fresh = texts[len(seen) :]
        seen.extend(fresh)
        return fresh

    return look


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("less than the bill", "It is paid", "was too much. We send it back", "has been given back to you")),
        ("sw", ("chini ya kiasi cha bili", "Imelipwa", "zimezidi", "zimerudishwa kwako")),
    ],
)
def test_whoever_pays_is_told_each_time(bill, told, language, words):
    shown = re.sub(r"(..)(....)(....)(.)", r"\1 \2 \3 \4", bill.reference)
    credit(came(bill, 50000, "R1", language))
    (held,) = told()
    assert (words[0] in held, shown in held, "500.00" in held) == (True, True, True), held
    credit(came(bill, 90000, "R2", language))
    settled, back = sorted(told(), key=lambda text: words[1] not in text)
    assert (words[1] in settled, "900.00" in settled, "R2" in settled) == (True, True, True), settled
    assert (words[2] in back, "200.00" in back, shown in back) == (True, True, True), back
    refund = Refund.objects.get()
    refunds._move(refund.id, "sending", timezone.now())
    refunds.take_refund_result(refund_id=refund.id, result=Result("paid", receipt="B1"), now=timezone.now())
    (returned,) = told()
    assert (words[3] in returned, "200.00" in returned) == (True, True), returned


@pytest.mark.parametrize(("language", "words"), [("en", "We keep it safe"), ("sw", "Tumezihifadhi salama")])
def test_money_for_no_bill_is_acknowledged(told, language, words):
    credit(came(None, 7000, "R3", language, typed_reference="JUNK"))
    (kept,) = told()
    assert (words in kept, "70.00" in kept) == (True, True), kept


@pytest.mark.parametrize(("language", "words"), [("en", "Do not pay again"), ("sw", "Usilipe tena")])
def test_nobody_is_told_to_pay_again_while_a_payment_is_unknown(bill, told, language, words):
    payment = payments.start_payment(
        actor=SYSTEM, bill_id=bill.id, phone=HELPER, language=language, now=timezone.now()
    )  # fmt: skip
    Payment.objects.filter(id=payment.id).update(state="pushing")
    Payment.objects.filter(id=payment.id).update(state="unknown")
    collection._to_a_person(payment.id, timezone.now())
    (unknown,) = told()
    assert words in unknown


# What lost its job.


@pytest.fixture
def waiting_jobs():
    """The jobs that wait, by name; and forgets them all, as a queue that was lost."""

    def look():
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs RETURNING task_name")
            return sorted(name for (name,) in cursor.fetchall() if name.startswith("payments."))

    return look


OLD = timedelta(minutes=11)


@pytest.mark.parametrize(
    ("moves", "job"),
    [
        ([], "payments.push"),
        (["pushing"], "payments.push"),
        (["pushing", "pending"], "payments.query"),
        (["pushing", "unknown"], "payments.query"),
    ],
)
def test_an_open_payment_that_lost_its_job_gets_it_again(bill, now, waiting_jobs, moves, job):
    payment = payments.start_payment(actor=SYSTEM, bill_id=bill.id, phone=HELPER, now=now)
    for state in moves:
        Payment.objects.filter(id=payment.id).update(state=state)
    waiting_jobs()
    assert operations.sweep(now + timedelta(minutes=9)) == 0  # it may still be at work
    assert operations.sweep(now + OLD) == operations.sweep(now + OLD) == 1
    assert waiting_jobs() == [job]  # once


def test_what_waits_for_a_person_or_is_over_is_left_alone(bill, now, waiting_jobs):
    payment = payments.start_payment(actor=SYSTEM, bill_id=bill.id, phone=HELPER, now=now)
    for state in ("pushing", "unknown", "review", "failed"):
        Payment.objects.filter(id=payment.id).update(state=state)
    waiting_jobs()
    assert operations.sweep(now + OLD) == 0
    Payment.objects.all().delete()


def test_an_unread_callback_is_read_and_a_stuck_refund_goes_on(bill, now, waiting_jobs):
    Callback.objects.create(gateway="mpesa", token="t", headers={}, body=b"{}", received_at=now)
    Bill.objects.filter(id=bill.id).update(state="cancelled")
    for number in range(2):
        credit(came(bill, 5000, f"R{number}"))
    first, second = Refund.objects.all()
    for state in ("sending", "sent"):
        refunds._move(second.id, state, now)
    Refund.objects.update(approved_at=now)
    waiting_jobs()
    assert operations.sweep(now + OLD) == 3
    assert waiting_jobs() == ["payments.query_refund", "payments.read_callback", "payments.refund"]
    assert (first.state, second.state) == ("approved", "approved")
