"""Statements and orders against the stand-ins' own books: M-Pesa's list and statement, two banks, and the bank's SFTP server."""

import io
from datetime import timedelta

import pytest
from django.utils import timezone

from huduma.contexts.payments import operations as payments_operations
from huduma.contexts.payments import public as payments
from huduma.contexts.settlement import operations
from huduma.contexts.settlement import public as settlement
from huduma.contexts.settlement.models import Batch, Delivery, Remittance, StatementLine
from huduma.contexts.settlement.providers import sftp

pytestmark = pytest.mark.django_db
PHONE = "+254700000002"


def fetch(sandbox, system):
    answer = sandbox.get(f"/statements/{system}")
    answer.raise_for_status()
    return io.BytesIO(answer.content)


def take(actor, source, file):
    return settlement.take_statement(actor=actor, source=source, name=source, file=file, now=timezone.now())


def test_what_mpesa_lists_and_what_its_statement_says_are_the_same_lines(sandbox, accountant, bill):
    raised = bill()
    said = sandbox.post(
        "/phone/api/pay", json={"phone": PHONE, "paybill": "174379", "account": raised.reference, "amount": 1050, "pin": "1234"}
    )  # fmt: skip
    said.raise_for_status()
    now = timezone.now()
    payments_operations.pull(now)
    listed = operations.statements.take_stated(
        source="mpesa", since=now - timedelta(hours=1), until=now + timedelta(minutes=1), now=now
    )
    assert (listed.lines, StatementLine.objects.get().rule) == (1, "receipt")
    statement = take(accountant, "mpesa", fetch(sandbox, "daraja"))
    assert (statement.lines, statement.repeated) == (0, 1)


@pytest.fixture
def batch(paid, bank_account, accountant, second):
    """An approved batch of one remittance."""
    paid("R1")
    bank_account()
    now = timezone.now()
    proposed = settlement.propose_batch(
        actor=accountant, body_code="CRS", before=now + timedelta(seconds=1), currency="KES", now=now
    )
    return settlement.decide_batch(actor=second, batch_id=proposed.id, approve=True, now=now)


def movements(sandbox):
    return [one for one in sandbox.get("/_control/books").json() if one["system"] == "bank"]


def test_an_order_goes_by_sftp_and_the_banks_statement_confirms_it(sandbox, batch):
    operations.send_batch(batch.id)
    batch.refresh_from_db()
    assert batch.state == "sent"
    assert set(Delivery.objects.exclude(sent_at=None).values_list("server", flat=True)) == {"bank", "ifmis", "gpay"}
    (moved,) = movements(sandbox)
    assert (moved["reference"], moved["cents"]) == ("HUD0000001-00001", 105_000)
    assert operations.take_nightly(timezone.now()) == 1
    batch.refresh_from_db()
    assert (batch.state, Remittance.objects.get().state) == ("done", "confirmed")
    assert payments.balance_cents("transit") == 0
    assert payments.balance_cents("bank") == -105_000
    assert operations.take_nightly(timezone.now()) == 0


def test_a_line_that_breaks_after_the_file_arrived_sends_nothing_twice(sandbox, batch):
    Delivery.objects.exclude(server="bank").delete()
    for _ in range(2):  # after the order, then after its manifest, with which the bank carries it out
        sandbox.post("/_control/sftp", json={"fault": "cut"}).raise_for_status()
        with pytest.raises(sftp.NotHandedOver):
            operations.send_batch(batch.id)
    assert Delivery.objects.exclude(trouble="").exists()
    operations.send_batch(batch.id)
    operations.send_batch(batch.id)
    batch.refresh_from_db()
    assert (batch.state, len(movements(sandbox))) == ("sent", 1)


def test_a_worker_that_dies_before_it_could_note_the_sending_sends_nothing_twice(sandbox, batch):
    operations.send_batch(batch.id)
    Delivery.objects.update(sent_at=None)
    Batch.objects.update(state="approved", sent_at=None)
    operations.send_batch(batch.id)
    batch.refresh_from_db()
    assert (batch.state, len(movements(sandbox))) == ("sent", 1)


def test_a_server_that_is_down_or_shows_another_key_gets_nothing(sandbox, batch, settings):
    sandbox.post("/_control/sftp", json={"fault": "down"}).raise_for_status()
    with pytest.raises(sftp.NotHandedOver):
        operations.send_batch(batch.id)
    ours = settings.SETTLEMENT_SERVERS["bank"]
    stranger = {**ours, "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAGoqAaxQP1YkrPVB8WoM/2hYPTmwhRAhMBCzTfXFcVW"}
    settings.SETTLEMENT_SERVERS = {**settings.SETTLEMENT_SERVERS, "bank": stranger}
    with pytest.raises(sftp.NotHandedOver, match="HostKeyNotVerifiable"):
        operations.send_batch(batch.id)
    assert movements(sandbox) == []
    batch.refresh_from_db()
    assert batch.state == "approved"


def test_money_that_the_bodys_bank_returns_is_owed_again(sandbox, batch, accountant):
    sandbox.post("/_control/sftp", json={"fault": "return"}).raise_for_status()
    operations.send_batch(batch.id)
    operations.take_nightly(timezone.now())
    assert Remittance.objects.get().state == "returned"
    assert payments.balance_cents("body:CRS") == -105_000
    assert payments.trial_balance_cents() == 0
    assert settlement.unmatched_for(accountant)[0] == 0
