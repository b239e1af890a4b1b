"""What the pages of outreach call things, and what the head of each needs."""

from typing import Any

from django.utils.translation import gettext_lazy

from huduma.foundation.access import Actor

STATES = {
    "planned": gettext_lazy("Planned"),
    "open": gettext_lazy("Serving now"),
    "closed": gettext_lazy("Visit over"),
    "cancelled": gettext_lazy("Visit called off"),
}
COSTS = {
    "transport": gettext_lazy("Transport and fuel"),
    "allowances": gettext_lazy("Allowances of staff"),
    "venue": gettext_lazy("Place, tents and chairs"),
    "network": gettext_lazy("Network and airtime"),
    "materials": gettext_lazy("Paper and materials"),
    "other": gettext_lazy("Other"),
}
SEXES = {
    "F": gettext_lazy("Women"),
    "M": gettext_lazy("Men"),
    "X": gettext_lazy("Intersex"),
    "": gettext_lazy("Not asked"),
}
KINDS = {
    "ticket": gettext_lazy("Ticket"),
    "application": gettext_lazy("Application"),
    "receipt": gettext_lazy("Receipt"),
    "void": gettext_lazy("Number used by mistake"),
}
RECORDS = {
    "waiting": gettext_lazy("Waits for its files"),
    "ready": gettext_lazy("Being applied"),
    "done": gettext_lazy("Applied"),
    "conflict": gettext_lazy("Waits for a decision"),
    "refused": gettext_lazy("Not taken over"),
}
TILLS = {
    "open": gettext_lazy("Not counted yet"),
    "counted": gettext_lazy("Waits for the second count"),
    "closed": gettext_lazy("Counted by two"),
}


def frame(actor: Actor, **context: Any) -> dict[str, Any]:
    """Return a page's context with what its head needs."""
    return {"may_decide": actor.has_role("supervisor", "secretariat", "administrator"), **context}
