"""Reading payments, refunds, tills, and how the gateways fare."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from huduma.contexts.identity import public as identity
from huduma.contexts.payments.models import (
    Bill,
    Callback,
    GatewayHealth,
    Payment,
    Receivable,
    Refund,
    Ruling,
    TillSession,
)
from huduma.contexts.payments.providers.base import Gateway, gateways
from huduma.contexts.payments.queries.dues import convenience_of, currency_at, due_cents
from huduma.contexts.payments.rules import ENDED_REFUNDS, OPEN_STATES
from huduma.foundation import references
from huduma.foundation.access import Actor, NotFound
from huduma.foundation.files.public import StoredFile

#: Who explains money that no gateway can explain, for all bodies, and so sees who paid. Nobody else needs that to do their work:
#: the secretariat has figures, and whoever runs the platform only how the gateways fare.
MONEY_ROLES = ("accountant",)
GATEWAY_ROLES = (*MONEY_ROLES, "administrator")
PAGE_SIZE = 50


@dataclass(frozen=True)
class Way:
    """One way to pay a bill: its gateway's code, the adapter, whether it works just now, and what is then to be paid.

    `fee_cents` of it, in the bill's currency, are for this way of paying.
    """

    code: str
    gateway: Gateway
    is_down: bool
    due_cents: int
    currency: str
    fee_cents: int


@dataclass(frozen=True)
class Standing:
    """How one gateway fares."""

    code: str
    gateway: Gateway
    health: GatewayHealth | None
    waiting: int


@dataclass(frozen=True)
class Known:
    """All that is known of one payment."""

    payment: Payment
    callbacks: list[Callback]
    rulings: list[Ruling]
    refunds: list[Refund]


def ways_to_pay(bill: Bill, now: datetime) -> list[Way]:
    """Return the ways in which a bill can be paid, in its currency or by its rate, in the order in which they are registered."""
    recent = now - timedelta(seconds=30)
    down = set(
        GatewayHealth.objects.filter(faults_in_a_row__gte=5, failed_at__gt=recent).values_list("gateway", flat=True)
    )
    found, dues = [], {}
    for code, gateway in gateways.items():
        currency, fee = currency_at(bill, gateway.currencies), convenience_of(bill, code)[0]
        if currency is None:
            continue
        if (currency, fee) not in dues:  # all else that a bill is due is the same at every gateway
            dues[currency, fee] = due_cents(bill, code, currency)
        found.append(Way(code, gateway, code in down, dues[currency, fee], currency, fee))
    return found


def latest_payment(bill_id: UUID) -> Payment | None:
    """Return the payment of a bill that counts most now: one whose money may still come, else the newest."""
    payments = Payment.objects.filter(bill_id=bill_id).exclude(reason="own").order_by("-started_at", "-id")
    return payments.filter(state__in=OPEN_STATES).first() or payments.first()


def settling_payment(bill_id: UUID) -> Payment | None:
    """Return the payment that settled a bill, by itself or with its basket; None where all of it was waived."""
    settled = Payment.objects.filter(Q(bill_id=bill_id) | Q(bill__members=bill_id, bill__state="settled"))
    return settled.filter(state__in=["succeeded", "applied"]).order_by("-state", "-finished_at").first()


def is_cancellable(payment: Payment) -> bool:
    """Whether its payer may say that they did not pay: they act on a page and know; a prompt on a phone ends by itself."""
    plug = dict(gateways.items()).get(payment.gateway)  # one that is not plugged in any more has no page
    return plug is not None and plug.way == "page" and payment.state in ("pending", "review")


def refunds_of(bill_id: UUID) -> list[Refund]:
    """Return what goes back, or went, of a bill whose reader has been checked."""
    going = Refund.objects.filter(payment__bill_id=bill_id).exclude(state__in=["proposed", "rejected"])
    return [
        one for one in going.select_related("payment").order_by("asked_at")
        if one.state != "closed" or closed_left_cents(one.payment)
    ]  # fmt: skip


def standings_for(actor: Actor) -> list[Standing]:
    """Return how each gateway fares, to those who mind money or run the platform. Raises NotPermitted."""
    actor.require_everywhere(*GATEWAY_ROLES)
    kept = {one.gateway: one for one in GatewayHealth.objects.all()}
    counts = {code: Payment.objects.filter(gateway=code, state="review").count() for code, _ in gateways.items()}
    return [Standing(code, plug, kept.get(code), counts[code]) for code, plug in gateways.items()]


def unexplained_for(actor: Actor, after: UUID | None = None) -> list[Payment]:
    """Return the payments that wait for a person, oldest first. Raises NotPermitted."""
    actor.require_everywhere(*MONEY_ROLES)
    found = Payment.objects.filter(state="review").select_related("bill").prefetch_related("rulings")
    return list((found.filter(id__gt=after) if after else found).order_by("id")[:PAGE_SIZE])


def waiting_refunds_for(actor: Actor) -> list[Refund]:
    """Return the refunds that wait for a person: to approve, to see to, to check, to close; oldest first. Raises NotPermitted."""
    actor.require_everywhere(*MONEY_ROLES)
    waiting = Refund.objects.filter(
        Q(state__in=["proposed", "review", "recorded", "closing"])
        | Q(trouble="paid-twice", hand_by__isnull=False, hand_checked_by=None)
    )
    return list(waiting.select_related("payment__bill").order_by("asked_at")[:PAGE_SIZE])


def slip_for(actor: Actor, refund_id: UUID) -> StoredFile:
    """Return the scanned slip of a refund paid by hand, to those who mind money and auditors. Raises NotPermitted, NotFound."""
    actor.require_everywhere(*MONEY_ROLES, "auditor")
    refund = Refund.objects.select_related("hand_file").filter(id=refund_id).first()
    if refund is None or refund.hand_file is None:
        raise NotFound
    return refund.hand_file


def ownerless_for(actor: Actor) -> list[Payment]:
    """Return money that is nobody's and does not go back yet, oldest first: for no bill we know, or of refunds that were closed.

    Raises NotPermitted.
    """
    actor.require_everywhere(*MONEY_ROLES)
    kept = Payment.objects.filter(bill=None, state="surplus").exclude(
        refunds__in=Refund.objects.exclude(state="rejected")
    )
    closed = Payment.objects.filter(refunds__state="closed").distinct()
    found = [*kept.order_by("id")[:PAGE_SIZE], *(one for one in closed.order_by("id") if closed_left_cents(one))]
    return sorted(found, key=lambda one: one.id)[:PAGE_SIZE]


def owner_of(bill: Bill | None) -> identity.Contact | None:
    """Return how to reach whoever owes a bill; None where that is nobody we know."""
    if bill is None or bill.payer_person_id is None:
        return None
    try:
        return identity.contact_of(bill.payer_person_id)
    except NotFound:
        return None


def reach(payment: Payment) -> tuple[str, str] | None:
    """Return the number of whoever paid, else of whoever owes the bill, and their language."""
    if payment.phone.startswith("+"):
        return payment.phone, payment.language
    owner = owner_of(payment.bill)
    return (owner.phone, owner.language) if owner and owner.phone else None


def receivables_for(actor: Actor) -> list[Receivable]:
    """Return what went out more than once: what is still owed first, oldest first. Raises NotPermitted."""
    actor.require_everywhere(*MONEY_ROLES, "auditor")
    found = Receivable.objects.select_related("bill", "refund__payment__bill")
    waiting = list(found.filter(bill__state="open").order_by("id")[:PAGE_SIZE])
    return waiting + list(found.exclude(bill__state="open").order_by("-id")[: PAGE_SIZE - len(waiting)])


def closed_refund_of(payment: Payment) -> Refund | None:
    """Return a closed refund of money that nothing but suspense has, and that is to go back still."""
    closed = _of_suspense(payment).filter(state="closed").order_by("asked_at").first()
    return closed if closed and closed_left_cents(payment) else None


def closed_left_cents(payment: Payment) -> int:
    """Return how much of a payment was to go back out of suspense, was closed, and is not on its way again.

    What a person proposed anew is the same money as what was closed: only what a rule ordered says how much there was to go back.
    """
    refunds = _of_suspense(payment)
    if not refunds.filter(state="closed").exists():
        return 0
    left = refundable_cents(payment)
    if payment.state == "surplus":  # all of it is in suspense
        return left
    ordered, going = refunds.filter(asked_by=None), refunds.exclude(state__in=ENDED_REFUNDS)
    return min(max(_sum(ordered) - _sum(going), 0), left)


def refundable_cents(payment: Payment) -> int:
    """Return how much of a payment is still with us and not on its way back; the caller has checked who may."""
    return (payment.received_cents or 0) - _sum(payment.refunds.exclude(state__in=ENDED_REFUNDS))


def is_still_ours(closed: Refund) -> bool:
    """Whether the money of a closed refund did not go back another way since."""
    payment = closed.payment
    out_of_suspense = closed.reason != "decision" or payment.state == "surplus"
    return closed.amount_cents <= (closed_left_cents(payment) if out_of_suspense else refundable_cents(payment))


def _of_suspense(payment: Payment) -> QuerySet[Refund]:
    refunds = payment.refunds.all()
    return refunds if payment.state == "surplus" else refunds.exclude(reason="decision")


def _sum(refunds: QuerySet[Refund]) -> int:
    return refunds.aggregate(total=Sum("amount_cents"))["total"] or 0


def known_for(actor: Actor, payment_id: UUID) -> Known:
    """Return all that is known of a payment, with the bytes that came. Raises NotPermitted, NotFound."""
    actor.require_everywhere(*MONEY_ROLES)
    known = trail_of(payment_id)
    if known is None:
        raise NotFound
    return known


def payments_named(text: str) -> list[Payment]:
    """Return the payments that a gateway's receipt, a refund's or a bill's reference names; the caller has checked who may."""
    receipt = Q(receipt__in={text, text.upper()})
    about = set(Payment.objects.filter(receipt).values_list("id", flat=True)[:PAGE_SIZE])
    about |= set(Refund.objects.filter(receipt).values_list("payment_id", flat=True)[:PAGE_SIZE])
    about |= set(Receivable.objects.filter(receipt).values_list("refund__payment_id", flat=True)[:PAGE_SIZE])
    if reference := references.normalise(text):
        paid = Q(bill__reference=reference) | Q(bill__members__reference=reference)
        about |= set(Payment.objects.filter(paid).values_list("id", flat=True)[:PAGE_SIZE])
    return list(Payment.objects.filter(id__in=about).select_related("bill").order_by("started_at")[:PAGE_SIZE])


