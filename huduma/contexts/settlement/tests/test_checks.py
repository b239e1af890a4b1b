"""Each daily check finds the fault that is planted for it, and nothing in clean books."""

import io
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from huduma.contexts.identity import public as identity
from huduma.contexts.messages.models import Message
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Bill, Payment, Refund
from huduma.contexts.settlement import handlers
from huduma.contexts.settlement import public as settlement
from huduma.contexts.settlement.models import BankAccount, Finding, Statement
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM, NotPermitted
from huduma.foundation.journal import public as journal
from huduma.foundation.journal.models import EntryRow

pytestmark = pytest.mark.django_db


def found(code, now=None):
    settlement.run_checks(now or timezone.now())
    one = Finding.objects.get(check_code=code)
    return one.count, one.examples


def book(legs, at=None, kind="test"):
    return payments.transfer(kind=kind, legs=legs, payment_id=None, currency="KES", now=at or timezone.now())


def test_clean_books_raise_no_alarm(paid):
    paid("R1")
    assert settlement.run_checks(timezone.now()) == 0
    assert not Finding.objects.exclude(count=0).exists()


def test_a_missing_batch_number(paid, bank_account, accountant, second):
    paid("R1")
    bank_account()
    now = timezone.now() + timedelta(seconds=1)
    for _ in range(3):
        batch = settlement.propose_batch(actor=accountant, body_code="", before=now, currency="KES", now=now)
        settlement.decide_batch(actor=second, batch_id=batch.id, approve=False, now=now)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM settlement_remittance r USING settlement_batch b WHERE b.id = r.batch_id AND b.number = 2"
        )
        cursor.execute("DELETE FROM settlement_batch WHERE number = 2")
    assert found("sequence") == (1, ["batch 2"])


def statement(actor, name, opening, day, amount=1):
    content = (
        f":20:{name}\r\n:25:1100000001\r\n:28C:1/1\r\n:60F:C{day:%y%m%d}KES{opening},00\r\n:61:{day:%y%m%d%m%d}C{amount},00NTRFX//{name}\r\n"
        f":62F:C{day:%y%m%d}KES{opening + amount},00\r\n-"
    ).encode()
    return settlement.take_statement(actor=actor, source="kcb", name=name, file=io.BytesIO(content), now=timezone.now())


def test_a_statement_that_is_missing_between_two(accountant):
    day = timezone.localdate() - timedelta(days=1)
    statement(accountant, "ONE", 100, day - timedelta(days=2))
    statement(accountant, "TWO", 101, day - timedelta(days=1))
    assert found("sequence")[0] == 0
    statement(accountant, "THREE", 150, day)
    assert found("sequence") == (1, [f"before {Statement.objects.get(name='THREE')}"])


def test_a_bill_that_counts_as_paid_without_money(bill):
    raised = bill()
    Bill.objects.filter(id=raised.id).update(state="settled", settled_at=timezone.now())
    assert found("paid-without-bill") == (1, [raised.reference])


def test_money_of_no_bill_that_goes_nowhere():
    payments.take_stated(
        gateway="kcb", receipt="STRAY", reference="?", amount_cents=100, currency="KES", since=timezone.now()
    )
    assert found("paid-without-bill")[0] == 0
    assert found("paid-without-bill", timezone.now() + timedelta(hours=25)) == (1, ["kcb STRAY"])


def test_more_handed_over_than_collected():
    book({"body:CRS:1": 500, "transit": -500})
    assert found("settled-without-collection") == (1, ["body:CRS:1"])


def test_money_that_waits_too_long():
    now = timezone.now()
    book({"gateway:mpesa": 100, "body:CRS:1": -100}, now - timedelta(days=2))
    assert found("late") == (1, ["body:CRS:1"])


def test_a_remittance_that_no_statement_shows(paid, bank_account, accountant, second):
    paid("R1")
    bank_account()
    now = timezone.now() + timedelta(seconds=1)
    batch = settlement.propose_batch(actor=accountant, body_code="", before=now, currency="KES", now=now)
    settlement.decide_batch(actor=second, batch_id=batch.id, approve=True, now=now)
    assert found("unconfirmed")[0] == 0
    assert found("unconfirmed", now + timedelta(days=4)) == (1, ["HUD0000001-00001"])


