"""Whatever is paid, waived, added, put together or given back in whatever order: the bills say what the ledger says."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from huduma.contexts.payments import operations
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Bill, Payment, Refund, Waiver
from huduma.contexts.payments.operations import refunds
from huduma.contexts.payments.providers.base import Result
from huduma.contexts.payments.queries import applied_cents
from huduma.contexts.payments.rules import account_of, in_order, net_amounts
from huduma.contexts.payments.tests.conftest import line
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM, Actor, Grant, Refusal

TERMS = {
    "instalments": {"at_most": 3, "every_days": 30, "grace_days": 0, "legal_basis": "LN 1"},
    "penalty": {"after_days": 10, "percent": 7, "every_days": 10, "at_most": 3, "legal_basis": "LN 1"},
}
CENTS = st.sampled_from([1, 999, 10000, 20001, 30000, 33333, 60000, 63333])


def somebody(role, body=None):
    """A member of staff."""
    return Actor(kind="person", channel="desk", account_id=ids.uuid7(), grants=frozenset({Grant(role, body)}))


class Bills(RuleBasedStateMachine):
    """Two bills of one person, each for bodies of its own, and all that can happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.now, self.person = timezone.now(), ids.uuid7()
        self.citizen = Actor(kind="person", channel="portal", account_id=ids.uuid7(), person_id=self.person)
        self.bills = [
            payments.raise_bill(
                actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=self.person, now=self.now,
                description={"en": "T", "sw": "T"}, lines=lines, terms=TERMS, due_days=5, convenience=True,
            )
            for lines in ([line(20001, body="AA", revenue="1"), line(9999, "levy", "AB")], [line(33333, body="BA")])
        ]  # fmt: skip

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def pick(self, which):
        """One of the bills, or the newest basket."""
        baskets = list(Bill.objects.filter(purpose="basket").order_by("-id")[:1])
        return [*self.bills, *baskets][which % (2 + len(baskets))]

    @rule(which=st.integers(0, 2), cents=CENTS, gateway=st.sampled_from(["mpesa", "ecitizen", "cash"]))
    def pay(self, which, cents, gateway):
        payment = Payment.objects.create(
            bill=self.pick(which), gateway=gateway, origin="unasked", amount_cents=cents, state="pending",
            receipt=ids.uuid7().hex, token=ids.uuid7().hex, started_at=self.now,
        )  # fmt: skip
        operations.credit(payment_id=payment.id, total_cents=cents, receipt=payment.receipt, now=self.now)

    @rule(which=st.integers(0, 2), whole=st.booleans(), comes=st.booleans())
    def ask(self, which, whole, comes):
        try:
            payment = payments.start_payment(
                actor=self.citizen, bill_id=self.pick(which).id, phone="0700000002", now=self.now, whole=whole
            )
        except (payments.AlreadyPaid, payments.BillCancelled):
            return
        if comes:
            operations.credit(payment_id=payment.id, total_cents=None, receipt=None, now=self.now)
        else:
            operations.fail(payment_id=payment.id, reason="cancelled", now=self.now)

    @rule()
    def put_together(self):
        try:
            payments.make_basket(actor=self.citizen, bill_ids=[bill.id for bill in self.bills], now=self.now)
        except (payments.NothingToPay, payments.PaymentUnderWay):
            return

    @rule(which=st.integers(0, 1), count=st.integers(2, 3))
    def spread(self, which, count):
        try:
            payments.agree_instalments(actor=self.citizen, bill_id=self.bills[which].id, count=count, now=self.now)
        except Refusal:
            return

    @rule(which=st.integers(0, 1), body=st.sampled_from(["AA", "AB", "BA"]), cents=st.sampled_from([None, 1, 5000]))
    def waive(self, which, body, cents):
        try:
            waiver = payments.ask_waiver(
                actor=somebody("officer", body), bill_id=self.bills[which].id, body_code=body, kind="waiver",
                amount_cents=cents, reason="x", legal_basis="y", now=self.now,
            )  # fmt: skip
        except Refusal:
            return
        payments.decide_waiver(actor=somebody("supervisor", body), waiver_id=waiver.id, approve=True, now=self.now)

    @rule(days=st.integers(1, 40))
    def time_passes(self, days):
        self.now += timedelta(days=days)
        operations.mind_instalments(self.now)
        operations.add_penalties(self.now)

    @rule(which=st.integers(0, 1))
    def withdraw(self, which):
        payments.cancel_bills(actor=SYSTEM, payable_id=self.bills[which].payable_id, now=self.now)

    @rule(part=st.integers(1, 3), newest=st.booleans())
    def propose_to_give_back(self, part, newest):
        payment = Payment.objects.exclude(received_cents=None).order_by("-id" if newest else "id").first()
        if payment is None:
            return
        try:
            payments.propose_refund(
                actor=somebody("accountant"), payment_id=payment.id, note="x", now=self.now,
                amount_cents=payments.refundable_cents(payment) // part,
            )  # fmt: skip
        except Refusal:
            return

    @rule(approve=st.booleans())
    def decide(self, approve):
        refund = Refund.objects.filter(state="proposed").order_by("id").first()
        if refund is None:
            return
        try:
            payments.decide_refund(actor=somebody("accountant"), refund_id=refund.id, approve=approve, now=self.now)
        except payments.MustGoBack:
            assert not approve

    @rule()
    def give_back(self):
        refund = Refund.objects.filter(state="approved").order_by("id").first()
        if refund is not None:
            refunds._move(refund.id, "sending", self.now)
            refunds.take_refund_result(refund_id=refund.id, result=Result("paid", receipt="B"), now=self.now)

    @invariant()
    def the_ledger_says_the_same(self):
        assert payments.trial_balance_cents() == 0
        received = sum(payment.received_cents or 0 for payment in Payment.objects.all())
        done = Refund.objects.filter(state="succeeded")
        assert payments.balance_cents("gateway") == received - sum(one.amount_cents for one in done)
        taken_back = sum(
            one.amount_cents
            for one in done
            if one.reason == "decision" and one.payment.state in ("succeeded", "applied")
        )
        credited = 0
        for bill in Bill.objects.all():
            assert bill.total_cents == sum(one["amount_cents"] for one in bill.lines)
            assert (bill.state == "open") == (payments.due_cents(bill) > 0)
            if bill.is_basket:
                credited += sum(one["amount_cents"] for one in bill.lines if one["code"] == "convenience")
                continue
            paid = bill.total_cents if bill.state == "settled" else self.applied(bill)
            assert 0 <= paid <= bill.total_cents
            credited += paid
            if not taken_back:
                self.check_accounts(bill, paid)
        assert -payments.balance_cents("body") - payments.balance_cents("fee") == credited - taken_back
        assert payments.balance_cents("suspense") == credited - taken_back - payments.balance_cents("gateway")
        let_off = Waiver.objects.filter(state="approved").exclude(bill__state="cancelled")
        assert payments.balance_cents("waived") == sum(one.amount_cents for one in let_off)
        assert payments.balance_cents("assessed") == -payments.balance_cents("waived")

    def applied(self, bill):
        return applied_cents(bill) if bill.state == "open" else sum(
            one.received_cents for one in bill.payments.filter(state="applied")
        )  # fmt: skip

    def check_accounts(self, bill, paid):
        """Each line got what is paid of it, in order."""
        amounts = net_amounts(bill.lines)
        per_account: dict[str, int] = {}
        for one, cents in zip(bill.lines, in_order(amounts, paid), strict=True):
            if one["code"] != "convenience":
                per_account[account_of(one)] = per_account.get(account_of(one), 0) + cents
        for account, cents in per_account.items():
            assert payments.balance_cents(account) == -cents

    @invariant()
    def nobody_paid_more_than_they_owe_without_a_refund(self):
        back = sum(one.amount_cents for one in Refund.objects.exclude(state="rejected"))
        received = sum(payment.received_cents or 0 for payment in Payment.objects.all())
        owed = sum(bill.total_cents for bill in Bill.objects.filter(state="settled").exclude(purpose="basket"))
        owed += sum(
            one["amount_cents"]
            for bill in Bill.objects.filter(purpose="basket")
            for one in bill.lines
            if one["code"] == "convenience"
        )
        parts = sum(
            self.applied(bill) for bill in Bill.objects.exclude(state="settled").exclude(purpose="basket")
        ) + sum(payments.sum_held(bill) for bill in Bill.objects.filter(state="open"))
        assert received - back <= owed + parts


class InAnyOrder(Bills.TestCase, TestCase):
    """Run by Hypothesis, each example in a transaction of its own."""

    settings = hypothesis_settings(max_examples=25, stateful_step_count=15, deadline=None)
