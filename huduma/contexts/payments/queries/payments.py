"""Reading payments."""

from uuid import UUID

from huduma.contexts.payments.models import Payment


def latest_payment(bill_id: UUID) -> Payment | None:
    """Return the newest attempt to pay a bill."""
    return Payment.objects.filter(bill_id=bill_id).order_by("-started_at", "-id").first()


def settling_payment(bill_id: UUID) -> Payment | None:
    """Return the payment that settled a bill."""
    return Payment.objects.filter(bill_id=bill_id, state="succeeded").first()
