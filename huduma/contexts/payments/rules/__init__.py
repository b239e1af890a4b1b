"""What is legal and what adds up, without a database: the states of payments and refunds, and how amounts are split."""

from huduma.contexts.payments.rules.amounts import share
from huduma.contexts.payments.rules.states import (
    CREDITED_STATES,
    OPEN_STATES,
    PAYMENT_MOVES,
    PAYMENT_STATES,
    REFUND_MOVES,
    REFUND_STATES,
    may_move,
)

__all__ = [
    "CREDITED_STATES",
    "OPEN_STATES",
    "PAYMENT_MOVES",
    "PAYMENT_STATES",
    "REFUND_MOVES",
    "REFUND_STATES",
    "may_move",
    "share",
]
