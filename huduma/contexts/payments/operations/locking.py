"""Locking bills: always together with what their money is tied to, and always in the same order."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from huduma.contexts.payments.models import Bill


def lock_together(bill_ids: Iterable[UUID]) -> dict[UUID, Bill]:
    """Lock bills with all whose money is tied to theirs: baskets and their members; in one order for everybody."""
    known = list(bill_ids)
    related = Q(id__in=known) | Q(members__in=known) | Q(basket__in=known) | Q(basket__members__in=known)
    wanted = set(Bill.objects.filter(related).values_list("id", flat=True))
    return {bill.id: bill for bill in Bill.objects.select_for_update().filter(id__in=wanted).order_by("id")}


def lock_bill(bill_id: UUID) -> Bill | None:
    """The same for one bill; returns it."""
    return lock_together([bill_id]).get(bill_id)
