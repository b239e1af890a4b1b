"""Refunds by people: nothing leaves on the word of one."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import IntegrityError, connection, transaction

from huduma.contexts.messages.models import Message
from huduma.contexts.payments import handlers, operations
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Receivable, Refund
from huduma.contexts.payments.operations import refunds
from huduma.contexts.payments.providers.base import Result, gateways
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM, NotFound, NotPermitted
from huduma.foundation.files import public as files
from huduma.foundation.journal import public as journal

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(officer_actor):
    return officer_actor(None, role="accountant"), officer_actor(None, role="accountant")


def test_a_person_s_refund_leaves_when_another_agrees_and_comes_out_of_what_the_bodies_got(
    raise_bill, money_comes, two, now
):
    one, other = two
    bill = raise_bill()
    payment = money_comes(bill, 25000, phone="+254700000002")
    case = {"payment_id": payment.id, "now": now}
    with pytest.raises(payments.MoreThanReceived):
        payments.propose_refund(actor=one, amount_cents=25001, note="not served", **case)
    with pytest.raises(payments.ReasonMissing):
        payments.propose_refund(actor=one, amount_cents=12500, note=" ", **case)
    refund = payments.propose_refund(actor=one, amount_cents=12501, note="not served", **case)
    assert payments.refundable_cents(payment) == 12499
    refunds.send_refund(refund.id)  # a job that runs too early sends nothing
    with pytest.raises(payments.SecondPersonNeeded):
        payments.decide_refund(actor=one, refund_id=refund.id, approve=True, now=now)
    payments.decide_refund(actor=other, refund_id=refund.id, approve=True, now=now)
    with pytest.raises(payments.NotWaiting):
        payments.decide_refund(actor=other, refund_id=refund.id, approve=False, now=now)
    refunds._move(refund.id, "sending", now)
    refunds.take_refund_result(refund_id=refund.id, result=Result("paid", receipt="B1"), now=now)
    assert payments.balance_cents("body:CRS:1420201") == -(20000 - 10000)
    assert payments.balance_cents("body:TNT") == -(5000 - 2501)
    assert (payments.balance_cents("gateway:mpesa"), payments.balance_cents("suspense")) == (12499, 0)
    assert payments.trial_balance_cents() == 0


def test_who_may_and_for_what(raise_bill, money_comes, officer_actor, citizen_actor, two, now):
    payment = money_comes(raise_bill(), 25000)
    case = {"payment_id": payment.id, "amount_cents": 100, "note": "x", "now": now}
    for actor in (officer_actor("CRS", role="supervisor"), citizen_actor):
        with pytest.raises(NotPermitted):
            payments.propose_refund(actor=actor, **case)
    waiting = payments.start_payment(actor=SYSTEM, bill_id=raise_bill().id, phone="0700000002", now=now)
    with pytest.raises(payments.NothingReceived):
        payments.propose_refund(actor=two[0], **{**case, "payment_id": waiting.id})


def test_what_is_held_goes_back_whole_and_counts_no_more(raise_bill, money_comes, two, now):
    bill = raise_bill()
    held = money_comes(bill, 10000)
    with pytest.raises(payments.WholeOnly):
        payments.propose_refund(actor=two[0], payment_id=held.id, amount_cents=5000, note="asked", now=now)
    refund = payments.propose_refund(actor=two[0], payment_id=held.id, amount_cents=10000, note="asked", now=now)
    assert payments.due_cents(bill) == 25000
    payments.decide_refund(actor=two[1], refund_id=refund.id, approve=False, now=now)
    assert payments.due_cents(bill) == 15000
    refund = payments.propose_refund(actor=two[0], payment_id=held.id, amount_cents=10000, note="asked", now=now)
    payments.decide_refund(actor=two[1], refund_id=refund.id, approve=True, now=now)
    held.refresh_from_db()
    assert held.state == "surplus"


def test_a_rejected_proposal_counts_for_the_bill_again(raise_bill, money_comes, two, now):
    bill = raise_bill()
    held = money_comes(bill, 15000)
    case = {"payment_id": held.id, "amount_cents": 15000, "note": "asked", "now": now}
    refund = payments.propose_refund(actor=two[0], **case)
    money_comes(bill, 12000)
    payments.decide_refund(actor=two[1], refund_id=refund.id, approve=False, now=now)
    bill.refresh_from_db()
    assert (bill.state, payments.balance_cents("suspense")) == ("settled", -2000)
    other = raise_bill()
    held = money_comes(other, 15000)
    refund = payments.propose_refund(actor=two[0], **{**case, "payment_id": held.id})
    money_comes(other, 25000)
    with pytest.raises(payments.MustGoBack):
        payments.decide_refund(actor=two[1], refund_id=refund.id, approve=False, now=now)


def test_money_for_no_bill_is_seen_until_somebody_gives_it_back(money_comes, two, now):
    stray = money_comes(None, 7000, typed_reference="RENT")
    assert payments.ownerless_for(two[0]) == [stray]
    refund = payments.propose_refund(actor=two[0], payment_id=stray.id, amount_cents=7000, note="no bill", now=now)
    assert (refund.reason, payments.ownerless_for(two[0])) == ("no-bill", [])


SLIP = {"slip": b"%PDF-1.4 slip\n%%EOF", "slip_name": "slip.pdf"}


def test_a_refund_paid_by_hand_needs_evidence_and_a_second_pair_of_eyes(
    raise_bill, money_comes, officer_actor, two, now
):
    one, other = two
    bill = raise_bill()
    money_comes(bill, 25000)
    twice = money_comes(bill, 25000, gateway="cash")
    refund = twice.refunds.get()
    refunds.send_refund(refund.id)
    refund.refresh_from_db()
    assert (refund.state, refund.trouble) == ("review", "by-hand")
    case = {"refund_id": refund.id, "now": now}
    with pytest.raises(payments.EvidenceMissing):
        payments.record_by_hand(actor=one, hand_from="cash", evidence=" ", note="at the counter", **SLIP, **case)
    paper = {"hand_from": "kcb", "evidence": "FT1", "note": "to the account of the payer"}
    for slip, refusal in (
        (b"", payments.SlipMissing),
        (b"<html>", files.WrongType),
        (b"%PDF" + files.EICAR + b"\n%%EOF", files.Infected),
    ):
        with pytest.raises(refusal):
            payments.record_by_hand(actor=one, slip=slip, slip_name="slip.pdf", **paper, **case)
    payments.record_by_hand(actor=one, **paper, **SLIP, **case)
    assert bytes(payments.slip_for(officer_actor(None, role="auditor"), refund.id).content) == SLIP["slip"]
    with pytest.raises(NotPermitted):
        payments.slip_for(officer_actor("CRS", role="supervisor"), refund.id)
    with pytest.raises(payments.CheckedByPayer):
        payments.check_by_hand(actor=one, found=True, **case)
    payments.check_by_hand(actor=other, found=False, **case)
    payments.record_by_hand(actor=one, hand_from="cash", evidence="V 12", note="at the counter", **SLIP, **case)
    payments.check_by_hand(actor=other, found=True, **case)
    refund.refresh_from_db()
    assert (refund.state, refund.receipt) == ("succeeded", "V 12")
    assert (payments.balance_cents("gateway:cash"), payments.balance_cents("suspense")) == (0, 0)
    with pytest.raises(IntegrityError, match="two_persons"), transaction.atomic():
        Refund.objects.filter(id=refund.id).update(hand_checked_by=one.account_id)


def stuck_refund(raise_bill, money_comes, now, **more):
    """Return a refund of KSh 250 whose gateway gave no answer."""
    bill = raise_bill()
    money_comes(bill, 25000)
    refund = money_comes(bill, 25000, **more).refunds.get()
    refunds._move(refund.id, "review", now, trouble="no-answer")
    return refund


def by_hand(refund, actor, now, hand_from="kcb", evidence="FT1"):
    payments.record_by_hand(
        actor=actor, refund_id=refund.id, hand_from=hand_from, evidence=evidence, note="sent", now=now, **SLIP
    )


def gateway_pays(refund, now, receipt="B1"):
    return refunds.take_refund_result(refund_id=refund.id, result=Result("paid", receipt=receipt), now=now)


def held_at(*gateways):
    return [payments.balance_cents(f"gateway:{one}") for one in gateways]


def test_whether_a_hand_paid_what_the_gateway_paid_too_a_second_person_looks(raise_bill, money_comes, two, now):
    one, other = two
    refund = stuck_refund(raise_bill, money_comes, now)
    by_hand(refund, one, now)
    assert gateway_pays(refund, now) == "succeeded"
    assert [found.trouble for found in payments.waiting_refunds_for(one)] == ["paid-twice"]
    with pytest.raises(payments.CheckedByPayer):
        payments.check_by_hand(actor=one, refund_id=refund.id, found=True, now=now)
    payments.check_by_hand(actor=other, refund_id=refund.id, found=False, now=now)
    assert (payments.waiting_refunds_for(one), payments.receivables_for(one)) == ([], [])
    with pytest.raises(payments.NotWaiting):
        payments.check_by_hand(actor=other, refund_id=refund.id, found=True, now=now)
    assert held_at("mpesa", "kcb") == [25000, 0]

    refund = stuck_refund(raise_bill, money_comes, now)
    by_hand(refund, one, now)
    gateway_pays(refund, now, "B2")
    payments.check_by_hand(actor=other, refund_id=refund.id, found=True, now=now)
    [owed] = payments.receivables_for(one)
    assert (owed.gateway, owed.receipt, owed.bill.total_cents) == ("kcb", "FT1", 25000)
    assert payments.waiting_refunds_for(one) == []
    assert held_at("mpesa", "kcb") == [50000, -25000]
    assert (payments.balance_cents("receivable"), payments.balance_cents("suspense")) == (25000, 0)


def test_what_the_gateway_pays_after_a_hand_is_owed_once_and_comes_back_by_its_bill(
    raise_bill, money_comes, officer_actor, two, now
):
    one, other = two
    refund = stuck_refund(raise_bill, money_comes, now, phone="+254700000002", language="sw")
    by_hand(refund, one, now)
    assert refunds.take_refund_result(refund_id=refund.id, result=Result("failed"), now=now) == "recorded"
    payments.check_by_hand(actor=other, refund_id=refund.id, found=True, now=now)
    for _ in range(2):  # told twice
        gateway_pays(refund, now)
    [owed] = payments.receivables_for(officer_actor(None, role="auditor"))
    assert (owed.gateway, owed.receipt) == ("mpesa", "B1")
    assert held_at("mpesa", "kcb") == [25000, -25000]
    with connection.cursor() as cursor:  # both lines of statements find theirs
        cursor.execute("SELECT gateway, receipt, cents FROM payments_cashbook WHERE kind = 'refund' ORDER BY gateway")
        assert cursor.fetchall() == [("kcb", "FT1", -25000), ("mpesa", "B1", -25000)]
    officer = officer_actor("CRS", role="supervisor")
    for act, more in (
        (payments.ask_back, {}),
        (payments.propose_write_off, {"reason": "x"}),
        (payments.decide_write_off, {"approve": True}),
    ):
        with pytest.raises(NotPermitted):
            act(actor=officer, receivable_id=owed.id, now=now, **more)
    payments.ask_back(actor=one, receivable_id=owed.id, now=now)
    with pytest.raises(payments.AskedToday):
        payments.ask_back(actor=other, receivable_id=owed.id, now=now)
    [entry] = journal.entries_concerning(refund.id, acts=("payments.receivable.asked",))
    handlers.on_asked_back(entry)
    message = Message.objects.get()
    assert message.language == "sw"
    assert "KSh 250.00" in message.text
    assert owed.bill.reference in message.text
    money_comes(owed.bill, 25000, gateway="airtel")
    assert (payments.balance_cents("receivable"), payments.trial_balance_cents()) == (0, 0)
    with pytest.raises(payments.NothingOwed):
        payments.propose_write_off(actor=one, receivable_id=owed.id, reason="gone", now=now)


def test_what_does_not_come_back_is_written_off_by_two_and_what_came_counts(raise_bill, money_comes, two, now):
    one, other = two
    for came in (0, 10000):
        refund = stuck_refund(raise_bill, money_comes, now)
        by_hand(refund, one, now)
        payments.check_by_hand(actor=other, refund_id=refund.id, found=True, now=now)
        gateway_pays(refund, now, f"B{came}")
        owed = payments.receivables_for(one)[0]
        with pytest.raises(payments.NobodyToAsk):
            payments.ask_back(actor=one, receivable_id=owed.id, now=now)
        if came:
            money_comes(owed.bill, came)
        case = {"receivable_id": owed.id, "now": now}
        with pytest.raises(payments.ReasonMissing):
            payments.propose_write_off(actor=one, reason=" ", **case)
        payments.propose_write_off(actor=one, reason="the number is dead", **case)
        with pytest.raises(payments.ProposedAlready):
            payments.propose_write_off(actor=other, reason="the same", **case)
        with pytest.raises(payments.SecondPersonNeeded):
            payments.decide_write_off(actor=one, approve=True, **case)
        payments.decide_write_off(actor=one, approve=False, **case)
        with pytest.raises(payments.NotWaiting):
            payments.decide_write_off(actor=other, approve=True, **case)
        payments.propose_write_off(actor=one, reason="the number is dead", **case)
        payments.decide_write_off(actor=other, approve=True, **case)
        owed.bill.refresh_from_db()
        assert (owed.bill.state, owed.bill.total_cents) == ("settled", came)
        assert (payments.balance_cents("receivable"), payments.balance_cents("suspense")) == (0, 0)
        with pytest.raises(IntegrityError, match="two_persons"), transaction.atomic():
            Receivable.objects.filter(id=owed.id).update(off_checked_by=one.account_id)
    assert payments.balance_cents("write-off") == 25000 + 15000
    assert payments.trial_balance_cents() == 0


def test_what_comes_back_after_it_was_written_off_makes_the_loss_smaller_and_no_more(raise_bill, money_comes, two, now):
    one, other = two
    refund = stuck_refund(raise_bill, money_comes, now)
    by_hand(refund, one, now)
    payments.check_by_hand(actor=other, refund_id=refund.id, found=True, now=now)
    gateway_pays(refund, now)
    owed = payments.receivables_for(one)[0]
    money_comes(owed.bill, 5000)
    payments.propose_write_off(actor=one, receivable_id=owed.id, reason="the number is dead", now=now)
    payments.decide_write_off(actor=other, receivable_id=owed.id, approve=True, now=now)
    owed.bill.refresh_from_db()
    assert (payments.lost_cents(owed.bill), payments.balance_cents("write-off")) == (20000, 20000)
    first = money_comes(owed.bill, 8000, phone="+254700000002")
    assert (first.state, first.refunds.count(), payments.balance_cents("write-off")) == ("applied", 0, 12000)
    [entry] = journal.entries_concerning(refund.id, acts=("payments.receivable.recovered",))
    handlers.on_money(entry)
    assert "KSh 80.00" in Message.objects.get().text
    last = money_comes(owed.bill, 13000)
    assert (last.refunds.get().amount_cents, payments.balance_cents("write-off")) == (1000, 0)
    assert (money_comes(owed.bill, 100).state, payments.lost_cents(owed.bill)) == ("surplus", 0)
    assert (payments.balance_cents("suspense"), payments.trial_balance_cents()) == (-1100, 0)


def test_a_second_receipt_of_one_refund_is_a_second_payout(raise_bill, money_comes, two, now):
    refund = money_comes(money_comes(raise_bill(), 25000).bill, 25000).refunds.get()
    refunds._move(refund.id, "sending", now)
    for receipt in ("B1", "b1", None):  # told thrice
        assert gateway_pays(refund, now, receipt) == "succeeded"
    assert payments.receivables_for(two[0]) == []
    for _ in range(2):
        gateway_pays(refund, now, "B2")
    [owed] = payments.receivables_for(two[0])
    refund.refresh_from_db()
    assert (refund.receipt, owed.receipt, owed.bill.total_cents) == ("B1", "B2", 25000)
    assert (held_at("mpesa"), payments.balance_cents("receivable")) == ([0], 25000)
    with connection.cursor() as cursor:  # both lines of the statement find theirs
        cursor.execute("SELECT receipt FROM payments_cashbook WHERE kind = 'refund' ORDER BY receipt")
        assert cursor.fetchall() == [("B1",), ("B2",)]
    for receipt in ("B3", "b3", None):
        gateway_pays(refund, now, receipt)
    assert [one.receipt for one in payments.receivables_for(two[0])] == ["B2", "B3"]
    assert (held_at("mpesa"), payments.balance_cents("receivable")) == ([-25000], 50000)
    assert payments.given_twice(now + timedelta(days=13)) == []
    waiting = [one.bill.reference for one in payments.receivables_for(two[0])]
    assert payments.given_twice(now + timedelta(days=15)) == waiting  # by the daily check
    [known] = payments.known_for(two[0], refund.payment_id).refunds
    assert len(known.receivables.all()) == 2
    with pytest.raises(IntegrityError, match="payments_receivable_once"), transaction.atomic():
        Receivable.objects.filter(receipt="B3").update(receipt="b2")


def test_a_payout_told_without_a_number_is_the_one_whose_number_comes_later(raise_bill, money_comes, two, now):
    refund = stuck_refund(raise_bill, money_comes, now)
    by_hand(refund, two[0], now)
    payments.check_by_hand(actor=two[1], refund_id=refund.id, found=True, now=now)
    for receipt in (None, None, "B1", None, "B1"):
        gateway_pays(refund, now, receipt)
    assert [one.receipt for one in payments.receivables_for(two[0])] == ["B1"]
    assert held_at("mpesa", "kcb") == [25000, -25000]


def test_for_thirty_days_gateways_are_asked_of_what_people_ended(raise_bill, money_comes, two, now, drain_jobs):
    def closed(days):
        refund = stuck_refund(raise_bill, money_comes, now)
        payments.propose_closing(actor=two[0], refund_id=refund.id, reason="not on the statement", now=now)
        payments.decide_closing(actor=two[1], refund_id=refund.id, approve=True, now=now)
        Refund.objects.filter(id=refund.id).update(approved_at=now - timedelta(days=days))
        return refund

    recent, old = closed(29), closed(31)
    by_rule = stuck_refund(raise_bill, money_comes, now)  # still with people, who ask themselves
    handed = stuck_refund(raise_bill, money_comes, now)
    by_hand(handed, two[0], now)
    with patch.object(gateways.get("mpesa"), "query_repayment", return_value=Result("paid", receipt="B1")) as asked:
        drain_jobs()
        asked.reset_mock()
        operations.order_last_queries(now)
        operations.order_last_queries(now)  # again changes nothing
        drain_jobs()
    assert {call.args[0].id for call in asked.call_args_list} == {recent.id.hex, handed.id.hex}
    assert [Refund.objects.get(id=one.id).state for one in (recent, old, by_rule)] == ["succeeded", "closed", "review"]


def test_a_hand_that_recorded_what_the_gateway_paid_paid_nothing(raise_bill, money_comes, two, now):
    for checked in (False, True):
        refund = stuck_refund(raise_bill, money_comes, now)
        by_hand(refund, two[0], now, "mpesa", f"b{checked:d}")
        if checked:
            payments.check_by_hand(actor=two[1], refund_id=refund.id, found=True, now=now)
        assert gateway_pays(refund, now, f"B{checked:d}") == "succeeded"
    assert (payments.waiting_refunds_for(two[0]), payments.receivables_for(two[0])) == ([], [])
    assert held_at("mpesa") == [50000]


def test_a_stuck_refund_is_closed_by_two_and_its_money_goes_back_another_way(raise_bill, money_comes, two, now):
    one, other = two
    bill = raise_bill()
    payment = money_comes(bill, 30000)
    stuck = payment.refunds.get()
    refunds._move(stuck.id, "review", now, trouble="no-answer")
    case = {"refund_id": stuck.id, "now": now}
    with pytest.raises(payments.ReasonMissing):
        payments.propose_closing(actor=one, reason=" ", **case)
    payments.propose_closing(actor=one, reason="not on the statement", **case)
    with pytest.raises(payments.SecondPersonNeeded):
        payments.decide_closing(actor=one, approve=True, **case)
    payments.decide_closing(actor=other, approve=False, **case)
    payments.propose_closing(actor=one, reason="not on the statement", **case)
    with pytest.raises(IntegrityError, match="closed_two_persons"), transaction.atomic():
        Refund.objects.filter(id=stuck.id).update(state="closed", close_checked_by=one.account_id)
    payments.decide_closing(actor=other, approve=True, **case)
    assert payments.ownerless_for(one) == [payment]
    assert [found.state for found in payments.refunds_of(bill.id)] == ["closed"]
    with pytest.raises(payments.ClosedFirst):
        payments.propose_refund(actor=one, payment_id=payment.id, amount_cents=5001, note="again", now=now)
    anew = payments.propose_refund(actor=one, payment_id=payment.id, amount_cents=5000, note="again", now=now)
    assert (anew.reason, payments.ownerless_for(one)) == ("surplus", [])
    payments.decide_refund(actor=other, refund_id=anew.id, approve=True, now=now)
    refunds._move(anew.id, "sending", now)
    refunds.take_refund_result(refund_id=anew.id, result=Result("paid", receipt="B1"), now=now)
    assert (payments.balance_cents("suspense"), payments.balance_cents("gateway:mpesa")) == (0, 25000)
    refunds.take_refund_result(refund_id=stuck.id, result=Result("paid", receipt="B2"), now=now)  # after all
    [owed] = payments.receivables_for(one)
    assert (owed.refund_id, owed.receipt, payments.waiting_refunds_for(one)) == (stuck.id, "B2", [])
    assert (payments.balance_cents("gateway:mpesa"), payments.balance_cents("receivable")) == (20000, 5000)


def test_money_whose_refund_was_closed_twice_is_there_once(raise_bill, money_comes, two, now):
    def close(refund):
        Refund.objects.filter(id=refund.id, state="approved").update(state="sending")
        refunds._move(refund.id, "review", now, trouble="no-answer")
        payments.propose_closing(actor=two[0], refund_id=refund.id, reason="not on the statement", now=now)
        payments.decide_closing(actor=two[1], refund_id=refund.id, approve=True, now=now)

    def give_back(cents):
        anew = payments.propose_refund(actor=two[0], payment_id=payment.id, amount_cents=cents, note="again", now=now)
        payments.decide_refund(actor=two[1], refund_id=anew.id, approve=True, now=now)
        return anew

    payment = money_comes(raise_bill(), 30000)
    first = payment.refunds.get()
    close(first)
    close(give_back(5000))
    with pytest.raises(payments.ClosedFirst):
        payments.propose_refund(actor=two[0], payment_id=payment.id, amount_cents=10000, note="both", now=now)
    give_back(5000)
    assert payments.ownerless_for(two[0]) == []
    refunds.take_refund_result(refund_id=first.id, result=Result("paid", receipt="B1"), now=now)  # after all
    assert [one.receipt for one in payments.receivables_for(two[0])] == ["B1"]

    payment = money_comes(None, 10000)  # for no bill: a part went back, and the rest was closed
    part = give_back(4000)
    refunds._move(part.id, "sending", now)
    refunds.take_refund_result(refund_id=part.id, result=Result("paid", receipt="B2"), now=now)
    close(give_back(6000))
    assert payments.ownerless_for(two[0]) == [payment]
    give_back(6000)
    assert payments.ownerless_for(two[0]) == []


def test_a_closed_refund_that_the_gateway_pays_after_all_is_done(raise_bill, money_comes, two, now):
    payment = money_comes(raise_bill(), 30000)
    refund = payment.refunds.get()
    refunds._move(refund.id, "review", now, trouble="no-answer")
    payments.propose_closing(actor=two[0], refund_id=refund.id, reason="not on the statement", now=now)
    payments.decide_closing(actor=two[1], refund_id=refund.id, approve=True, now=now)
    assert refunds.take_refund_result(refund_id=refund.id, result=Result("paid", receipt="B1"), now=now) == "succeeded"
    assert (payments.balance_cents("suspense"), payments.ownerless_for(two[0])) == (0, [])


def test_the_payer_hears_each_turn_in_their_language(raise_bill, money_comes, two, now):
    payment = money_comes(raise_bill(), 25000, phone="+254700000002", language="sw")
    refund = payments.propose_refund(actor=two[0], payment_id=payment.id, amount_cents=5000, note="x", now=now)
    payments.decide_refund(actor=two[1], refund_id=refund.id, approve=True, now=now)
    refunds._move(refund.id, "review", now, trouble="no-answer")
    operations.resend_refund(actor=two[0], refund_id=refund.id, now=now)
    refunds.take_refund_result(refund_id=refund.id, result=Result("paid", receipt="B1"), now=now)
    told = {f"payments.refund.{turn}" for turn in ("approved", "stuck", "succeeded")}
    for entry in journal.entries_concerning(payment.id, acts=tuple(told)):
        handlers.on_money(entry)
        handlers.on_money(entry)  # the same news twice is told once
    messages = Message.objects.all()
    assert {message.kind for message in messages} == {f"payments.{act}" for act in told}
    assert len(messages) == 3
    assert all("KSh 50.00" in message.text and message.language == "sw" for message in messages)


def test_nobody_finds_a_refund_that_is_not(two, now):
    with pytest.raises(NotFound):
        payments.decide_refund(actor=two[0], refund_id=ids.uuid7(), approve=True, now=now)
