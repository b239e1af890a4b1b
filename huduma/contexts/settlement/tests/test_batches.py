"""Handing money over: two persons, bank details that cooled off, the age of what waits, and the order to the bank."""

import threading
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import sepaxml
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from huduma.contexts.payments import public as payments
from huduma.contexts.settlement import public as settlement
from huduma.contexts.settlement.models import BankAccount, Batch, Remittance
from huduma.contexts.settlement.rules import age
from huduma.foundation.access import NotPermitted

pytestmark = pytest.mark.django_db
SCHEMA = Path(sepaxml.__file__).parent / "schemas" / "pain.001.001.09.xsd"


def propose(actor, body="CRS", before=None):
    now = timezone.now()
    return settlement.propose_batch(
        actor=actor, body_code=body, before=before or now + timedelta(seconds=1), currency="KES", now=now
    )


def decide(actor, batch, *, approve=True):
    return settlement.decide_batch(actor=actor, batch_id=batch.id, approve=approve, now=timezone.now())


def test_a_bodys_accountant_proposes_and_its_accounting_officer_approves(paid, bank_account, officer_actor):
    paid("R1", 105_000)
    paid("R2", 20_000, code="1420202")
    paid("R3", 7_000, body="DCI")
    bank_account()
    bank_account("DCI")
    maker, checker = officer_actor("CRS", "accountant"), officer_actor("CRS", "accounting_officer")
    batch = propose(maker)
    assert batch.total_cents == 125_000
    assert [(one.ledger_account, one.amount_cents) for one in batch.remittances.order_by("end_to_end")] == [
        ("body:CRS:1420201", 105_000), ("body:CRS:1420202", 20_000),
    ]  # fmt: skip
    with pytest.raises(settlement.SecondPersonNeeded):
        decide(maker, batch)
    for stranger in (officer_actor("DCI", "accountant"), officer_actor("CRS", "auditor"), officer_actor("CRS")):
        with pytest.raises(NotPermitted):
            decide(stranger, batch)
    decide(checker, batch)
    assert payments.balance_cents("body:CRS") == 0
    assert payments.balance_cents("transit") == -125_000
    assert payments.balance_cents("body:DCI") == -7_000
    with pytest.raises(settlement.NotProposed):
        decide(checker, batch)
    with pytest.raises(settlement.NothingToHandOver):
        propose(maker)


def test_the_database_refuses_one_person_as_maker_and_checker(paid, bank_account, accountant):
    paid("R1")
    bank_account()
    batch = propose(accountant)
    with pytest.raises(IntegrityError), transaction.atomic():
        Batch.objects.filter(id=batch.id).update(state="approved", checked_by=accountant.account_id)


def test_money_in_one_proposal_is_in_no_other(paid, bank_account, accountant, officer_actor):
    paid("R1")
    bank_account()
    propose(officer_actor("CRS", "accountant"))
    with pytest.raises(settlement.NothingToHandOver):
        propose(accountant, "")
    with pytest.raises(NotPermitted):
        propose(officer_actor("CRS", "accountant"), "")


def test_a_rejected_batch_frees_its_money_and_keeps_its_number(paid, bank_account, accountant, second):
    paid("R1")
    bank_account()
    decide(second, propose(accountant), approve=False)
    again = propose(accountant)
    assert (again.number, payments.balance_cents("body:CRS")) == (2, -105_000)


def test_a_batch_is_not_approved_when_less_is_owed_or_the_bank_account_changed(paid, bank_account, accountant, second):
    paid("R1")
    bank_account()
    batch = propose(accountant)
    payments.transfer(
        kind="test", legs={"body:CRS:1420201": 1, "suspense": -1}, payment_id=None, currency="KES", now=timezone.now()
    )
    with pytest.raises(settlement.OwedChanged):
        decide(second, batch)
    decide(second, batch, approve=False)
    batch = propose(accountant)
    bank_account("CRS", "9999999999")
    with pytest.raises(settlement.AccountChanged):
        decide(second, batch)


