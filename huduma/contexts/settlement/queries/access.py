"""Who sees and moves which money."""

from datetime import date, datetime, time

from django.utils import timezone

from huduma.contexts.payments import public as payments
from huduma.foundation.access import Actor, NotPermitted

#: Keep the books: statements, explanations, proposals. Held everywhere, or in the body whose money it is.
BOOKKEEPERS = ("accountant",)
#: Decide what a bookkeeper proposed.
CHECKERS = ("accountant", "accounting_officer")
READERS = (*CHECKERS, "auditor", "secretariat", "administrator")
#: See the bytes that gateways sent and the words of statements, which name payers.
EVIDENCE = ("accountant", "auditor")

#: The account from which bodies are paid: its code in the ledger and as the source of statements.
BANK = "bank"
TRANSIT = "transit"
PAGE_SIZE = 50


def require(actor: Actor, roles: tuple[str, ...], body_code: str) -> None:
    """Raise NotPermitted unless the actor holds one of the roles for a body, or everywhere; for all bodies (""): everywhere."""
    if body_code:
        actor.require_role(*roles, body=body_code)
    else:
        actor.require_everywhere(*roles)


def bodies_seen(actor: Actor) -> frozenset[str] | None:
    """Return the bodies whose money the actor sees; None: all. Raises NotPermitted."""
    if actor.kind == "system" or actor.has_everywhere(*READERS):
        return None
    own = frozenset(one.body_code for one in actor.grants if one.role in READERS and one.body_code)
    if not own:
        raise NotPermitted
    return own


def require_all(actor: Actor) -> None:
    """Raise NotPermitted unless the actor sees the money of all bodies."""
    if bodies_seen(actor) is not None:
        raise NotPermitted


def sources() -> list[str]:
    """Return whose statements can be taken: the gateways', and that of the bank from which bodies are paid."""
    return [*(code for code, gateway in payments.gateways.items() if gateway.way != "counter"), BANK]


def midnight(moment: datetime | date) -> datetime:
    """Return the moment at which a day, or the day of a moment, begins in Kenya."""
    day = timezone.localdate(moment) if isinstance(moment, datetime) else moment
    return datetime.combine(day, time(), timezone.get_default_timezone())
