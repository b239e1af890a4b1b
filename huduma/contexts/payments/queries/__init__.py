"""Reading bills, payments and balances."""

from huduma.contexts.payments.queries.bills import bills_for_payable, get_bill_for, may_see
from huduma.contexts.payments.queries.ledger import (
    Balance,
    balance_cents,
    balances,
    entries_of,
    transfers_of,
    trial_balance_cents,
    unbalanced,
)
from huduma.contexts.payments.queries.payments import latest_payment, settling_payment

__all__ = [
    "Balance",
    "balance_cents",
    "balances",
    "bills_for_payable",
    "entries_of",
    "get_bill_for",
    "latest_payment",
    "may_see",
    "settling_payment",
    "transfers_of",
    "trial_balance_cents",
    "unbalanced",
]
