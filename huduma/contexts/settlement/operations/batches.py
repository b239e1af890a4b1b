"""Handing money over: a maker proposes a batch, a checker approves it, a job sends the files, the bank's statement confirms."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from huduma.contexts.payments import public as payments
from huduma.contexts.settlement import events
from huduma.contexts.settlement.models import Batch, Delivery, Remittance, StatementLine
from huduma.contexts.settlement.providers import files, pain001, sftp
from huduma.contexts.settlement.queries import (
    BANK,
    BOOKKEEPERS,
    CHECKERS,
    TRANSIT,
    Owed,
    active_bank_accounts,
    owed,
    require,
)
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM, Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal
from huduma.foundation.money import decimal_text

#: Which servers get which file: the bank the order, the Treasury's two systems the table.
SERVERS = {"bank": ".pain.001.xml", "ifmis": ".csv", "gpay": ".csv"}


class NothingToHandOver(Refusal):
    """Nothing waits to be handed over: no money was collected before today, it is in a batch already, or no bank account is in force."""


class SecondPersonNeeded(Refusal):
    """You proposed this yourself. A second person has to decide."""


class NotProposed(Refusal):
    """This batch does not wait for approval any more. Look at it again."""


class OwedChanged(Refusal):
    """Less is owed now than this batch hands over. Reject it and propose it anew."""


class AccountChanged(Refusal):
    """The bank account of a body in this batch is not in force any more. Reject the batch and propose it anew."""


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7305003)")


@transaction.atomic
def propose_batch(*, actor: Actor, body_code: str, before: datetime, currency: str, now: datetime) -> Batch:
    """Gather what is owed by revenue code to one body, or (`body_code` empty) to all, of what was collected before a moment.

    What waits in another proposal is left out. Raises NotPermitted, NothingToHandOver.
    """
    require(actor, BOOKKEEPERS, body_code)
    if actor.account_id is None:
        raise NotPermitted
    _one_at_a_time()
    accounts = active_bank_accounts(now)
    proposed = set(
        Remittance.objects.filter(state="proposed", currency=currency).values_list("ledger_account", flat=True)
    )
    parts = [
        one for one in owed(before, currency, body_code)
        if one.body_code in accounts and one.cents > 0 and one.account not in proposed
    ]  # fmt: skip
    if not parts:
        raise NothingToHandOver
    number = (Batch.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    batch = Batch.objects.create(
        number=number, body_code=body_code, before=before, currency=currency,
        total_cents=sum(part.cents for part in parts), made_by=actor.account_id, made_at=now,
    )  # fmt: skip
    Remittance.objects.bulk_create(
        Remittance(
            batch=batch, ledger_account=part.account, currency=currency, body_code=part.body_code,
            bank_account=accounts[part.body_code], amount_cents=part.cents, end_to_end=order_name(number, place),
        )
        for place, part in enumerate(parts, 1)
    )  # fmt: skip
    _tell(actor, batch, now)
    return batch


def order_name(number: int, place: int) -> str:
    """Return the name of one order at the bank: 16 characters, as MT940 keeps no more of a reference."""
    return f"HUD{number:07d}-{place:05d}"


@transaction.atomic
def decide_batch(*, actor: Actor, batch_id: UUID, approve: bool, now: datetime) -> Batch:
    """Approve a batch that somebody else made: its money leaves the bodies' accounts for `transit`, and a job sends it. Or reject it.

    Raises NotPermitted, NotFound, NotProposed, SecondPersonNeeded, OwedChanged, AccountChanged.
    """
    _one_at_a_time()
    batch = Batch.objects.select_for_update().filter(id=batch_id).first()
    if batch is None:
        raise NotFound
    require(actor, CHECKERS, batch.body_code)
    if batch.state != "proposed":
        raise NotProposed
    if approve and actor.account_id in (None, batch.made_by):
        raise SecondPersonNeeded
    remittances = list(batch.remittances.select_related("bank_account"))
    if approve:
        _check_still_right(batch, remittances, now)
    batch.state, batch.checked_by, batch.checked_at = ("approved" if approve else "rejected"), actor.account_id, now
    batch.save(update_fields=["state", "checked_by", "checked_at"])
    for remittance in remittances:
        remittance.state = "rejected"
        if approve:
            remittance.state = "waiting"
            remittance.transfer_id = payments.transfer(
                kind="hand-over", legs={remittance.ledger_account: remittance.amount_cents, TRANSIT: -remittance.amount_cents},
                payment_id=None, currency=batch.currency, now=now, reason=remittance.end_to_end,
            )  # fmt: skip
        remittance.save(update_fields=["state", "transfer_id"])
    if approve:
        Delivery.objects.bulk_create(
            Delivery(batch=batch, server=server) for server in SERVERS if server in settings.SETTLEMENT_SERVERS
        )
        jobs.defer("settlement.send", once=f"settlement.send:{batch.id}", batch_id=str(batch.id))
    _tell(actor, batch, now)
    return batch


def _check_still_right(batch: Batch, remittances: list[Remittance], now: datetime) -> None:
    still: dict[str, Owed] = {one.account: one for one in owed(now, batch.currency, batch.body_code)}
    accounts = active_bank_accounts(now)
    for one in remittances:
        if one.ledger_account not in still or still[one.ledger_account].cents < one.amount_cents:
            raise OwedChanged
        if accounts.get(one.body_code) != one.bank_account:
            raise AccountChanged


def files_of(batch: Batch) -> dict[str, bytes]:
    """Return the files of a batch by name: the order to the bank, and the table for IFMIS and G-Pay. The same bytes at every call."""
    remittances = list(batch.remittances.select_related("bank_account").order_by("end_to_end"))
    made = timezone.localtime(batch.checked_at or batch.made_at)
    order = pain001.build(
        message_id=batch.message_id, made_at=made, currency=batch.currency,
        debtor=pain001.Debtor(**settings.SETTLEMENT_ACCOUNT),
        orders=[
            pain001.Order(
                one.end_to_end, one.amount_cents, one.bank_account.name, one.bank_account.bic, one.bank_account.account,
                f"{one.ledger_account} {batch.message_id}",
            )
            for one in remittances
        ],
    )  # fmt: skip
    table = files.table(
        (
            batch.message_id, made.date(), one.body_code, one.ledger_account.partition(f"{one.body_code}:")[2],
            batch.currency, decimal_text(one.amount_cents), "0.00", decimal_text(one.amount_cents), one.end_to_end,
            one.bank_account.bic, one.bank_account.account,
        )
        for one in remittances
    )  # fmt: skip
    return {f"{batch.message_id}{SERVERS['bank']}": order, f"{batch.message_id}{SERVERS['ifmis']}": table}


def send_batch(batch_id: UUID) -> None:
    """Hand an approved batch's files to each server, and see whether it acknowledged them. Safe to run again, and twice at once.

    A file goes out only where the server has neither it nor its acknowledgement. Raises sftp.NotHandedOver: run it again.
    """
    batch = Batch.objects.get(id=batch_id)
    if batch.state != "approved":
        return
    named, failed = files_of(batch), None
    for delivery_id in batch.deliveries.filter(sent_at=None).values_list("id", flat=True):
        try:
            _deliver(delivery_id, named)
        except sftp.NotHandedOver as trouble:
            Delivery.objects.filter(id=delivery_id).update(trouble=str(trouble)[:120], tried_at=timezone.now())
            failed = trouble
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(id=batch_id)
        if batch.state == "approved" and not batch.deliveries.filter(sent_at=None).exists():
            batch.state, batch.sent_at = "sent", timezone.now()
            batch.save(update_fields=["state", "sent_at"])
            _tell(SYSTEM, batch, timezone.now())
    if failed is not None:
        raise failed


@transaction.atomic
def _deliver(delivery_id: UUID, named: dict[str, bytes]) -> None:
    """Send one delivery while its row is locked: a worker that dies lets the lock go, and the next one asks the server first."""
    delivery = Delivery.objects.select_for_update(skip_locked=True).filter(id=delivery_id, sent_at=None).first()
    if delivery is None:
        return
    wanted = {name: content for name, content in named.items() if name.endswith(SERVERS[delivery.server])}
    sftp.hand_over(sftp.Server(**settings.SETTLEMENT_SERVERS[delivery.server]), {**wanted, **files.manifest(wanted)})
    delivery.sent_at = delivery.tried_at = timezone.now()
    delivery.trouble = ""
    delivery.save(update_fields=["sent_at", "tried_at", "trouble"])


def sweep_batches() -> None:
    """Order again the sending of batches whose job gave up."""
    for batch in Batch.objects.filter(state="approved"):
        jobs.defer("settlement.send", once=f"settlement.send:{batch.id}", batch_id=str(batch.id))


def confirm(remittance: Remittance, line: StatementLine, now: datetime) -> bool:
    """The bank's statement shows that a remittance left our account; the last one makes the batch done."""
    if remittance.state != "waiting":
        return False
    remittance.state, remittance.confirmed_by = "confirmed", line
    remittance.save(update_fields=["state", "confirmed_by"])
    payments.transfer(
        kind="handed-over", legs={TRANSIT: remittance.amount_cents, BANK: -remittance.amount_cents}, payment_id=None,
        currency=remittance.currency, now=now, reason=remittance.end_to_end,
    )  # fmt: skip
    batch = Batch.objects.select_for_update().get(id=remittance.batch_id)
    if batch.state in ("approved", "sent") and not batch.remittances.filter(state="waiting").exists():
        batch.state = "done"
        batch.save(update_fields=["state"])
        _tell(SYSTEM, batch, now)
    return True


def take_back(remittance: Remittance, line: StatementLine, now: datetime) -> bool:
    """The body's bank returned its money: it is ours to hand over again, in a later batch. Its way out has to be seen first."""
    if remittance.state != "confirmed":
        return False
    remittance.state, remittance.returned_by = "returned", line
    remittance.save(update_fields=["state", "returned_by"])
    payments.transfer(
        kind="returned", legs={BANK: remittance.amount_cents, remittance.ledger_account: -remittance.amount_cents},
        payment_id=None, currency=remittance.currency, now=now, reason=remittance.end_to_end,
    )  # fmt: skip
    event = events.RemittanceReturned(
        batch_id=remittance.batch_id, body_code=remittance.body_code, amount_cents=remittance.amount_cents
    )
    journal.record(actor=SYSTEM, event=event, now=now)
    return True


def _tell(actor: Actor, batch: Batch, now: datetime) -> None:
    event = events.BatchMoved(batch_id=batch.id, state=batch.state, total_cents=batch.total_cents)
    journal.record(actor=actor, event=event, now=now)
