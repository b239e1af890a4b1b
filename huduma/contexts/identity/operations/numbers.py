"""A person who lost their phone number comes to a counter with their ID card, and signs in by another number from then on."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from huduma.contexts.identity import events
from huduma.contexts.identity.models import Account, Person
from huduma.contexts.identity.operations.codes import WrongCode, use_code
from huduma.contexts.identity.queries import is_staff
from huduma.foundation.access import ASSISTED, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

#: How long an officer's check of a card counts: a code has to come and be read out.
CARD_COUNTS_FOR = timedelta(minutes=15)


class NeverSignedIn(Refusal):
    """Nobody with this ID card signs in here yet. With the new number the person can sign in at once and confirm who they are."""


class CardNotChecked(Refusal):
    """Check the person’s ID card again: a check counts for fifteen minutes."""


class NumberOfAnother(Refusal):
    """Another person signs in with this number. Take a number that is the person’s own."""


@transaction.atomic
def record_card_check(*, actor: Actor, id_number: str, now: datetime) -> Person:
    """Record that a register confirmed to an officer the card of a person who signs in here; returns whose card it is.

    Raises NotPermitted unless the actor is a supervisor; NeverSignedIn.
    """
    actor.require_role("supervisor")
    person = Person.objects.filter(id_number=id_number, account__phone__isnull=False).first()
    if person is None:
        raise NeverSignedIn
    journal.record(actor=actor.with_purpose(ASSISTED), event=events.CardChecked(person_id=person.id), now=now)
    return person


def replace_phone(*, actor: Actor, person_id: UUID, phone: str, code: str, now: datetime) -> None:
    """Let a person sign in by a number (E.164) whose newest code they read out; their old number opens nothing of theirs any more.

    A wrong try of the code counts even though it is refused. Whoever gets the old number next finds an empty account.
    Raises NotPermitted unless the actor is a supervisor; CardNotChecked unless this same one had the card checked
    lately; WrongCode; NumberOfAnother.
    """
    actor.require_role("supervisor")
    checks = journal.entries_concerning(person_id, acts=(events.CardChecked.act,), limit=20)
    if not any(one.actor_account_id == actor.account_id and now - one.at < CARD_COUNTS_FOR for one in checks):
        raise CardNotChecked
    if not use_code(phone, code.strip(), now):
        raise WrongCode
    _move(actor.with_purpose(ASSISTED), person_id, phone, now)


@transaction.atomic
def _move(actor: Actor, person_id: UUID, phone: str, now: datetime) -> None:
    former = Account.objects.select_for_update().filter(person_id=person_id).first()
    if former is None:
        raise NotFound
    account, opened = Account.objects.select_for_update().get_or_create(
        phone=phone, defaults={"language": former.language, "created_at": now}
    )
    if account.id == former.id:
        return
    if account.person_id is not None or is_staff(account.id):
        raise NumberOfAnother
    if opened:
        account.set_unusable_password()
    values = (former.email, former.email_verified_at, former.language)
    former.person, former.email, former.email_verified_at = None, None, None
    former.save(update_fields=["person", "email", "email_verified_at"])
    account.person_id, (account.email, account.email_verified_at, account.language) = person_id, values
    account.save()
    event = events.PhoneReplaced(person_id=person_id, account_id=account.id, former_account_id=former.id)
    journal.record(actor=actor, event=event, now=now)
