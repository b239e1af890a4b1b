"""Every other way to pay, against its real stand-in: signed, unsigned, forged, partial, too much, doubled, and given back."""

import base64
import hashlib
import json
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from config import standins
from huduma.contexts.payments import operations
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Bill, Callback, GatewayHealth, Payment, Refund
from huduma.contexts.payments.operations import collection, health, intake, refunds
from huduma.contexts.payments.providers import airtel, card, pesaflow
from huduma.contexts.payments.providers.base import Malformed, Notice, Result, by_address, cents, e164, gateways
from huduma.contexts.settlement.models import StatementLine
from huduma.contexts.settlement.operations import statements
from huduma.foundation import ids
from huduma.foundation.access import ANONYMOUS, SYSTEM, NotFound

pytestmark = pytest.mark.django_db
PHONE = "+254700000002"


@pytest.fixture
def bill(now, citizen_actor):
    return charge(citizen_actor, "KES", now)


def charge(payer, currency, now):
    line = {"code": "fee", "description": {"en": "Fee", "sw": "Ada"}, "amount_cents": 120000, "body_code": "CRS"}
    return payments.raise_bill(
        actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=payer.person_id,
        description={"en": "Test", "sw": "Jaribio"}, lines=[line], currency=currency, now=now,
    )  # fmt: skip


@pytest.fixture
def hooks(sandbox, live_hooks):
    """The stand-ins call back here, over HTTP."""
    return live_hooks


@pytest.fixture
def live_hooks(sandbox, settings, monkeypatch):
    """Takes the stand-ins' calls in a thread and hands them to the product afterwards, in this transaction: `hooks()`."""
    from tests.outside.taker import Taker

    with Taker() as taker:
        settings.HOOKS_BASE_URL = taker.url
        client = Client()
        addresses = {f"{code}.{what}": payments.standing_url(code) for code, what in standins.NOTICES.items()}
        sandbox.post("/_control/addresses", json=addresses).raise_for_status()

        def hand_over(count: int = 1) -> list[tuple[int, dict]]:
            answers = []
            for _ in range(count):
                path, headers, body = taker.next()
                extra = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
                answer = client.generic("POST", path, body, content_type="application/json", **extra)
                answers.append((answer.status_code, answer.json()))
            return answers

        yield hand_over


@pytest.fixture
def pay(bill, citizen_actor, drain_jobs):
    def start(gateway, phone=PHONE, owed=bill):
        payment = payments.start_payment(
            actor=citizen_actor, bill_id=owed.id, phone=phone, gateway=gateway, language="sw", now=timezone.now()
        )
        drain_jobs()
        payment.refresh_from_db()
        return payment

    return start


def state(bill):
    bill.refresh_from_db()
    return bill.state, sorted(bill.payments.values_list("state", flat=True))


# Airtel Money


def test_airtel_from_prompt_to_receipt(sandbox, hooks, bill, pay, drain_jobs):
    payment = pay("airtel")
    assert (payment.state, payment.checkout_id) == ("pending", payment.id.hex)
    (prompt,) = sandbox.get(f"/phone/api/{PHONE}").json()["airtel"]
    assert (prompt["amount"], prompt["reference"]) == (1200, bill.reference)
    sandbox.post("/phone/api/airtel", json={"id": prompt["id"], "action": "pay", "pin": "1234"})
    assert hooks()[0][0] == 200
    drain_jobs()
    assert state(bill) == ("settled", ["succeeded"])
    payment.refresh_from_db()
    assert payment.receipt.startswith("MP")
    assert Callback.objects.get().verified


@pytest.mark.parametrize(
    ("action", "pin", "reason"), [("decline", "", "cancelled"), ("pay", "9", "pin"), ("timeout", "", "expired")]
)
def test_why_airtel_failed_is_known(sandbox, hooks, bill, pay, drain_jobs, action, pin, reason):
    payment = pay("airtel")
    sandbox.post("/phone/api/airtel", json={"id": payment.checkout_id, "action": action, "pin": pin})
    hooks()
    drain_jobs()
    payment.refresh_from_db()
    assert (payment.state, payment.reason) == ("failed", reason)


