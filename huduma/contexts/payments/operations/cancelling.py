"""Giving up a payment that the payer began on a gateway's page and did not make, so that they can pay another way."""

import contextlib
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from huduma.contexts.payments.models import Payment
from huduma.contexts.payments.operations import collection
from huduma.contexts.payments.providers.base import Cancels, Rejected, Uncertain, gateways
from huduma.contexts.payments.queries import MONEY_ROLES, is_cancellable, may_see
from huduma.contexts.payments.rules import OPEN_STATES, WITHDRAWN
from huduma.foundation import references
from huduma.foundation.access import Actor, NotFound, Refusal


class NotToCancel(Refusal):
    """This payment cannot be cancelled: it is being asked for, or is over. Look at its page again in a minute."""


def cancel_payment(*, actor: Actor, payment_id: UUID, now: datetime, reference: str = "") -> Payment:
    """End a payment on a page that its payer says they did not make; returns it as it is then.

    The gateway is asked to close its page, where it can, and whether the money came after all: then it counts. Money that comes later
    counts too: for the bill while that is open, else it is surplus and goes back. Allowed to whoever owes the bill or holds its
    `reference`, to officers of its bodies, and to those who mind money. Raises NotFound, NotToCancel.
    """
    payment = Payment.objects.select_related("bill").filter(id=payment_id).first()
    if payment is None or payment.bill is None:
        raise NotFound
    held = bool(reference) and references.normalise(reference) == payment.bill.reference
    if not held and not may_see(actor, payment.bill) and not actor.has_everywhere(*MONEY_ROLES):
        raise NotFound
    if not is_cancellable(payment):
        raise NotToCancel
    gateway = gateways.get(payment.gateway)
    if isinstance(gateway, Cancels):
        # It was paid, or is over, or cannot be reached: the question that follows tells, and late money counts.
        with contextlib.suppress(Rejected, Uncertain):
            gateway.cancel(collection.asked(payment))
    if collection.query(payment_id) in OPEN_STATES:
        collection.fail(payment_id=payment_id, reason=WITHDRAWN, now=now, actor=actor)
        collection.look_again(payment_id, timezone.now() + collection.FIRST_QUERY)
    payment.refresh_from_db()
    return payment
