"""What this context announces. No name, number of a person or answer is in an event."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class VisitEvent(Event):
    """Something happened to a visit."""

    subject: ClassVar[str] = "visit_id"
    visit_id: UUID
    reference: str


@dataclass(frozen=True, kw_only=True)
class VisitPlanned(VisitEvent):
    """A visit was planned and announced."""

    act: ClassVar[str] = "outreach.visit.planned"
    site_code: str
    county_code: str
    starts_at: str


@dataclass(frozen=True, kw_only=True)
class VisitOpened(VisitEvent):
    """The team began to serve."""

    act: ClassVar[str] = "outreach.visit.opened"


@dataclass(frozen=True, kw_only=True)
class VisitClosed(VisitEvent):
    """The team has finished, its cash is counted."""

    act: ClassVar[str] = "outreach.visit.closed"


@dataclass(frozen=True, kw_only=True)
class VisitCancelled(VisitEvent):
    """A visit was called off."""

    act: ClassVar[str] = "outreach.visit.cancelled"
    reason: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class CostEntered(VisitEvent):
    """What a visit cost was entered."""

    act: ClassVar[str] = "outreach.cost.entered"
    spent_on: str
    amount_cents: int


@dataclass(frozen=True, kw_only=True)
class DeviceEvent(Event):
    """Something happened to a tablet."""

    subject: ClassVar[str] = "device_id"
    device_id: UUID
    visit_id: UUID
    account_id: UUID


@dataclass(frozen=True, kw_only=True)
class DeviceRegistered(DeviceEvent):
    """A tablet was bound to an officer and a visit."""

    act: ClassVar[str] = "outreach.device.registered"


@dataclass(frozen=True, kw_only=True)
class DeviceLost(DeviceEvent):
    """A tablet was reported lost: it erases itself when it next calls, and takes nothing in any more."""

    act: ClassVar[str] = "outreach.device.lost"


@dataclass(frozen=True, kw_only=True)
class DeviceWiped(DeviceEvent):
    """A lost tablet said that it is erased."""

    act: ClassVar[str] = "outreach.device.wiped"


@dataclass(frozen=True, kw_only=True)
class PackTaken(DeviceEvent):
    """A tablet took the services, forms and numbers of its day with it."""

    act: ClassVar[str] = "outreach.pack.taken"
    services: list[str]


@dataclass(frozen=True, kw_only=True)
class RecordsReceived(DeviceEvent):
    """A tablet brought records, so many of each kind."""

    act: ClassVar[str] = "outreach.records.received"
    counts: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class FileReceived(DeviceEvent):
    """A file of a record is here whole."""

    act: ClassVar[str] = "outreach.file.received"
    record_id: UUID
    file_id: UUID


@dataclass(frozen=True, kw_only=True)
class RecordEvent(Event):
    """Something happened to a record that a tablet brought."""

    subject: ClassVar[str] = "record_id"
    record_id: UUID
    visit_id: UUID
    device_id: UUID


@dataclass(frozen=True, kw_only=True)
class RecordApplied(RecordEvent):
    """It became what it would have been at a counter: `result_id` is the application, ticket or payment."""

    act: ClassVar[str] = "outreach.record.applied"
    kind: str
    person_id: UUID | None
    result_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class RecordDisputed(RecordEvent):
    """It does not fit what is here: a person decides."""

    act: ClassVar[str] = "outreach.record.disputed"
    conflict: str


@dataclass(frozen=True, kw_only=True)
class ConflictDecided(RecordEvent):
    """A person decided what becomes of it."""

    act: ClassVar[str] = "outreach.conflict.decided"
    conflict: str
    choice: str
