"""Money of which no gateway or bank told us: their statement of the day, taken at the desk, brings it to light, in each format."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from huduma.contexts.payments import operations
from huduma.contexts.payments import public as payments
from huduma.contexts.settlement.models import StatementLine
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.django_db
PHONE = "+254700000002"


def in_the_books(sandbox, way, reference):
    """Let somebody pay where the news of it is lost: at M-Pesa's paybill, at a bank, at eCitizen."""
    if way == "mpesa":
        form = {"phone": PHONE, "paybill": "174379", "account": reference, "amount": 1050, "pin": "1234"}
        return sandbox.post("/phone/api/pay", json=form)
    if way == "ecitizen":
        payment = payments.start_payment(
            actor=SYSTEM, bill_id=payments.find_bill(reference).id, phone=PHONE, gateway=way, now=timezone.now()
        )
        operations.push(payment.id)
        payment.refresh_from_db()
        form = {"phone": PHONE, "paybill": "222222", "account": payment.typed_reference, "amount": 1050, "pin": "1234"}
        return sandbox.post("/phone/api/pay", json=form)
    deposit = {"bank": way, "reference": reference, "cents": 105_000, "name": "Mfano", "phone": PHONE}
    return sandbox.post("/bank/api/deposit", json=deposit)


@pytest.mark.parametrize(
    ("way", "system", "form"),
    [
        ("mpesa", "daraja", "mpesa-csv"),
        ("ecitizen", "pesaflow", "pesaflow"),
        ("kcb", "kcb", "mt940"),
        ("equity", "equity", "camt.053"),
    ],
)
def test_money_whose_news_was_lost_comes_to_light_by_the_statement_at_the_desk(
    sandbox, client, staff, enter_desk, bill, way, system, form
):
    raised = bill()
    in_the_books(sandbox, way, raised.reference).raise_for_status()
    file = SimpleUploadedFile(f"{system}.txt", sandbox.get(f"/statements/{system}").raise_for_status().content)
    enter_desk(client, staff("Asha", "accountant", None))
    taken = client.post(reverse("desk:statements"), {"source": way, "file": file})
    line = StatementLine.objects.get()
    assert (line.statement.format, line.amount_cents) == (form, 105_000)
    page = client.get(taken.url).content.decode()
    named = form == "pesaflow" or "The reference names this bill:" in page  # a status names our request instead
    assert (named, "Say what it is" in page, " checked" in page) == (True, True, False)
    address = reverse("desk:explain_line", args=[line.statement_id, line.id])
    said = {"reason": "No notice came", "reference": raised.reference}
    answer = client.post(address, said)
    assert (answer.status_code, "Choose what this line is" in answer.content.decode()) == (422, True)
    client.post(address, {**said, "kind": "credit"})
    enter_desk(client, staff("Baraka", "accountant", None))
    with patch.object(timezone, "now", lambda: line.at + timedelta(hours=1)):
        client.post(address, {"answer": "yes"})
    raised.refresh_from_db()
    assert raised.state == "settled"
    assert "100 % matched or explained" in client.get(taken.url).content.decode()
