"""The desk's menu: who sees which part of it, and where whoever signs in begins."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from huduma.foundation.access import Actor

STAFF = ("officer", "supervisor")
#: Address (of another channel with its name before it), words, and the roles that have business there; in the order shown.
MENU = (
    ("worklist", gettext_lazy("Cases"), STAFF),
    ("matters", gettext_lazy("Customers’ matters"), ("agent", "focal", "accounting_officer", "integrity", "secretariat")),
    ("inbox", gettext_lazy("Conversations"), ("agent", "focal", "accounting_officer")),
    ("staffing", gettext_lazy("Contact centre’s staff"), ("agent",)),
    ("knowledge", gettext_lazy("Answers"), ("agent", "focal", "accounting_officer", "secretariat", *STAFF)),
    ("customers", gettext_lazy("Customers"), ("agent", "focal", "accounting_officer", *STAFF)),
    ("records", gettext_lazy("Records kept twice"), ("supervisor", "secretariat")),
    ("hearing", gettext_lazy("What people say"), ("secretariat", "agent", "focal", "accounting_officer", "supervisor")),
    ("counter", gettext_lazy("Counter"), STAFF),
    ("reception", gettext_lazy("Reception"), STAFF),
    ("wall", gettext_lazy("The day"), STAFF),
    ("plan", gettext_lazy("Planning"), ("supervisor",)),
    ("shelf", gettext_lazy("Documents to collect"), STAFF),
    ("centre_settings", gettext_lazy("Centre"), ("supervisor",)),
    ("centres", gettext_lazy("All centres now"), ("secretariat", "administrator")),
    ("outreach:visits", gettext_lazy("Outreach"), (*STAFF, "secretariat", "administrator")),
    ("assist", gettext_lazy("Serve a person here"), STAFF),
    ("figures", gettext_lazy("Promises kept"), (*STAFF, "analyst", "secretariat")),
    ("processes", gettext_lazy("Processes"), ("supervisor",)),
    ("services", gettext_lazy("Services"), ("analyst", "supervisor", "secretariat")),
    ("redesign", gettext_lazy("Redesign"), ("analyst", "supervisor", "secretariat")),
    ("till", gettext_lazy("Till"), STAFF),
    ("collections", gettext_lazy("Collections"), ("accountant", "accounting_officer", "auditor", "secretariat", "administrator")),
    ("bills", gettext_lazy("Bills and waivers"), (*STAFF, "accounting_officer", "accountant", "auditor")),
    ("gateways", gettext_lazy("Payments"), ("accountant", "administrator")),
    ("jobs", gettext_lazy("Background work"), ("administrator",)),
    ("crm", gettext_lazy("Programs of bodies"), ("administrator",)),
    ("special_days", gettext_lazy("Working days"), (*STAFF, "administrator")),
)  # fmt: skip
#: What needs the role for all bodies, not for one.
FOR_ALL_BODIES = ("gateways", "crm", "jobs")


def entries_for(actor: Actor) -> list[tuple[str, Promise]]:
    """Return the entries for an actor's roles: the name of the address, and words."""
    return [
        (name if ":" in name else f"desk:{name}", words)
        for name, words, roles in MENU
        if (actor.has_everywhere(*roles) if name in FOR_ALL_BODIES else actor.has_role(*roles))
    ]
