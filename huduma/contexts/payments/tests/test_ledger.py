"""The ledger adds up at every moment, and nobody changes it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import Error, IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import LedgerEntry, Transfer

pytestmark = pytest.mark.django_db
NINE = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
ROLES = Path(__file__).parents[4] / "deploy" / "roles.sql"


def book(legs: dict[str, int], at: datetime, currency: str = "KES") -> UUID:
    return payments.transfer(kind="test", legs=legs, payment_id=None, currency=currency, now=at)


def test_a_balance_is_that_of_an_account_and_all_below_it() -> None:
    book({"gateway:mpesa": 25000, "body:CRS:1420201": -20000, "body:CRS:1420202": -4000, "body:CRSX": -1000}, NINE)
    assert payments.balance_cents("body:CRS") == -24000
    assert payments.balance_cents("body:CRS:1420202") == -4000
    assert payments.trial_balance_cents() == 0


def test_currencies_are_never_added_together() -> None:
    book({"gateway:card": 1000, "body:DIS": -1000}, NINE)
    book({"gateway:card": 77, "body:DIS": -77}, NINE, "USD")
    assert payments.balance_cents("gateway:card") == 1000
    assert payments.balance_cents("gateway:card", "USD") == 77


def test_what_comes_late_is_booked_in_the_open_period_and_the_past_stays() -> None:
    book({"gateway:mpesa": 100, "body:CRS": -100}, NINE)
    assert payments.close_period(now=NINE + timedelta(minutes=15))
    closed = NINE + timedelta(minutes=10)
    before = payments.balances("", closed)
    late = book({"gateway:mpesa": 50, "body:CRS": -50}, NINE + timedelta(minutes=1))
    assert Transfer.objects.get(id=late).recorded_at == closed
    assert payments.balances("", closed) == before
    assert payments.balance_cents("gateway:mpesa") == 150


def test_a_reversal_is_a_new_entry_and_happens_once() -> None:
    done = book({"gateway:mpesa": 100, "body:CRS": -100}, NINE)
    payments.reverse(transfer_id=done, reason="booked twice", now=NINE)
    assert payments.balance_cents("gateway:mpesa") == 0
    assert LedgerEntry.objects.count() == 4
    with pytest.raises(payments.ReversedAlready):
        payments.reverse(transfer_id=done, reason="again", now=NINE)


@pytest.mark.parametrize("legs", [{"a": 1}, {"a": 2, "b": -1}])
def test_a_transfer_that_does_not_balance_is_refused(legs: dict[str, int]) -> None:
    book(legs, NINE)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    transaction.set_rollback(True)


def test_the_role_of_the_application_can_only_add_and_only_what_balances() -> None:
    book({"gateway:mpesa": 100, "body:CRS": -100}, NINE)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(ROLES.read_text())
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("SET LOCAL ROLE huduma_app")
    book({"gateway:mpesa": 5, "body:CRS": -5}, NINE)
    assert payments.balance_cents("gateway:mpesa") == 105
    assert payments.close_period(now=NINE + timedelta(hours=1))
    for statement in (
        "UPDATE payments_ledgerentry SET amount_cents = 1",
        "DELETE FROM payments_transfer",
        "TRUNCATE payments_ledgerentry",
        "INSERT INTO payments_ledgeraccount (code) VALUES ('mine')",
        "DELETE FROM payments_checkpoint",
        "UPDATE payments_period SET closed_at = now()",
        "ALTER TABLE payments_ledgerentry DISABLE TRIGGER ALL",
        "DROP TRIGGER payments_entry_append_only ON payments_ledgerentry",
        "CREATE OR REPLACE FUNCTION payments_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
    ):
        with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("payments_ledgerentry", "amount_cents"), ("payments_transfer", "kind"), ("payments_period", "until"),
        ("payments_checkpoint", "until"),
    ],
)  # fmt: skip
def test_even_the_owner_is_refused(table: str, column: str) -> None:
    book({"a": 1, "b": -1}, NINE)
    payments.close_period(now=NINE + timedelta(hours=1))
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):
        with pytest.raises(Error, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


ACCOUNTS = ["gateway:mpesa", "gateway:card", "body:CRS:1", "body:DIS:2", "suspense"]
STEPS = st.lists(
    st.tuples(
        st.integers(0, 90), st.sampled_from(ACCOUNTS), st.sampled_from(ACCOUNTS), st.integers(1, 10**12), st.booleans()
    ).filter(lambda step: step[1] != step[2]),
    max_size=15,
)


class AnyMoment(TestCase):
    """Whatever is booked, and whenever periods are closed, each past moment shows what the entries say, and adds up."""

    @settings(max_examples=25, deadline=None)
    @given(STEPS, st.integers(0, 120))
    def test_a_checkpoint_never_changes_a_figure(
        self, steps: list[tuple[int, str, str, int, bool]], asked: int
    ) -> None:
        for minute, debit, credit, cents, close in steps:
            book({debit: cents, credit: -cents}, NINE + timedelta(minutes=minute))
            if close:
                payments.close_period(now=NINE + timedelta(minutes=minute))
        moment = NINE + timedelta(minutes=asked)
        told = {one.account: one.cents for one in payments.balances("", moment)}
        counted: dict[str, int] = {}
        for entry in LedgerEntry.objects.filter(recorded_at__lt=moment):
            counted[entry.account_id] = counted.get(entry.account_id, 0) + entry.amount_cents
        assert told == counted
        assert payments.trial_balance_cents(moment) == 0
        assert payments.unbalanced() == 0


def test_an_accountant_of_one_body_does_not_rule_on_the_money_of_all(officer_actor):
    from huduma.contexts.payments import public as payments
    from huduma.foundation.access import NotPermitted

    with pytest.raises(NotPermitted):
        payments.unexplained_for(officer_actor("CRS", role="accountant"))
    payments.unexplained_for(officer_actor(None, role="accountant"))
