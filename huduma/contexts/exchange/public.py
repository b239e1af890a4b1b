"""The front door of exchange."""

from huduma.contexts.exchange.operations import (
    NotInRegister,
    RecordClosed,
    RegisterUnavailable,
    TooManyAttempts,
    check_card,
    look_up,
    prove_identity,
    record_child,
)
from huduma.contexts.exchange.queries import list_connectors

__all__ = [
    "NotInRegister",
    "RecordClosed",
    "RegisterUnavailable",
    "TooManyAttempts",
    "check_card",
    "list_connectors",
    "look_up",
    "prove_identity",
    "record_child",
]
