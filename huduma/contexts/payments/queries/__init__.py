"""Reading bills, payments and balances."""

from huduma.contexts.payments.queries.bills import bills_for_payable, get_bill_for, may_see
from huduma.contexts.payments.queries.ledger import balance_cents, trial_balance_cents
from huduma.contexts.payments.queries.payments import latest_payment, settling_payment

__all__ = [
    "balance_cents",
    "bills_for_payable",
    "get_bill_for",
    "latest_payment",
    "may_see",
    "settling_payment",
    "trial_balance_cents",
]
