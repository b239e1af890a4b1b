"""What planning announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class RosterEvent(Event):
    """Something happened to the roster of a centre's week."""

    subject: ClassVar[str] = "roster_id"
    roster_id: UUID
    centre_code: str
    week_on: str


@dataclass(frozen=True, kw_only=True)
class RosterAsked(RosterEvent):
    """A roster is to be made."""

    act: ClassVar[str] = "planning.roster.asked"


@dataclass(frozen=True, kw_only=True)
class RosterMade(RosterEvent):
    """It was proposed: so many shifts, and so many half hours in which a counter stays missing."""

    act: ClassVar[str] = "planning.roster.made"
    shifts: int
    short: int


@dataclass(frozen=True, kw_only=True)
class RosterOverruled(RosterEvent):
    """A manager decided otherwise for somebody's day."""

    act: ClassVar[str] = "planning.roster.overruled"
    account_id: UUID
    on: str
    spans: list[list[str]]


@dataclass(frozen=True, kw_only=True)
class RosterShiftCancelled(RosterEvent):
    """A shift of a roster in force does not take place; `instead` is who takes it over, if anybody."""

    act: ClassVar[str] = "planning.roster.shift_cancelled"
    account_id: UUID
    on: str
    why: str
    instead: UUID | None


@dataclass(frozen=True, kw_only=True)
class RosterPublished(RosterEvent):
    """It is in force."""

    act: ClassVar[str] = "planning.roster.published"
