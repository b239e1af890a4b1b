"""Payments against the real M-Pesa stand-in: lost, late, doubled, reordered, wrong and forged callbacks."""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from huduma.contexts.payments import operations
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Callback, Payment
from huduma.contexts.payments.providers.daraja.line import password
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM, NotFound
from huduma.foundation.journal import public as journal
from sandbox import daraja

pytestmark = pytest.mark.django_db
PHONE = "+254700000002"
LINES = [
    {"code": "fee", "description": {"en": "Fee", "sw": "Ada"}, "amount_cents": 20000, "body_code": "CRS"},
    {"code": "convenience", "description": {"en": "Charge", "sw": "Tozo"}, "amount_cents": 5000, "body_code": "TNT"},
]


@pytest.fixture
def bill(now, citizen_actor):
    return payments.raise_bill(
        actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=citizen_actor.person_id,
        description={"en": "Test", "sw": "Jaribio"}, lines=LINES, now=now,
    )  # fmt: skip


@pytest.fixture
def pay(bill, citizen_actor, drain_jobs):
    """Start a payment and show the prompt."""

    def start(phone=PHONE):
        payment = payments.start_payment(actor=citizen_actor, bill_id=bill.id, phone=phone, now=timezone.now())
        drain_jobs()
        payment.refresh_from_db()
        return payment

    return start


def answer(sandbox, payment, action="pay", pin="1234"):
    sandbox.post("/phone/api/answer", json={"checkout_request_id": payment.checkout_id, "action": action, "pin": pin})


def callback_body(sandbox, payment, **changes):
    prompt = next(
        p
        for p in sandbox.get(f"/phone/api/{PHONE}").json()["prompts"]
        if p["checkout_request_id"] == payment.checkout_id
    )
    return json.dumps(daraja.callback_body(prompt, **changes)).encode()


def call_back(payment, body, token=None):
    payments.receive_callback(address="simu", token=token or payment.token, headers={}, body=body, now=timezone.now())


def state(payment):
    payment.refresh_from_db()
    payment.bill.refresh_from_db()
    return payment.state, payment.bill.state


def test_a_confirmed_callback_settles_the_bill_and_the_books(sandbox, bill, pay, drain_jobs):
    payment = pay()
    assert payment.state == "pending"
    answer(sandbox, payment)
    call_back(payment, callback_body(sandbox, payment))
    drain_jobs()
    assert state(payment) == ("succeeded", "settled")
    assert payment.receipt
    assert payments.balance_cents("gateway:mpesa") == 25000
    assert (payments.balance_cents("body:CRS"), payments.balance_cents("body:TNT")) == (-20000, -5000)
    assert payments.trial_balance_cents() == 0
    acts = [entry.act for entry in journal.entries_concerning(bill.payable_id)]
    assert acts == ["payments.bill.settled", "payments.payment.started", "payments.bill.raised"]


def test_a_lost_callback_is_found_by_the_query(sandbox, pay, drain_jobs):
    payment = pay()
    answer(sandbox, payment)
    drain_jobs(until=timezone.now() + timedelta(minutes=2))
    assert state(payment) == ("succeeded", "settled")


def test_a_doubled_callback_and_a_query_credit_once(sandbox, pay, drain_jobs):
    payment = pay()
    answer(sandbox, payment)
    for _ in range(3):
        call_back(payment, callback_body(sandbox, payment))
    drain_jobs(until=timezone.now() + timedelta(minutes=2))
    assert state(payment) == ("succeeded", "settled")
    assert payments.balance_cents("gateway:mpesa") == 25000


def test_a_success_that_comes_after_failed_is_honoured(sandbox, pay, drain_jobs):
    payment = pay()
    operations.fail(payment_id=payment.id, reason="expired", now=timezone.now())
    answer(sandbox, payment)
    call_back(payment, callback_body(sandbox, payment))
    drain_jobs()
    assert state(payment) == ("succeeded", "settled")


def test_a_falsified_amount_is_not_believed(sandbox, pay, drain_jobs):
    payment = pay()
    answer(sandbox, payment)
    call_back(payment, callback_body(sandbox, payment, amount=1.0))
    drain_jobs()
    assert state(payment) == ("succeeded", "settled")  # a prompt's amount is fixed, and the query says that it was paid
    assert payments.balance_cents("gateway:mpesa") == 25000


