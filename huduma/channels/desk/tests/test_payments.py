"""Money at the desk: who sees it, and that every button asks the operation."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from huduma.contexts.identity import public as identity
from huduma.contexts.payments import operations
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Payment, Receivable, Refund
from huduma.contexts.payments.providers.base import Result
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pressed_twice")]


@pytest.fixture
def open_bill(now):
    """A bill of KSh 250."""
    line = {"code": "fee", "description": {"en": "Fee", "sw": "Ada"}, "amount_cents": 25000, "body_code": "CRS"}
    return payments.raise_bill(
        actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=None,
        description={"en": "Test", "sw": "Jaribio"}, lines=[line], now=now,
    )  # fmt: skip


@pytest.fixture
def paid(open_bill, now):
    """The payment of that bill, in cash."""
    payment = Payment.objects.create(
        bill=open_bill, gateway="cash", origin="unasked", amount_cents=25000, state="pending", receipt="RC1", token="t",
        started_at=now,
    )  # fmt: skip
    operations.credit(payment_id=payment.id, total_cents=25000, receipt="RC1", now=now)
    return payment


def test_a_refund_from_proposal_to_the_hand(client, staff, enter_desk, paid, drain_jobs):
    one, other = staff("Asha", "accountant", None), staff("Baraka", "accountant", None)
    enter_desk(client, one)
    page = client.get(f"/en/desk/payments/{paid.id}/").content.decode()
    assert "Propose to give money back" in page
    answer = client.post(f"/en/desk/payments/{paid.id}/refund/", {"amount": "50", "note": ""})
    assert (answer.status_code, 'value="50"' in answer.content.decode()) == (422, True)
    client.post(f"/en/desk/payments/{paid.id}/refund/", {"amount": "50", "note": "Not served"})
    refund = Refund.objects.get()
    assert "Take the proposal back" in client.get("/en/desk/refunds/").content.decode()
    client.post(f"/en/desk/refunds/{refund.id}/decide/", {"answer": "yes"})
    refund.refresh_from_db()
    assert refund.state == "proposed"
    enter_desk(client, other)
    client.post(f"/en/desk/refunds/{refund.id}/decide/", {"answer": "yes"})
    operations.send_refund(refund.id)
    assert "cannot give money back by itself" in client.get("/en/desk/refunds/").content.decode()
    by_hand = f"/en/desk/refunds/{refund.id}/by-hand/"
    answer = client.post(by_hand, {"from": "cash", "evidence": "", "note": "At the counter"})
    assert (answer.status_code, "At the counter" in answer.content.decode()) == (422, True)
    paper = {"from": "cash", "evidence": "V 12", "note": "At the counter"}
    answer = client.post(by_hand, paper)
    assert (answer.status_code, "Add the scanned slip" in answer.content.decode()) == (422, True)
    slip = b"%PDF-1.4 the slip\n%%EOF"
    client.post(by_hand, {**paper, "slip": SimpleUploadedFile("slip.pdf", slip)})
    enter_desk(client, one)
    assert client.get(f"/en/desk/refunds/{refund.id}/slip/").content == slip
    assert "I saw the evidence" in client.get("/en/desk/refunds/").content.decode()
    client.post(f"/en/desk/refunds/{refund.id}/check/", {"answer": "yes"})
    refund.refresh_from_db()
    assert refund.state == "succeeded"


def test_a_stuck_refund_is_closed_with_a_reason_by_two(client, staff, enter_desk, paid, now):
    one, other = staff("Asha", "accountant", None), staff("Baraka", "accountant", None)
    refund = operations.order_refund(payment=paid, amount_cents=5000, reason="surplus", now=now)
    operations.send_refund(refund.id)  # cash cannot
    closing = f"/en/desk/refunds/{refund.id}/close/"
    enter_desk(client, one)
    answer = client.post(closing, {"reason": ""})
    assert (answer.status_code, 'id="close-error"' in answer.content.decode()) == (422, True)
    client.post(closing, {"reason": "The statement has no such line"})
    client.post(closing, {"answer": "yes"})
    assert "Take the proposal back" in client.get("/en/desk/refunds/").content.decode()
    enter_desk(client, other)
    assert "The statement has no such line" in client.get("/en/desk/refunds/").content.decode()
    page = client.post(closing, {"answer": "yes"}, follow=True).content.decode()
    refund.refresh_from_db()
    assert (refund.state, f"/en/desk/payments/{paid.id}/" in page) == ("closed", True)


def test_what_was_given_back_twice_is_asked_for_and_written_off_by_two(client, staff, enter_desk, paid, now):
    one, other = staff("Asha", "accountant", None), staff("Baraka", "accountant", None)
    refund = operations.order_refund(payment=paid, amount_cents=5000, reason="surplus", now=now)
    operations.send_refund(refund.id)  # cash cannot
    actors = [
        identity.actor_for(account, channel="desk", purpose="casework", second_factor=True) for account in (one, other)
    ]
    payments.propose_closing(actor=actors[0], refund_id=refund.id, reason="Not on the statement", now=now)
    payments.decide_closing(actor=actors[1], refund_id=refund.id, approve=True, now=now)
    Refund.objects.create(
        payment=paid, amount_cents=5000, reason="surplus", state="sent", token="u", asked_by=one.id, asked_at=now,
        approved_by=other.id, approved_at=now,
    )  # fmt: skip
    operations.take_refund_result(refund_id=refund.id, result=Result("paid", receipt="B1"), now=now)
    enter_desk(client, one)
    page = client.get("/en/desk/refunds/given-twice/").content.decode()
    owed = Receivable.objects.get()
    assert ("KSh 50.00" in page, f"/en/desk/bills/{owed.bill.reference}/" in page) == (True, True)
    assert client.get(f"/en/desk/bills/{owed.bill.reference}/").status_code == 200
    at = f"/en/desk/refunds/given-twice/{owed.id}/"
    assert "We know no phone number" in client.post(f"{at}ask/", follow=True).content.decode()
    answer = client.post(f"{at}write-off/", {"reason": " "})
    assert (answer.status_code, 'id="off-error"' in answer.content.decode()) == (422, True)
    client.post(f"{at}write-off/", {"reason": "The payer moved abroad"})
    page = client.post(f"{at}write-off/", {"answer": "yes"}, follow=True).content.decode()
    assert "Take the proposal back" in page
    enter_desk(client, staff("Chebet", "auditor", None))
    page = client.get("/en/desk/refunds/given-twice/").content.decode()
    assert ("The payer moved abroad" in page, "Write it off" in page) == (True, False)
    enter_desk(client, other)
    assert "Written off" in client.post(f"{at}write-off/", {"answer": "yes"}, follow=True).content.decode()
    assert payments.balance_cents("write-off") == 5000


def test_nothing_is_chosen_for_the_person_who_rules_on_a_payment(client, staff, enter_desk, open_bill, now):
    payment = Payment.objects.create(
        bill=open_bill, gateway="mpesa", amount_cents=25000, state="review", token="t", started_at=now
    )
    enter_desk(client, staff("Asha", "accountant", None))
    at = f"/en/desk/payments/{payment.id}/"
    assert " checked" not in client.get(at).content.decode()
    answer = client.post(f"{at}propose/", {"reason": "Not on the statement"})
    page = answer.content.decode()
    assert (answer.status_code, "Choose what happened" in page, "Not on the statement" in page) == (422, True, True)


def test_only_who_minds_money_sees_it(client, staff, enter_desk, paid):
    enter_desk(client, staff("Chebet", "supervisor"))
    assert client.get("/en/desk/refunds/").status_code == 403
    assert client.post(f"/en/desk/payments/{paid.id}/refund/", {"amount": "50", "note": "x"}).status_code == 403


def test_whoever_runs_the_platform_sees_how_gateways_fare_and_not_who_paid(client, staff, enter_desk, paid):
    enter_desk(client, staff("Dalmas", "administrator", None))
    page = client.get("/en/desk/gateways/").content.decode()
    assert "proven against our own stand-in only" in page
    assert "/desk/payments/unexplained/" not in page
    for path in ("payments/unexplained/", f"payments/{paid.id}/", "refunds/"):
        assert client.get(f"/en/desk/{path}").status_code == 403
    enter_desk(client, staff("Esther", "secretariat", None))
    assert client.get("/en/desk/gateways/").status_code == 403


def test_the_accountant_of_one_body_is_not_shown_what_is_for_all(client, staff, enter_desk):
    enter_desk(client, staff("Fatuma", "accountant", "CRS"))
    assert client.get("/en/desk/gateways/").status_code == 403
    assert "/desk/gateways/" not in client.get("/en/desk/", follow=True).content.decode()
    enter_desk(client, staff("Gakii", "accountant", None))
    assert "/desk/gateways/" in client.get("/en/desk/", follow=True).content.decode()


def test_a_till_with_blanks_in_its_name_is_counted_by_its_own_field(client, staff, enter_desk):
    cashier, colleague = staff("Halima", "officer"), staff("Ibrahim", "officer")
    enter_desk(client, cashier)
    client.post("/en/desk/till/", {"step": "open", "till": "Till  by the door", "body": "CRS", "amount": "100"})
    client.post("/en/desk/till/", {"step": "count", "amount": "100"})
    enter_desk(client, colleague)
    session = payments.TillSession.objects.get()
    count = {"step": "witness", "session": session.id, "amount": "much"}
    answer = client.post("/en/desk/till/", count)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="witness-{session.id}"' in page
    assert "by the door" in page
    assert "Should be in the till" not in page
    client.post("/en/desk/till/", {**count, "amount": "90"})
    enter_desk(client, cashier)
    client.post("/en/desk/till/", {"step": "count", "amount": "90"})
    enter_desk(client, colleague)
    assert (
        "Should be in the till"
        in client.post("/en/desk/till/", {**count, "amount": "90"}, follow=True).content.decode()
    )
    explained = {"step": "reason", "session": session.id, "reason": ""}
    assert client.post("/en/desk/till/", explained).status_code == 422
    client.post("/en/desk/till/", {**explained, "reason": "A note was false"})
    session.refresh_from_db()
    assert (session.state, session.variance_cents, session.note) == ("closed", -1000, "A note was false")


def test_a_waiver_from_the_asking_to_the_record(client, staff, enter_desk, open_bill):
    at = f"/en/desk/bills/{open_bill.reference}/"
    enter_desk(client, staff("Asha"))
    assert client.get("/en/desk/bills/", {"reference": open_bill.reference.lower()}).url == at
    wrong = client.get("/en/desk/bills/", {"reference": open_bill.reference[:-1] + "*"})
    assert (wrong.status_code, "No bill has this reference" in wrong.content.decode()) == (422, True)
    asked = {"body": "CRS", "kind": "exemption", "amount": "50", "reason": "Refugee", "law": ""}
    answer = client.post(f"{at}waivers/", asked)
    assert (answer.status_code, "Refugee" in answer.content.decode()) == (422, True)
    client.post(f"{at}waivers/", {**asked, "law": "Refugees Act, 2021"})
    waiver = open_bill.waivers.get()
    assert "Take the request back" in client.get(at).content.decode()
    assert client.post(f"{at}waivers/{waiver.id}/", {"answer": "yes"}).status_code == 403
    enter_desk(client, staff("Baraka", "supervisor"))
    assert "Refugees Act, 2021" in client.get(at).content.decode()
    client.post(f"{at}waivers/{waiver.id}/", {"answer": "yes"})
    open_bill.refresh_from_db()
    assert open_bill.total_cents == 20000
    enter_desk(client, staff("Chebet", "auditor", None))
    record = client.get("/en/desk/bills/").content.decode()
    assert "Refugee" in record
    assert "Baraka" in record
    assert "Ask to waive" not in client.get(at).content.decode()


def test_the_bill_of_another_body_is_not_shown(client, staff, enter_desk, open_bill):
    enter_desk(client, staff("Dalmas", "supervisor", "DCI"))
    assert client.get(f"/en/desk/bills/{open_bill.reference}/").status_code == 404
    assert client.post(f"/en/desk/bills/{open_bill.reference}/waivers/", {"body": "CRS"}).status_code == 404


def test_a_rate_is_entered_by_one_and_agreed_by_another(client, staff, enter_desk):
    one, other = staff("Asha", "accountant", None), staff("Baraka", "accountant", None)
    enter_desk(client, one)
    typed = {"day": "2026-11-20", "rate": "129.24", "source": "Central Bank of Kenya"}
    for wrong, said in (
        ({"rate": "x"}, "no exchange rate"),
        ({"day": ""}, "not a day"),
        ({"source": " "}, "published"),
    ):
        answer = client.post("/en/desk/rates/", {**typed, **wrong})
        assert (answer.status_code, said in answer.content.decode()) == (422, True)
    client.post("/en/desk/rates/", typed)
    assert "This day has a rate already." in client.post("/en/desk/rates/", typed).content.decode()
    rate = payments.rates_for(SYSTEM)[0]
    client.post(f"/en/desk/rates/{rate.id}/", {"answer": "yes"})
    assert payments.rates_for(SYSTEM)[0].state == "proposed"
    enter_desk(client, other)
    assert "129.2400" in client.get("/en/desk/rates/").content.decode()
    client.post(f"/en/desk/rates/{rate.id}/", {"answer": "yes"})
    assert payments.rates_for(SYSTEM)[0].state == "approved"


def test_what_no_gateway_explains_is_decided_once(client, staff, enter_desk, open_bill, now):
    one, other = staff("Asha", "accountant", None), staff("Baraka", "accountant", None)
    for reference, verdict, state in (("RC1", "settle", "succeeded"), ("RC2", "fail", "failed")):
        payment = Payment.objects.create(
            bill=open_bill, gateway="mpesa", origin="asked", amount_cents=25000, state="review", checkout_id=reference,
            token=reference, started_at=now,
        )  # fmt: skip
        at = f"/en/desk/payments/{payment.id}/"
        enter_desk(client, one)
        client.post(f"{at}propose/", {"verdict": verdict, "reason": "On the statement", "receipt": reference})
        client.post(f"{at}decide/", {"answer": "yes"})  # by whoever proposed
        payment.refresh_from_db()
        assert payment.state == "review"
        enter_desk(client, other)
        client.post(f"{at}decide/", {"answer": "yes"})
        payment.refresh_from_db()
        open_bill.refresh_from_db()
        assert (payment.state, open_bill.state) == (state, "settled")
    assert payments.balance_cents("gateway:mpesa") == 25000


def test_a_stuck_refund_is_sent_again_once(client, staff, enter_desk, paid, now):
    refund = Refund.objects.create(
        payment=paid, amount_cents=5000, reason="decision", note="Not served", state="review", trouble="no-answer",
        token="r", asked_at=now, approved_at=now,
    )  # fmt: skip
    enter_desk(client, staff("Asha", "accountant", None))
    client.post(f"/en/desk/refunds/{refund.id}/send/")
    refund.refresh_from_db()
    assert refund.state == "sending"
