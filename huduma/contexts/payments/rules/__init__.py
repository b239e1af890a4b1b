"""What is legal and what adds up, without a database: the states of payments and refunds, how amounts are split, and when to ask again."""

from huduma.contexts.payments.rules.amounts import share
from huduma.contexts.payments.rules.asking import back_off, may_be_same
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
    "back_off",
    "may_be_same",
    "may_move",
    "share",
]