def test_a_falsified_airtel_callback_is_kept_and_refused(sandbox, hooks, bill, pay, drain_jobs):
    payment = pay("airtel")
    sandbox.post("/_control/airtel", json={"fault": "falsify"})
    sandbox.post("/phone/api/airtel", json={"id": payment.checkout_id, "action": "decline"})
    assert hooks()[0][0] == 401
    assert Callback.objects.get().outcome == "forged"
    drain_jobs(until=timezone.now() + timedelta(minutes=2))
    assert state(bill) == ("open", ["failed"])  # the query said so


def test_airtel_s_short_token_is_renewed_and_a_broken_line_is_asked_about(sandbox, hooks, bill, pay, drain_jobs):
    sandbox.post("/_control/airtel", json={"fault": "expired_token"})
    assert pay("airtel").state == "pending"
    Payment.objects.update(state="failed")
    # The answer to the second request is lost after it was taken: our own id finds it.
    for _ in range(2):
        sandbox.post("/_control/airtel", json={"fault": "error_5xx"})
    assert pay("airtel").state in ("unknown", "failed")


def test_the_documented_hash_of_airtel():
    told = {
        "id": "BBZMiscxy", "message": "Paid KES 5,000", "status_code": "TS", "airtel_money_id": "MP210603.1234.L06941",
    }  # fmt: skip
    assert airtel.callback_hash(told, "test-secret") == "Az9u8b7ns+Y6w2SDAJjBNH2YqLjdeOud0feKHVHro3M="


# eCitizen


def test_ecitizen_in_two_parts_settles_with_the_second(sandbox, hooks, bill, pay, drain_jobs):
    payment = pay("ecitizen")
    assert payment.page_url.endswith(f"/api/invoice/checkout/{payment.typed_reference}?callback_url=")
    form = {"phone": PHONE, "paybill": "222222", "account": payment.typed_reference, "pin": "1234"}
    sandbox.post("/phone/api/pay", json={**form, "amount": "500"})
    hooks()
    drain_jobs()
    assert state(bill) == ("open", ["held"])
    assert payments.due_cents(bill) == 70000
    assert payments.balance_cents("suspense") == -50000
    sandbox.post("/_control/pesaflow", json={"fault": "duplicate"})
    sandbox.post("/phone/api/pay", json={**form, "amount": "700"})
    hooks(2)
    drain_jobs()
    assert state(bill) == ("settled", ["applied", "succeeded"])
    assert payments.balance_cents("suspense") == 0
    assert payments.balance_cents("body:CRS") == -120000


def test_a_lost_notice_of_the_rest_is_found_by_asking(sandbox, hooks, bill, pay, drain_jobs):
    payment = pay("ecitizen")
    form = {"phone": PHONE, "paybill": "222222", "account": payment.typed_reference, "pin": "1234"}
    sandbox.post("/phone/api/pay", json={**form, "amount": "500"})
    hooks()
    drain_jobs()
    sandbox.post("/_control/pesaflow", json={"fault": "lose"})
    sandbox.post("/phone/api/pay", json={**form, "amount": "700"})
    operations.pull(timezone.now())
    assert state(bill) == ("settled", ["applied", "succeeded"])


def test_what_an_ecitizen_notice_claims_is_never_trusted_alone(sandbox, hooks, bill, pay, drain_jobs):
    payment = pay("ecitizen")
    sandbox.post("/_control/pesaflow", json={"fault": "falsify"})
    form = {"phone": PHONE, "paybill": "222222", "account": payment.typed_reference, "amount": "500", "pin": "1234"}
    sandbox.post("/phone/api/pay", json=form)
    hooks()
    drain_jobs()
    assert Callback.objects.get().verified is False
    assert Payment.objects.get().received_cents == 50000  # what the gateway says when asked, not the 999,999 claimed


