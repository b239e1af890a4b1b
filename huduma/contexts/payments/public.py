"""The front door of payments."""

from huduma.contexts.payments.models import Bill, Payment
from huduma.contexts.payments.operations import (
    CALLBACK_LIMIT_BYTES,
    AlreadyPaid,
    NotAPhone,
    raise_bill,
    receive_callback,
    start_payment,
    transfer,
)
from huduma.contexts.payments.queries import (
    balance_cents,
    bills_for_payable,
    get_bill_for,
    latest_payment,
    trial_balance_cents,
)

__all__ = [
    "CALLBACK_LIMIT_BYTES",
    "AlreadyPaid",
    "Bill",
    "NotAPhone",
    "Payment",
    "balance_cents",
    "bills_for_payable",
    "get_bill_for",
    "latest_payment",
    "raise_bill",
    "receive_callback",
    "start_payment",
    "transfer",
    "trial_balance_cents",
]
