"""Amounts as people type them."""

from decimal import Decimal, InvalidOperation

from django.http import HttpRequest

from huduma.foundation.access import Refusal


class NotAnAmount(Refusal):
    """That is not an amount. Type shillings, like 1050 or 1050.50."""


def typed_cents(request: HttpRequest, name: str = "amount") -> int:
    """Return what was typed in shillings, in cents. Raises NotAnAmount."""
    try:
        value = Decimal(request.POST.get(name, "").replace(",", "").strip()) * 100
    except InvalidOperation:
        raise NotAnAmount from None
    if not value.is_finite() or value != int(value) or not 0 <= value < 10**12:
        raise NotAnAmount
    return int(value)