def test_the_documented_hashes_of_pesaflow():
    fields = [
        "35",
        "1200.00",
        "48221",
        "22222222",
        "KES",
        "INV-2026-000001",
        "Business permit",
        "WANJIKU TEST",
        "test-secret",
    ]
    assert pesaflow.secure_hash(fields, "test-api-key") == (
        "NjNiMmI5OGMwNDJlYTQ0NDM4YWFiZGYwM2FmNDIxNDZhNWQ0NDczNjY2OWU4Y2NiZDljMzFkNDkxM2I1YzY3OA=="
    )
    assert pesaflow.secure_hash(fields, "test-api-key", "b64raw") == "Y7K5jAQupEQ4qr3wOvQhRqXURzZmnozL2cMdSRO1xng="
    stamp = "2026-05-30 02:16:03+03:00 EAT Africa/Nairobi"
    assert pesaflow.secure_hash(["INV-2026-000001", "WQBGPWRR", "1200", stamp, "test-secret"], "test-api-key") == (
        "MTlhYmI4MWUyNTFiYWNlMzAwYmJkMDA2MmU1MDBhNWViMWUxNmIyYTZlZjdjMTJiOTJmZDk3YjBmNjY2MjA5Ng=="
    )
    assert pesaflow.secure_hash(["35", "INV-2026-000001"], "test-api-key") == (
        "OWE3OWI3YmUxMzdhODEyYWE2ZTFjOTViNjg0MmUyMmUyMTEzYzEzZmY3MjYyOTIzZmFjN2I2NjY4MDA1MTlmYg=="
    )


# Card


def pay_card(sandbox, payment, number="4242 4242 4242 4242"):
    return sandbox.post(payment.page_url.removeprefix(str(sandbox.base_url)), data={"card": number})


def test_card_on_the_hosted_page(sandbox, hooks, bill, pay, drain_jobs):
    payment = pay("card", phone="")
    assert "declined" in pay_card(sandbox, payment, "4000000000000002").text
    assert pay_card(sandbox, payment).status_code == 303
    assert hooks() == [(200, {"received": True})]
    drain_jobs()
    assert state(bill) == ("settled", ["succeeded"])


def test_a_card_that_paid_dollars_is_stated_in_dollars(sandbox, hooks, citizen_actor, pay, drain_jobs):
    pay_card(sandbox, pay("card", phone="", owed=charge(citizen_actor, "USD", timezone.now())))
    hooks()
    drain_jobs()
    now = timezone.now()
    statements.take_stated(source="card", since=now - timedelta(hours=1), until=now, now=now)
    line = StatementLine.objects.get()
    assert (line.currency, line.amount_cents, line.state) == ("USD", 120_000, "matched")


def test_a_falsified_card_webhook_is_refused_and_the_query_finds_the_money(sandbox, hooks, bill, pay, drain_jobs):
    payment = pay("card", phone="")
    sandbox.post("/_control/card", json={"fault": "falsify"})
    pay_card(sandbox, payment)
    assert hooks()[0][0] == 401
    drain_jobs(until=timezone.now() + timedelta(minutes=2))
    assert state(bill) == ("settled", ["succeeded"])


def test_a_card_payment_for_a_bill_that_was_paid_meanwhile_goes_back(sandbox, hooks, bill, pay, drain_jobs):
    payment = pay("card", phone="")
    Payment.objects.filter(id=payment.id).update(state="failed")  # given up, and yet paid later
    pay("mpesa")
    checkout = Payment.objects.get(gateway="mpesa").checkout_id
    sandbox.post("/phone/api/answer", json={"checkout_request_id": checkout, "action": "pay", "pin": "1234"})
    hooks()
    drain_jobs()
    pay_card(sandbox, payment)
    hooks()
    drain_jobs()
    assert state(bill) == ("settled", ["succeeded", "surplus"])
    refund = Refund.objects.get()
    assert (refund.state, refund.reason, refund.amount_cents) == ("succeeded", "duplicate", 120000)
    assert payments.balance_cents("gateway:card") == payments.balance_cents("suspense") == 0
    out = [m for m in sandbox.get("/_control/books").json() if m["direction"] == "out"]
    assert [(m["system"], m["cents"], m["about"]) for m in out] == [("card", 120000, refund.id.hex)]


