"""Bills on terms: frozen lines, baskets, instalments, penalties, waivers, another currency, what a way of paying costs."""

from datetime import date, timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from huduma.contexts.payments import operations
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Bill, ExchangeRate, Waiver
from huduma.contexts.payments.tests.conftest import line
from huduma.foundation import references
from huduma.foundation.access import SYSTEM, NotFound, NotPermitted

pytestmark = pytest.mark.django_db
PENALTY = {"after_days": 30, "percent": 10, "every_days": 30, "at_most": 2, "legal_basis": "LN 1"}
PLAN = {"at_most": 4, "every_days": 30, "least_cents": 5000, "grace_days": 7, "legal_basis": "LN 1"}
CASE = {"kind": "waiver", "reason": "Flood in Budalangi", "legal_basis": "County Finance Act, s. 5"}


# What a bill once said


def test_what_a_bill_once_said_it_says_for_good(raise_bill):
    bill = raise_bill(line(20000) | {"legal_notice": "LN 1", "from": "2024-01-01"})
    changed = [line(10000)]
    for change in (
        {"lines": changed, "total_cents": 10000},
        {"total_cents": 1},
        {"terms": {"penalty": PENALTY}},
        {"currency": "USD"},
    ):
        with pytest.raises(IntegrityError, match=r"frozen|add up"), transaction.atomic():
            Bill.objects.filter(id=bill.id).update(**change)


def test_a_reference_that_was_mistyped_is_refused(raise_bill):
    bill = raise_bill()
    typed = references.display(bill.reference).lower()
    assert payments.find_bill(typed) == bill
    for place in range(2, len(bill.reference)):
        other = "7" if bill.reference[place] != "7" else "8"
        with pytest.raises(NotFound):
            payments.find_bill(bill.reference[:place] + other + bill.reference[place + 1 :])


# Several bills at once


def test_one_payment_for_several_bills_is_split_to_the_bodies_exactly(raise_bill, money_comes, citizen_actor, now):
    person = citizen_actor.person_id
    one = raise_bill(line(33333, body="CRS", revenue="1420201"), line(1, "levy", "TNT"), person=person)
    other = raise_bill(line(77777, body="DCI"), person=person)
    basket = payments.make_basket(actor=citizen_actor, bill_ids=[one.id, other.id], now=now)
    assert payments.make_basket(actor=citizen_actor, bill_ids=[other.id, one.id], now=now) == basket  # a double click
    assert (payments.due_cents(basket), references.normalise(basket.reference)) == (111111, basket.reference)
    payment = money_comes(basket, 111111)
    assert payment.state == "succeeded"
    assert {Bill.objects.get(id=bill.id).state for bill in (one, other, basket)} == {"settled"}
    balances = {one.account: -one.cents for one in payments.balances("body")}
    assert balances == {"body:CRS:1420201": 33333, "body:TNT": 1, "body:DCI": 77777}
    assert payments.settling_payment(one.id) == payments.settling_payment(other.id) == payment


def test_a_bill_of_a_basket_that_is_paid_otherwise_is_not_paid_again(raise_bill, money_comes, citizen_actor, now):
    bills = [raise_bill(line(cents), person=citizen_actor.person_id) for cents in (10000, 20000, 30000)]
    basket = payments.make_basket(actor=citizen_actor, bill_ids=[bill.id for bill in bills], now=now)
    money_comes(bills[0], 10000)  # somebody typed its own reference
    assert payments.due_cents(basket) == 50000
    whole = money_comes(basket, 60000)  # and somebody the basket's, from the paper
    assert (whole.state, whole.refunds.get().amount_cents) == ("succeeded", 10000)
    assert payments.balance_cents("body:CRS") == -60000
    assert money_comes(basket, 50000).refunds.get().reason == "duplicate"


def test_a_basket_whose_bills_are_all_paid_otherwise_closes_and_gives_back_what_it_held(
    raise_bill, money_comes, citizen_actor, now
):
    bills = [raise_bill(line(cents), person=citizen_actor.person_id) for cents in (10000, 20000)]
    basket = payments.make_basket(actor=citizen_actor, bill_ids=[bill.id for bill in bills], now=now)
    part = money_comes(basket, 5000)
    money_comes(bills[0], 10000)
    money_comes(bills[1], 20000)
    part.refresh_from_db()
    basket.refresh_from_db()
    assert (basket.state, part.state, part.refunds.get().amount_cents) == ("cancelled", "surplus", 5000)


