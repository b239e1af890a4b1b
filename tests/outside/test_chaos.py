"""A small crowd pays while gateways misbehave in every way, processes are killed and the database crashes; no shilling goes astray."""

import subprocess
import sys

import pytest
from django.db import connection

from config import database, env
from huduma.contexts.payments import operations
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Payment, Receivable, Refund
from huduma.contexts.payments.operations import refunds
from huduma.contexts.payments.providers.base import Result
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM
from tests.chaos import books

pytestmark = pytest.mark.django_db


def chaos(module, *crowd):
    """Run one on an installation that begins as a copy of this process's database; returns what it said."""
    like = database.running_url(env.VAR / "postgres", connection.settings_dict["NAME"])
    done = subprocess.run(
        [sys.executable, "-m", module, *crowd, *(["--like", like] if like else [])],
        cwd=env.BASE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return done.stdout


def test_no_shilling_goes_astray():
    crowd = ("--payments", "40", "--payers", "40", "--processes", "1", "--pace", "20000")
    said = chaos("tests.chaos", *crowd)
    for blow in ("kill the web × 1", "kill a worker × 1", "crash the database × 1", "a burst of 5xx × 1"):
        assert blow in said


def test_no_ticket_is_lost_or_called_twice():
    said = chaos("tests.chaos.hall", "--customers", "48", "--clerks", "6", "--blows", "3")
    assert "kill the web × 1, kill a worker × 1, crash the database × 1" in said


def faults(theirs):
    connection.ensure_connection()
    return books.compare(connection.connection, theirs).faults


def test_the_comparison_knows_refunds_that_are_closed_and_given_back_anew(officer_actor, now):
    line = {"code": "fee", "description": {"en": "Fee", "sw": "Ada"}, "amount_cents": 20000, "body_code": "CRS"}
    bill = payments.raise_bill(
        actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=None, lines=[line], now=now,
        description={"en": "T", "sw": "T"},
    )  # fmt: skip
    for receipt in ("RA1", "RA2"):
        paid = Payment.objects.create(
            bill=bill, gateway="mpesa", origin="unasked", amount_cents=20000, state="pending", receipt=receipt,
            token=receipt, started_at=now,
        )  # fmt: skip
        operations.credit(payment_id=paid.id, total_cents=20000, receipt=receipt, now=now)
    came = [
        {"system": "daraja", "direction": "in", "about": "", "receipt": receipt, "cents": 20000}
        for receipt in ("RA1", "RA2")
    ]
    refund = Refund.objects.get(payment__receipt="RA2")
    (left,) = faults(came)
    assert left.endswith("is left approved")
    refunds._move(refund.id, "review", now, trouble="gateway")
    one, other = officer_actor(None, role="accountant"), officer_actor(None, role="accountant")
    assert faults(came) == []
    payments.propose_closing(actor=one, refund_id=refund.id, reason="never left", now=now)
    assert faults(came) == []
    payments.decide_closing(actor=other, refund_id=refund.id, approve=True, now=now)
    assert faults(came) == []
    back = {"system": "daraja", "direction": "out", "about": refund.id.hex, "receipt": "RB1", "cents": 20000}
    assert faults([*came, back]) == [f"refund {refund.id} was closed, and went back"]
    anew = payments.propose_refund(actor=one, payment_id=paid.id, amount_cents=20000, note="by phone", now=now)
    payments.decide_refund(actor=other, refund_id=anew.id, approve=True, now=now)
    refunds._move(anew.id, "sending", now)
    refunds.take_refund_result(refund_id=anew.id, result=Result("paid", receipt="RB2"), now=now)
    assert faults([*came, back | {"about": anew.id.hex}]) == []
    assert len(faults(came)) == 1  # done in our books alone
    refunds.take_refund_result(refund_id=refund.id, result=Result("paid", receipt="RB1"), now=now)  # it left after all
    gone = [back, back | {"about": anew.id.hex}]
    assert faults([*came, *gone]) == []  # what went out a second time is owed to us
    assert faults([*came, gone[1]]) == [f"refund {refund.id} is owed to us 1 times, and went back 0 times"]
    owed = Receivable.objects.get(refund=refund)
    part = Payment.objects.create(
        bill=owed.bill, gateway="mpesa", origin="unasked", amount_cents=5000, state="pending", receipt="RA3", token="RA3",
        started_at=now,
    )  # fmt: skip
    operations.credit(payment_id=part.id, total_cents=5000, receipt="RA3", now=now)
    came.append({"system": "daraja", "direction": "in", "about": "", "receipt": "RA3", "cents": 5000})
    assert faults([*came, *gone]) == []
    payments.propose_write_off(actor=one, receivable_id=owed.id, reason="moved abroad", now=now)
    payments.decide_write_off(actor=other, receivable_id=owed.id, approve=True, now=now)
    assert faults([*came, *gone]) == []
    late = Payment.objects.create(
        bill=owed.bill, gateway="mpesa", origin="unasked", amount_cents=6000, state="pending", receipt="RA4", token="RA4",
        started_at=now,
    )  # fmt: skip
    operations.credit(payment_id=late.id, total_cents=6000, receipt="RA4", now=now)
    came.append({"system": "daraja", "direction": "in", "about": "", "receipt": "RA4", "cents": 6000})
    assert faults([*came, *gone]) == []  # what came after all makes the loss smaller
    refunds.take_refund_result(refund_id=anew.id, result=Result("paid", receipt="RB3"), now=now)
    again = back | {"about": anew.id.hex, "receipt": "RB3"}
    assert faults([*came, *gone, again]) == []  # the same refund under a second receipt is owed too
    third = again | {"receipt": "RB4"}
    assert faults([*came, *gone, again, third]) == [f"refund {anew.id} was paid out 3 times"]
    refunds.take_refund_result(refund_id=anew.id, result=Result("paid", receipt="RB4"), now=now)
    assert faults([*came, *gone, again, third]) == []  # and so is a third