def test_a_page_on_which_nobody_paid_is_cancelled_and_takes_no_card_any_more(
    sandbox, hooks, bill, pay, citizen_actor, officer_actor, drain_jobs
):
    payment = pay("card", phone="")
    case = {"payment_id": payment.id, "now": timezone.now()}
    for reference in ("", "HB 0000 0000 0"):
        with pytest.raises(NotFound):
            payments.cancel_payment(actor=officer_actor("DCI"), reference=reference, **case)
    assert payments.cancel_payment(actor=citizen_actor, **case).state == "failed"
    pay_card(sandbox, payment)
    assert [m for m in sandbox.get("/_control/books").json() if m["system"] == "card"] == []
    prompt = pay("mpesa")
    with pytest.raises(payments.NotToCancel):
        payments.cancel_payment(actor=citizen_actor, payment_id=prompt.id, now=timezone.now())


def test_money_that_came_before_somebody_cancels_counts(sandbox, hooks, bill, pay, drain_jobs):
    payment = pay("card", phone="")
    pay_card(sandbox, payment)
    cancelled = payments.cancel_payment(
        actor=ANONYMOUS, payment_id=payment.id, reference=bill.reference.lower(), now=timezone.now()
    )
    assert (cancelled.state, state(bill)[0]) == ("succeeded", "settled")


def test_late_money_of_a_cancelled_bank_transfer_is_found_and_goes_back(
    sandbox, hooks, bill, pay, officer_actor, drain_jobs
):
    payment = pay("ecitizen")
    officer = officer_actor("CRS")
    assert payments.cancel_payment(actor=officer, payment_id=payment.id, now=timezone.now()).reason == "withdrawn"
    pay("mpesa")
    checkout = Payment.objects.get(gateway="mpesa").checkout_id
    sandbox.post("/phone/api/answer", json={"checkout_request_id": checkout, "action": "pay", "pin": "1234"})
    hooks()
    drain_jobs()
    sandbox.post("/_control/pesaflow", json={"fault": "lose"})
    form = {"phone": PHONE, "paybill": "222222", "account": payment.typed_reference, "pin": "1234", "amount": "1200"}
    sandbox.post("/phone/api/pay", json=form)
    drain_jobs(until=timezone.now() + timedelta(hours=1))  # no notice came: the gateway was asked on
    assert state(bill) == ("settled", ["succeeded", "surplus"])
    assert Refund.objects.get().payment_id == payment.id


def test_an_old_or_foreign_signature_is_none():
    body = b'{"id":"evt_1"}'
    at = 1_000_000
    header = f"t={at},v1={__import__('hmac').new(b'whsec', b'1000000.' + body, hashlib.sha256).hexdigest()}"
    assert card.is_signed(body, header, "whsec", at + 299)
    assert not card.is_signed(body, header, "whsec", at + 301)
    assert not card.is_signed(body + b" ", header, "whsec", at)
    assert not card.is_signed(body, "t=x,v1=", "whsec", at)


# Banks


def deposit(sandbox, bank, reference, cents_, **more):
    return sandbox.post(
        "/bank/api/deposit", json={"bank": bank, "reference": reference, "cents": cents_, **more}
    ).json()