def test_what_a_basket_holds_settles_it_once_less_is_owed(raise_bill, money_comes, citizen_actor, now):
    bills = [raise_bill(line(cents), person=citizen_actor.person_id) for cents in (10000, 20000)]
    basket = payments.make_basket(actor=citizen_actor, bill_ids=[bill.id for bill in bills], now=now)
    money_comes(basket, 25000)
    money_comes(bills[0], 10000)
    bills[1].refresh_from_db()
    assert bills[1].state == "settled"
    assert payments.balance_cents("suspense") == -5000  # on its way back
    assert payments.trial_balance_cents() == 0


def test_a_part_of_one_bill_may_complete_what_its_basket_holds(raise_bill, money_comes, citizen_actor, now):
    bills = [raise_bill(line(cents), person=citizen_actor.person_id) for cents in (10000, 20000)]
    basket = payments.make_basket(actor=citizen_actor, bill_ids=[bill.id for bill in bills], now=now)
    money_comes(basket, 25000)
    money_comes(bills[0], 6000)
    assert {Bill.objects.get(id=bill.id).state for bill in (*bills, basket)} == {"settled"}
    assert payments.balance_cents("body:CRS") == -30000
    assert payments.balance_cents("suspense") == -1000  # on its way back


def test_what_a_basket_refuses(raise_bill, money_comes, citizen_actor, now):
    mine, strange = raise_bill(person=citizen_actor.person_id), raise_bill()
    dollars = raise_bill(line(3000), person=citizen_actor.person_id, currency="USD")
    case = {"actor": citizen_actor, "now": now}
    with pytest.raises(NotFound):
        payments.make_basket(bill_ids=[mine.id, strange.id], **case)
    with pytest.raises(payments.TwoCurrencies):
        payments.make_basket(bill_ids=[mine.id, dollars.id], **case)
    assert payments.make_basket(bill_ids=[mine.id], **case) == mine
    second = raise_bill(line(100), person=citizen_actor.person_id)
    running = payments.start_payment(actor=citizen_actor, bill_id=mine.id, phone="0700000002", now=now)
    with pytest.raises(payments.PaymentUnderWay):
        payments.make_basket(bill_ids=[mine.id, second.id], **case)
    operations.fail(payment_id=running.id, reason="cancelled", now=now)
    basket = payments.make_basket(bill_ids=[mine.id, second.id], **case)
    asked = payments.start_payment(actor=citizen_actor, bill_id=basket.id, phone="0700000002", now=now)
    # While the basket's money may come, nobody is asked for one of its bills.
    assert payments.start_payment(actor=citizen_actor, bill_id=mine.id, phone="0700000002", now=now) == asked
    operations.credit(payment_id=asked.id, total_cents=None, receipt="R", now=now)
    with pytest.raises(payments.NothingToPay):
        payments.make_basket(bill_ids=[mine.id, second.id], **case)


def test_a_new_choice_takes_a_bill_out_of_the_old_basket(raise_bill, citizen_actor, now):
    a, b, c = (raise_bill(line(cents), person=citizen_actor.person_id) for cents in (100, 200, 300))
    old = payments.make_basket(actor=citizen_actor, bill_ids=[a.id, b.id], now=now)
    new = payments.make_basket(actor=citizen_actor, bill_ids=[b.id, c.id], now=now)
    old.refresh_from_db()
    a.refresh_from_db()
    assert (old.state, a.basket, payments.due_cents(new)) == ("cancelled", None, 500)


# Over time


def test_part_payments_are_credited_in_order_and_the_last_settles(
    raise_bill, money_comes, now, citizen_actor, officer_actor
):
    bill = raise_bill(
        line(20000), line(10000, "levy", "TNT"), person=citizen_actor.person_id, terms={"instalments": PLAN}
    )
    money_comes(bill, 1000)
    with pytest.raises(payments.NotSoMany):
        payments.agree_instalments(actor=citizen_actor, bill_id=bill.id, count=5, now=now)
    plan = payments.agree_instalments(actor=citizen_actor, bill_id=bill.id, count=4, now=now)
    assert [one.upto_cents for one in plan] == [8200, 15400, 22600, 30000]
    assert (payments.next_cents(bill), payments.balance_cents("body:CRS")) == (7200, -1000)
    money_comes(bill, 20000)  # more than the next: it counts for those after it
    assert (payments.balance_cents("body:CRS"), payments.balance_cents("body:TNT")) == (-20000, -1000)
    assert (payments.next_cents(bill), payments.due_cents(bill)) == (1600, 9000)
    with pytest.raises(payments.BillStillOpen):
        payments.propose_refund(
            actor=officer_actor(None, role="accountant"),
            payment_id=bill.payments.first().id,
            amount_cents=1,
            note="x",
            now=now,
        )
    last = money_comes(bill, 10000)
    assert (last.state, last.refunds.get().amount_cents) == ("succeeded", 1000)
    assert payments.balance_cents("body:TNT") == -10000


