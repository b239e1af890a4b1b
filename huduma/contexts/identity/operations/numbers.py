"""A person who lost their phone number comes to a counter with their ID card, and signs in by another number from then on.

Two members of staff move it (decision 15): a supervisor has the card checked and takes the code that came to the new number; a
colleague looks at the card and the face once more, and confirms. Until then nothing changes.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from huduma.contexts.identity import events
from huduma.contexts.identity.models import Account, NumberChange, Person
from huduma.contexts.identity.operations.codes import WrongCode, use_code
from huduma.contexts.identity.queries.people import get_number_change_for, is_staff
from huduma.foundation import references
from huduma.foundation.access import ASSISTED, Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal

#: How long an officer's check of a card counts: a code has to come and be read out.
CARD_COUNTS_FOR = timedelta(minutes=15)


class NeverSignedIn(Refusal):
    """Nobody with this ID card signs in here yet. With the new number the person can sign in at once and confirm who they are."""


class CardNotChecked(Refusal):
    """Check the person’s ID card again: a check counts for fifteen minutes."""


class NumberOfAnother(Refusal):
    """Another person signs in with this number. Take a number that is the person’s own."""


class SecondPersonNeeded(Refusal):
    """You asked for this yourself. A colleague has to look at the card and the face, and confirm with their own sign-in."""


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


def ask_new_number(*, actor: Actor, person_id: UUID, phone: str, code: str, now: datetime) -> NumberChange:
    """Ask that a person signs in by a number (E.164) whose newest code they read out; a colleague has to confirm it.

    A wrong try of the code counts even though it is refused. What was asked for this person before is replaced.
    Raises NotPermitted unless the actor is a supervisor, and not the person; CardNotChecked unless this same one had the card checked
    lately; WrongCode; NumberOfAnother.
    """
    actor.require_role("supervisor")
    if actor.person_id == person_id:
        raise NotPermitted
    checks = journal.entries_concerning(person_id, acts=(events.CardChecked.act,), limit=20)
    if not any(one.actor_account_id == actor.account_id and now - one.at < CARD_COUNTS_FOR for one in checks):
        raise CardNotChecked
    if not use_code(phone, code.strip(), now):
        raise WrongCode
    return _ask(actor.with_purpose(ASSISTED), person_id, phone, now)


@transaction.atomic
def _ask(actor: Actor, person_id: UUID, phone: str, now: datetime) -> NumberChange:
    own = _lock_own(person_id)
    if not own or actor.account_id is None:
        raise NotFound
    _refuse_anothers(Account.objects.filter(phone=phone).exclude(id__in=[one.id for one in own]).first())
    NumberChange.objects.filter(person_id=person_id, state="asked").update(
        state="replaced", settled_by=actor.account_id, settled_at=now
    )
    change = NumberChange.objects.create(
        reference=references.mint("HN"), person_id=person_id, phone=phone, asked_by=actor.account_id, asked_at=now
    )
    for former in [one for one in own if one.phone != phone] or own:
        event = events.NewNumberAsked(change_id=change.id, person_id=person_id, former_account_id=former.id)
        journal.record(actor=actor, event=event, now=now)
    return change


def _lock_own(person_id: UUID) -> list[Account]:
    """Lock and return every account that opens a person's record: after a joining there are several, and any may be the lost one."""
    own = Account.objects.select_for_update().filter(person_id=person_id, phone__isnull=False)
    return list(own.order_by("id"))


def _refuse_anothers(account: Account | None) -> None:
    if account is not None and (account.person_id is not None or is_staff(account.id)):
        raise NumberOfAnother


@transaction.atomic
def confirm_new_number(*, actor: Actor, reference: str, now: datetime) -> NumberChange:
    """Confirm what a colleague asked, having looked at card and face: no number but the new one opens anything of the person's then.

    Whoever gets the old number next finds an empty account. Raises NotPermitted unless the actor is an officer or supervisor, and not
    the person; NotFound (unknown, settled, or asked longer than an hour ago); SecondPersonNeeded; NumberOfAnother.
    """
    change = _lock(actor, reference, now)
    if change.asked_by == actor.account_id:
        raise SecondPersonNeeded
    _settle(change, "confirmed", actor, now)
    _move(actor.with_purpose(ASSISTED), change.person_id, change.phone, now)
    return change


@transaction.atomic
def refuse_new_number(*, actor: Actor, reference: str, now: datetime) -> NumberChange:
    """Refuse what was asked: nothing changes. Who asked may take it back so. Raises NotPermitted, NotFound."""
    change = _lock(actor, reference, now)
    _settle(change, "refused", actor, now)
    event = events.NewNumberRefused(change_id=change.id, person_id=change.person_id)
    journal.record(actor=actor.with_purpose(ASSISTED), event=event, now=now)
    return change


def _lock(actor: Actor, reference: str, now: datetime) -> NumberChange:
    change = get_number_change_for(actor, reference, now=now, lock=True)
    if actor.person_id == change.person_id:
        raise NotPermitted
    return change


def _settle(change: NumberChange, state: str, actor: Actor, now: datetime) -> None:
    change.state, change.settled_by, change.settled_at = state, actor.account_id, now
    change.save(update_fields=["state", "settled_by", "settled_at"])


def _move(actor: Actor, person_id: UUID, phone: str, now: datetime) -> None:
    own = _lock_own(person_id)
    if not own:
        raise NotFound
    latest = max(own, key=lambda one: one.last_login or one.created_at)
    account, opened = Account.objects.select_for_update().get_or_create(
        phone=phone, defaults={"language": latest.language, "created_at": now}
    )
    if opened:
        account.set_unusable_password()
    lost = [one for one in own if one.id != account.id]
    if account.person_id != person_id:
        _refuse_anothers(account)
        account.language = latest.language
    mailed = next((one for one in (account, latest, *own) if one.person_id == person_id and one.email), None)
    email = (mailed.email, mailed.email_verified_at) if mailed else (None, None)
    for former in lost:
        former.person, former.email, former.email_verified_at = None, None, None
        former.save(update_fields=["person", "email", "email_verified_at"])
    account.person_id, (account.email, account.email_verified_at) = person_id, email
    account.save()
    for former in lost:
        event = events.PhoneReplaced(person_id=person_id, account_id=account.id, former_account_id=former.id)
        journal.record(actor=actor, event=event, now=now)