@pytest.mark.parametrize("till", [False, True])
def test_kcb_tells_of_a_deposit_and_hears_the_same_id_again(sandbox, hooks, bill, drain_jobs, till):
    sandbox.post("/_control/addresses", json={})
    url = payments.standing_url("kcb")
    with_question = Client().post(
        f"{url.removeprefix(django_settings.HOOKS_BASE_URL)}question/", {"customerReference": bill.reference},
        content_type="application/json",
    )  # fmt: skip
    assert with_question.json()["billAmount"] == "1200.00"
    assert "CustomerName" not in with_question.json() or with_question.json()["CustomerName"] == "Huduma"
    body = signed_kcb(bill.reference, till=till)
    first, second = (post_kcb(url, body) for _ in range(2))
    assert (first.status_code, first.json()["statusCode"]) == (200, "0")
    assert first.json()["transactionID"] == second.json()["transactionID"]
    drain_jobs()
    assert state(bill) == ("settled", ["succeeded"])
    forged = (body[0].replace(b"1200.00", b"1.00"), body[1])
    assert post_kcb(url, forged).status_code == 401


def signed_kcb(reference, *, till):
    from sandbox import banks

    body = banks.as_json(banks._kcb("FT26001", reference, 120000, "Mfano", PHONE, till=till))
    return body, banks.signature(body)


def post_kcb(url, body):
    path = url.removeprefix(django_settings.HOOKS_BASE_URL)
    return Client().generic("POST", path, body[0], content_type="application/json", HTTP_SIGNATURE=body[1])


def test_equity_comes_with_a_password_and_with_amounts_as_they_please(sandbox, hooks, bill, drain_jobs):
    sandbox.post("/_control/equity", json={"fault": "falsify"})
    assert deposit(sandbox, "equity", bill.reference, 120000)["taken"]
    assert hooks()[0][0] == 401
    deposit(sandbox, "equity", f"{bill.reference[:6]} {bill.reference[6:]}".lower(), 100000, phone=PHONE)
    hooks()
    drain_jobs()
    assert state(bill) == ("open", ["held"])
    deposit(sandbox, "equity", bill.reference, 20000)
    hooks()
    drain_jobs()
    assert state(bill) == ("settled", ["applied", "succeeded"])
    assert "authorization" not in str(Callback.objects.first().headers).lower()
    # A gateway without a call to give money back: a person does it.
    deposit(sandbox, "equity", bill.reference, 5000)
    hooks()
    drain_jobs()
    assert (Refund.objects.get().state, Refund.objects.get().trouble) == ("review", "by-hand")


# M-Pesa beyond the prompt


@pytest.fixture
def registered(sandbox, hooks):
    operations.register()
    operations.register()  # again changes nothing
    # The question is asked while the stand-in waits; this one is answered by its default.
    return sandbox


def pay_bill(sandbox, account, amount):
    form = {"phone": PHONE, "paybill": "174379", "account": account, "amount": str(amount), "pin": "1234"}
    return sandbox.post("/phone/api/pay", json=form).json()["said"]


def announce(sandbox, hooks):
    sandbox.post(
        "/_control/addresses", json={"daraja.confirmation": payments.standing_url("mpesa"), "daraja.validation": ""}
    )


def test_a_bill_is_paid_by_typing_its_reference_once_the_gateway_confirmed_it(sandbox, hooks, bill, drain_jobs):
    announce(sandbox, hooks)
    receipt = pay_bill(sandbox, bill.reference.lower(), 1200)
    assert hooks()[0][1] == {"ResultCode": 0, "ResultDesc": "Success"}
    drain_jobs()
    assert state(bill) == ("open", ["pending"])  # unsigned: not believed yet
    hooks()  # M-Pesa's own word on the receipt
    drain_jobs()
    assert state(bill) == ("settled", ["succeeded"])
    assert Payment.objects.get().receipt == receipt


def test_a_lost_paybill_confirmation_is_found_in_the_list(sandbox, hooks, bill, drain_jobs):
    receipt = pay_bill(sandbox, bill.reference, 1500)
    assert operations.pull(timezone.now()) == 1
    operations.pull(timezone.now())
    drain_jobs()
    assert state(bill) == ("settled", ["succeeded"])
    payment = Payment.objects.get()
    assert (payment.receipt, payment.received_cents, payment.phone) == (receipt, 150000, PHONE)
    hooks()  # the result of the surplus' pay-out
    drain_jobs()
    refund = Refund.objects.get()
    assert (refund.state, refund.amount_cents, refund.reason) == ("succeeded", 30000, "surplus")
    assert sandbox.get(f"/phone/api/{PHONE}").json()["balance"] == 50_000 - 1200


