"""Fixtures: money of bodies, and the people who mind it."""

from collections.abc import Callable
from datetime import datetime
from unittest.mock import patch

import pytest
from django.utils import timezone

from huduma.contexts.payments import public as payments
from huduma.contexts.settlement import public as settlement
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM, Actor


@pytest.fixture
def accountant(officer_actor: Callable[..., Actor]) -> Actor:
    """Keeps the books of all bodies."""
    return officer_actor(None, "accountant")


@pytest.fixture
def second(officer_actor: Callable[..., Actor]) -> Actor:
    """A colleague of the same office."""
    return officer_actor(None, "accountant")


@pytest.fixture
def bill(db) -> Callable[..., payments.Bill]:
    """Raises a bill of a body."""

    def raise_one(cents: int = 105_000, body: str = "CRS", code: str = "1420201") -> payments.Bill:
        line = {
            "code": "fee", "description": {"en": "Fee", "sw": "Ada"}, "amount_cents": cents, "body_code": body,
            "revenue_code": code,
        }  # fmt: skip
        return payments.raise_bill(
            actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=None,
            description={"en": "Test", "sw": "Jaribio"}, lines=[line], now=timezone.now(),
        )  # fmt: skip

    return raise_one


@pytest.fixture
def paid(bill) -> Callable[..., payments.Bill]:
    """Raises a bill that is paid at once, under a receipt."""

    def pay(
        receipt: str, cents: int = 105_000, gateway: str = "mpesa", at: datetime | None = None, **about: str
    ) -> payments.Bill:
        raised, moment = bill(cents, **about), at or timezone.now()
        with patch.object(timezone, "now", lambda: moment):
            payments.take_stated(
                gateway=gateway,
                receipt=receipt,
                reference=raised.reference,
                amount_cents=cents,
                currency="KES",
                since=moment,
            )
        raised.refresh_from_db()
        assert raised.state == "settled"
        return raised

    return pay


@pytest.fixture
def bank_account(officer_actor) -> Callable[..., settlement.BankAccount]:
    """Gives a body a bank account that is in force now: proposed, approved twice, a day ago."""

    def open_one(body: str = "CRS", account: str = "1234567890") -> settlement.BankAccount:
        three = [officer_actor(body, "accountant") for _ in range(3)]
        then = timezone.now() - timezone.timedelta(days=2)
        change = settlement.propose_bank_account(
            actor=three[0], body_code=body, name=f"{body} collection", bic="KCBLKENX", account=account, now=then
        )
        settlement.approve_bank_account(actor=three[1], account_id=change.id, now=then)
        return settlement.approve_bank_account(actor=three[2], account_id=change.id, now=then)

    return open_one
