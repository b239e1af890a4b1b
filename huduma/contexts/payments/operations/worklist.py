"""Payments that no gateway can explain: one person proposes, another decides; and the gateway can be asked again at any time."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from huduma.contexts.payments import events
from huduma.contexts.payments.models import Payment, Refund, Ruling
from huduma.contexts.payments.operations import collection
from huduma.contexts.payments.queries import MONEY_ROLES
from huduma.foundation import jobs
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal


class ReasonMissing(Refusal):
    """Say why: whoever checks this later reads it."""


class ReceiptMissing(Refusal):
    """To count the money as received, type the receipt number from the gateway's own statement."""


class ReceiptTaken(Refusal):
    """This receipt belongs to another payment already. Compare the numbers: if it is the same money, choose “The money did not come”."""


class NotWaiting(Refusal):
    """This payment does not wait for a person any more. Look at its page again."""


class ProposedAlready(Refusal):
    """A proposal for this payment waits for a second person already."""


class SecondPersonNeeded(Refusal):
    """You proposed this yourself. A second person has to decide; you can take your proposal back."""


@transaction.atomic
def propose_ruling(
    *, actor: Actor, payment_id: UUID, verdict: str, reason: str, receipt: str, now: datetime
) -> Ruling:  # fmt: skip
    """Propose to settle (with the receipt that proves it) or to fail an unexplained payment.

    Raises NotPermitted, NotFound, NotWaiting, ProposedAlready, ReasonMissing, ReceiptMissing, ReceiptTaken.
    """
    actor.require_everywhere(*MONEY_ROLES)
    if actor.account_id is None:
        raise NotPermitted
    payment = Payment.objects.select_for_update().filter(id=payment_id).first()
    if payment is None or verdict not in ("settle", "fail"):
        raise NotFound
    if payment.state != "review":
        raise NotWaiting
    if payment.rulings.filter(state="proposed").exists():
        raise ProposedAlready
    if not reason.strip():
        raise ReasonMissing
    if verdict == "settle" and not (receipt.strip() or payment.receipt):
        raise ReceiptMissing
    if verdict == "settle" and receipt.strip() and collection.counted_elsewhere(payment, receipt.strip()):
        raise ReceiptTaken
    ruling = Ruling.objects.create(
        payment=payment, verdict=verdict, reason=reason.strip(), receipt=receipt.strip()[:60],
        proposed_by=actor.account_id, proposed_at=now,
    )  # fmt: skip
    event = events.RulingProposed(payment_id=payment.id, ruling_id=ruling.id, verdict=verdict)
    journal.record(actor=actor, event=event, now=now)
    return ruling


@transaction.atomic
def decide_ruling(*, actor: Actor, payment_id: UUID, approve: bool, now: datetime) -> Ruling:
    """Agree to a proposal, which ends the payment, or reject it. Whoever proposed may only take it back.

    Raises NotPermitted, NotFound, SecondPersonNeeded.
    """
    actor.require_everywhere(*MONEY_ROLES)
    ruling = Ruling.objects.select_for_update().filter(payment_id=payment_id, state="proposed").first()
    if ruling is None:
        raise NotFound
    if approve and ruling.proposed_by == actor.account_id:
        raise SecondPersonNeeded
    ruling.state, ruling.decided_by, ruling.decided_at = ("approved" if approve else "rejected"), actor.account_id, now
    ruling.save(update_fields=["state", "decided_by", "decided_at"])
    event = events.RulingDecided(payment_id=ruling.payment_id, ruling_id=ruling.id, approved=approve)
    journal.record(actor=actor, event=event, now=now)
    if approve and ruling.verdict == "settle":
        collection.credit(payment_id=payment_id, total_cents=None, receipt=ruling.receipt or None, now=now)
    elif approve:
        collection.fail(payment_id=payment_id, reason="ruled", now=now)
    return ruling


def query_again(*, actor: Actor, payment_id: UUID) -> str:
    """Ask the gateway at once about an open payment; returns the state found. Raises NotPermitted, NotFound."""
    actor.require_everywhere(*MONEY_ROLES)
    if not Payment.objects.filter(id=payment_id).exists():
        raise NotFound
    return collection.query(payment_id)


@transaction.atomic
def resend_refund(*, actor: Actor, refund_id: UUID, now: datetime) -> None:
    """Hand a refund that got stuck to its gateway again, under the same id. Raises NotPermitted, NotFound, NotWaiting."""
    actor.require_everywhere(*MONEY_ROLES)
    refund = Refund.objects.select_for_update().filter(id=refund_id).first()
    if refund is None:
        raise NotFound
    if refund.state != "review":
        raise NotWaiting
    refund.state, refund.trouble, refund.approved_at = "sending", "", now
    refund.save(update_fields=["state", "trouble", "approved_at"])
    journal.record(
        actor=actor, now=now,
        event=events.RefundResent(
            refund_id=refund.id, payment_id=refund.payment_id, bill_id=None, amount_cents=refund.amount_cents
        ),
    )  # fmt: skip
    jobs.defer("payments.refund", refund_id=str(refund.id))
