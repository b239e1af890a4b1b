"""Whatever happens in whatever order, on real PostgreSQL: nothing is credited twice, no illegal move, books that balance."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from huduma.contexts.payments import operations
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Payment, Refund, TillSession
from huduma.contexts.payments.operations import collection, intake, refunds
from huduma.contexts.payments.providers.base import Notice, Result
from huduma.contexts.payments.rules import (
    CREDITED_STATES,
    OPEN_STATES,
    PAYMENT_MOVES,
    PAYMENT_STATES,
    REFUND_MOVES,
    REFUND_STATES,
)
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM, NotFound

LINES = [
    {"code": "fee", "description": {"en": "Fee", "sw": "Ada"}, "amount_cents": 20000, "body_code": "CRS"},
    {"code": "charge", "description": {"en": "Charge", "sw": "Tozo"}, "amount_cents": 5000, "body_code": "TNT"},
]
TOTAL = 25000


class Money(RuleBasedStateMachine):
    """One bill, and all that can happen to its payments."""

    attempts = Bundle("attempts")
    going_back = Bundle("going_back")

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.now = timezone.now()
        self.came: dict[object, int] = {}  # what the gateway holds for each request, by its own books
        self.receipts: set[object] = set()  # whose receipt is known
        self.bill = payments.raise_bill(
            actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=None,
            description={"en": "T", "sw": "T"}, lines=LINES, now=self.now,
        )  # fmt: skip

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @rule(target=attempts, gateway=st.sampled_from(["mpesa", "airtel", "ecitizen", "card"]))
    def ask(self, gateway):
        open_before = self.bill.payments.filter(state__in=OPEN_STATES).first()
        try:
            payment = payments.start_payment(
                actor=SYSTEM, bill_id=self.bill.id, phone="0700000002", gateway=gateway, now=self.now
            )
        except (payments.AlreadyPaid, payments.BillCancelled):
            self.bill.refresh_from_db()
            assert self.bill.state != "open"
            return Payment.objects.filter(bill=self.bill).first() or self.typed(TOTAL)
        assert open_before is None or payment == open_before  # nobody is asked again
        return payment

    @rule(target=attempts, cents=st.sampled_from([100, 12500, TOTAL, 40000]))
    def typed(self, cents):
        """Money that came unasked and is not yet confirmed."""
        return Payment.objects.create(
            bill=self.bill, gateway="mpesa", origin="unasked", amount_cents=cents, state="pending", receipt=ids.uuid7().hex,
            token=ids.uuid7().hex, started_at=self.now, phone="+254700000003",
        )  # fmt: skip

    @rule(payment=attempts)
    def listed(self, payment):
        """The money of a prompt is in the paybill's list, whatever became of the prompt's own news."""
        payment.refresh_from_db()
        if payment.origin != "asked" or self.came.get(payment.id, payment.amount_cents) != payment.amount_cents:
            return
        self.came[payment.id] = payment.amount_cents
        if payment.checkout_id is None:
            Payment.objects.filter(id=payment.id).update(checkout_id=payment.id.hex)
        self.receipts.add(payment.id)
        result = Result("paid", "", payment.amount_cents, f"R{payment.id.hex[-12:]}", payment.phone)
        notice = Notice(kind="unasked", key="x", result=result, reference=self.bill.reference)
        since = self.now - 2 * intake.OWN_NEWS
        intake.take_unasked(payment.gateway, notice, confirmed=True, since=since)

    @rule(payment=attempts, state=st.sampled_from(["pushing", "pending", "unknown"]))
    def turn(self, payment, state):
        """The worker goes on, or dies in the middle."""
        since = {one for one in OPEN_STATES if state in PAYMENT_MOVES[one]}
        collection._move(payment.id, since, state)

    @rule(payment=attempts)
    def give_up(self, payment):
        collection._to_a_person(payment.id, self.now)

    @rule(payment=attempts)
    def fail(self, payment):
        operations.fail(payment_id=payment.id, reason="other", now=self.now)

    @rule(payment=attempts, receipt=st.booleans(), cents=st.sampled_from([None, 100, 12500, TOTAL, 40000]))
    def confirm(self, payment, receipt, cents):
        """The gateway says what came so far; it never takes back what it said."""
        payment.refresh_from_db()
        told = max(payment.amount_cents if cents is None else cents, self.came.get(payment.id, 0))
        given = f"R{payment.id.hex[-12:]}" if receipt or payment.id in self.receipts else None
        if given and collection.counted_elsewhere(payment, given):
            told = self.came[payment.id]  # the list told the amount of this receipt, which has but one
        self.came[payment.id] = told
        if payment.checkout_id is None and payment.origin == "asked":
            Payment.objects.filter(id=payment.id).update(checkout_id=payment.id.hex)
        elif payment.origin == "unasked" and payment.state in CREDITED_STATES:
            told = self.came[payment.id] = payment.received_cents
        operations.credit(payment_id=payment.id, total_cents=told, receipt=given, now=self.now)

    @rule()
    def cancel(self):
        payments.cancel_bills(actor=SYSTEM, payable_id=self.bill.payable_id, now=self.now)

    @rule(target=going_back)
    def pick_refund(self):
        return Refund.objects.filter(payment__bill=self.bill).order_by("?").first()

    @rule(
        refund=consumes(going_back),
        steps=st.lists(st.sampled_from(["sending", "sent", "review"]), max_size=3),
        paid=st.booleans(),
    )
    def give_back(self, refund, steps, paid):
        if refund is None:
            return
        for state in steps:
            refunds._move(refund.id, state, self.now)
        result = Result("paid", receipt="B") if paid else Result("failed", "other")
        refunds.take_refund_result(refund_id=refund.id, result=result, now=self.now)

    @invariant()
    def it_adds_up(self):
        self.bill.refresh_from_db()
        all_payments = list(Payment.objects.filter(bill=self.bill))
        credited = sum(p.received_cents or 0 for p in all_payments)
        assert credited == sum(self.came.values())
        settled = self.bill.state == "settled"
        assert sum(p.state == "succeeded" for p in all_payments) == settled
        assert sum(p.state in OPEN_STATES and p.origin == "asked" for p in all_payments) <= 1
        assert payments.balance_cents("body:CRS") == -20000 * settled
        back = Refund.objects.filter(payment__bill=self.bill)
        gone = sum(r.amount_cents for r in back if r.state == "succeeded")
        assert payments.balance_cents("gateway") == credited - gone
        assert payments.balance_cents("suspense") == -(credited - gone - TOTAL * settled)
        assert payments.trial_balance_cents() == 0
        # No payer paid more than the bill without a refund under way.
        kept_for_the_bill = payments.sum_held(self.bill)
        if self.bill.state == "open":
            assert credited - sum(r.amount_cents for r in back) == kept_for_the_bill < TOTAL
        else:
            assert credited - sum(r.amount_cents for r in back) == TOTAL * settled


class InAnyOrder(Money.TestCase, TestCase):
    """Run by Hypothesis, each example in a transaction of its own."""

    settings = hypothesis_settings(max_examples=25, stateful_step_count=18, deadline=None)


@pytest.mark.django_db
def test_the_table_in_the_rules_is_the_table_in_the_database():
    with connection.cursor() as cursor:
        cursor.execute('SELECT kind, since, "to" FROM payments_move')
        kept = set(cursor.fetchall())
    rules = {("payment", a, b) for a, to in PAYMENT_MOVES.items() for b in to}
    rules |= {("refund", a, b) for a, to in REFUND_MOVES.items() for b in to}
    assert kept == rules
    assert (set(PAYMENT_MOVES), set(REFUND_MOVES)) == (set(PAYMENT_STATES), set(REFUND_STATES))


@pytest.mark.django_db
def test_the_database_refuses_a_move_and_a_refund_beyond_what_came(now):
    bill = payments.raise_bill(
        actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=None, description={"en": "T", "sw": "T"},
        lines=LINES, now=now,
    )  # fmt: skip
    payment = payments.start_payment(actor=SYSTEM, bill_id=bill.id, phone="0700000002", now=now)
    with pytest.raises(IntegrityError, match="cannot move from requested to review"), transaction.atomic():
        Payment.objects.filter(id=payment.id).update(state="review")
    operations.credit(payment_id=payment.id, total_cents=None, receipt="R1", now=now)
    with pytest.raises(IntegrityError, match="exceed what was received"), transaction.atomic():
        operations.order_refund(payment=payment, amount_cents=TOTAL + 1, reason="surplus", now=now + timedelta(1))


# Payments that no gateway can explain, and tills: two persons each.


@pytest.fixture
def waiting(now):
    bill = payments.raise_bill(
        actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=None, description={"en": "T", "sw": "T"},
        lines=LINES, now=now,
    )  # fmt: skip
    payment = payments.start_payment(actor=SYSTEM, bill_id=bill.id, phone="0700000002", now=now)
    for state in ("pushing", "unknown", "review"):
        Payment.objects.filter(id=payment.id).update(state=state)
    return payment


@pytest.mark.django_db
def test_two_persons_end_what_no_gateway_explains(waiting, officer_actor, now):
    one, other = officer_actor(None, role="accountant"), officer_actor(None, role="accountant")
    case = {"payment_id": waiting.id, "now": now}
    with pytest.raises(payments.ReceiptMissing):
        payments.propose_ruling(actor=one, verdict="settle", reason="seen", receipt="", **case)
    with pytest.raises(payments.ReasonMissing):
        payments.propose_ruling(actor=one, verdict="fail", reason=" ", receipt="", **case)
    Payment.objects.create(
        bill=waiting.bill, gateway=waiting.gateway, origin="unasked", amount_cents=TOTAL, state="pending", receipt="R76",
        token="t", started_at=now,
    )  # fmt: skip
    with pytest.raises(payments.ReceiptTaken):
        payments.propose_ruling(actor=one, verdict="settle", reason="seen", receipt="R76", **case)
    Payment.objects.filter(receipt="R76").update(state="failed")
    payments.propose_ruling(actor=one, verdict="fail", reason="not on the statement", receipt="", **case)
    with pytest.raises(payments.ProposedAlready):
        payments.propose_ruling(actor=other, verdict="fail", reason="x", receipt="", **case)
    with pytest.raises(payments.SecondPersonNeeded):
        payments.decide_ruling(actor=one, approve=True, **case)
    payments.decide_ruling(actor=other, approve=False, **case)
    payments.propose_ruling(actor=other, verdict="settle", reason="on the statement", receipt="R77", **case)
    payments.decide_ruling(actor=one, approve=True, **case)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.receipt, waiting.received_cents) == ("succeeded", "R77", TOTAL)
    with pytest.raises(payments.NotWaiting):
        payments.propose_ruling(actor=one, verdict="fail", reason="x", receipt="", **case)


@pytest.mark.django_db
def test_a_till_from_float_to_the_count_of_two(officer_actor, now):
    cashier, colleague = officer_actor("CRS"), officer_actor("CRS")
    bill = payments.raise_bill(
        actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=None, description={"en": "T", "sw": "T"},
        lines=LINES, now=now,
    )  # fmt: skip
    with pytest.raises(payments.NoTill):
        payments.take_cash(actor=cashier, reference=bill.reference, given_cents=TOTAL, now=now)
    session = payments.open_till(actor=cashier, till="1", body_code="CRS", float_cents=100000, now=now)
    with pytest.raises(payments.TillTaken):
        payments.open_till(actor=colleague, till="1", body_code="CRS", float_cents=0, now=now)
    with pytest.raises(payments.NotEnough):
        payments.take_cash(actor=cashier, reference=bill.reference, given_cents=TOTAL - 1, now=now)
    payment, change = payments.take_cash(actor=cashier, reference=bill.reference.lower(), given_cents=30000, now=now)
    assert (payment.state, change, payments.expected_cents(session)) == ("succeeded", 5000, 100000 + TOTAL)
    with pytest.raises(payments.AlreadyPaid):
        payments.take_cash(actor=cashier, reference=bill.reference, given_cents=TOTAL, now=now)
    payments.count_till(actor=cashier, session_id=session.id, counted_cents=124900, now=now)
    with pytest.raises(payments.SecondCounter):
        payments.witness_till(actor=cashier, session_id=session.id, counted_cents=124900, now=now)
    again = payments.witness_till(actor=colleague, session_id=session.id, counted_cents=125000, now=now)
    assert (again.state, again.counted_cents) == ("open", None)  # nobody finds the first count by guessing
    payments.count_till(actor=cashier, session_id=session.id, counted_cents=124900, now=now)
    both = payments.witness_till(actor=colleague, session_id=session.id, counted_cents=124900, now=now)
    assert (both.state, both.missing_cents, payments.tills_to_explain_for(cashier)) == ("differs", 100, [both])
    with pytest.raises(payments.NoTill):
        payments.take_cash(actor=cashier, reference=bill.reference, given_cents=TOTAL, now=now)
    with pytest.raises(payments.ReasonMissing):
        payments.explain_till(actor=cashier, session_id=session.id, reason=" ", now=now)
    with pytest.raises(NotFound):
        payments.explain_till(actor=officer_actor("CRS"), session_id=session.id, reason="guess", now=now)
    with pytest.raises(IntegrityError, match="payments_till_explained"), transaction.atomic():
        TillSession.objects.filter(id=session.id).update(state="closed")
    closed = payments.explain_till(actor=colleague, session_id=session.id, reason="A coin fell down a drain", now=now)
    assert (closed.state, closed.variance_cents) == ("closed", -100)
    assert payments.balance_cents("gateway:cash") == TOTAL - 100
    assert payments.trial_balance_cents() == 0
