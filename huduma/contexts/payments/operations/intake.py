"""What gateways send: verified as far as can be, kept byte for byte, answered at once, judged by a job."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from huduma.contexts.payments.models import Bill, Callback, GatewayHealth, Payment, Refund
from huduma.contexts.payments.operations import collection, health, refunds
from huduma.contexts.payments.providers.base import (
    Balances,
    Gateway,
    Malformed,
    Notice,
    Pulled,
    Registers,
    Rejected,
    Result,
    Uncertain,
    Validates,
    by_address,
    gateways,
)
from huduma.contexts.payments.queries import dues
from huduma.contexts.payments.rules import CREDITED_STATES, OPEN_STATES
from huduma.foundation import jobs, references
from huduma.foundation.text import storable

CALLBACK_LIMIT_BYTES = 65_536
HEADERS_KEPT = 50
PULL_OVERLAP = timedelta(minutes=15) / settings.PAYMENTS_PACE
PULL_REACH = timedelta(hours=48)  # Daraja keeps no longer
#: How long the news of money that looks like an open payment of our own waits for that payment's own news; lists have it so long.
OWN_NEWS = PULL_OVERLAP


class NotConfirmed(Exception):
    """A callback claims success and the gateway does not say so (yet): asked again later."""


@dataclass(frozen=True)
class Taken:
    """What a gateway hears: the HTTP status and the JSON."""

    status: int
    answer: dict[str, Any]


def standing_token(gateway: str) -> str:
    """The unguessable part of the one address that is entered at a gateway for all news that is about no request of ours."""
    return salted_hmac("hooks.payments", gateway).hexdigest()[:40]


def standing_url(gateway: str) -> str:
    """That address."""
    return collection.callback_url(gateway, standing_token(gateway))


def receive_callback(
    *, address: str, token: str, headers: dict[str, str], body: bytes, now: datetime, late: bool = False
) -> Taken:
    """Keep a callback as it came, whatever is wrong with it, enqueue its reading, and say what to answer.

    A wrong signature is kept too, unread, and answered 401: the real sender tries again.
    """
    code = by_address(address)
    if code is None:
        return Taken(404, {})
    gateway, body = gateways.get(code), body[:CALLBACK_LIMIT_BYTES]
    verified = gateway.verify(headers=headers, body=body)
    try:
        notice = gateway.parse(body)
    except Malformed:
        notice = None
    outcome = "forged" if verified is False else "late" if late else ""
    with transaction.atomic():
        first = None
        if notice is not None and notice.key:
            first = (
                Callback.objects.filter(gateway=code, key=notice.key)
                .order_by("id")
                .values_list("id", flat=True)
                .first()
            )
        callback = Callback.objects.create(
            gateway=code, token=token[:100], key=notice.key[:100] if notice else "", headers=_kept(headers, gateway), body=body,
            verified=bool(verified), received_at=now, outcome=outcome, processed_at=now if outcome else None,
        )  # fmt: skip
        if not outcome:
            jobs.defer("payments.read_callback", callback_id=str(callback.id))
    if verified is False:
        return Taken(401, {})
    return Taken(200, gateway.acknowledge(notice, (first or callback.id).hex))


def _kept(headers: dict[str, str], gateway: Gateway) -> dict[str, str]:
    """Credentials are checked and never kept."""
    secret = {"authorization", "cookie", *(name.lower() for name in gateway.credentials)}
    kept = [(name, value) for name, value in headers.items() if name.lower() not in secret]
    return {storable(name[:100]): storable(value[:500]) for name, value in kept[:HEADERS_KEPT]}


def answer_question(*, address: str, token: str, body: bytes) -> Taken:
    """Say whether a payer who typed a reference at a paybill or bank may pay it: known, open, and not more than is due."""
    code = by_address(address)
    gateway = gateways.get(code) if code else None
    if code is None or not isinstance(gateway, Validates) or not constant_time_compare(token, standing_token(code)):
        return Taken(404, {})
    try:
        typed, amount_cents = gateway.read_question(body)
    except Malformed:
        return Taken(400, {})
    bill = _bill_meant(typed)
    refusal: Literal["", "reference", "amount"] = ""
    due = 0
    if bill is not None:  # what was written off may come back as well
        due = dues.due_cents(bill, code) if bill.state == "open" else dues.lost_cents(bill)
    if bill is None or (bill.state != "open" and not due):
        refusal = "reference"
    else:
        if amount_cents is not None and amount_cents > due:
            refusal = "amount"
    currency = dues.currency_by(bill, code) if bill else "KES"
    return Taken(200, gateway.answer_question(refusal, name="Huduma", due_cents=due, currency=currency))


def _bill_meant(typed: str) -> Bill | None:
    reference = references.normalise(typed)
    return Bill.objects.filter(reference=reference).first() if reference else None


def read_callback(callback_id: UUID) -> None:
    """Judge one callback. What it claims is confirmed by a query first; raises NotConfirmed to be run again."""
    callback = Callback.objects.get(id=callback_id)
    if callback.processed_at is not None:
        return
    outcome = _judge(callback)
    Callback.objects.filter(id=callback_id).update(processed_at=timezone.now(), outcome=outcome)


def _judge(callback: Callback) -> str:
    try:
        notice = gateways.get(callback.gateway).parse(bytes(callback.body))
    except Malformed:
        return "malformed"
    health.went_well(callback.gateway, timezone.now())
    if notice.kind == "balance":
        return _keep_balance(callback, notice)
    if notice.kind == "refund" or Refund.objects.filter(token=callback.token).exists():
        return _judge_refund(callback, notice)
    payment = Payment.objects.filter(gateway=callback.gateway, token=callback.token).first()
    if payment is None and not constant_time_compare(callback.token, standing_token(callback.gateway)):
        return "unknown-token"
    if notice.kind == "unasked":
        if notice.result.state != "paid":
            return "not-paid"
        return take_unasked(callback.gateway, notice, confirmed=callback.verified, since=callback.received_at)
    if payment is None:
        payment = Payment.objects.filter(
            gateway=callback.gateway, checkout_id=notice.checkout_id, origin="asked"
        ).first()
        if payment is None:
            return "unknown-checkout"
    if notice.kind == "confirmation":
        return _read_confirmation(payment, notice)
    if payment.checkout_id is None and payment.state in OPEN_STATES:
        # The answer to our own request was lost, or is slower than its callback.
        payment = _adopt(payment.id, notice.checkout_id)
    if payment.checkout_id != notice.checkout_id:
        return "other-checkout"
    confirmed = gateways.get(callback.gateway).query(collection.asked(payment))
    if confirmed.state == "pending":
        if notice.result.state == "pending":
            return "pending"
        raise NotConfirmed  # a forged success credits nothing, a forged failure makes nobody pay twice
    receipt = confirmed.receipt or (notice.result.receipt if notice.result.state == "paid" else None)
    result = Result(
        confirmed.state, confirmed.reason, confirmed.amount_cents, receipt,
        confirmed.phone or notice.result.phone, confirmed.payer_name or notice.result.payer_name,
    )  # fmt: skip
    state = collection.take_result(payment, result, timezone.now())
    if notice.result.state != confirmed.state:
        return "contradicted"
    return "settled" if state in CREDITED_STATES else state


def _keep_balance(callback: Callback, notice: Notice) -> str:
    if not constant_time_compare(callback.token, standing_token(callback.gateway)):
        return "unknown-token"
    GatewayHealth.objects.filter(gateway=callback.gateway).update(
        balance_cents=notice.result.amount_cents, balance_at=callback.received_at
    )
    return "balance"


def _read_confirmation(payment: Payment, notice: Notice) -> str:
    if payment.receipt and notice.result.receipt and payment.receipt != notice.result.receipt:
        return "other-receipt"
    if notice.result.state != "paid" or payment.state in CREDITED_STATES:
        return "not-confirmed"
    return collection.take_result(payment, notice.result, timezone.now())


def _judge_refund(callback: Callback, notice: Notice) -> str:
    refund = Refund.objects.filter(payment__gateway=callback.gateway, token=callback.token).first()
    if refund is None and notice.checkout_id:
        refund = Refund.objects.filter(payment__gateway=callback.gateway, provider_id=notice.checkout_id).first()
    if refund is None:
        return "unknown-token"
    about_it = notice.kind == "refund" and notice.checkout_id in (refund.provider_id, refund.id.hex)
    if not about_it and (notice.kind != "confirmation" or notice.result.state != "paid"):
        return "other-refund"  # such as a status query that itself failed
    return refunds.take_refund_result(refund_id=refund.id, result=notice.result, now=timezone.now())


@transaction.atomic
def _adopt(payment_id: UUID, checkout_id: str) -> Payment:
    payment = Payment.objects.select_for_update().get(id=payment_id)
    taken = Payment.objects.filter(gateway=payment.gateway, checkout_id=checkout_id).exists()
    if payment.checkout_id is None and not taken:
        payment.checkout_id = checkout_id
        payment.save(update_fields=["checkout_id"])
    return payment


def take_unasked(gateway: str, notice: Notice, *, confirmed: bool, since: datetime) -> str:
    """Take money that a payer sent by typing a reference: once per receipt, and not before the gateway confirmed it.

    M-Pesa announces the money of our own prompt here as well, so such news waits a while for the prompt's own; then what the
    gateway's list has is the prompt's money, and about what it only claims the prompt is asked for. Raises NotConfirmed to wait.
    """
    result, now = notice.result, timezone.now()
    payment = Payment.objects.filter(gateway=gateway, receipt=result.receipt).first()
    if payment is None:
        bill = _bill_meant(notice.reference)
        own = collection.prompt_of_ours(gateway, bill, result) if bill else None
        if own is not None and own.state in OPEN_STATES:
            if now - since < OWN_NEWS or (not confirmed and collection.query(own.id) in OPEN_STATES):
                raise NotConfirmed
            own.refresh_from_db()
        if own is not None and own.state != "failed":
            collection.take_result(own, result, now)
            return "own"
        payment = _note_unasked(gateway, notice, bill, now)
    if payment.state in CREDITED_STATES:
        return "known"
    if confirmed:
        return collection.take_result(payment, result, now)
    return payment.state


@transaction.atomic
def _note_unasked(gateway: str, notice: Notice, bill: Bill | None, now: datetime) -> Payment:
    result = notice.result
    phone = result.phone if result.phone.startswith("+") else ""
    try:
        with transaction.atomic():
            payment = Payment.objects.create(
                bill=bill, gateway=gateway, origin="unasked", phone=phone, payer_name=result.payer_name[:80],
                typed_reference=notice.reference[:40], amount_cents=result.amount_cents or 0, state="pending",
                receipt=result.receipt, token=secrets.token_urlsafe(32), started_at=now,
                currency=_currency_of(gateway, bill),
            )  # fmt: skip
    except IntegrityError:  # the same news in another process
        return Payment.objects.get(gateway=gateway, receipt=result.receipt)
    jobs.defer("payments.confirm", payment_id=str(payment.id))
    return payment


def _currency_of(gateway: str, bill: Bill | None) -> str:
    taken = gateways.get(gateway).currencies
    return (dues.currency_at(bill, taken) if bill else None) or taken[0]


def confirm(payment_id: UUID) -> None:
    """Order a gateway's own word on money that came unasked, and ask for it if that word does not come."""
    payment = Payment.objects.select_related("bill").get(id=payment_id)
    if payment.state not in OPEN_STATES:
        return
    gateways.get(payment.gateway).request_confirmation(collection.asked(payment))
    collection.look_again(payment_id, timezone.now() + collection.FIRST_QUERY)


