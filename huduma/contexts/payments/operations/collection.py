"""Asking for the money of a bill, and what becomes of it. The legal moves are in `rules`; docs/payments.md shows them.

Every operation that credits locks the bill first and its payments after it, so that two payments of one bill wait for each other.
"""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from huduma.contexts.payments import events
from huduma.contexts.payments.models import Bill, Payment
from huduma.contexts.payments.operations import health, settling
from huduma.contexts.payments.operations.locking import lock_bill
from huduma.contexts.payments.providers.base import (
    Asked,
    DrawsCodes,
    Order,
    Rejected,
    Result,
    Started,
    Uncertain,
    gateways,
)
from huduma.contexts.payments.queries import may_see
from huduma.contexts.payments.queries.dues import currency_at, due_cents, next_cents, running_payment
from huduma.contexts.payments.rules import (
    CREDITED_STATES,
    OPEN_STATES,
    PAYMENT_MOVES,
    WITHDRAWN,
    back_off,
    may_be_same,
    may_move,
)
from huduma.foundation import jobs, references
from huduma.foundation import phone as phones
from huduma.foundation.access import ANONYMOUS, SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal
from huduma.foundation.translated import pick

FIRST_QUERY = timedelta(seconds=90) / settings.PAYMENTS_PACE
QUERY_LIMIT = timedelta(hours=24) / settings.PAYMENTS_PACE
LOST_PUSH = timedelta(minutes=10) / settings.PAYMENTS_PACE
#: How many prompts that nobody pays one phone gets in an hour, and how many are sent for one bill.
PROMPTS_AN_HOUR = 10


class AlreadyPaid(Refusal):
    """This bill is paid already. There is nothing more to pay."""


class BillCancelled(Refusal):
    """This bill was cancelled. There is nothing to pay."""


def require_open(bill: Bill) -> None:
    """Raise AlreadyPaid or BillCancelled unless something may be owed of a bill."""
    if bill.state == "cancelled":
        raise BillCancelled
    if bill.state != "open":
        raise AlreadyPaid


class PaymentUnderWay(Refusal):
    """A payment for this bill is under way: its money may still come. Wait until it is known, then try again."""


class NotAPhone(Refusal):
    """That is not a phone number we can reach. Type it like 0712 345 678."""


class PhoneAskedTooOften(Refusal):
    """This phone was asked to pay many times in the last hour and did not. Wait an hour, type another number, or pay another way."""


class BillAskedTooOften(Refusal):
    """This bill was asked for on phones many times in the last hour and not paid. Wait an hour, or pay another way."""


class NoSuchWay(Refusal):
    """This bill cannot be paid that way. Choose another way to pay."""


@transaction.atomic
def start_payment(
    *, actor: Actor, bill_id: UUID, phone: str, now: datetime, gateway: str = "mpesa", language: str = "en",
    whole: bool = True,
) -> Payment:  # fmt: skip
    """Ask for the money of a bill: on a phone (the payer's own or another's), or on a page of the gateway.

    `whole`: all of it, or only the next instalment where it is paid in instalments.

    While money of the bill may still come, that payment is returned and nobody is asked again: a double click asks once.
    `language` is the one in which the payer is told what became of it.
    Raises NotFound unless the bill is the actor's, AlreadyPaid, BillCancelled, NotAPhone, NoSuchWay, PhoneAskedTooOften,
    BillAskedTooOften.
    """
    bill = lock_bill(bill_id)
    if bill is None or not may_see(actor, bill):
        raise NotFound
    return ask(actor=actor, bill=bill, phone=phone, gateway=gateway, language=language, whole=whole, now=now)


@transaction.atomic
def start_by_reference(
    *, reference: str, phone: str, now: datetime, gateway: str, language: str, whole: bool = True
) -> Payment:  # fmt: skip
    """The same by whoever holds the bill's reference, without signing in. Raises NotFound and what `start_payment` raises."""
    found = Bill.objects.filter(reference=references.normalise(reference) or "").first()
    bill = lock_bill(found.id) if found else None
    if bill is None:
        raise NotFound
    return ask(actor=ANONYMOUS, bill=bill, phone=phone, gateway=gateway, language=language, whole=whole, now=now)