def test_bank_details_need_three_persons_and_a_day(paid, accountant, second, officer_actor):
    paid("R1")
    proposer, now = officer_actor("CRS", "accountant"), timezone.now()
    facts = {"body_code": "CRS", "name": "CRS", "bic": "KCBL KENX", "account": "12 345"}
    with pytest.raises(settlement.NotABankAccount):
        settlement.propose_bank_account(actor=proposer, **{**facts, "bic": "KCB"}, now=now)
    change = settlement.propose_bank_account(actor=proposer, **facts, now=now)
    with pytest.raises(settlement.ChangeWaits):
        settlement.propose_bank_account(actor=second, **facts, now=now)
    with pytest.raises(settlement.ThirdPersonNeeded):
        settlement.approve_bank_account(actor=proposer, account_id=change.id, now=now)
    settlement.approve_bank_account(actor=accountant, account_id=change.id, now=now)
    with pytest.raises(settlement.ThirdPersonNeeded):
        settlement.approve_bank_account(actor=accountant, account_id=change.id, now=now)
    settlement.approve_bank_account(actor=second, account_id=change.id, now=now)
    with pytest.raises(settlement.NothingToHandOver):
        propose(accountant)
    later = now + timedelta(hours=24, seconds=1)
    batch = settlement.propose_batch(actor=accountant, body_code="CRS", before=later, currency="KES", now=later)
    assert batch.total_cents == 105_000
    with pytest.raises(IntegrityError), transaction.atomic():
        BankAccount.objects.filter(id=change.id).update(active_from=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        BankAccount.objects.filter(id=change.id).update(second_by=accountant.account_id)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=5), st.integers(0, 10**10))
def test_ages_add_up_to_what_is_owed_and_the_oldest_was_handed_over_first(collected, handed):
    today = timezone.localdate()
    days = [(today - timedelta(days=back), cents) for back, cents in enumerate(collected)]
    owed = max(sum(collected) - handed, 0)
    found = age(owed, days, today)
    assert sum(one.cents for one in found) == owed
    for newer, older in pairwise(found):
        assert not older.cents or newer.cents == collected[newer.days]


def test_ageing_shows_today_and_alarms_before_the_law_is_broken(officer_actor):
    now = timezone.now()
    for days, cents in ((0, 100), (1, 200), (2, 400), (5, 800)):
        payments.transfer(
            kind="test", legs={"gateway:mpesa": cents, "body:CRS:1420201": -cents}, payment_id=None, currency="KES",
            now=now - timedelta(days=days),
        )  # fmt: skip
    payments.transfer(
        kind="test", legs={"body:CRS:1420201": 700, "transit": -700}, payment_id=None, currency="KES", now=now
    )
    (standing,) = settlement.standings_for(officer_actor("CRS", "accountant"), now)
    assert (standing.today_cents, standing.owed_cents) == (100, 800)
    assert [(one.days, one.cents) for one in standing.aged] == [(0, 100), (1, 200), (2, 400), (3, 0), (4, 100)]
    assert standing.is_alarming
    assert standing.is_late
    assert settlement.standings_for(officer_actor("DCI", "accountant"), now) == []
    with pytest.raises(NotPermitted):
        settlement.standings_for(officer_actor("CRS"), now)


def test_the_order_follows_the_schema_and_is_the_same_every_time(paid, bank_account, accountant, second):
    paid("R1", 105_000)
    paid("R2", 99, body="DCI", code="")
    bank_account()
    bank_account("DCI")
    batch = decide(second, propose(accountant, ""))
    named = settlement.files_of(batch)
    order = named["HUDUMA-00000001.pain.001.xml"]
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    root = etree.fromstring(order)
    schema.assertValid(root)
    assert root.findtext(".//{*}GrpHdr/{*}CtrlSum") == "1050.99"
    assert [one.text for one in root.iterfind(".//{*}InstdAmt")] == ["1050.00", "0.99"]
    assert b"HUDUMA-00000001" in named["HUDUMA-00000001.csv"]
    assert settlement.files_of(Batch.objects.get(id=batch.id)) == named


@pytest.mark.django_db(transaction=True)
def test_two_checkers_at_once_hand_over_once(paid, bank_account, accountant, second, officer_actor):
    paid("R1")
    bank_account()
    batch, outcomes = propose(accountant), []

    def approve(checker):
        try:
            outcomes.append(decide(checker, batch).state)
        except settlement.NotProposed:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=approve, args=[one]) for one in (second, officer_actor(None, "accountant"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["approved", "refused"]
    assert payments.balance_cents("body:CRS") == 0
    assert Remittance.objects.get().state == "waiting"