def money_behind(cashbook_id: UUID) -> tuple[Payment, Refund | None] | None:
    """Return the payment that an entry of the cash book is or belongs to, and the refund, if it is one; the caller has checked who may."""
    refund = (
        Refund.objects.filter(Q(id=cashbook_id) | Q(receivables=cashbook_id)).select_related("payment__bill").first()
    )
    if refund is not None:
        return refund.payment, refund
    payment = Payment.objects.select_related("bill").filter(id=cashbook_id).first()
    return (payment, None) if payment else None


def trail_of(payment_id: UUID) -> Known | None:
    """The same as `known_for`, for a caller that has checked who may."""
    payment = Payment.objects.select_related("bill", "till_session").filter(id=payment_id).first()
    if payment is None:
        return None
    about = Q(token=payment.token)
    if payment.receipt:
        about |= Q(key__in=[payment.receipt, f"{payment.checkout_id}:{payment.receipt}"])
    if payment.checkout_id:
        about |= Q(key=payment.checkout_id)
    callbacks = Callback.objects.filter(about, gateway=payment.gateway).order_by("received_at")
    return Known(
        payment, list(callbacks[:PAGE_SIZE]), list(payment.rulings.order_by("proposed_at")),
        list(payment.refunds.prefetch_related("receivables__bill").order_by("asked_at")),
    )  # fmt: skip