def test_changed_bank_details(bank_account):
    bank_account()
    assert found("bank-changes") == (1, ["CRS"])
    BankAccount.objects.update(approved_at=timezone.now() - timedelta(days=30))
    assert found("bank-changes")[0] == 0


def test_bank_details_that_were_changed_past_the_database_as_well(bank_account):
    change = bank_account()
    then = timezone.now() - timedelta(days=30)
    with connection.cursor() as cursor:  # whoever can do this can do anything, and is found by the next morning
        cursor.execute("ALTER TABLE settlement_bankaccount DROP CONSTRAINT settlement_account_three_persons")
    lawful = {"approved_at": then, "active_from": then + timedelta(days=1), "second_by": change.second_by}
    for about, count in (
        (lawful, 0),
        ({**lawful, "active_from": then + timedelta(hours=23)}, 1),
        ({**lawful, "second_by": None}, 1),
        ({**lawful, "second_by": change.proposed_by}, 1),
        ({**lawful, "second_by": change.first_by}, 1),
    ):
        BankAccount.objects.update(**about)
        assert found("bank-changes")[0] == count, about


def refund(payment, **about):
    return Refund.objects.create(
        payment=payment, amount_cents=1, reason="surplus", state="approved", token=ids.uuid7().hex,
        asked_at=timezone.now(), **about,
    )  # fmt: skip


def test_many_refunds_to_one_payer_and_many_by_the_same_two_persons(paid):
    for number in range(3):
        paid(f"R{number}")
    Payment.objects.update(phone="+254700000002")
    for payment in Payment.objects.all():
        newest = refund(payment)
    assert found("refund-patterns") == (1, [f"payer {newest.id} ×3"])
    Payment.objects.update(phone="")
    asked, approved, payment = ids.uuid7(), ids.uuid7(), Payment.objects.first()
    for _ in range(5):
        newest = refund(payment, asked_by=asked, approved_by=approved)
    assert found("refund-patterns") == (1, [f"persons {newest.id} ×5"])


def test_a_line_that_waits_for_two_days(accountant):
    statement(accountant, "OLD", 0, timezone.localdate() - timedelta(days=4))
    assert found("unmatched") == (1, ["kcb OLD"])


def test_a_payment_that_no_statement_names(accountant, paid):
    paid("FT1", gateway="kcb")
    statement(accountant, "EARLY", 0, timezone.localdate() - timedelta(days=3))
    statement(accountant, "LATE", 1, timezone.localdate() + timedelta(days=1))
    assert found("not-on-statement") == (1, ["kcb FT1"])


def test_a_ledger_that_does_not_add_up():
    book({"gateway:mpesa": 100, "body:CRS:1": -100})
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE payments_ledgerentry SET amount_cents = 99 WHERE amount_cents > 0")
        cursor.execute("SET session_replication_role = origin")
    assert found("ledger")[0] == 2


def test_the_mail_names_the_check_in_words_of_its_readers_language():
    for language in ("en", "sw"):
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{language}@example.org", password="correct-horse-battery", first_name="Fedha",
            surname="Mfano", now=timezone.now(),
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role="auditor", body_code=None, now=timezone.now())
        identity.Account.objects.filter(id=account.id).update(language=language)
    book({"body:CRS:1": 500, "transit": -500})
    settlement.run_checks(timezone.now())
    handlers.on_finding(journal.get_entry(EntryRow.objects.get(act="settlement.check.failed").id))
    told = dict(Message.objects.values_list("language", "subject"))
    assert told["en"] == "The books need a person: More was handed over than was collected"
    assert told["sw"].endswith(": Zilizokabidhiwa ni nyingi kuliko zilizokusanywa")


def test_findings_are_alarmed_in_the_journal_and_shown_to_those_who_see_all(paid, accountant, officer_actor):
    book({"body:CRS:1": 500, "transit": -500})
    settlement.run_checks(timezone.now())
    assert EntryRow.objects.filter(act="settlement.check.failed").count() == 1
    assert settlement.findings_for(officer_actor(None, "auditor"))[0].check_code == "settled-without-collection"
    with pytest.raises(NotPermitted):
        settlement.findings_for(officer_actor("CRS", "accountant"))
