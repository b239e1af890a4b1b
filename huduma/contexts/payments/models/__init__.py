"""Bills, payments, callbacks as they came, and the double-entry ledger."""

from huduma.contexts.payments.models.bills import Bill
from huduma.contexts.payments.models.ledger import Checkpoint, LedgerAccount, LedgerEntry, Period, Transfer
from huduma.contexts.payments.models.payments import (
    Callback,
    GatewayHealth,
    GatewayToken,
    Payment,
    Refund,
    Ruling,
    TillSession,
)

__all__ = [
    "Bill",
    "Callback",
    "Checkpoint",
    "GatewayHealth",
    "GatewayToken",
    "LedgerAccount",
    "LedgerEntry",
    "Payment",
    "Period",
    "Refund",
    "Ruling",
    "TillSession",
    "Transfer",
]
