"""All writes about identities."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from huduma.contexts.identity import events
from huduma.contexts.identity.models import Account, EmailCode, Mandate, Organisation, Person, RoleGrant, SignInCode
from huduma.contexts.identity.queries import has_second_factor, is_staff
from huduma.foundation import phone as phones
from huduma.foundation.access import Actor, NotPermitted, Refusal
from huduma.foundation.journal import public as journal

CODE_LIFE = timedelta(minutes=5)
EMAIL_CODE_LIFE = timedelta(minutes=15)
CODE_TRIES = 5
CODES_PER_HOUR = 5
CODES_PER_ADDRESS = 300  # a mobile company hides thousands of phones behind one address
#: How a person at a counter lets an officer act for them.
CONSENTS = ("by-word", "by-mark", "guardian")


class IdentityTaken(Refusal):
    """This ID is already linked to another account. Sign in with that phone number, or visit a Huduma Centre with your ID card."""


class AlreadyProven(Refusal):
    """Your identity is confirmed already. To correct your details, visit a Huduma Centre with your ID card."""


class NotProven(Refusal):
    """Confirm who you are first: you need your ID card for this."""


class OrganisationTaken(Refusal):
    """Another person registered this organisation. Ask them to add you, or visit a Huduma Centre with its registration certificate."""


class AddressOfStaff(Refusal):
    """You sign in at your work with this address: ask your administrator to change it."""


class AddressTaken(Refusal):
    """This e-mail address belongs to another account. Use another address, or remove it there first."""


class AnotherName(Refusal):
    """This ID number is known under another name or date of birth. Check the number on the card; without a card, leave it empty."""


@dataclass(frozen=True, kw_only=True)
class IdentityFacts:
    """What a register says of a person; `sex` is F, M, X or empty."""

    id_number: str | None
    surname: str
    first_name: str
    other_names: str
    birth_date: date | None
    sex: str


class TooManyCodes(Refusal):
    """Too many codes were asked for. Wait an hour, then try again."""


class WrongCode(Refusal):
    """That code is not right, or it has expired. Check the newest message, or ask for a new code."""


@transaction.atomic
def issue_code(*, phone: str, address: str, now: datetime) -> str:
    """Return a new six-digit code for a phone (E.164); whoever sends it forgets it. Codes before it are void.

    Raises TooManyCodes beyond CODES_PER_HOUR for the phone or CODES_PER_ADDRESS for the network address.
    """
    since = now - timedelta(hours=1)
    recent = SignInCode.objects.filter(issued_at__gte=since)
    too_many_here = recent.filter(address=address).count() >= CODES_PER_ADDRESS
    if too_many_here or recent.filter(phone=phone).count() >= CODES_PER_HOUR:
        raise TooManyCodes
    code = f"{secrets.randbelow(1_000_000):06d}"
    SignInCode.objects.filter(phone=phone, used_at=None).update(used_at=now)
    SignInCode.objects.create(phone=phone, address=address, digest=_code_digest(phone, code), issued_at=now)
    return code


def sign_in_by_code(*, actor: Actor, phone: str, code: str, language: str, now: datetime) -> Account:
    """Return the account of a phone whose newest code this is, opening it at the first time. Raises WrongCode.

    A wrong try counts even though it is refused; after CODE_TRIES the code is void.
    """
    if not _use_code(phone, code.strip(), now):
        raise WrongCode
    return open_account(actor=actor, phone=phone, language=language, now=now)


@transaction.atomic
def _use_code(phone: str, code: str, now: datetime) -> bool:
    kept = _newest(SignInCode.objects.filter(phone=phone), CODE_LIFE, now)
    return kept is not None and _is_right(kept, _code_digest(phone, code), now)


def _newest(codes: "QuerySet[Any]", life: timedelta, now: datetime) -> Any:
    kept = codes.select_for_update().filter(used_at=None).order_by("-issued_at").first()
    return None if kept is None or now - kept.issued_at > life or kept.tries >= CODE_TRIES else kept


def _is_right(kept: SignInCode | EmailCode, digest: str, now: datetime) -> bool:
    """Count one try of a code that is locked; a right one is used up."""
    right = hmac.compare_digest(kept.digest, digest)
    kept.tries += 1
    kept.used_at = now if right else None
    kept.save(update_fields=["tries", "used_at"])
    return right


def _code_digest(whose: str, code: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"{whose}|{code}".encode(), hashlib.sha256).hexdigest()


@transaction.atomic
def open_account(*, actor: Actor, phone: str, language: str, now: datetime) -> Account:
    """Return the account of a phone number that just answered with the right code, opening it at the first time."""
    account, opened = Account.objects.get_or_create(phone=phone, defaults={"language": language, "created_at": now})
    if opened:
        account.set_unusable_password()
        account.save(update_fields=["password"])
        journal.record(actor=actor, event=events.AccountOpened(account_id=account.id), now=now)
    return account


@transaction.atomic
def record_sign_in(*, actor: Actor, account_id: UUID, by: str, now: datetime) -> None:
    """Write a sign-in into the journal."""
    journal.record(actor=actor, event=events.SignedIn(account_id=account_id, by=by), now=now)


@transaction.atomic
def record_identity_proof(*, actor: Actor, facts: IdentityFacts, by: str, now: datetime) -> Person:
    """Bind the actor's account to the person whom a register described (`by` "iprs"), or who spoke for themselves
    because the register was down (`by` "by-hand": cases show it as to be checked).

    Raises AlreadyProven, IdentityTaken, NotPermitted.
    """
    account = _own_account(actor)
    person = account.person
    if person is not None and (person.verified_by == "iprs" or by != "iprs"):
        if person.id_number == facts.id_number:
            return person
        raise AlreadyProven
    values: dict[str, Any] = {
        "surname": facts.surname,
        "first_name": facts.first_name,
        "other_names": facts.other_names,
        "birth_date": facts.birth_date,
        "sex": facts.sex,
        "id_number": facts.id_number if by == "iprs" else None,  # an unchecked number must not block its owner
        "verified_by": by,
        "verified_at": now if by == "iprs" else None,
    }
    try:
        with transaction.atomic():
            person = _bind(actor, account, person, facts, values, now)
    except IntegrityError as error:
        raise IdentityTaken from error
    journal.record(actor=actor, event=events.IdentityProven(person_id=person.id, by=by), now=now)
    return person


def _own_account(actor: Actor) -> Account:
    if actor.account_id is None:
        raise NotPermitted
    return Account.objects.select_for_update().get(id=actor.account_id)


def _bind(
    actor: Actor, account: Account, person: Person | None, facts: IdentityFacts, values: dict[str, Any], now: datetime
) -> Person:
    known = _record_of_counter(values["id_number"], person)
    if known is not None and not _may_be(known, facts):  # an officer typed a digit wrong: the register knows better
        _free_number(known)
        journal.record(actor=actor, event=events.NumberTakenBack(person_id=known.id), now=now)
        known = None
    if known is not None and person is not None:
        _merge(actor, person, known, now)
    person = person or known or Person(registered_at=now)
    for field, value in values.items():
        setattr(person, field, value)
    person.save()
    if account.person_id != person.id:
        account.person = person
        account.save(update_fields=["person"])
    return person


def _record_of_counter(id_number: str | None, person: Person | None) -> Person | None:
    """The record that an officer made under this number for somebody who had no account; it is theirs when they come online."""
    if id_number is None:
        return None
    others = Person.objects.select_for_update(of=("self",)).filter(id_number=id_number, account=None)
    return (others if person is None else others.exclude(id=person.id)).first()


def _free_number(person: Person) -> None:
    person.id_number = None
    person.save(update_fields=["id_number", "merged_into"])


def _merge(actor: Actor, kept: Person, merged: Person, now: datetime) -> None:
    merged.merged_into = kept
    _free_number(merged)
    held = Mandate.objects.filter(person=kept, to_on=None).values("organisation")
    Mandate.objects.filter(person=merged).exclude(to_on=None, organisation__in=held).update(person=kept)
    event = events.PersonMerged(kept_person_id=kept.id, merged_person_id=merged.id)
    journal.record(actor=actor, event=event, now=now)


@transaction.atomic
def record_failed_proof(*, actor: Actor, reason: str, now: datetime) -> None:
    """Write a failed attempt into the journal, without the numbers that were tried."""
    assert actor.account_id is not None
    journal.record(actor=actor, event=events.ProofFailed(account_id=actor.account_id, reason=reason), now=now)


@transaction.atomic
def register_assisted_person(
    *, actor: Actor, facts: IdentityFacts, phone: str, consent: str, by: str = "assisted", now: datetime
) -> Person:
    """Register a person who stands at a desk, with their consent recorded; finds them again by ID number.

    Raises NotPermitted unless the actor is an officer or supervisor; AnotherName; phones.InvalidPhone.
    """
    actor.require_role("officer", "supervisor")
    number = phones.parse(phone) if phone else ""
    person = Person.objects.filter(id_number=facts.id_number).first() if facts.id_number else None
    if person is not None and not _may_be(person, facts):
        raise AnotherName
    if person is None:
        person = Person.objects.create(
            id_number=facts.id_number,
            surname=facts.surname,
            first_name=facts.first_name,
            other_names=facts.other_names,
            birth_date=facts.birth_date,
            sex=facts.sex,
            phone=number,
            verified_by=by,
            verified_at=now,
            registered_at=now,
        )
    journal.record(actor=actor, event=events.PersonAssisted(person_id=person.id, consent=consent), now=now)
    return person


@transaction.atomic
def assist_known_person(*, actor: Actor, person_id: UUID, consent: str, now: datetime) -> None:
    """Record that a person who is known already, and stands at a counter, lets the officer act for them.

    Raises NotPermitted unless the actor is an officer or supervisor.
    """
    actor.require_role("officer", "supervisor")
    if consent not in CONSENTS:
        raise ValueError(f"a consent is given one of these ways: {', '.join(CONSENTS)}")
    journal.record(actor=actor, event=events.PersonAssisted(person_id=person_id, consent=consent), now=now)


def _may_be(person: Person, facts: IdentityFacts) -> bool:
    """Whether a name is shared and no birth date differs: a wrong digit must not open a stranger's affairs."""
    spoken = f"{facts.first_name} {facts.other_names} {facts.surname}".casefold().split()
    known = person.full_name.casefold().split()
    born = {facts.birth_date, person.birth_date} - {None}
    return bool(set(spoken) & set(known)) and len(born) <= 1