def order_balances() -> None:
    """Ask the gateways that tell it what they hold for us; the answer is a callback."""
    for code, gateway in gateways.items():
        if isinstance(gateway, Balances):
            try:
                gateway.order_balance(standing_url(code))
            except (Rejected, Uncertain) as trouble:
                health.went_wrong(code, f"balance {trouble}", timezone.now())


def register() -> None:
    """Tell the gateways that want it by a call where to send their news. Raises what the gateway raises: run it again."""
    for code, gateway in gateways.items():
        if isinstance(gateway, Registers):
            _begin_list(code, timezone.now())
            gateway.register(standing_url(code))


def _begin_list(gateway: str, now: datetime) -> datetime:
    """Note, once, from when on all money that a gateway lists is ours to know; returns until when it is known.

    Before the first list is asked for, not after it came: while a gateway does not answer, that day must not move.
    """
    GatewayHealth.objects.get_or_create(gateway=gateway)
    GatewayHealth.objects.filter(gateway=gateway, pulled_until=None).update(pulled_until=now)
    return GatewayHealth.objects.values_list("pulled_until", flat=True).get(gateway=gateway) or now


def pull(now: datetime) -> int:
    """Fetch every gateway's own list of what it received, and take what we were never told; returns how many lines were read."""
    read = 0
    for code, gateway in gateways.items():
        since = max(_begin_list(code, now) - PULL_OVERLAP, now - PULL_REACH)
        try:
            lines = gateway.pull(since, now)
        except Uncertain as uncertain:
            health.went_wrong(code, str(uncertain), now)
            continue
        if lines is None:
            continue
        for line in lines:
            _take_pulled(code, line, now)
        GatewayHealth.objects.filter(gateway=code).update(pulled_until=now)
        read += len(lines)
    _ask_for_the_rest(now)
    return read


