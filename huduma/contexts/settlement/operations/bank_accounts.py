"""Changing where a body gets its money: one proposes, two others approve, and a day passes."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from huduma.contexts.settlement import events
from huduma.contexts.settlement.models import BankAccount
from huduma.contexts.settlement.queries import CHECKERS, require
from huduma.contexts.settlement.rules import COOLING_OFF, is_bank_account
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal


class NotABankAccount(Refusal):
    """Write the bank's code (8 or 11 letters and digits, such as KCBLKENX) and the account number in digits and letters."""


class ChangeWaits(Refusal):
    """A change of this body's bank account waits for approval already. Approve or reject that one first."""


class ThirdPersonNeeded(Refusal):
    """You have had a hand in this change already. Another person has to approve it."""


@transaction.atomic
def propose_bank_account(
    *, actor: Actor, body_code: str, name: str, bic: str, account: str, now: datetime
) -> BankAccount:
    """Propose where a body's money shall go. Raises NotPermitted, NotABankAccount, ChangeWaits."""
    require(actor, CHECKERS, body_code)
    if actor.account_id is None:
        raise NotPermitted
    bic, account = bic.replace(" ", "").upper(), account.replace(" ", "").upper()
    if not is_bank_account(bic, account) or not name.strip():
        raise NotABankAccount
    if BankAccount.objects.filter(body_code=body_code, state__in=["proposed", "seconded"]).exists():
        raise ChangeWaits
    change = BankAccount.objects.create(
        body_code=body_code,
        name=name.strip()[:70],
        bic=bic,
        account=account,
        proposed_by=actor.account_id,
        proposed_at=now,
    )
    return _tell(actor, change, now)


@transaction.atomic
def approve_bank_account(*, actor: Actor, account_id: UUID, now: datetime) -> BankAccount:
    """Approve a change; the second approval makes it count a day later. Raises NotPermitted, NotFound, ThirdPersonNeeded."""
    change = _waiting(actor, account_id)
    if actor.account_id in (None, change.proposed_by, change.first_by):
        raise ThirdPersonNeeded
    if change.state == "proposed":
        change.state, change.first_by = "seconded", actor.account_id
    else:
        change.state, change.second_by = "approved", actor.account_id
        change.approved_at, change.active_from = now, now + COOLING_OFF
    change.save()
    return _tell(actor, change, now)


@transaction.atomic
def reject_bank_account(*, actor: Actor, account_id: UUID, now: datetime) -> BankAccount:
    """Stop a change that waits. Raises NotPermitted, NotFound."""
    change = _waiting(actor, account_id)
    change.state, change.rejected_by = "rejected", actor.account_id
    change.save(update_fields=["state", "rejected_by"])
    return _tell(actor, change, now)


def _waiting(actor: Actor, account_id: UUID) -> BankAccount:
    waiting = BankAccount.objects.select_for_update().filter(id=account_id, state__in=["proposed", "seconded"])
    change = waiting.first()
    if change is None:
        raise NotFound
    require(actor, CHECKERS, change.body_code)
    return change


def _tell(actor: Actor, change: BankAccount, now: datetime) -> BankAccount:
    event = events.BankAccountChanged(account_id=change.id, body_code=change.body_code, state=change.state)
    journal.record(actor=actor, event=event, now=now)
    return change