def test_money_is_found_however_late_the_first_list_comes(registered, bill):
    receipt = pay_bill(registered, bill.reference, 1200)
    registered.post("/_control/daraja", json={"fault": "down"})
    assert operations.pull(timezone.now() + timedelta(hours=1)) == 0
    assert operations.pull(timezone.now() + timedelta(hours=2)) == 1
    assert state(bill) == ("settled", ["succeeded"])
    assert Payment.objects.get().receipt == receipt


def test_a_forged_paybill_confirmation_is_found_out(sandbox, hooks, bill, drain_jobs):
    body = {
        "TransactionType": "Pay Bill", "TransID": "SFORGED001", "TransAmount": "1200.00", "BillRefNumber": bill.reference,
        "MSISDN": "2547 ***** 002", "BusinessShortCode": "174379",
    }  # fmt: skip
    path = payments.standing_url("mpesa").removeprefix(django_settings.HOOKS_BASE_URL)
    Client().post(path, body, content_type="application/json")
    drain_jobs()
    hooks()  # "does not exist"
    drain_jobs()
    assert state(bill) == ("open", ["pending"])
    Payment.objects.update(started_at=timezone.now() - timedelta(minutes=20))
    operations.query(Payment.objects.get().id)
    assert state(bill) == ("open", ["failed"])  # not in the list either


def test_the_paybill_announces_our_own_prompt_too_and_it_counts_once(sandbox, hooks, bill, pay, drain_jobs):
    announce(sandbox, hooks)
    payment = pay("mpesa")
    sandbox.post("/_control/daraja", json={"fault": "reorder"})
    sandbox.post("/phone/api/answer", json={"checkout_request_id": payment.checkout_id, "action": "pay", "pin": "1234"})
    operations.query(payment.id)  # the prompt's own news is late; the query comes first, without a receipt
    assert state(bill) == ("settled", ["succeeded"])
    operations.pull(timezone.now())
    assert state(bill) == ("settled", ["succeeded"])
    payment.refresh_from_db()
    assert payment.receipt
    assert not Refund.objects.exists()


def test_a_prompt_whose_news_was_lost_is_found_in_the_list_and_counts_once(sandbox, hooks, bill, pay, monkeypatch):
    payment = pay("mpesa")
    sandbox.post("/_control/daraja", json={"fault": "lose"})
    sandbox.post("/phone/api/answer", json={"checkout_request_id": payment.checkout_id, "action": "pay", "pin": "1234"})
    operations.pull(timezone.now())
    assert state(bill) == ("open", ["pending"])  # the prompt's own news may still come
    monkeypatch.setattr(intake, "OWN_NEWS", timedelta(0))
    operations.pull(timezone.now())
    assert state(bill) == ("settled", ["succeeded"])
    operations.query(payment.id)
    operations.pull(timezone.now())
    assert (state(bill), Refund.objects.count()) == (("settled", ["succeeded"]), 0)


def test_a_prompt_given_up_whose_money_came_by_the_list_is_not_credited_by_its_late_news(
    sandbox, hooks, bill, pay, drain_jobs
):
    payment = pay("mpesa")
    sandbox.post("/phone/api/answer", json={"checkout_request_id": payment.checkout_id, "action": "pay", "pin": "1234"})
    Payment.objects.update(state="failed", reason="lost")
    operations.pull(timezone.now())
    hooks()  # the prompt's own news
    drain_jobs()
    assert (state(bill), Refund.objects.count()) == (("settled", ["failed", "succeeded"]), 0)
    assert payments.balance_cents("gateway:mpesa") == 120000


