"""What gateways themselves say of a stretch of time, for whoever matches it; and money that only a statement told of."""

from datetime import datetime
from uuid import UUID

from huduma.contexts.payments.models import Payment
from huduma.contexts.payments.operations import collection, intake
from huduma.contexts.payments.providers.base import Notice, Pulled, Result, gateways


def stated(gateway: str, since: datetime, until: datetime) -> list[Pulled] | None:
    """Return what a gateway says it received: its own list, or, where it has none, the status of each request begun in that time.

    None where it can tell nothing (banks, cash). Asks the gateway over the network. Raises Uncertain.
    """
    plug = gateways.get(gateway)
    lines = plug.pull(since, until)
    if lines is not None or plug.way not in ("prompt", "page"):
        return lines
    asked = Payment.objects.filter(gateway=gateway, origin="asked", started_at__gte=since, started_at__lt=until)
    found = []
    for payment in (
        asked.exclude(checkout_id=None).select_related("bill").order_by("started_at").iterator(chunk_size=500)
    ):
        result = plug.query(collection.asked(payment))
        if result.state == "paid":
            cents = result.amount_cents if result.amount_cents is not None else payment.amount_cents
            about = (result.receipt or "", payment.checkout_id or "", cents, payment.started_at)
            found.append(Pulled(*about, currency=payment.currency))
    return found


def take_stated(
    *, gateway: str, receipt: str, reference: str, amount_cents: int, currency: str, since: datetime
) -> UUID | None:
    """Credit money that a statement proves and no notice told of, by its reference; the caller has checked who may.

    Returns the payment; None while a payment of our own that it may be still waits for its news.
    """
    result = Result("paid", "", amount_cents, receipt)
    notice = Notice(kind="unasked", key=receipt, result=result, reference=reference)
    try:
        intake.take_unasked(gateway, notice, confirmed=True, since=since)
    except intake.NotConfirmed:
        return None
    found = Payment.objects.filter(gateway=gateway, receipt=receipt, received_cents__isnull=False, currency=currency)
    return found.values_list("id", flat=True).first()