def test_who_misses_an_instalment_is_reminded_before_and_owes_the_rest_after(
    raise_bill, money_comes, now, citizen_actor
):
    bill = raise_bill(
        line(40000), person=citizen_actor.person_id, terms={"instalments": PLAN, "penalty": PENALTY}, due_days=14
    )
    payments.agree_instalments(actor=citizen_actor, bill_id=bill.id, count=4, now=now)
    assert operations.mind_instalments(now) == 1
    assert operations.mind_instalments(now) == 0  # told once
    money_comes(bill, 10000)
    assert operations.mind_instalments(now + timedelta(days=26)) == 0
    assert operations.mind_instalments(now + timedelta(days=27)) == 1
    assert operations.mind_instalments(now + timedelta(days=37)) == 0  # the last day of grace
    assert operations.mind_instalments(now + timedelta(days=38)) == 1
    assert payments.next_cents(bill) == 30000
    assert operations.add_penalties(now + timedelta(days=68)) == 0
    assert operations.add_penalties(now + timedelta(days=69)) == 1
    bill.refresh_from_db()
    assert (bill.total_cents, payments.due_cents(bill)) == (43000, 33000)


def test_a_late_bill_costs_more_as_its_terms_say_and_no_more(raise_bill, citizen_actor, now):
    bill = raise_bill(line(20050, revenue="7"), person=citizen_actor.person_id, terms={"penalty": PENALTY}, due_days=14)
    day = timedelta(days=1)
    assert operations.add_penalties(now + 44 * day) == 0
    running = payments.start_payment(actor=citizen_actor, bill_id=bill.id, phone="0700000002", now=now)
    assert operations.add_penalties(now + 45 * day) == 0  # nobody pays more while the money may be coming
    operations.fail(payment_id=running.id, reason="cancelled", now=now)
    assert [operations.add_penalties(now + 45 * day) for _ in range(2)] == [1, 0]
    assert operations.add_penalties(now + 400 * day) == 1
    assert operations.add_penalties(now + 800 * day) == 0
    bill.refresh_from_db()
    penalties = [one for one in bill.lines if one["code"] == "penalty"]
    assert [one["amount_cents"] for one in penalties] == [2000, 2200]
    assert penalties[0]["revenue_code"] == "7"
    assert penalties[0]["legal_notice"] == "LN 1"
    assert raise_bill(line(20000), terms={"penalty": PENALTY}).penalty_on is None  # no day was set to pay it


# Letting off


def test_a_waiver_needs_another_person_of_the_body_a_reason_and_a_law(raise_bill, officer_actor, now):
    bill, asker = raise_bill(), officer_actor("CRS", role="supervisor")
    case = {"bill_id": bill.id, "body_code": "CRS", "amount_cents": 5000, "now": now, **CASE}
    with pytest.raises(payments.ReasonMissing):
        payments.ask_waiver(actor=asker, **{**case, "reason": " "})
    with pytest.raises(payments.LawMissing):
        payments.ask_waiver(actor=asker, **{**case, "legal_basis": ""})
    with pytest.raises(payments.MoreThanOwed):
        payments.ask_waiver(actor=asker, **{**case, "amount_cents": 20001})
    with pytest.raises(NotPermitted):
        payments.ask_waiver(actor=officer_actor("TNT"), **case)
    waiver = payments.ask_waiver(actor=asker, **case)
    with pytest.raises(payments.ProposedAlready):
        payments.ask_waiver(actor=officer_actor("CRS"), **case)
    with pytest.raises(payments.SecondPersonNeeded):
        payments.decide_waiver(actor=asker, waiver_id=waiver.id, approve=True, now=now)
    with pytest.raises(NotPermitted):
        payments.decide_waiver(actor=officer_actor("CRS"), waiver_id=waiver.id, approve=True, now=now)
    payments.decide_waiver(
        actor=officer_actor("CRS", role="accounting_officer"), waiver_id=waiver.id, approve=True, now=now
    )
    bill.refresh_from_db()
    assert (bill.total_cents, bill.lines[-1]["legal_notice"]) == (20000, CASE["legal_basis"])
    assert (payments.balance_cents("waived:CRS:1420201"), payments.balance_cents("assessed:CRS:1420201")) == (
        5000,
        -5000,
    )
    with pytest.raises(payments.WaiverDecided):
        payments.decide_waiver(
            actor=officer_actor("CRS", role="supervisor"), waiver_id=waiver.id, approve=False, now=now
        )
    with pytest.raises(IntegrityError, match="two_persons"), transaction.atomic():
        Waiver.objects.filter(id=waiver.id).update(decided_by=asker.account_id)


