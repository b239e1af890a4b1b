"""Reading bills, by who may see them."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Sum
from django.utils import timezone

from huduma.contexts.identity import public as identity
from huduma.contexts.payments.models import Bill
from huduma.foundation.access import Actor, NotFound


def get_bill_for(actor: Actor, bill_id: UUID) -> Bill:
    """Return a bill to its payer, to officers of a body on it, or to the system. Raises NotFound."""
    bill = Bill.objects.filter(id=bill_id).first()
    if bill is None or not may_see(actor, bill):
        raise NotFound
    return bill


def may_see(actor: Actor, bill: Bill) -> bool:
    """Whether a bill is the actor's own, an assisted person's or one's organisation's, or names the actor's body, or the system asks."""
    if actor.kind == "system" or bill.payer_person_id in {actor.person_id, actor.on_behalf_of} - {None}:
        return True
    organisation = bill.payer_organisation_id
    if organisation and identity.may_act_for(actor.person_id, organisation, on=timezone.localdate()):
        return True
    return any(actor.has_role("officer", "supervisor", body=line["body_code"]) for line in bill.lines if actor.is_staff)


def paid_for(payable_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return what was paid for things, in cents; for figures."""
    paid = Bill.objects.filter(payable_id__in=list(payable_ids), state="settled").values_list("payable_id")
    return dict(paid.annotate(Sum("total_cents")))


def bills_for_payable(payable_id: UUID) -> list[Bill]:
    """Return the bills of a thing whose reader has been checked by the caller."""
    return list(Bill.objects.filter(payable_id=payable_id).order_by("raised_at"))
