"""Bills, payments, callbacks as they came, and the double-entry ledger."""

from huduma.contexts.payments.models.bills import BASKET, Bill, ExchangeRate, Instalment, Waiver
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
from huduma.contexts.payments.models.receivables import GIVEN_TWICE, Receivable

__all__ = [
    "BASKET",
    "GIVEN_TWICE",
    "Bill",
    "Callback",
    "Checkpoint",
    "ExchangeRate",
    "GatewayHealth",
    "GatewayToken",
    "Instalment",
    "LedgerAccount",
    "LedgerEntry",
    "Payment",
    "Period",
    "Receivable",
    "Refund",
    "Ruling",
    "TillSession",
    "Transfer",
    "Waiver",
]
