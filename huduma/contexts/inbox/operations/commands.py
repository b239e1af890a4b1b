"""Keywords by SMS and WhatsApp: STATUS with a reference, HELP, CALL. The answer goes to the number that asked, whoever it claims to be."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext, gettext_noop, override

from huduma.contexts.applications import public as applications
from huduma.contexts.contact import public as contact
from huduma.contexts.inbox import rules
from huduma.foundation import references, throttle
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
NOT_KEYED = gettext_noop("Nothing with this reference belongs to the number that you call from. Key it again.")
SAID_APPLICATION = gettext_noop("%(service)s: %(status)s. Thank you for calling Huduma.")
SAID_MATTER = gettext_noop("%(kind)s: %(status)s. It is with: %(level)s. Thank you for calling Huduma.")
KEYED_PER_HOUR = 10
#: The last sound of those that say a status: after it the exchange hangs up.
GOODBYE = "goodbye"
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


class TooMuchKeyed(Refusal):
    """Too many references were keyed from this number. Try again in an hour, or press 1 in the first menu and we call you back."""


@dataclass(frozen=True)
class Spoken:
    """What a caller hears who keyed a reference: in words, and as the sounds of an exchange that reads nothing out."""

    words: str
    is_found: bool
    sounds: tuple[str, ...]


def read_status(*, phone: str, digits: str, language: str, now: datetime) -> Spoken:
    """Return what a caller hears who keyed a reference, in a language: it is found only among what belongs to their number."""
    mine = [*contact.references_of(phone), *applications.references_of(phone)] if phone else []
    with override(language):
        if not throttle.allow(f"keyed:{phone}", limit=KEYED_PER_HOUR, seconds=3600):
            return Spoken(TooMuchKeyed().message, False, ("too_much",))
        reference = rules.keyed(mine, digits)
        if not reference:
            return Spoken(gettext(NOT_KEYED), False, ("not_found",))
        try:
            matter = contact.track(reference=reference, phone=phone)
        except NotFound:
            return _application_spoken(reference, phone, language, now)
        level = pick(contact.LEVELS[matter.level], language)
        told = {"kind": pick(contact.KINDS[matter.kind].name, language), "status": pick(matter.state_name, language)}
        sounds = (f"kind/{matter.kind}", f"matter/{matter.state}", "with", f"level/{matter.level}", GOODBYE)
        return Spoken(gettext(SAID_MATTER) % {**told, "level": level}, True, sounds)


def _application_spoken(reference: str, phone: str, language: str, now: datetime) -> Spoken:
    try:
        found = applications.track(reference=reference, phone=phone, address=phone, now=now)
    except Refusal as refusal:  # too many tries
        return Spoken(refusal.message, False, ("too_much",))
    status = found.status if found.status in STATUSES else "submitted"
    told = {"service": pick(found.service, language), "status": gettext(STATUSES[status])}
    return Spoken(gettext(SAID_APPLICATION) % told, True, ("application", f"status/{status}", GOODBYE))


def sounds_in(language: str) -> dict[str, str]:
    """Return every sound that an exchange needs to say a status in a language: its name, and the words to be recorded."""
    with override(language):
        return {
            "key_it": rules.KEY_IT[language],
            "not_found": gettext(NOT_KEYED),
            "too_much": TooMuchKeyed().message,
            "application": gettext("Your application"),
            "with": gettext("It is with"),
            GOODBYE: gettext("Thank you for calling Huduma."),
            **{f"status/{code}": gettext(words) for code, words in STATUSES.items()},
            **{f"kind/{code}": pick(kind.name, language) for code, kind in contact.KINDS.items()},
            **{f"matter/{code}": pick(name, language) for code, name in contact.STATES.items()},
            **{f"level/{number}": pick(name, language) for number, name in contact.LEVELS.items()},
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