def ask(*, actor: Actor, bill: Bill, phone: str, gateway: str, language: str, whole: bool, now: datetime) -> Payment:
    """The same for a locked bill whose payer has been checked by the caller."""
    require_open(bill)
    running = running_payment(bill)
    if running is not None:
        return running
    plug = dict(gateways.items()).get(gateway)
    currency = currency_at(bill, plug.currencies) if plug and plug.way in ("prompt", "page") else None
    if plug is None or currency is None:
        raise NoSuchWay
    part = 0 if whole else next_cents(bill)
    amount = part if 0 < part < due_cents(bill, None, currency) else due_cents(bill, gateway, currency)
    number = ""
    if plug.needs_phone or phone:
        try:
            number = phones.parse_mobile(phone)
        except phones.InvalidPhone:
            if plug.needs_phone:
                raise NotAPhone from None
    if plug.way == "prompt":
        _require_few_prompts(bill, number, now)
    payment = Payment.objects.create(
        bill=bill,
        gateway=gateway,
        phone=number,
        language=language,
        amount_cents=amount,
        currency=currency,
        token=secrets.token_urlsafe(32),
        started_at=now,
    )
    event = events.PaymentStarted(payment_id=payment.id, bill_id=bill.id, payable_id=bill.payable_id)
    journal.record(actor=actor, event=event, now=now)
    jobs.defer("payments.push", payment_id=str(payment.id))
    return payment


def _require_few_prompts(bill: Bill, number: str, now: datetime) -> None:
    """Whoever holds a reference can have any phone asked: nobody is to be troubled again and again by what they do not pay.

    What was paid counts for nothing (an agent pays many bills by one phone), nor what never reached the gateway.
    """
    with connection.cursor() as cursor:  # prompts of other bills to the same phone wait for each other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"prompts:{number}"])
    prompts = [code for code, plug in gateways.items() if plug.way == "prompt"]
    unpaid = Payment.objects.filter(origin="asked", gateway__in=prompts, started_at__gt=now - timedelta(hours=1))
    unpaid = unpaid.exclude(state__in=CREDITED_STATES).exclude(state="failed", checkout_id=None)
    if unpaid.filter(phone=number).count() >= PROMPTS_AN_HOUR:
        raise PhoneAskedTooOften
    if unpaid.filter(bill=bill).count() >= PROMPTS_AN_HOUR:
        raise BillAskedTooOften


def draw_code(bill: Bill) -> bytes:
    """Return the PNG of a code that an app reads, drawn by the gateway that can. Raises NoSuchWay."""
    code, drawer = next(((code, plug) for code, plug in gateways.items() if isinstance(plug, DrawsCodes)), ("", None))
    if drawer is None or bill.state != "open" or currency_at(bill, ("KES",)) is None:
        raise NoSuchWay
    try:
        return drawer.draw_code(reference=bill.reference, amount_cents=due_cents(bill, code, "KES"))
    except (Rejected, Uncertain):
        raise NoSuchWay from None


def callback_url(payment_gateway: str, token: str) -> str:
    """Return where a gateway sends what becomes of a payment or refund."""
    return f"{settings.HOOKS_BASE_URL}/hooks/payments/{gateways.get(payment_gateway).address}/{token}/"


def push(payment_id: UUID) -> None:
    """Ask the gateway, once. A worker that died in mid-call leaves "unknown": the prompt may be on the phone."""
    payment = _move(payment_id, {"requested"}, "pushing")
    if payment is None:
        if _move(payment_id, {"pushing"}, "unknown"):
            look_again(payment_id, timezone.now() + LOST_PUSH)
        return
    now = timezone.now()
    try:
        if health.is_broken(payment.gateway, now):
            raise Rejected("gateway")
        started = gateways.get(payment.gateway).begin(_order(payment))
    except Rejected as rejected:
        if rejected.reason == "gateway":
            health.went_wrong(payment.gateway, "refused", now)
        fail(payment_id=payment_id, reason=rejected.reason, now=timezone.now())
    except Uncertain as uncertain:
        health.went_wrong(payment.gateway, str(uncertain), now)
        _move(payment_id, {"pushing"}, "unknown")
        look_again(payment_id, timezone.now() + LOST_PUSH)
    else:
        health.went_well(payment.gateway, timezone.now())
        _move(payment_id, {"pushing", "unknown"}, "pending", started)
        look_again(payment_id, timezone.now() + FIRST_QUERY)


