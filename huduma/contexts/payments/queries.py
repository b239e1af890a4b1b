"""Reading bills and balances."""

from uuid import UUID

from django.db.models import Sum

from huduma.contexts.payments.models import Bill, LedgerEntry, Payment
from huduma.foundation.access import Actor, NotFound


def get_bill_for(actor: Actor, bill_id: UUID) -> Bill:
    """Return a bill to its payer, to officers of a body on it, or to the system. Raises NotFound."""
    bill = Bill.objects.filter(id=bill_id).first()
    if bill is None or not may_see(actor, bill):
        raise NotFound
    return bill


def may_see(actor: Actor, bill: Bill) -> bool:
    """Whether a bill is the actor's own (or an assisted person's), or names a body the actor works for, or the system asks."""
    if actor.kind == "system" or bill.payer_person_id in {actor.person_id, actor.on_behalf_of} - {None}:
        return True
    return any(actor.has_role("officer", "supervisor", body=line["body_code"]) for line in bill.lines if actor.is_staff)


def bills_for_payable(payable_id: UUID) -> list[Bill]:
    """Return the bills of a thing whose reader has been checked by the caller."""
    return list(Bill.objects.filter(payable_id=payable_id).order_by("raised_at"))


def latest_payment(bill_id: UUID) -> Payment | None:
    """Return the newest attempt to pay a bill."""
    return Payment.objects.filter(bill_id=bill_id).order_by("-started_at", "-id").first()


def settling_payment(bill_id: UUID) -> Payment | None:
    """Return the payment that settled a bill."""
    return Payment.objects.filter(bill_id=bill_id, state="succeeded").first()


def balance_cents(account_code: str) -> int:
    """Return an account's balance: debits minus credits."""
    return LedgerEntry.objects.filter(account_id=account_code).aggregate(total=Sum("amount_cents"))["total"] or 0


def trial_balance_cents() -> int:
    """Return the sum of all entries: nothing, or something is very wrong."""
    return LedgerEntry.objects.aggregate(total=Sum("amount_cents"))["total"] or 0
