"""How customers and staff hear of each turn of a matter. What is confidential is never named in a message."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop, override

from huduma.contexts.contact import operations, queries
from huduma.contexts.contact.models import Matter
from huduma.contexts.identity import public as identity
from huduma.contexts.messages import public as messages
from huduma.foundation import phone as phones
from huduma.foundation import references, throttle
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import public as journal

NOTICES = {
    "contact.matter.opened": gettext_noop(
        "Huduma: we have your message %(reference)s. You hear from us by %(due)s. See it here: %(link)s"
    ),
    "contact.matter.escalated": gettext_noop(
        "Huduma: your matter %(reference)s went to the next level. You hear from it by %(due)s: %(link)s"
    ),
    "contact.matter.routed": gettext_noop(
        "Huduma: your matter %(reference)s is now with those whom it concerns. You hear from them by %(due)s: %(link)s"
    ),
    "contact.matter.extended": gettext_noop(
        "Huduma: your request %(reference)s needs more time, until %(due)s. The reason is here: %(link)s"
    ),
    "contact.matter.paused": gettext_noop("Huduma: we need something more from you for %(reference)s: %(link)s"),
    "contact.matter.answered": gettext_noop(
        "Huduma: your matter %(reference)s was answered. Read it, and say whether it settles it: %(link)s"
    ),
    "contact.matter.overdue": gettext_noop(
        "Huduma: we are late with %(reference)s and are sorry. You may now also go to the authority named here: %(link)s"
    ),
    "contact.remark.added": gettext_noop("Huduma: there is news about %(reference)s: %(link)s"),
}
#: Turns that come by themselves. Somebody who typed the number or address of a stranger must not make us write to them again
#: and again, so where it is nobody's account these are told so many times a day, and stand on the matter's page all the same.
BY_ITSELF, TOLD_A_DAY = ("contact.matter.opened", "contact.matter.escalated", "contact.matter.overdue"), 5
JOINED = {
    "identity.person.merged": gettext_noop(
        "Huduma: two records with your details were joined into one. Is something there that is not yours? Tell us: %(link)s"
    ),
    "identity.person.parted": gettext_noop(
        "Huduma: two records that we had joined are apart again. Each has its own. If something is missing, tell us: %(link)s"
    ),
}
SUBJECT = gettext_noop("News of your matter %(reference)s")
WORK = gettext_noop("Huduma: matter %(reference)s is now on your level. Answer it by %(due)s: %(link)s")
WORK_SUBJECT = gettext_noop("A matter for you: %(reference)s")


@journal.handles(*NOTICES)
def tell_customer(entry: journal.Entry) -> None:
    """Tell the customer of a turn, by the way they gave; what staff say among themselves is not told."""
    if entry.act == "contact.remark.added" and entry.facts["side"] != "staff":
        return
    matter = Matter.objects.get(id=UUID(entry.facts["matter_id"]))
    if entry.act == "contact.remark.added" and matter.state == "waiting":
        return  # the question itself is told
    contact = operations.contact_of(matter)
    about: dict[str, Any] = {
        "actor": SYSTEM, "kind": entry.act, "language": contact.language, "about": matter.id, "now": entry.at,
    }  # fmt: skip
    with override(contact.language):
        values = _values(matter, f"/{contact.language}/help/{matter.reference}/{queries.key_of(matter.id)}/")
        text = gettext(NOTICES[entry.act]) % values
        if contact.phone and _may_tell(entry, matter, contact.phone):
            messages.send(text=text, to_phone=contact.phone, dedupe_key=f"sms:{entry.id}", **about)
        if contact.email and _may_tell(entry, matter, contact.email):
            subject = gettext(SUBJECT) % values
            messages.send(text=text, subject=subject, to_email=contact.email, dedupe_key=f"email:{entry.id}", **about)


def _may_tell(entry: journal.Entry, matter: Matter, recipient: str) -> bool:
    if matter.person_id is not None or entry.act not in BY_ITSELF:
        return True
    return throttle.allow(f"matter:told:{phones.digest(recipient)}", limit=TOLD_A_DAY, seconds=24 * 3600)


@journal.handles(*JOINED)
def tell_of_joining(entry: journal.Entry) -> None:
    """Tell everybody who is reached under either record, so that a wrong joining comes to light."""
    whose = [UUID(entry.facts["kept_person_id"]), UUID(entry.facts["merged_person_id"])]
    for contact in identity.contacts_of(whose):
        with override(contact.language):
            text = gettext(JOINED[entry.act]) % {"link": f"{settings.PUBLIC_URL}/{contact.language}/help/"}
        messages.send(
            actor=SYSTEM, kind=entry.act, language=contact.language, about=whose[0], now=entry.at, text=text,
            to_phone=contact.phone, dedupe_key=f"sms:{entry.id}:{contact.phone}",
        )  # fmt: skip


@journal.handles("contact.matter.opened", "contact.matter.escalated", "contact.matter.routed")
def tell_level(entry: journal.Entry) -> None:
    """Tell those who answer at the level where a matter came to."""
    matter = Matter.objects.get(id=UUID(entry.facts["matter_id"]))
    team = operations.colleagues_of(matter)
    if matter.level == 1 and not matter.rules.confidential:
        return  # the contact centre works from its list, not from its mail
    values = _values(matter, f"/en/desk/matters/{matter.id}/")
    for address in identity.work_addresses(one.account_id for one in team):
        messages.send(
            actor=SYSTEM, kind="contact.work", language="en", about=matter.id, now=entry.at, to_email=address,
            text=WORK % values, subject=WORK_SUBJECT % values, dedupe_key=f"work:{entry.id}:{address}",
        )  # fmt: skip


def _values(matter: Matter, path: str) -> dict[str, str]:
    return {
        "reference": references.display(matter.reference),
        "due": _day(matter.due_at),
        "link": settings.PUBLIC_URL + path,
    }


def _day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j F Y")
