"""Reading balances."""

from django.db.models import Sum

from huduma.contexts.payments.models import LedgerEntry


def balance_cents(account_code: str) -> int:
    """Return an account's balance: debits minus credits."""
    return LedgerEntry.objects.filter(account_id=account_code).aggregate(total=Sum("amount_cents"))["total"] or 0


def trial_balance_cents() -> int:
    """Return the sum of all entries: nothing, or something is very wrong."""
    return LedgerEntry.objects.aggregate(total=Sum("amount_cents"))["total"] or 0