@transaction.atomic
def change_contact(
    *, actor: Actor, language: str | None = None, verified_email: str | None = None, now: datetime
) -> Account:
    """Change the actor's own language or (already verified, or empty: none) e-mail address.

    Raises NotPermitted, AddressOfStaff, AddressTaken.
    """
    account = _own_account(actor)
    if language is not None:
        account.language = language
    if verified_email is not None:
        _refuse_staff(account)
        account.email, account.email_verified_at = verified_email or None, now if verified_email else None
    try:
        with transaction.atomic():
            account.save(update_fields=["language", "email", "email_verified_at"])
    except IntegrityError:
        raise AddressTaken from None
    what = "language" if language is not None else "email"
    journal.record(actor=actor, event=events.ContactChanged(account_id=account.id, what=what), now=now)
    return account


def _refuse_staff(account: Account) -> None:
    if account.phone is None or is_staff(account.id):
        raise AddressOfStaff


@transaction.atomic
def issue_email_code(*, actor: Actor, email: str, now: datetime) -> str:
    """Return a new six-digit code for the actor's new e-mail address; whoever sends it forgets it. Codes before it are void.

    Raises NotPermitted, AddressOfStaff, and TooManyCodes beyond CODES_PER_HOUR for the account or for the address.
    """
    account = _own_account(actor)
    _refuse_staff(account)
    address, since = email.strip().lower(), now - timedelta(hours=1)
    recent = EmailCode.objects.filter(issued_at__gte=since)
    if max(recent.filter(account=account).count(), recent.filter(email=address).count()) >= CODES_PER_HOUR:
        raise TooManyCodes
    code = f"{secrets.randbelow(1_000_000):06d}"
    EmailCode.objects.filter(account=account, used_at=None).update(used_at=now)
    EmailCode.objects.create(
        account=account, email=address, digest=_code_digest(f"{account.id}|{address}", code), issued_at=now
    )
    return code


