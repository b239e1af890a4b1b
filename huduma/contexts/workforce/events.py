"""What this context announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class StaffPosted(Event):
    """An officer was posted to a centre from a date on."""

    act: ClassVar[str] = "workforce.staff.posted"
    subject: ClassVar[str] = "account_id"
    account_id: UUID
    place_code: str
    from_on: str


@dataclass(frozen=True, kw_only=True)
class SkillGranted(Event):
    """An officer can serve a service from now on."""

    act: ClassVar[str] = "workforce.skill.granted"
    subject: ClassVar[str] = "account_id"
    account_id: UUID
    service_code: str


@dataclass(frozen=True, kw_only=True)
class SkillWithdrawn(Event):
    """An officer no longer serves a service."""

    act: ClassVar[str] = "workforce.skill.withdrawn"
    subject: ClassVar[str] = "account_id"
    account_id: UUID
    service_code: str


@dataclass(frozen=True, kw_only=True)
class ShiftCancelled(Event):
    """A planned shift does not take place, from `starts_at` on; `place_code` is where the officer is missed."""

    act: ClassVar[str] = "workforce.shift.cancelled"
    subject: ClassVar[str] = "account_id"
    account_id: UUID
    place_code: str
    starts_at: str
    ends_at: str
    why: str


@dataclass(frozen=True, kw_only=True)
class AbilitiesSet(Event):
    """What an officer speaks and serves from now on; nothing is everything."""

    act: ClassVar[str] = "workforce.abilities.set"
    subject: ClassVar[str] = "account_id"
    account_id: UUID
    languages: tuple[str, ...]
    services: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ShiftPlanned(Event):
    """An officer is to be at a place for a span of time."""

    act: ClassVar[str] = "workforce.shift.planned"
    subject: ClassVar[str] = "account_id"
    account_id: UUID
    place_code: str
    starts_at: str
    ends_at: str


@dataclass(frozen=True, kw_only=True)
class AbsenceRecorded(Event):
    """An officer will be away; `place_code` is where they are missed."""

    act: ClassVar[str] = "workforce.absence.recorded"
    subject: ClassVar[str] = "account_id"
    account_id: UUID
    place_code: str
    starts_at: str
    ends_at: str