def _order(payment: Payment) -> Order:
    assert payment.bill is not None
    # Whoever paid comes back to it, signed in or not.
    page = f"{settings.PUBLIC_URL}/{payment.language}/pay/{payment.bill.reference}/"
    return Order(
        id=payment.id.hex, reference=payment.bill.reference, amount_cents=payment.amount_cents,
        currency=payment.currency, description=pick(payment.bill.description, payment.language), phone=payment.phone,
        language=payment.language, callback_url=callback_url(payment.gateway, payment.token), return_url=page,
    )  # fmt: skip


def asked(payment: Payment) -> Asked:
    """Return what a gateway needs to know to tell what became of a payment."""
    return Asked(
        id=payment.id.hex, checkout_id=payment.checkout_id or "", receipt=payment.receipt or "",
        reference=payment.bill.reference if payment.bill else payment.typed_reference, phone=payment.phone,
        amount_cents=payment.amount_cents, started_at=payment.started_at,
        callback_url=callback_url(payment.gateway, payment.token),
    )  # fmt: skip


@transaction.atomic
def _move(payment_id: UUID, since: set[str], state: str, started: Started | None = None) -> Payment | None:
    payment = Payment.objects.select_for_update(of=("self",)).select_related("bill").get(id=payment_id)
    if started is not None and payment.checkout_id is None:
        payment.checkout_id, payment.page_url = started.checkout_id, started.page_url
        payment.typed_reference = started.account
        payment.save(update_fields=["checkout_id", "page_url", "typed_reference"])
    if payment.state not in since:
        return None
    payment.state = state
    payment.save(update_fields=["state"])
    return payment


def look_again(payment_id: UUID, at: datetime) -> None:
    """Ask the gateway at a later time; one such question waits at most."""
    jobs.defer("payments.query", at=at, once=f"payments.query:{payment_id}", payment_id=str(payment_id))


def query(payment_id: UUID) -> str:
    """Ask the gateway what became of an open payment, or of one that was cancelled; ask again, ever later, while it does not know.

    After a day without an answer a person decides: never a guess. Returns the state found.
    """
    payment = Payment.objects.select_related("bill").get(id=payment_id)
    if payment.state not in OPEN_STATES and payment.reason != WITHDRAWN:
        return payment.state
    now = timezone.now()
    result = gateways.get(payment.gateway).query(asked(payment))
    age = now - payment.started_at
    by_reference = result.receipt if payment.checkout_id is None else None  # it may be another payment of the same bill
    if result.state == "paid" and not (by_reference and counted_elsewhere(payment, by_reference)):
        return take_result(payment, result, now)
    if result.state == "failed":
        return take_result(payment, result, now)
    if result.reason == "not-found" and age >= LOST_PUSH:  # late money counts all the same
        return fail(payment_id=payment_id, reason="lost", now=now)
    if age < QUERY_LIMIT:
        look_again(payment_id, now + back_off(age, FIRST_QUERY))
    else:
        _to_a_person(payment_id, now)  # not what was cancelled
    return payment.state


def take_result(payment: Payment, result: Result, now: datetime) -> str:
    """Write down what a gateway said of a payment; returns the payment's state."""
    if result.state == "paid":
        return credit(
            payment_id=payment.id, total_cents=result.amount_cents, receipt=result.receipt, phone=result.phone,
            payer_name=result.payer_name, now=now,
        )  # fmt: skip
    if result.state == "failed":
        return fail(payment_id=payment.id, reason=result.reason, now=now)
    return payment.state


@transaction.atomic
def _to_a_person(payment_id: UUID, now: datetime) -> None:
    payment = _move(payment_id, {"pending", "unknown"}, "review")
    if payment is not None:
        event = events.PaymentUnexplained(payment_id=payment.id, bill_id=payment.bill_id)
        journal.record(actor=SYSTEM, event=event, now=now)