def _ask_for_the_rest(now: datetime) -> None:
    """Ask again about requests of which a part came: the news of the rest may be lost."""
    parts = Payment.objects.filter(
        state="held", origin="asked", bill__state="open", started_at__gt=now - timedelta(days=7),
        gateway__in=dict(gateways.items()),
    ).exclude(checkout_id=None)  # fmt: skip
    for payment in parts.select_related("bill")[:200]:
        result = gateways.get(payment.gateway).query(collection.asked(payment))
        if result.state == "paid":
            collection.take_result(payment, result, now)


def _take_pulled(gateway: str, line: Pulled, now: datetime) -> None:
    result = Result("paid", "", line.amount_cents, line.receipt, line.phone, line.payer_name)
    notice = Notice(kind="unasked", key=line.receipt, result=result, reference=line.reference)
    try:
        take_unasked(gateway, notice, confirmed=True, since=line.at)
    except NotConfirmed:
        return  # the next list has it again


def sweep(now: datetime) -> int:
    """Take up again what lost its job (a worker or a database that died at the wrong moment); returns how much that was."""
    old = now - collection.LOST_PUSH
    found = 0
    stuck = Payment.objects.filter(state__in=OPEN_STATES, started_at__lt=old).exclude(state="review")
    for payment_id, state in stuck.order_by("started_at").values_list("id", "state")[:1000]:
        found += 1
        if state in ("requested", "pushing"):
            jobs.defer("payments.push", once=f"payments.push:{payment_id}", payment_id=str(payment_id))
        else:
            collection.look_again(payment_id, now)
    unread = Callback.objects.filter(processed_at=None, received_at__lt=old, received_at__gt=now - PULL_REACH)
    for callback_id in unread.order_by("received_at").values_list("id", flat=True)[:1000]:
        found += 1
        jobs.defer("payments.read_callback", once=f"payments.read_callback:{callback_id}", callback_id=str(callback_id))
    going = Refund.objects.filter(state__in=["approved", "sending", "sent"], approved_at__lt=old)
    for refund_id, state in going.order_by("approved_at").values_list("id", "state")[:1000]:
        found += 1
        job = "payments.query_refund" if state == "sent" else "payments.refund"
        jobs.defer(job, once=f"{job}:{refund_id}", refund_id=str(refund_id))
    return found
