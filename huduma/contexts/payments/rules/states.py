"""The states of a payment and of a refund, and every legal move between them. The database holds the same table (a trigger)."""

#: While a payment is in one of these, the money may still come and nobody is asked again.
OPEN_STATES = ("requested", "pushing", "pending", "unknown", "review")
#: The money is with us. Only what is held may still move, and never back.
CREDITED_STATES = ("succeeded", "held", "surplus", "applied")
#: Why a payment failed that its payer, or an officer for them, cancelled: its gateway is asked on for a day.
WITHDRAWN = "withdrawn"
PAYMENT_STATES = (*OPEN_STATES, *CREDITED_STATES, "failed")

#: Wherever a payment stands, the gateway may yet confirm its money: a late success counts even after "failed".
_CREDIT = {"succeeded", "held", "surplus"}
PAYMENT_MOVES: dict[str, set[str]] = {
    "requested": {"pushing", "failed"} | _CREDIT,
    "pushing": {"pending", "unknown", "failed"} | _CREDIT,
    "pending": {"unknown", "review", "failed"} | _CREDIT,
    "unknown": {"pending", "review", "failed"} | _CREDIT,
    "review": {"failed"} | _CREDIT,
    "failed": set() | _CREDIT,
    "succeeded": set(),
    "held": {"applied", "surplus"},
    "applied": set(),
    "surplus": set(),
}

REFUND_STATES = (
    "proposed",
    "approved",
    "sending",
    "sent",
    "review",
    "recorded",
    "closing",
    "succeeded",
    "closed",
    "rejected",
)
#: The money of such a refund did not go back: it is still with us.
ENDED_REFUNDS = ("closed", "rejected")
REFUND_MOVES: dict[str, set[str]] = {
    "proposed": {"approved", "rejected"},
    "approved": {"sending", "review"},
    "sending": {"sent", "review", "succeeded"},
    "sent": {"review", "succeeded"},
    "review": {"sending", "recorded", "closing", "succeeded", "rejected"},
    "recorded": {"review", "succeeded"},
    "closing": {"review", "closed", "succeeded"},
    "closed": {"succeeded"},
    "succeeded": set(),
    "rejected": set(),
}


def may_move(moves: dict[str, set[str]], since: str, to: str) -> bool:
    """Whether a move is legal; staying where one is always is."""
    return since == to or to in moves[since]