@transaction.atomic
def credit(
    *, payment_id: UUID, total_cents: int | None, receipt: str | None, now: datetime, phone: str = "", payer_name: str = ""
) -> str:  # fmt: skip
    """Credit what the gateway confirmed for a payment, once, whatever was believed of it before; returns its state.

    `total_cents` is all that came for the request so far (None: what was asked); only what is not yet counted is credited, and
    a second instalment of the same request becomes a payment of its own. Enough for an open bill settles it, with what was
    held for it; too little is held; the rest, and anything for a bill that is not open, is surplus and goes back.
    A receipt is credited once: what came unasked and is a prompt's own money is credited to that prompt, and a prompt whose money
    came unasked before is over.
    """
    bill_id = Payment.objects.values_list("bill_id", flat=True).get(id=payment_id)
    bill = lock_bill(bill_id) if bill_id else None
    payment = Payment.objects.select_for_update().get(id=payment_id)
    payment.bill = bill
    if bill is not None and phone and payment.origin == "unasked" and payment.state in OPEN_STATES:
        came = Result("paid", "", payment.amount_cents if total_cents is None else total_cents, receipt, phone)
        own = prompt_of_ours(payment.gateway, bill, came)
        if own is not None:
            Payment.objects.filter(id=payment_id).update(receipt=None)
            fail(payment_id=payment_id, reason="own", now=now)
            return credit(payment_id=own.id, total_cents=total_cents, receipt=receipt, now=now)
    if receipt and counted_elsewhere(payment, receipt):
        if payment.state not in CREDITED_STATES:
            return fail(payment_id=payment_id, reason="own", now=now)
        receipt = None
    fresh = (total_cents if total_cents is not None else payment.amount_cents) - _counted(payment)
    if fresh <= 0:
        if receipt and payment.receipt is None:
            payment.receipt = receipt
            payment.save(update_fields=["receipt"])
        return payment.state
    if payment.state in CREDITED_STATES:
        receipt = (
            None if receipt == payment.receipt else receipt
        )  # old news of the first part can bring the second to light
        payment = _instalment(payment, fresh, receipt, now)
    payment.received_cents, payment.finished_at, payment.reason = fresh, now, ""
    payment.receipt = payment.receipt or receipt
    payment.phone, payment.payer_name = payment.phone or phone, payment.payer_name or payer_name[:80]
    settling.place(payment, bill, now)
    return payment.state


def prompt_of_ours(gateway: str, bill: Bill, came: Result) -> Payment | None:
    """Return the prompt whose money this may be: of the same bill and amount, not failed, its receipt not yet known."""
    mine = bill.payments.filter(
        gateway=gateway, origin="asked", receipt=None, amount_cents=came.amount_cents or 0,
        state__in=[*OPEN_STATES, *CREDITED_STATES],
    )  # fmt: skip
    return next((one for one in mine if may_be_same(one.phone, came.phone)), None)


def counted_elsewhere(payment: Payment, receipt: str) -> bool:
    """Whether another payment has this receipt: the same money must not count twice."""
    return Payment.objects.filter(gateway=payment.gateway, receipt=receipt).exclude(id=payment.id).exists()


def _counted(payment: Payment) -> int:
    """Return the cents that were credited for the same request before."""
    if payment.state not in CREDITED_STATES:
        return 0
    if not payment.checkout_id:
        return payment.received_cents or 0
    same = Payment.objects.filter(gateway=payment.gateway, checkout_id=payment.checkout_id)
    return int(same.aggregate(total=Sum("received_cents"))["total"] or 0)


def _instalment(first: Payment, cents: int, receipt: str | None, now: datetime) -> Payment:
    return Payment.objects.create(
        bill=first.bill, gateway=first.gateway, origin="unasked", phone=first.phone, payer_name=first.payer_name,
        language=first.language, amount_cents=cents, currency=first.currency, state="pending", receipt=receipt,
        token=secrets.token_urlsafe(32), checkout_id=first.checkout_id, started_at=now,
    )  # fmt: skip


@transaction.atomic
def fail(*, payment_id: UUID, reason: str, now: datetime, actor: Actor = SYSTEM) -> str:
    """Record that an open payment did not happen; one that is finished stays as it is. Returns the payment's state."""
    payment = Payment.objects.select_for_update(of=("self",)).select_related("bill").get(id=payment_id)
    if payment.state not in OPEN_STATES or not may_move(PAYMENT_MOVES, payment.state, "failed"):
        return payment.state
    payment.state, payment.reason, payment.finished_at = "failed", reason, now
    payment.save(update_fields=["state", "reason", "finished_at"])
    event: journal.Event = events.PaymentFailed(
        payment_id=payment.id, bill_id=payment.bill_id, reason=reason,
        payable_id=payment.bill.payable_id if payment.bill else None,
    )  # fmt: skip
    if reason == "own":  # nobody is told that nothing was taken
        event = events.PaymentMerged(payment_id=payment.id, bill_id=payment.bill_id)
    journal.record(actor=actor, event=event, now=now)
    return payment.state
