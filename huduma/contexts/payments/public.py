"""The front door of payments."""

from huduma.contexts.payments.models import Bill, Payment
from huduma.contexts.payments.operations import (
    CALLBACK_LIMIT_BYTES,
    AlreadyPaid,
    BillCancelled,
    NotAPhone,
    cancel_bills,
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
    settling_payment,
    trial_balance_cents,
)

__all__ = [
    "CALLBACK_LIMIT_BYTES",
    "AlreadyPaid",
    "Bill",
    "BillCancelled",
    "NotAPhone",
    "Payment",
    "balance_cents",
    "bills_for_payable",
    "cancel_bills",
    "get_bill_for",
    "latest_payment",
    "raise_bill",
    "receive_callback",
    "settling_payment",
    "start_payment",
    "transfer",
    "trial_balance_cents",
]
