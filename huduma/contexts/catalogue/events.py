"""What this context announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class VersionPublished(Event):
    """A new version of a service runs from now on."""

    act: ClassVar[str] = "catalogue.version.published"
    subject: ClassVar[str] = "version_id"
    version_id: UUID
    service_code: str
    number: int


@dataclass(frozen=True, kw_only=True)
class CatalogueLoaded(Event):
    """Charters were loaded from their folders."""

    act: ClassVar[str] = "catalogue.loaded"
    services: int
    changed: int
