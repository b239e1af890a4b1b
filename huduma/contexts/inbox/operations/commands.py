"""Keywords by SMS and WhatsApp: STATUS with a reference, HELP, CALL. The answer goes to the number that asked, whoever it claims to be."""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext, gettext_noop

from huduma.contexts.applications import public as applications
from huduma.contexts.contact import public as contact
from huduma.contexts.inbox import rules
from huduma.foundation import references
from huduma.foundation.access import NotFound, Refusal
from huduma.foundation.translated import pick

HELP = gettext_noop(
    "Huduma: send STATUS and the reference to hear how far it is, CALL to be called, or your question in your own words. %(link)s"
)
CALL = gettext_noop(
    "Huduma: we call you back on this number. Send no money to anybody who calls: we never ask for any."
)
STOP = gettext_noop("Huduma: we send only what belongs to your own requests. Change how we reach you here: %(link)s")
UNKNOWN = gettext_noop(
    "Huduma: nothing with this reference belongs to this number. Check the reference, or ask from the number that you gave with it."
)
WHICH = gettext_noop("Huduma: send STATUS and the reference, for example STATUS HB7K3M9Q2XC. It is in our SMS to you.")
APPLICATION = gettext_noop("Huduma: %(service)s, %(reference)s: %(status)s. %(link)s")
MATTER = gettext_noop("Huduma: %(kind)s %(reference)s: %(status)s, with: %(level)s. %(link)s")
STATUSES = {
    "submitted": gettext_noop("Sent"),
    "waiting_payment": gettext_noop("Waits for payment"),
    "in_review": gettext_noop("Being checked"),
    "waiting_correction": gettext_noop("Waits for your correction"),
    "waiting_visit": gettext_noop("Waits for your visit"),
    "waiting_agreement": gettext_noop("Waits until others agree"),
    "issuing": gettext_noop("Approved, document being signed"),
    "issued": gettext_noop("Approved, document ready"),
    "rejected": gettext_noop("Not approved"),
    "withdrawn": gettext_noop("Withdrawn"),
}


def words_for(command: rules.Command, rest: str, phone: str, language: str, now: datetime) -> str:
    """Return the answer to a keyword, in the active language."""
    link = f"{settings.PUBLIC_URL}/{language}/"
    if command == "status":
        return _status(rest, phone, language, now) if references.normalise(rest) else gettext(WHICH)
    if command == "call":
        return gettext(CALL)
    return gettext(STOP if command == "stop" else HELP) % {"link": link}


def _status(typed: str, phone: str, language: str, now: datetime) -> str:
    try:
        matter = contact.track(reference=typed, phone=phone)
        return gettext(MATTER) % {
            "kind": pick(contact.KINDS[matter.kind].name, language), "reference": references.display(matter.reference),
            "status": pick(matter.state_name, language), "level": pick(contact.LEVELS[matter.level], language),
            "link": f"{settings.PUBLIC_URL}/{language}/help/{matter.reference}/",
        }  # fmt: skip
    except NotFound:
        pass
    try:
        found = applications.track(reference=typed, phone=phone, address=phone, now=now)
    except NotFound:
        return gettext(UNKNOWN)
    except Refusal as refusal:  # too many tries
        return refusal.message
    return gettext(APPLICATION) % {
        "service": pick(found.service, language), "reference": references.display(found.reference),
        "status": gettext(STATUSES.get(found.status, "Sent")), "link": f"{settings.PUBLIC_URL}/{language}/a/{found.reference}/",
    }  # fmt: skip