def confirm_email(*, actor: Actor, code: str, now: datetime) -> Account:
    """Give the actor's account the address to which this newest code went. A wrong try counts even though it is refused.

    Raises NotPermitted, WrongCode, AddressOfStaff, AddressTaken.
    """
    address = _use_email_code(actor, code.strip(), now)
    if address is None:
        raise WrongCode
    return change_contact(actor=actor, verified_email=address, now=now)


@transaction.atomic
def _use_email_code(actor: Actor, code: str, now: datetime) -> str | None:
    account = _own_account(actor)
    kept = _newest(EmailCode.objects.filter(account=account), EMAIL_CODE_LIFE, now)
    if kept is None or not _is_right(kept, _code_digest(f"{account.id}|{kept.email}", code), now):
        return None
    return str(kept.email)


@transaction.atomic
def register_organisation(
    *, actor: Actor, name: str, registration_number: str, kind: str, now: datetime
) -> Organisation:
    """Register an organisation whose owner the actor is. Raises NotProven, OrganisationTaken.

    No business register can be asked yet, so the organisation is marked as taken by hand and checked with the first permit.
    """
    if actor.person_id is None or not Person.objects.filter(id=actor.person_id).exclude(verified_by="").exists():
        raise NotProven
    number = registration_number.strip().upper()
    try:
        with transaction.atomic():
            organisation = Organisation.objects.create(
                name=name.strip(), registration_number=number, kind=kind, registered_at=now
            )
    except IntegrityError:
        held = Organisation.objects.filter(registration_number=number, mandates__person_id=actor.person_id).first()
        if held is None:
            raise OrganisationTaken from None
        return held
    Mandate.objects.create(person_id=actor.person_id, organisation=organisation, from_on=now.date())
    event = events.OrganisationRegistered(organisation_id=organisation.id, person_id=actor.person_id)
    journal.record(actor=actor, event=event, now=now)
    return organisation


