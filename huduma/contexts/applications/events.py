"""What this context announces. Answers are never in an event: they stay with the application."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class ApplicationOpened(Event):
    """Somebody began to apply (`person_id` is the applicant, who at a desk is not the one who types)."""

    act: ClassVar[str] = "applications.application.opened"
    subject: ClassVar[str] = "application_id"
    application_id: UUID
    person_id: UUID
    organisation_id: UUID | None
    service_code: str


@dataclass(frozen=True, kw_only=True)
class PageSaved(Event):
    """Answers of one page were saved; `fields` names them."""

    act: ClassVar[str] = "applications.page.saved"
    subject: ClassVar[str] = "application_id"
    application_id: UUID
    page: str
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class RegisterAnswered(Event):
    """A register's facts were taken into the application; `how` is found, or by-hand where it did not answer."""

    act: ClassVar[str] = "applications.register.answered"
    subject: ClassVar[str] = "application_id"
    application_id: UUID
    how: str


@dataclass(frozen=True, kw_only=True)
class FileAttached(Event):
    """A file was added as the answer to a question."""

    act: ClassVar[str] = "applications.file.attached"
    subject: ClassVar[str] = "application_id"
    application_id: UUID
    file_id: UUID
    field: str


@dataclass(frozen=True, kw_only=True)
class FileRemoved(Event):
    """A file was taken back."""

    act: ClassVar[str] = "applications.file.removed"
    subject: ClassVar[str] = "application_id"
    application_id: UUID
    file_id: UUID
    field: str


@dataclass(frozen=True, kw_only=True)
class DraftDiscarded(Event):
    """A draft and its files were deleted at the applicant's wish."""

    act: ClassVar[str] = "applications.draft.discarded"
    subject: ClassVar[str] = "application_id"
    application_id: UUID


@dataclass(frozen=True, kw_only=True)
class ApplicationSubmitted(Event):
    """An application was sent; from here the promise counts."""

    act: ClassVar[str] = "applications.application.submitted"
    subject: ClassVar[str] = "application_id"
    application_id: UUID
    reference: str
    service_code: str
    due_at: str | None


@dataclass(frozen=True, kw_only=True)
class StatusChanged(Event):
    """The case came to a step that has a status."""

    act: ClassVar[str] = "applications.status.changed"
    subject: ClassVar[str] = "application_id"
    application_id: UUID
    status: str
    outcome: str | None


@dataclass(frozen=True, kw_only=True)
class ApplicationMoved(Event):
    """A running application goes on under another version of its service (`how`: moved), or under the one before (undone)."""

    act: ClassVar[str] = "applications.application.moved"
    subject: ClassVar[str] = "application_id"
    application_id: UUID
    source_id: UUID
    target_id: UUID
    how: str


@dataclass(frozen=True, kw_only=True)
class NoticeOrdered(Event):
    """A step of the process sends the applicant a message, worded by the package under `notice`."""

    act: ClassVar[str] = "applications.notice.ordered"
    subject: ClassVar[str] = "application_id"
    application_id: UUID
    notice: str


@dataclass(frozen=True, kw_only=True)
class ApplicationCorrected(Event):
    """The applicant answered again what the officer had asked."""

    act: ClassVar[str] = "applications.application.corrected"
    subject: ClassVar[str] = "application_id"
    application_id: UUID


@dataclass(frozen=True, kw_only=True)
class CaseOpened(Event):
    """An officer looked at an application."""

    act: ClassVar[str] = "applications.case.opened"
    subject: ClassVar[str] = "application_id"
    application_id: UUID
    person_id: UUID


@dataclass(frozen=True, kw_only=True)
class AgreementAsked(Event):
    """Somebody was asked to agree to an application."""

    act: ClassVar[str] = "applications.agreement.asked"
    subject: ClassVar[str] = "application_id"
    application_id: UUID
    agreement_id: UUID


@dataclass(frozen=True, kw_only=True)
class AgreementAnswered(Event):
    """Somebody agreed, or declined."""

    act: ClassVar[str] = "applications.agreement.answered"
    subject: ClassVar[str] = "application_id"
    application_id: UUID
    agreement_id: UUID
    state: str


@dataclass(frozen=True, kw_only=True)
class AgreementOpened(Event):
    """Somebody who has to agree read the answers of an application."""

    act: ClassVar[str] = "applications.agreement.opened"
    subject: ClassVar[str] = "application_id"
    application_id: UUID
    agreement_id: UUID


@dataclass(frozen=True, kw_only=True)
class NothingToPay(Event):
    """The fee schedule says that this application is free, so no bill was raised."""

    act: ClassVar[str] = "applications.bill.not_needed"
    subject: ClassVar[str] = "application_id"
    application_id: UUID
