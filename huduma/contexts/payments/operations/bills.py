"""Raising and cancelling bills."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from huduma.contexts.payments import events
from huduma.contexts.payments.models import Bill
from huduma.contexts.payments.operations.collection import release_held
from huduma.foundation import references
from huduma.foundation.access import Actor
from huduma.foundation.journal import public as journal


@transaction.atomic(savepoint=False)  # fails with the act it is part of
def raise_bill(
    *, actor: Actor, payable_id: UUID, purpose: str, payer_person_id: UUID | None, description: dict[str, str],
    lines: list[dict[str, Any]], now: datetime, payer_organisation_id: UUID | None = None,
) -> Bill:  # fmt: skip
    """Raise a bill once for a thing and purpose; a second call returns the first bill.

    Each line: code, description {en, sw}, amount_cents (> 0), body_code.
    """
    bill, created = Bill.objects.get_or_create(
        payable_id=payable_id,
        purpose=purpose,
        defaults={
            "reference": references.mint("HB"),
            "payer_person_id": payer_person_id,
            "payer_organisation_id": payer_organisation_id,
            "description": description,
            "lines": lines,
            "total_cents": sum(line["amount_cents"] for line in lines),
            "raised_at": now,
        },
    )
    if created:
        event = events.BillRaised(bill_id=bill.id, payable_id=payable_id, amount_cents=bill.total_cents)
        journal.record(actor=actor, event=event, now=now)
    return bill


@transaction.atomic
def cancel_bills(*, actor: Actor, payable_id: UUID, now: datetime) -> int:
    """Cancel the open bills of a thing that is no longer wanted; returns how many. Money that was held, or still comes, goes back.

    Raises NotPermitted: only the platform itself cancels, for the context that knows whose thing it is.
    """
    actor.require_role()
    bills = Bill.objects.select_for_update().filter(payable_id=payable_id, state="open")
    for bill in bills:
        bill.state = "cancelled"
        bill.save(update_fields=["state"])
        release_held(bill, now)
        journal.record(actor=actor, event=events.BillCancelled(bill_id=bill.id, payable_id=payable_id), now=now)
    return len(bills)


@transaction.atomic
def pass_bills(*, actor: Actor, from_person_id: UUID, to_person_id: UUID) -> None:
    """Give the bills of one record to another of the same human being. Raises NotPermitted: only the platform itself does."""
    actor.require_role()
    Bill.objects.filter(payer_person_id=from_person_id).update(payer_person_id=to_person_id)