@transaction.atomic
def grant_role(*, actor: Actor, account_id: UUID, role: str, body_code: str | None, now: datetime) -> RoleGrant:
    """Give an account a role. Raises NotPermitted unless an administrator, or the system at set-up, does it."""
    actor.require_role("administrator")
    grant, created = RoleGrant.objects.get_or_create(
        account_id=account_id,
        role=role,
        body_id=body_code,
        to_on=None,
        defaults={"from_on": now.date(), "granted_by": actor.account_id},
    )
    if created:
        event = events.RoleGranted(account_id=account_id, role=role, body_code=body_code)
        journal.record(actor=actor, event=event, now=now)
    return grant


@transaction.atomic
def enrol_second_factor(*, actor: Actor, account_id: UUID, secret: str, now: datetime) -> list[str]:
    """Bind an authenticator app's secret (base32) to an account that has none, and return its recovery codes, once.

    An account that has a second factor keeps it (returns no codes): only an administrator can take one away. Raises
    NotPermitted unless the account's owner, an administrator or the system does it.
    """
    if actor.account_id != account_id:
        actor.require_role("administrator")
    account = Account.objects.select_for_update().get(id=account_id)
    if has_second_factor(account_id):
        return []
    TOTP.activate(account, secret)
    codes: list[str] = RecoveryCodes.activate(account).generate_codes()
    journal.record(actor=actor, event=events.SecondFactorEnrolled(account_id=account_id), now=now)
    return codes


@transaction.atomic
def open_staff_account(
    *, actor: Actor, email: str, password: str, first_name: str, surname: str, now: datetime
) -> Account:
    """Open an account for a member of staff, or return the one that is there. Raises NotPermitted."""
    actor.require_role("administrator")
    account = Account.objects.filter(email=email).first()
    if account is None:
        person = Person.objects.create(
            first_name=first_name, surname=surname, verified_by="assisted", verified_at=now, registered_at=now
        )
        account = Account(email=email, email_verified_at=now, person=person, created_at=now)
        account.set_password(password)
        account.save()
        journal.record(actor=actor, event=events.AccountOpened(account_id=account.id), now=now)
    return account
