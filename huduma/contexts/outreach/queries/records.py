"""How the records of a tablet stand, and how much of a file is here."""

from collections.abc import Collection
from uuid import UUID

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext, gettext_noop, override

from huduma.contexts.outreach.models import Device, HeldFile, Record
from huduma.foundation.access import NotFound

#: What a tablet is told of each state: until the job has applied it, a record is `stored`.
TOLD = {"waiting": "stored", "ready": "stored"}


#: What is said of each kind of conflict, to the officer who took the record in and to the person who decides.
SENTENCES = {
    "another-name": gettext_noop("This ID number is known under another name or date of birth."),
    "open-application": gettext_noop("This person has an application for this service that is not finished."),
    "draft": gettext_noop("This person began to apply for this service elsewhere and has not sent it."),
    "files": gettext_noop("Its photos did not come: the tablet was lost, or can send nothing any more."),
    "answers": gettext_noop("The answers do not fit the questions that this service asks now."),
    "number-used": gettext_noop("This number belongs to something else already."),
    "no-application": gettext_noop("The application that this receipt is for was not taken in."),
    "cash": gettext_noop("The cash is not what the bill asks."),
    "refused": gettext_noop("This cannot be done as it was taken in."),
}
UNFINISHED = gettext_noop(
    "Huduma: your application taken at %(place)s on %(day)s is not complete. Finish it on the Huduma page or at any Huduma Centre."
)


def unfinished_text(record: Record, language: str) -> str:
    """Return what a person is told whose application has to be finished."""
    with override(language):
        day = date_format(localtime(record.made_at), "j F")
        return gettext(UNFINISHED) % {"place": record.visit.place, "day": day}


def state_of(record: Record) -> tuple[str, str]:
    """Return how a record stands, and the sentence that goes with it in the active language."""
    if record.state == "conflict":
        return "conflict", gettext(record.message or SENTENCES[record.conflict])
    message = record.reason if record.state == "refused" and record.reason else record.message
    return TOLD.get(record.state, record.state), gettext(message) if message else ""


def states_of(device: Device, wanted: Collection[UUID]) -> list[Record]:
    """Return a device's own records among some."""
    return list(device.records.filter(id__in=wanted))


def held_file(device: Device, file_id: UUID) -> HeldFile:
    """Return a device's own file. Raises NotFound."""
    held = HeldFile.objects.filter(id=file_id, device=device).first()
    if held is None:
        raise NotFound
    return held
