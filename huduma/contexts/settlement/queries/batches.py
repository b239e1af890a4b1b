"""Batches, bank accounts and findings, by who may see them."""

from datetime import datetime
from uuid import UUID

from huduma.contexts.settlement.models import BankAccount, Batch, Delivery, Finding, Remittance
from huduma.contexts.settlement.queries.access import PAGE_SIZE, bodies_seen, require_all
from huduma.foundation.access import Actor, NotFound


def batches_for(actor: Actor) -> list[Batch]:
    """Return the batches in which the actor's bodies have a part, newest first. Raises NotPermitted."""
    bodies = bodies_seen(actor)
    found = Batch.objects.order_by("-number")
    if bodies is not None:
        found = found.filter(id__in=Remittance.objects.filter(body_code__in=bodies).values("batch_id"))
    return list(found[:PAGE_SIZE])


def batch_for(actor: Actor, batch_id: UUID) -> tuple[Batch, list[Remittance], list[Delivery]]:
    """Return a batch, the remittances that the actor may see, and where its files went. Raises NotPermitted, NotFound."""
    bodies = bodies_seen(actor)
    batch = Batch.objects.filter(id=batch_id).first()
    found = Remittance.objects.filter(batch_id=batch_id)
    found = found.select_related("batch", "bank_account", "confirmed_by", "returned_by")
    if bodies is not None:
        found = found.filter(body_code__in=bodies)
    shown = list(found.order_by("end_to_end"))
    if batch is None or not shown:
        raise NotFound
    return batch, shown, list(batch.deliveries.order_by("server"))


def remittances_of(batch_id: UUID) -> list[Remittance]:
    """Return all remittances of a batch; for the platform's own notices."""
    return list(
        Remittance.objects.filter(batch_id=batch_id).select_related("batch", "bank_account").order_by("end_to_end")
    )


def bank_accounts_for(actor: Actor) -> list[BankAccount]:
    """Return the bank accounts of the bodies that the actor sees and their changes, newest first. Raises NotPermitted."""
    bodies = bodies_seen(actor)
    found = BankAccount.objects.exclude(state="rejected").order_by("-proposed_at")
    return list((found if bodies is None else found.filter(body_code__in=bodies))[:PAGE_SIZE])


def findings_for(actor: Actor) -> list[Finding]:
    """Return what the last run of each check found, what needs a person first. Raises NotPermitted."""
    require_all(actor)
    return list(Finding.objects.order_by("-count", "check_code"))


def collected_since(remittance: Remittance) -> datetime | None:
    """Return from when on the money of a remittance was collected: the end of the hand-over before it; None: from the first day."""
    before = Remittance.objects.filter(ledger_account=remittance.ledger_account, currency=remittance.currency)
    before = before.exclude(transfer_id=None).filter(batch__number__lt=remittance.batch.number).select_related("batch")
    last = before.order_by("-batch__number").first()
    return last.batch.before if last else None


def covering(account: str, currency: str, collected_at: datetime) -> Remittance | None:
    """Return the first hand-over of an account that reaches a moment of collection: where its money went."""
    found = Remittance.objects.filter(ledger_account=account, currency=currency, batch__before__gt=collected_at)
    found = found.exclude(transfer_id=None).select_related("batch", "bank_account", "confirmed_by__statement")
    return found.order_by("batch__number").first()
