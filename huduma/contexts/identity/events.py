"""What this context announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class AccountOpened(Event):
    """A phone number answered with the right code for the first time."""

    act: ClassVar[str] = "identity.account.opened"
    subject: ClassVar[str] = "account_id"
    account_id: UUID


@dataclass(frozen=True, kw_only=True)
class SignedIn(Event):
    """An account's owner came in; `by` is sms-code, password+totp or passkey."""

    act: ClassVar[str] = "identity.account.signed_in"
    subject: ClassVar[str] = "account_id"
    account_id: UUID
    by: str


@dataclass(frozen=True, kw_only=True)
class IdentityProven(Event):
    """A person's identity was established; `by` is the register, or how it was taken by hand."""

    act: ClassVar[str] = "identity.person.proven"
    subject: ClassVar[str] = "person_id"
    person_id: UUID
    by: str


@dataclass(frozen=True, kw_only=True)
class ProofFailed(Event):
    """An attempt to prove an identity failed; the reason is a code, the numbers tried are not kept."""

    act: ClassVar[str] = "identity.person.proof_failed"
    subject: ClassVar[str] = "account_id"
    account_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class PersonViewed(Event):
    """Somebody looked at a person's data."""

    act: ClassVar[str] = "identity.person.viewed"
    subject: ClassVar[str] = "person_id"
    person_id: UUID


@dataclass(frozen=True, kw_only=True)
class PersonAssisted(Event):
    """An officer registered a person who has no phone or ID with them."""

    act: ClassVar[str] = "identity.person.assisted"
    subject: ClassVar[str] = "person_id"
    person_id: UUID
    consent: str


@dataclass(frozen=True, kw_only=True)
class PersonMerged(Event):
    """Two records turned out to be one human being's: what is the merged one's is the kept one's from now on.

    `by`: the register's proof, or a person's judgement.
    """

    act: ClassVar[str] = "identity.person.merged"
    subject: ClassVar[str] = "kept_person_id"
    kept_person_id: UUID
    merged_person_id: UUID
    by: str = "register"


@dataclass(frozen=True, kw_only=True)
class PersonParted(Event):
    """Two records that had been joined are two people's after all; each has its own again."""

    act: ClassVar[str] = "identity.person.parted"
    subject: ClassVar[str] = "kept_person_id"
    kept_person_id: UUID
    merged_person_id: UUID
    returned: int
    given: int


@dataclass(frozen=True, kw_only=True)
class DuplicateJudged(Event):
    """Somebody looked at two records that may be one human being's; `how`: noticed, apart, asked (a second person), refused."""

    act: ClassVar[str] = "identity.duplicate.judged"
    subject: ClassVar[str] = "one_person_id"
    one_person_id: UUID
    other_person_id: UUID
    how: str


@dataclass(frozen=True, kw_only=True)
class NumberTakenBack(Event):
    """The register names somebody else under the ID number that an officer had typed into a record."""

    act: ClassVar[str] = "identity.person.number_taken_back"
    subject: ClassVar[str] = "person_id"
    person_id: UUID


@dataclass(frozen=True, kw_only=True)
class CardChecked(Event):
    """A register confirmed to an officer the ID card of the person at the counter."""

    act: ClassVar[str] = "identity.person.card_checked"
    subject: ClassVar[str] = "person_id"
    person_id: UUID


@dataclass(frozen=True, kw_only=True)
class NewNumberAsked(Event):
    """A supervisor asked that a person signs in by another number; a colleague has to confirm it."""

    act: ClassVar[str] = "identity.person.new_number_asked"
    subject: ClassVar[str] = "change_id"
    change_id: UUID
    person_id: UUID
    former_account_id: UUID


@dataclass(frozen=True, kw_only=True)
class NewNumberRefused(Event):
    """A colleague did not confirm that a person signs in by another number, or who asked took it back."""

    act: ClassVar[str] = "identity.person.new_number_refused"
    subject: ClassVar[str] = "change_id"
    change_id: UUID
    person_id: UUID


@dataclass(frozen=True, kw_only=True)
class PhoneReplaced(Event):
    """A person signs in by another phone number from now on, and no more by the former account's."""

    act: ClassVar[str] = "identity.person.phone_replaced"
    subject: ClassVar[str] = "person_id"
    person_id: UUID
    account_id: UUID
    former_account_id: UUID


@dataclass(frozen=True, kw_only=True)
class ContactChanged(Event):
    """An account's e-mail address or language was changed."""

    act: ClassVar[str] = "identity.account.contact_changed"
    subject: ClassVar[str] = "account_id"
    account_id: UUID
    what: str


@dataclass(frozen=True, kw_only=True)
class RoleGranted(Event):
    """An account was given a role."""

    act: ClassVar[str] = "identity.role.granted"
    subject: ClassVar[str] = "account_id"
    account_id: UUID
    role: str
    body_code: str | None


@dataclass(frozen=True, kw_only=True)
class OrganisationRegistered(Event):
    """A person registered an organisation and acts for it."""

    act: ClassVar[str] = "identity.organisation.registered"
    subject: ClassVar[str] = "organisation_id"
    organisation_id: UUID
    person_id: UUID


@dataclass(frozen=True, kw_only=True)
class SecondFactorEnrolled(Event):
    """A member of staff bound an authenticator app to their account."""

    act: ClassVar[str] = "identity.account.second_factor_enrolled"
    subject: ClassVar[str] = "account_id"
    account_id: UUID


@dataclass(frozen=True, kw_only=True)
class RepresentationAsked(Event):
    """A person asked another one to let them apply for them."""

    act: ClassVar[str] = "identity.representation.asked"
    subject: ClassVar[str] = "representation_id"
    representation_id: UUID
    representative_id: UUID


@dataclass(frozen=True, kw_only=True)
class RepresentationChanged(Event):
    """A mandate was given, declined or ended (`state`)."""

    act: ClassVar[str] = "identity.representation.changed"
    subject: ClassVar[str] = "representation_id"
    representation_id: UUID
    representative_id: UUID
    person_id: UUID | None
    state: str
