"""What payments can do, by noun."""

from huduma.contexts.payments.operations.bills import cancel_bills, pass_bills, raise_bill
from huduma.contexts.payments.operations.collection import (
    AlreadyPaid,
    BillCancelled,
    NotAPhone,
    fail,
    push,
    query,
    settle,
    start_payment,
)
from huduma.contexts.payments.operations.intake import (
    CALLBACK_LIMIT_BYTES,
    NotConfirmed,
    read_callback,
    receive_callback,
)
from huduma.contexts.payments.operations.ledger import ReversedAlready, account_of, close_period, reverse, transfer
from huduma.contexts.payments.operations.tokens import shared_token

__all__ = [
    "CALLBACK_LIMIT_BYTES",
    "AlreadyPaid",
    "BillCancelled",
    "NotAPhone",
    "NotConfirmed",
    "ReversedAlready",
    "account_of",
    "cancel_bills",
    "close_period",
    "fail",
    "pass_bills",
    "push",
    "query",
    "raise_bill",
    "read_callback",
    "receive_callback",
    "reverse",
    "settle",
    "shared_token",
    "start_payment",
    "transfer",
]
