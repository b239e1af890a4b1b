"""One-time codes: to a phone for signing in, to an e-mail address to show that it is read."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from huduma.contexts.identity.models import Account, EmailCode, SignInCode
from huduma.contexts.identity.operations.accounts import change_contact, open_account, own_account, refuse_staff
from huduma.foundation.access import Actor, Refusal

CODE_LIFE = timedelta(minutes=5)
EMAIL_CODE_LIFE = timedelta(minutes=15)
CODE_TRIES = 5
CODES_PER_HOUR = 5
#: From all addresses together: so many that five tries of a stranger elsewhere shut nobody out, so few that no phone is flooded.
CODES_PER_PHONE = 15
CODES_PER_ADDRESS = 300  # a mobile company hides thousands of phones behind one address


class TooManyCodes(Refusal):
    """Too many codes were asked for. Wait an hour, then try again."""


class WrongCode(Refusal):
    """That code is not right, or it has expired. Check the newest message, or ask for a new code."""


class TooManyTries(WrongCode, Refusal):  # both named: the catalogue of texts reads bases by name
    """Too many tries were made, so this code counts no more. Ask for a new code."""


@transaction.atomic
def issue_code(*, phone: str, address: str, now: datetime) -> str:
    """Return a new six-digit code for a phone (E.164); whoever sends it forgets it.

    Codes asked for before from this address are void; those asked for elsewhere still count, so that nobody voids another's.

    Raises TooManyCodes beyond CODES_PER_HOUR for the phone from this network address, CODES_PER_PHONE from all of them, or
    CODES_PER_ADDRESS for the address.
    """
    since = now - timedelta(hours=1)
    recent = SignInCode.objects.filter(issued_at__gte=since)
    from_here, to_phone = recent.filter(address=address), recent.filter(phone=phone)
    if (
        from_here.count() >= CODES_PER_ADDRESS
        or to_phone.count() >= CODES_PER_PHONE
        or to_phone.filter(address=address).count() >= CODES_PER_HOUR
    ):
        raise TooManyCodes
    code = f"{secrets.randbelow(1_000_000):06d}"
    SignInCode.objects.filter(phone=phone, address=address, used_at=None).update(used_at=now)
    SignInCode.objects.create(phone=phone, address=address, digest=_code_digest(phone, code), issued_at=now)
    return code


def sign_in_by_code(*, actor: Actor, phone: str, code: str, language: str, now: datetime) -> Account:
    """Return the account of a phone whose code this is, opening it at the first time. Raises WrongCode, TooManyTries.

    A wrong try counts even though it is refused; after CODE_TRIES the code is void.
    """
    if not use_code(phone, code.strip(), now):
        raise WrongCode
    return open_account(actor=actor, phone=phone, language=language, now=now)


@transaction.atomic
def use_code(phone: str, code: str, now: datetime) -> bool:
    """Use up the codes of a phone; whether this was one of them. One try is counted on each, whichever was meant.

    Raises TooManyTries when tries have used them up, whether this one is right or not.
    """
    codes = SignInCode.objects.filter(phone=phone)
    digest, kept = _code_digest(phone, code), _live(codes, CODE_LIFE, now)
    right = any(_is_right(one, digest, now) for one in kept)
    if right:
        codes.filter(used_at=None).update(used_at=now)
    return right


@transaction.atomic
def issue_email_code(*, actor: Actor, email: str, now: datetime) -> str:
    """Return a new six-digit code for the actor's new e-mail address; whoever sends it forgets it. Codes before it are void.

    Raises NotPermitted, AddressOfStaff, and TooManyCodes beyond CODES_PER_HOUR for the account or for the address.
    """
    account = own_account(actor)
    refuse_staff(account)
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

    Raises NotPermitted, WrongCode, TooManyTries, AddressOfStaff, AddressTaken.
    """
    address = _use_email_code(actor, code.strip(), now)
    if address is None:
        raise WrongCode
    return change_contact(actor=actor, verified_email=address, now=now)


@transaction.atomic
def _use_email_code(actor: Actor, code: str, now: datetime) -> str | None:
    account = own_account(actor)
    kept = next(iter(_live(EmailCode.objects.filter(account=account), EMAIL_CODE_LIFE, now)), None)
    if kept is None or not _is_right(kept, _code_digest(f"{account.id}|{kept.email}", code), now):
        return None
    return str(kept.email)


def _live(codes: "QuerySet[Any]", life: timedelta, now: datetime) -> list[Any]:
    unused = codes.select_for_update().filter(used_at=None, issued_at__gte=now - life)
    found = list(unused.order_by("-issued_at", "id"))
    live = [one for one in found if one.tries < CODE_TRIES]
    if found and not live:
        raise TooManyTries
    return live


def _is_right(kept: SignInCode | EmailCode, digest: str, now: datetime) -> bool:
    """Count one try of a code that is locked; a right one is used up."""
    right = hmac.compare_digest(kept.digest, digest)
    kept.tries += 1
    kept.used_at = now if right else None
    kept.save(update_fields=["tries", "used_at"])
    return right


def _code_digest(whose: str, code: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"{whose}|{code}".encode(), hashlib.sha256).hexdigest()
