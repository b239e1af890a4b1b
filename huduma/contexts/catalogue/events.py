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


@dataclass(frozen=True, kw_only=True)
class CharterChanged(Event):
    """The charter of a service that was known before says something else now."""

    act: ClassVar[str] = "catalogue.charter.changed"
    service_code: str


@dataclass(frozen=True, kw_only=True)
class VersionEnded(Event):
    """A version was superseded by the next, or withdrawn for a reason."""

    act: ClassVar[str] = "catalogue.version.ended"
    subject: ClassVar[str] = "version_id"
    version_id: UUID
    service_code: str
    number: int
    state: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ProposalDrafted(Event):
    """A package was uploaded as a draft; `faults` is how many were found."""

    act: ClassVar[str] = "catalogue.proposal.drafted"
    subject: ClassVar[str] = "proposal_id"
    proposal_id: UUID
    service_code: str
    body_code: str
    faults: int


@dataclass(frozen=True, kw_only=True)
class ProposalSubmitted(Event):
    """A draft was handed to the Secretariat."""

    act: ClassVar[str] = "catalogue.proposal.submitted"
    subject: ClassVar[str] = "proposal_id"
    proposal_id: UUID


@dataclass(frozen=True, kw_only=True)
class ProposalDiscarded(Event):
    """A draft was thrown away."""

    act: ClassVar[str] = "catalogue.proposal.discarded"
    subject: ClassVar[str] = "proposal_id"
    proposal_id: UUID


@dataclass(frozen=True, kw_only=True)
class ProposalApproved(Event):
    """The Secretariat approved a package."""

    act: ClassVar[str] = "catalogue.proposal.approved"
    subject: ClassVar[str] = "proposal_id"
    proposal_id: UUID


@dataclass(frozen=True, kw_only=True)
class ProposalReturned(Event):
    """The Secretariat gave a package back."""

    act: ClassVar[str] = "catalogue.proposal.returned"
    subject: ClassVar[str] = "proposal_id"
    proposal_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class ProposalPublished(Event):
    """The Secretariat published a package from a day on."""

    act: ClassVar[str] = "catalogue.proposal.published"
    subject: ClassVar[str] = "proposal_id"
    proposal_id: UUID
    service_code: str
    from_on: str