def test_news_of_our_own_prompt_with_a_wrong_amount_is_credited_to_the_prompt(sandbox, hooks, bill, pay):
    payment = pay("mpesa")
    told = Notice(
        kind="unasked", key="S1", result=Result("paid", "", 100, "S1", "2547 ***** 002"), reference=bill.reference
    )
    intake.take_unasked("mpesa", told, confirmed=False, since=timezone.now())
    noted = Payment.objects.get(receipt="S1")
    right = Result("paid", "", 120000, "S1", PHONE)
    assert collection.take_result(noted, right, timezone.now()) == "succeeded"
    payment.refresh_from_db()
    noted.refresh_from_db()
    assert (payment.state, payment.receipt, noted.state, noted.reason) == ("succeeded", "S1", "failed", "own")
    assert payments.latest_payment(bill.id) == payment


def test_a_duplicate_whose_payer_is_masked_is_reversed(sandbox, hooks, bill, drain_jobs):
    announce(sandbox, hooks)
    for _ in range(2):
        pay_bill(sandbox, bill.reference, 1200)
        hooks()
        drain_jobs()
        hooks()  # M-Pesa's own word, in which the number may be masked too
        operations.read_callback(Callback.objects.latest("received_at").id)
        Payment.objects.update(phone="")
        drain_jobs()
    assert state(bill) == ("settled", ["succeeded", "surplus"])
    hooks()  # the reversal's result
    drain_jobs()
    assert Refund.objects.get().state == "succeeded"
    assert sandbox.get(f"/phone/api/{PHONE}").json()["balance"] == 50_000 - 1200


def test_money_for_no_bill_waits_and_the_question_refuses_what_is_wrong(sandbox, hooks, bill, drain_jobs):
    operations.pull(timezone.now())
    pay_bill(sandbox, "JUNK", 70)
    operations.pull(timezone.now())
    lost = Payment.objects.get()
    assert (lost.state, lost.bill_id, lost.typed_reference) == ("surplus", None, "JUNK")
    path = payments.standing_url("mpesa").removeprefix(django_settings.HOOKS_BASE_URL) + "question/"
    for reference, amount, code in (
        (bill.reference, "1200.00", "0"), ("JUNK", "5.00", "C2B00012"), (bill.reference, "1201.00", "C2B00013"),
    ):  # fmt: skip
        asked = {"BillRefNumber": reference, "TransAmount": amount}
        assert Client().post(path, asked, content_type="application/json").json()["ResultCode"] == code
    assert Client().post("/hooks/payments/simu/guess/question/", {}, content_type="application/json").status_code == 404


def test_a_pay_out_whose_answer_was_lost_is_not_paid_twice(sandbox, hooks, bill, drain_jobs):
    pay_bill(sandbox, bill.reference, 1300)
    sandbox.post("/_control/daraja", json={"fault": "lose"})
    operations.pull(timezone.now())
    refund = Refund.objects.get()
    gateways.get("mpesa").repay(
        refunds._repayment(refund)
    )  # a worker died before it could write down that it had sent it
    drain_jobs()
    operations.query_refund(refund.id)
    hooks()
    drain_jobs()
    refund.refresh_from_db()
    assert refund.state == "succeeded"
    assert len([m for m in sandbox.get("/_control/books").json() if m["direction"] == "out"]) == 1


def test_a_late_result_decides_nothing(sandbox, hooks, bill, drain_jobs):
    sandbox.post("/_control/daraja", json={"fault": "queue_timeout"})
    pay_bill(sandbox, bill.reference, 1300)
    operations.pull(timezone.now())
    drain_jobs()
    hooks()
    assert Callback.objects.get().outcome == "late"
    assert Refund.objects.get().state == "sent"


def test_the_balance_and_the_code(sandbox, hooks, bill):
    pay_bill(sandbox, "JUNK", 70)
    GatewayHealth.objects.create(gateway="mpesa")
    operations.order_balances()
    hooks()
    operations.read_callback(Callback.objects.get().id)
    assert GatewayHealth.objects.get(gateway="mpesa").balance_cents == 7000
    assert payments.draw_code(bill).startswith(b"\x89PNG")


