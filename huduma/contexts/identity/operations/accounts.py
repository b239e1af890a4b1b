"""Accounts: opened, reached, given roles and a second factor."""

from datetime import datetime
from uuid import UUID

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.db import IntegrityError, transaction

from huduma.contexts.identity import events
from huduma.contexts.identity.models import Account, Person, RoleGrant
from huduma.contexts.identity.queries.people import has_second_factor, is_staff
from huduma.foundation.access import Actor, NotPermitted, Refusal
from huduma.foundation.journal import public as journal


class AddressOfStaff(Refusal):
    """You sign in at your work with this address: ask your administrator to change it."""


class AddressTaken(Refusal):
    """This e-mail address belongs to another account. Use another address, or remove it there first."""


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


@transaction.atomic
def record_sign_in(*, actor: Actor, account_id: UUID, by: str, now: datetime) -> None:
    """Write a sign-in into the journal."""
    journal.record(actor=actor, event=events.SignedIn(account_id=account_id, by=by), now=now)


@transaction.atomic
def change_contact(
    *, actor: Actor, language: str | None = None, verified_email: str | None = None, now: datetime
) -> Account:
    """Change the actor's own language or (already verified, or empty: none) e-mail address.

    Raises NotPermitted, AddressOfStaff, AddressTaken.
    """
    account = own_account(actor)
    if language is not None:
        account.language = language
    if verified_email is not None:
        refuse_staff(account)
        account.email, account.email_verified_at = verified_email or None, now if verified_email else None
    try:
        with transaction.atomic():
            account.save(update_fields=["language", "email", "email_verified_at"])
    except IntegrityError:
        raise AddressTaken from None
    what = "language" if language is not None else "email"
    journal.record(actor=actor, event=events.ContactChanged(account_id=account.id, what=what), now=now)
    return account


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


def own_account(actor: Actor) -> Account:
    if actor.account_id is None:
        raise NotPermitted
    return Account.objects.select_for_update().get(id=actor.account_id)


def refuse_staff(account: Account) -> None:
    if account.phone is None or is_staff(account.id):
        raise AddressOfStaff
