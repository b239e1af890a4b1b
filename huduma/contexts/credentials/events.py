"""What this context announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class CredentialIssued(Event):
    """A document was signed."""

    act: ClassVar[str] = "credentials.credential.issued"
    subject: ClassVar[str] = "credential_id"
    credential_id: UUID
    issued_for: UUID
    holder_person_id: UUID
    reference: str


@dataclass(frozen=True, kw_only=True)
class CredentialRead(Event):
    """A document was opened."""

    act: ClassVar[str] = "credentials.credential.read"
    subject: ClassVar[str] = "credential_id"
    credential_id: UUID
    holder_person_id: UUID


@dataclass(frozen=True, kw_only=True)
class CredentialRevoked(Event):
    """A document was declared void."""

    act: ClassVar[str] = "credentials.credential.revoked"
    subject: ClassVar[str] = "credential_id"
    credential_id: UUID
    issued_for: UUID
    holder_person_id: UUID
    reason: str