def test_after_payment_nothing_is_waived(raise_bill, money_comes, officer_actor, now):
    bill = raise_bill()
    asker, decider = officer_actor("CRS"), officer_actor("CRS", role="supervisor")
    case = {"actor": asker, "bill_id": bill.id, "body_code": "CRS", "amount_cents": None, "now": now, **CASE}
    waiver = payments.ask_waiver(**case)
    running = payments.start_payment(actor=SYSTEM, bill_id=bill.id, phone="0700000002", now=now)
    with pytest.raises(payments.PaymentUnderWay):
        payments.decide_waiver(actor=decider, waiver_id=waiver.id, approve=True, now=now)
    operations.credit(payment_id=running.id, total_cents=None, receipt="R", now=now)
    with pytest.raises(payments.AlreadyPaid):
        payments.decide_waiver(actor=decider, waiver_id=waiver.id, approve=True, now=now)
    with pytest.raises(payments.AlreadyPaid):
        payments.ask_waiver(**case)


def test_a_bill_that_is_waived_whole_is_settled_without_money(raise_bill, officer_actor, now):
    bill = raise_bill(line(20000))
    waiver = payments.ask_waiver(
        actor=officer_actor("CRS"), bill_id=bill.id, body_code="CRS", amount_cents=None, now=now,
        **{**CASE, "kind": "exemption"},
    )  # fmt: skip
    payments.decide_waiver(actor=officer_actor("CRS", role="supervisor"), waiver_id=waiver.id, approve=True, now=now)
    bill.refresh_from_db()
    assert (bill.state, bill.total_cents, payments.settling_payment(bill.id)) == ("settled", 0, None)


def test_a_waiver_may_leave_less_than_what_was_held_and_the_rest_goes_back(raise_bill, money_comes, officer_actor, now):
    bill = raise_bill(line(20000))
    held = money_comes(bill, 15000)
    waiver = payments.ask_waiver(
        actor=officer_actor("CRS"), bill_id=bill.id, body_code="CRS", amount_cents=8000, now=now, **CASE
    )
    payments.decide_waiver(actor=officer_actor("CRS", role="supervisor"), waiver_id=waiver.id, approve=True, now=now)
    bill.refresh_from_db()
    held.refresh_from_db()
    assert (bill.state, held.state, held.refunds.get().amount_cents) == ("settled", "applied", 3000)
    assert payments.balance_cents("body:CRS") == -12000


def test_what_is_cancelled_was_not_let_off(raise_bill, officer_actor, now):
    bill = raise_bill()
    waiver = payments.ask_waiver(
        actor=officer_actor("CRS"), bill_id=bill.id, body_code="CRS", amount_cents=8000, now=now, **CASE
    )
    payments.decide_waiver(actor=officer_actor("CRS", role="supervisor"), waiver_id=waiver.id, approve=True, now=now)
    payments.cancel_bills(actor=SYSTEM, payable_id=bill.payable_id, now=now)
    assert (payments.balance_cents("waived"), payments.balance_cents("assessed")) == (0, 0)


# Dollars, and what a way of paying costs


@pytest.fixture
def rate(officer_actor, now):
    """US$ 1 = KSh 129.2400, by two persons."""
    one, other = officer_actor(None, role="accountant"), officer_actor(None, role="accountant")
    case = {"actor": one, "currency": "USD", "day": date(2026, 11, 20), "now": now}
    with pytest.raises(payments.SourceMissing):
        payments.propose_rate(rate=1292400, source="", **case)
    with pytest.raises(payments.NotARate):
        payments.propose_rate(rate=129, source="CBK", **case)
    found = payments.propose_rate(rate=1292400, source="Central Bank of Kenya, indicative rate", **case)
    with pytest.raises(payments.ProposedAlready):
        payments.propose_rate(rate=1292400, source="CBK", **case)
    with pytest.raises(payments.SecondPersonNeeded):
        payments.decide_rate(actor=one, rate_id=found.id, approve=True, now=now)
    payments.decide_rate(actor=other, rate_id=found.id, approve=True, now=now)
    return found


