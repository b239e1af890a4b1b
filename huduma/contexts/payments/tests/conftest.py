"""Bills, and money that came for them."""

from collections.abc import Callable
from typing import Any

import pytest

from huduma.contexts.payments import operations
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Payment
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM


def line(cents: int, code: str = "fee", body: str = "CRS", revenue: str = "") -> dict[str, Any]:
    """One line of a bill."""
    words = {"en": code.capitalize(), "sw": code.capitalize()}
    found = {"code": code, "description": words, "amount_cents": cents, "body_code": body}
    return {**found, "revenue_code": revenue} if revenue else found


@pytest.fixture
def raise_bill(now) -> Callable[..., payments.Bill]:
    """Raises a bill of KSh 200 for CRS and KSh 50 for TNT, or of other lines."""

    def make(*lines: dict[str, Any], person=None, **more: Any) -> payments.Bill:
        kept = list(lines) or [line(20000, revenue="1420201"), line(5000, "charge", "TNT")]
        return payments.raise_bill(
            actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=person,
            description={"en": "Test", "sw": "Jaribio"}, lines=kept, now=now, **more,
        )  # fmt: skip

    return make


@pytest.fixture
def money_comes(now) -> Callable[..., Payment]:
    """Money that somebody typed at a paybill (or gave otherwise) and that the gateway confirmed."""

    def come(
        bill: payments.Bill | None, cents: int, gateway: str = "mpesa", currency: str = "KES", **more: Any
    ) -> Payment:
        payment = Payment.objects.create(
            bill=bill, gateway=gateway, origin="unasked", amount_cents=cents, state="pending", currency=currency,
            receipt=f"R{ids.uuid7().hex}", token=ids.uuid7().hex, started_at=now, **more,
        )  # fmt: skip
        operations.credit(payment_id=payment.id, total_cents=cents, receipt=payment.receipt, now=now)
        payment.refresh_from_db()
        return payment

    return come
