"""What this context announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class MeasuringAsked(Event):
    """The cases of a service are to be counted now, not only in the night."""

    act: ClassVar[str] = "reengineering.measuring.asked"
    service_code: str


@dataclass(frozen=True, kw_only=True)
class VersionMeasured(Event):
    """How the cases of a version went was counted."""

    act: ClassVar[str] = "reengineering.version.measured"
    subject: ClassVar[str] = "version_id"
    version_id: UUID
    service_code: str
    cases: int


@dataclass(frozen=True, kw_only=True)
class SimulationAsked(Event):
    """A redesign is to be simulated."""

    act: ClassVar[str] = "reengineering.simulation.asked"
    subject: ClassVar[str] = "simulation_id"
    simulation_id: UUID
    service_code: str
    title: str


@dataclass(frozen=True, kw_only=True)
class SimulationEnded(Event):
    """A simulation came to its end: done, or failed."""

    act: ClassVar[str] = "reengineering.simulation.ended"
    subject: ClassVar[str] = "simulation_id"
    simulation_id: UUID
    state: str


@dataclass(frozen=True, kw_only=True)
class LogExported(Event):
    """How the cases of a service went was exported, under pseudonyms."""

    act: ClassVar[str] = "reengineering.log.exported"
    service_code: str
    form: str


@dataclass(frozen=True, kw_only=True)
class InnovationEntered(Event):
    """A change of a process was entered in the register of innovations."""

    act: ClassVar[str] = "reengineering.innovation.entered"
    subject: ClassVar[str] = "innovation_id"
    innovation_id: UUID
    service_code: str


@dataclass(frozen=True, kw_only=True)
class InnovationPublished(Event):
    """An innovation is told to everybody."""

    act: ClassVar[str] = "reengineering.innovation.published"
    subject: ClassVar[str] = "innovation_id"
    innovation_id: UUID
    service_code: str
