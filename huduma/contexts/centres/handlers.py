"""What people hear of their visits and documents, and what centres do when something happened elsewhere."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop, override

from huduma.contexts.centres import operations, queries
from huduma.contexts.centres.models import Appointment, Collectable
from huduma.contexts.identity import public as identity
from huduma.contexts.messages import public as messages
from huduma.foundation import references
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import public as journal
from huduma.foundation.translated import pick

# Each fits one or two SMS. The link works without signing in.
VISIT_NOTICES = {
    "centres.appointment.booked": gettext_noop(
        "Huduma: you are expected on %(when)s at %(centre)s. Change it: %(link)s"
    ),
    "centres.appointment.moved": gettext_noop(
        "Huduma: your visit is now on %(when)s at %(centre)s. Change it: %(link)s"
    ),
    "centres.appointment.cancelled": gettext_noop("Huduma: your visit on %(when)s at %(centre)s is cancelled."),
    "centres.appointment.offered": gettext_noop(
        "Huduma: a place is free on %(when)s at %(centre)s. It is kept for you until %(until)s. Take it: %(link)s"
    ),
    "centres.appointment.lapsed": gettext_noop(
        "Huduma: the place on %(when)s at %(centre)s is no longer kept. Choose another: %(link)s"
    ),
    "centres.appointment.missed": gettext_noop(
        "Huduma: we expected you on %(when)s at %(centre)s. Choose a new time: %(link)s"
    ),
    "reminder": gettext_noop(
        "Huduma: you are expected on %(when)s at %(centre)s, reference %(reference)s. Say that you come, or cancel: %(link)s"
    ),
    "displaced": gettext_noop(
        "Huduma: we are sorry. We cannot keep your visit on %(when)s at %(centre)s: %(reason)s. Choose a new time: %(link)s"
    ),
    "replaced": gettext_noop(
        "Huduma: we are sorry. We cannot keep your visit on %(when)s: %(reason)s."
        " We keep %(new)s at %(centre)s for you until %(until)s. Say yes or choose another: %(link)s"
    ),
}
DOCUMENT_NOTICES = {
    "centres.collectable.received": gettext_noop(
        "Huduma: your %(title)s is ready at %(centre)s, reference %(reference)s. Bring your ID card. Nearer centre: %(link)s"
    ),
    "centres.collectable.reminded": gettext_noop(
        "Huduma: your %(title)s still waits at %(centre)s, reference %(reference)s. Nearer centre: %(link)s"
    ),
    "centres.collectable.sent": gettext_noop(
        "Huduma: your %(title)s is on its way to %(to)s. We text you when it is there."
    ),
    "centres.collectable.collected": gettext_noop(
        "Huduma: your %(title)s was handed over at %(centre)s. If that was not you, tell any Huduma Centre at once."
    ),
}
HOLIDAY = {"en": "the centre is closed on that day", "sw": "kituo kimefungwa siku hiyo"}
VISIT_SUBJECT = gettext_noop("Your visit to %(centre)s")
DOCUMENT_SUBJECT = gettext_noop("Your %(title)s")


def when(moment: datetime) -> str:
    """Return a moment as people say it: Monday 23 November, 10:30."""
    return date_format(timezone.localtime(moment), "l j F, H:i")


@journal.handles(
    "centres.appointment.booked", "centres.appointment.moved", "centres.appointment.cancelled",
    "centres.appointment.offered", "centres.appointment.lapsed", "centres.appointment.missed",
)  # fmt: skip
def on_visit(entry: journal.Entry) -> None:
    """Tell the person what became of a visit."""
    found = Appointment.objects.select_related("centre").get(id=entry.facts["appointment_id"])
    tell_of_visit(found, entry.act, key=str(entry.id), now=entry.at)


@journal.handles("centres.appointment.displaced")
def on_displaced(entry: journal.Entry) -> None:
    """Apologise, say why, and offer the time that was kept instead."""
    found = Appointment.objects.select_related("centre").get(id=entry.facts["appointment_id"])
    reason = entry.facts["reason"]
    if entry.facts["offered_id"] is None:
        tell_of_visit(found, "displaced", key=str(entry.id), now=entry.at, reason=reason)
        return
    offer = Appointment.objects.select_related("centre").get(id=entry.facts["offered_id"])
    tell_of_visit(offer, "replaced", key=str(entry.id), now=entry.at, reason=reason, before=found)


def tell_of_visit(
    visit: Appointment,
    kind: str,
    *,
    key: str,
    now: datetime,
    reason: dict[str, str] | None = None,
    before: Appointment | None = None,
) -> None:
    """Send one notice of a visit by SMS and e-mail, in the person's language."""

    def values(language: str) -> dict[str, str]:
        return {
            "when": when((before or visit).starts_at),
            "new": when(visit.starts_at),
            "centre": visit.centre.name,
            "reference": references.display(visit.reference),
            "link": queries.visits.link_of(visit, language),
            "until": when(visit.offered_until) if visit.offered_until else "",
            "reason": pick(reason or {}, language),
        }

    _tell(visit.person_id, visit.id, kind, VISIT_NOTICES[kind], VISIT_SUBJECT, values, key, now)


@journal.handles(*DOCUMENT_NOTICES)
def on_document(entry: journal.Entry) -> None:
    """Tell the holder where a document is."""
    found = Collectable.objects.select_related("centre", "bound_for").get(id=entry.facts["collectable_id"])

    def values(language: str) -> dict[str, str]:
        return {
            "title": pick(found.title, language),
            "centre": found.centre.name,
            "to": found.bound_for.name if found.bound_for else "",
            "reference": references.display(found.reference),
            "link": queries.collection.collect_link(found, language),
        }

    text = DOCUMENT_NOTICES[entry.act]
    _tell(found.person_id, found.id, entry.act, text, DOCUMENT_SUBJECT, values, str(entry.id), entry.at)


def _tell(
    person_id: UUID, about: UUID, kind: str, text: str, subject: str, values: Any, key: str, now: datetime
) -> None:
    contact = identity.contact_of(person_id)
    order: dict[str, Any] = {"actor": SYSTEM, "kind": kind, "language": contact.language, "about": about, "now": now}
    with override(contact.language):
        filled = values(contact.language)
        said = gettext(text) % filled
        if contact.phone:
            messages.send(text=said, to_phone=contact.phone, dedupe_key=f"sms:{key}", **order)
        if contact.email:
            messages.send(
                text=said, subject=gettext(subject) % filled, to_email=contact.email, dedupe_key=f"email:{key}", **order
            )


@journal.handles("workforce.absence.recorded", "workforce.shift.cancelled")
def on_absence(entry: journal.Entry) -> None:
    """Let colleagues take over the visits with an officer who will be away, or offer other times."""
    facts = entry.facts
    operations.cover_absence(
        account_id=UUID(facts["account_id"]), starts_at=datetime.fromisoformat(facts["starts_at"]),
        ends_at=datetime.fromisoformat(facts["ends_at"]), now=entry.at,
    )  # fmt: skip


@journal.handles("worktime.special_day.changed")
def on_special_day(entry: journal.Entry) -> None:
    """Offer other times to those who are booked on a date on which offices do not work after all."""
    day = date.fromisoformat(entry.facts["day"])
    for centre_code in queries.visits.booked_at(day, now=entry.at):
        operations.displace_shut_out(actor=SYSTEM, centre_code=centre_code, reason=HOLIDAY, day=day, now=entry.at)