def test_a_bill_in_dollars_is_paid_in_shillings_by_the_rate_of_its_day(raise_bill, money_comes, rate, now):
    bill = raise_bill(line(2000, body="DIS"), line(1001, "levy", "TNT"), currency="USD")
    ExchangeRate.objects.update(rate=1)
    assert bill.terms["rate"]["source"].startswith("Central Bank")
    ways = {way.code: (way.currency, way.due_cents) for way in payments.ways_to_pay(bill, now)}
    assert (ways["mpesa"], ways["card"]) == (("KES", 387800), ("USD", 3001))
    asked = payments.start_payment(actor=SYSTEM, bill_id=bill.id, phone="0700000002", gateway="mpesa", now=now)
    assert (asked.amount_cents, asked.currency) == (387800, "KES")
    operations.credit(payment_id=asked.id, total_cents=None, receipt="R", now=now)
    assert -payments.balance_cents("body") == 387800
    assert payments.balance_cents("gateway:mpesa") == 387800
    assert (payments.balance_cents("body", "USD"), payments.trial_balance_cents()) == (0, 0)


def test_the_rest_of_a_bill_in_dollars_comes_in_the_currency_of_its_first_part(raise_bill, money_comes, rate, now):
    bill = raise_bill(line(3000, body="DIS"), currency="USD")
    money_comes(bill, 100000)
    assert [way.code for way in payments.ways_to_pay(bill, now) if way.currency == "USD"] == []
    assert money_comes(bill, 3000, gateway="card", currency="USD").state == "surplus"
    assert money_comes(bill, 287700).state == "succeeded"


def test_without_a_rate_a_bill_in_dollars_is_paid_in_dollars(raise_bill, money_comes, now):
    bill = raise_bill(line(3000, body="DIS"), currency="USD")
    assert {way.currency for way in payments.ways_to_pay(bill, now)} == {"USD"}
    with pytest.raises(payments.NoSuchWay):
        payments.start_payment(actor=SYSTEM, bill_id=bill.id, phone="0700000002", gateway="mpesa", now=now)
    assert money_comes(bill, 3000, gateway="card", currency="USD").state == "succeeded"
    assert payments.balance_cents("body:DIS", "USD") == -3000


def test_what_a_way_of_paying_costs_is_a_line_of_its_own_by_the_gazetted_band(raise_bill, money_comes, now):
    bill = raise_bill(line(100000), convenience=True)
    ways = {way.code: way.due_cents for way in payments.ways_to_pay(bill, now)}
    assert (ways["ecitizen"], ways["mpesa"]) == (105000, 100000)
    settled = money_comes(bill, 105000, gateway="ecitizen")
    bill.refresh_from_db()
    assert (settled.state, bill.total_cents, bill.lines[-1]["code"]) == ("succeeded", 105000, "convenience")
    assert (payments.balance_cents("fee:convenience"), payments.balance_cents("body:CRS")) == (-5000, -100000)
    assert raise_bill(line(20000)).terms == {}


def test_no_bill_hangs_on_what_a_way_of_paying_costs(raise_bill, money_comes):
    bill = raise_bill(line(100000), convenience=True)
    settled = money_comes(bill, 103000, gateway="ecitizen")
    assert (settled.state, settled.refunds.get().amount_cents) == ("succeeded", 3000)
    assert (payments.balance_cents("fee:convenience"), payments.balance_cents("body:CRS")) == (0, -100000)


def test_a_changed_schedule_of_convenience_fees_changes_no_bill(raise_bill, settings, tmp_path):
    bill = raise_bill(line(100000), convenience=True)
    settings.CONVENIENCE_FEES = tmp_path / "fees.yaml"
    settings.CONVENIENCE_FEES.write_text("[]")
    assert payments.due_cents(bill, "ecitizen") == 105000
    assert raise_bill(line(100000), convenience=True).terms == {"convenience": []}


def test_a_schedule_with_a_mistake_is_refused_at_the_start(tmp_path):
    (tmp_path / "fees.yaml").write_text(settings.CONVENIENCE_FEES.read_text().replace("cents: 5000", "cents: 50.5"))
    with pytest.raises(ValueError, match="a schedule needs"):
        operations.convenience_schedule(tmp_path / "fees.yaml")