@pytest.mark.parametrize("code", [0, 1032])
def test_a_forged_callback_changes_nothing(sandbox, pay, drain_jobs, code):
    payment = pay()
    forged = {"MerchantRequestID": "x", "CheckoutRequestID": payment.checkout_id, "ResultCode": code, "ResultDesc": ""}
    call_back(payment, json.dumps({"Body": {"stkCallback": forged}}).encode())
    with pytest.raises(operations.NotConfirmed):
        drain_jobs()
    assert state(payment) == ("pending", "open")


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b'{"Body": {}}', b'{"Body": {"stkCallback": []}}', b"\xff\x00"]
)
def test_a_malformed_callback_is_kept_and_harmless(sandbox, pay, drain_jobs, body):
    payment = pay()
    call_back(payment, body)
    drain_jobs()
    assert Callback.objects.get().outcome == "malformed"
    assert bytes(Callback.objects.get().body) == body
    assert state(payment) == ("pending", "open")


def test_a_callback_for_nobody_or_for_another_checkout_is_ignored(sandbox, pay, drain_jobs):
    payment = pay()
    answer(sandbox, payment)
    body = callback_body(sandbox, payment)
    call_back(payment, body, token="guess")
    call_back(payment, body.replace(payment.checkout_id.encode(), b"ws_CO_other"))
    drain_jobs()
    assert sorted(Callback.objects.values_list("outcome", flat=True)) == ["other-checkout", "unknown-token"]
    assert state(payment) == ("pending", "open")


@pytest.mark.parametrize(
    ("action", "pin", "reason"), [("decline", "", "cancelled"), ("pay", "9999", "pin"), ("timeout", "", "expired")]
)
def test_why_a_payment_failed_is_known_and_one_may_try_again(sandbox, pay, drain_jobs, action, pin, reason):
    payment = pay()
    answer(sandbox, payment, action, pin)
    call_back(payment, callback_body(sandbox, payment))
    drain_jobs()
    assert (state(payment), payment.reason) == (("failed", "open"), reason)
    assert pay().id != payment.id


def test_a_double_click_asks_once_and_a_stranger_never(sandbox, bill, pay, citizen_actor, officer_actor, now):
    assert pay().id == pay().id
    with pytest.raises(NotFound):
        payments.start_payment(actor=officer_actor("DCI"), bill_id=bill.id, phone=PHONE, now=now)


def test_a_token_that_was_voided_is_renewed_once(sandbox, pay):
    sandbox.post("/_control/daraja", json={"fault": "expired_token"})
    assert pay().state == "pending"


def test_a_push_whose_answer_was_lost_stays_unknown_and_its_callback_counts(sandbox, pay, drain_jobs, monkeypatch):
    monkeypatch.setattr("huduma.contexts.payments.providers.daraja.line.READ_SECONDS", 1.0)
    sandbox.post("/_control/daraja", json={"fault": "timeout", "seconds": 1.4})
    payment = pay("+254700000006")  # a handset of its own: the stand-in goes on after our side hung up
    assert state(payment) == ("unknown", "open")
    monkeypatch.undo()
    prompts: list[dict[str, str]] = []
    while not prompts:
        prompts = sandbox.get("/phone/api/+254700000006").json()["prompts"]
    sandbox.post(
        "/phone/api/answer",
        json={"checkout_request_id": prompts[0]["checkout_request_id"], "action": "pay", "pin": "1234"},
    )
    prompt = sandbox.get("/phone/api/+254700000006").json()["prompts"][0]
    call_back(payment, json.dumps(daraja.callback_body(prompt)).encode())
    drain_jobs()
    assert state(payment) == ("succeeded", "settled")


def test_a_worker_that_died_in_mid_push_never_pushes_again(sandbox, pay, bill, drain_jobs, citizen_actor):
    payment = payments.start_payment(actor=citizen_actor, bill_id=bill.id, phone=PHONE, now=timezone.now())
    Payment.objects.update(state="pushing")
    drain_jobs()
    assert state(payment)[0] == "unknown"
    assert sandbox.get(f"/phone/api/{PHONE}").json()["prompts"] == []
    Payment.objects.update(started_at=timezone.now() - timedelta(minutes=15))
    drain_jobs(until=timezone.now() + timedelta(minutes=15))  # the list of transactions does not have it either
    assert state(payment) == ("failed", "open")


def test_the_documented_password():
    assert password("174379", "test-passkey", "20260102030405") == "MTc0Mzc5dGVzdC1wYXNza2V5MjAyNjAxMDIwMzA0MDU="


def test_the_database_keeps_the_ledger_balanced_and_unchanged(now, django_db_blocker):
    operations.transfer(kind="t", legs={"a": 5, "b": -5}, payment_id=None, currency="KES", now=now)
    for statement in ("UPDATE payments_ledgerentry SET amount_cents = 1", "DELETE FROM payments_transfer"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    operations.transfer(kind="t", legs={"a": 5, "b": -4}, payment_id=None, currency="KES", now=now)
    with pytest.raises(DatabaseError, match="does not balance"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    transaction.set_rollback(True)
