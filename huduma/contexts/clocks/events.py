"""What this context announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class DueMoved(Event):
    """A clock goes on after it stood still; what it measures falls due later by the time that it stood."""

    act: ClassVar[str] = "clocks.due.moved"
    subject: ClassVar[str] = "case_id"
    case_id: UUID
    kind: str
    due_at: str


@dataclass(frozen=True, kw_only=True)
class ClockWarned(Event):
    """A clock is about to run out."""

    act: ClassVar[str] = "clocks.clock.warned"
    subject: ClassVar[str] = "case_id"
    case_id: UUID
    clock_id: UUID
    kind: str
    key: str


@dataclass(frozen=True, kw_only=True)
class ClockEscalated(Event):
    """A clock ran out, and whoever the package names has to look at the case."""

    act: ClassVar[str] = "clocks.clock.escalated"
    subject: ClassVar[str] = "case_id"
    case_id: UUID
    clock_id: UUID
    kind: str
    key: str
    to: str


@dataclass(frozen=True, kw_only=True)
class ClockLapsed(Event):
    """The time that a law gives ran out. `counts_as`: refusal or acceptance where the law says so; `moved`: whether the case went on."""

    act: ClassVar[str] = "clocks.clock.lapsed"
    subject: ClassVar[str] = "case_id"
    case_id: UUID
    clock_id: UUID
    key: str
    counts_as: str
    moved: bool


@dataclass(frozen=True, kw_only=True)
class DuesRecomputed(Event):
    """A change of the working calendar was carried into the open clocks that it touches."""

    act: ClassVar[str] = "clocks.dues.recomputed"
    day: str
    looked_at: int
    moved: int
