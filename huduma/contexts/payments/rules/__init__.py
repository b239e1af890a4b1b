"""What is legal and what adds up, without a database: the states of payments and refunds, amounts, terms, and when to ask again."""

from huduma.contexts.payments.rules.amounts import (
    Line,
    account_of,
    in_order,
    net_amounts,
    share,
    to_shillings,
    waived,
    whole,
)
from huduma.contexts.payments.rules.asking import back_off, may_be_same
from huduma.contexts.payments.rules.states import (
    CREDITED_STATES,
    ENDED_REFUNDS,
    OPEN_STATES,
    PAYMENT_MOVES,
    PAYMENT_STATES,
    REFUND_MOVES,
    REFUND_STATES,
    WITHDRAWN,
    may_move,
)
from huduma.contexts.payments.rules.terms import (
    FEE_ACCOUNT,
    Terms,
    bands_on,
    convenience_cents,
    first_penalty_on,
    instalments,
    next_penalty_on,
    penalty_cents,
)

__all__ = [
    "CREDITED_STATES",
    "ENDED_REFUNDS",
    "FEE_ACCOUNT",
    "OPEN_STATES",
    "PAYMENT_MOVES",
    "PAYMENT_STATES",
    "REFUND_MOVES",
    "REFUND_STATES",
    "WITHDRAWN",
    "Line",
    "Terms",
    "account_of",
    "back_off",
    "bands_on",
    "convenience_cents",
    "first_penalty_on",
    "in_order",
    "instalments",
    "may_be_same",
    "may_move",
    "net_amounts",
    "next_penalty_on",
    "penalty_cents",
    "share",
    "to_shillings",
    "waived",
    "whole",
]