def test_the_breaker_spares_a_gateway_that_is_down(sandbox, bill, pay):
    for _ in range(5):
        health.went_wrong("mpesa", "down", timezone.now())
    payment = pay("mpesa")
    assert (payment.state, payment.reason) == ("failed", "gateway")
    assert sandbox.get(f"/phone/api/{PHONE}").json()["prompts"] == []
    assert payments.ways_to_pay(bill, timezone.now())[0].is_down


# All of them


def test_every_gateway_says_how_far_it_is_proven():
    for code, gateway in gateways.items():
        assert gateway.confidence in ("spec-conformant", "client-proven", "self-proven", "assumed")
        assert gateway.proof
        assert by_address(gateway.address) == code
        assert set(gateway.name) == {"en", "sw"}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff", b'{"Body":1}', b'{"Result":{}}', b'{"transaction":"x"}', b'{"data":{}}']
)
def test_nonsense_is_malformed_everywhere(body):
    for gateway in dict(gateways.items()).values():
        gateway.verify(headers={"signature": "?"}, body=body)
        with pytest.raises(Malformed):
            gateway.parse(body)


def test_amounts_and_numbers_as_gateways_write_them():
    assert [cents(a) for a in (1, "5", "1,200.00", 0.5, "12.5")] == [100, 500, 120000, 50, 1250]
    for wrong in ("", "x", "1.005", -1, None, "NaN", "1e30"):
        with pytest.raises(Malformed):
            cents(wrong)
    assert [e164(n) for n in ("254700000002", 254700000002, "0700000002", "700000002")] == [PHONE] * 4
    assert e164("2547 ***** 126") == "2547 ***** 126"


def test_a_stranger_reads_nothing_but_the_sum_and_can_pay(client, sandbox, bill, drain_jobs):
    found = client.post("/en/pay/", {"reference": bill.reference.lower()}, follow=True)
    shown = found.content.decode()
    assert "KSh 1,200.00" in shown
    assert str(bill.payable_id) not in shown
    client.post(f"/en/pay/{bill.reference}/", {"phone": "0700000001", "way": "mpesa"})
    drain_jobs()
    waiting = client.get(f"/en/pay/{bill.reference}/").content.decode()
    assert "Look at your phone" in waiting
    assert "0700 000 001" not in waiting
    assert client.post("/sw/pay/", {"reference": "HB1"}).status_code == 422
    assert client.get(f"/en/pay/{bill.reference}/code.png")["Content-Type"] == "image/png"
    assert Bill.objects.get().payments.count() == 1


def _basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_a_debit_at_equity_is_no_payment(bill, drain_jobs):
    body = {
        "callbackType": "IPN", "customer": {}, "bank": {"transactionType": "D"},
        "transaction": {"reference": "E1", "amount": "1200", "billNumber": bill.reference, "status": "SUCCESS"},
    }  # fmt: skip
    path = payments.standing_url("equity").removeprefix(django_settings.HOOKS_BASE_URL)
    header = _basic("huduma", django_settings.EQUITY["password"])
    answer = Client().generic(
        "POST", path, json.dumps(body), content_type="application/json", HTTP_AUTHORIZATION=header
    )
    assert answer.status_code == 200
    drain_jobs()
    assert Callback.objects.get().outcome == "not-paid"
    assert not Payment.objects.exists()


def test_old_news_of_a_first_part_brings_the_second_to_light(sandbox, hooks, bill, pay, drain_jobs):
    payment = pay("ecitizen")
    form = {"phone": PHONE, "paybill": "222222", "account": payment.typed_reference, "pin": "1234"}
    sandbox.post("/_control/pesaflow", json={"fault": "duplicate"})
    sandbox.post("/phone/api/pay", json={**form, "amount": "500"})
    hooks()
    drain_jobs()
    sandbox.post("/_control/pesaflow", json={"fault": "lose"})
    sandbox.post("/phone/api/pay", json={**form, "amount": "700"})
    hooks()  # the first part's news once more
    drain_jobs()
    assert state(bill) == ("settled", ["applied", "succeeded"])