def till_of(actor: Actor) -> TillSession | None:
    """Return the till that the actor has open or has counted."""
    if actor.account_id is None:
        return None
    return TillSession.objects.filter(cashier=actor.account_id).exclude(state="closed").first()


def tills_to_witness_for(actor: Actor) -> list[TillSession]:
    """Return the counted tills of the actor's bodies that wait for a second person."""
    counted = TillSession.objects.filter(state="counted").order_by("counted_at")
    others = [one for one in counted if one.cashier != actor.account_id]
    return [one for one in others if actor.has_role("officer", "supervisor", body=one.body_code)]


def tills_called(beginning: str) -> list[TillSession]:
    """Return the turns at tills whose names begin so, the first opened first. For a reader who has been checked."""
    return list(TillSession.objects.filter(till__startswith=beginning).order_by("opened_at"))


def tills_to_explain_for(actor: Actor) -> list[TillSession]:
    """Return the tills that the actor counted with another person, and that hold another sum than they should."""
    differing = TillSession.objects.filter(state="differs").order_by("counted_at")
    return [one for one in differing if actor.account_id in (one.cashier, one.witness)]


def till_takings(session: TillSession) -> list[Payment]:
    """Return what a till took in this turn, newest first."""
    return list(session.payments.select_related("bill").order_by("-started_at")[:PAGE_SIZE])
