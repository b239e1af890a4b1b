"""Bills, payments, callbacks as they came, and the double-entry ledger."""

from huduma.contexts.payments.models.bills import Bill
from huduma.contexts.payments.models.ledger import Checkpoint, LedgerAccount, LedgerEntry, Period, Transfer
from huduma.contexts.payments.models.payments import OPEN_STATES, PAYMENT_STATES, Callback, GatewayToken, Payment

__all__ = [
    "OPEN_STATES",
    "PAYMENT_STATES",
    "Bill",
    "Callback",
    "Checkpoint",
    "GatewayToken",
    "LedgerAccount",
    "LedgerEntry",
    "Payment",
    "Period",
    "Transfer",
]
