"""How the records of a tablet stand, and how much of a file is here."""

from collections.abc import Collection
from uuid import UUID

from django.utils.translation import gettext

from huduma.contexts.outreach.models import Device, HeldFile, Record
from huduma.foundation.access import NotFound

#: What a tablet is told of each state: until the job has applied it, a record is `stored`.
TOLD = {"waiting": "stored", "ready": "stored"}


def state_of(record: Record) -> tuple[str, str]:
    """Return how a record stands, and the sentence that goes with it in the active language."""
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
