"""Raising bills on terms that stay, putting several into one basket, and cancelling them."""

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from huduma.contexts.payments import events
from huduma.contexts.payments.models import BASKET, Bill, ExchangeRate
from huduma.contexts.payments.operations.collection import PaymentUnderWay
from huduma.contexts.payments.operations.ledger import reverse
from huduma.contexts.payments.operations.locking import lock_bill, lock_together
from huduma.contexts.payments.operations.settling import close, leave_basket
from huduma.contexts.payments.queries import may_see
from huduma.contexts.payments.queries.dues import due_cents, members_of, running_payment, sum_held
from huduma.contexts.payments.rules import Line, Terms, bands_on, first_penalty_on
from huduma.foundation import ids, references
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

BASKET_WORDS = {"en": "Several bills together", "sw": "Bili kadhaa kwa pamoja"}
BASKET_LIMIT = 30


class NothingToPay(Refusal):
    """None of these bills is open any more. There is nothing to pay."""


class TwoCurrencies(Refusal):
    """These bills are in different currencies. Pay those in shillings together, and the others by themselves."""


class TooManyBills(Refusal):
    """That is more than can be paid at once. Choose up to 30 bills."""


@cache
def convenience_schedule(path: Path) -> list[dict[str, Any]]:
    """Return the schedule of convenience fees of a file. Raises ValueError where it is not as the file's head says."""
    schedule = yaml.safe_load(path.read_text()) or []
    for one in schedule:
        bands = [band for bands in one["bands"].values() for band in bands]
        whole = all(type(band[part]) is int and band[part] > 0 for band in bands for part in ("from_cents", "cents"))
        dates = all(isinstance(one[end], date) for end in ("from", "to") if end in one)
        if not (one["gateways"] and one["legal_notice"] and "from" in one and dates and whole):
            raise ValueError(f"{path}: a schedule needs gateways, legal_notice, from (a day) and bands: {one}")
    return list(schedule)


@transaction.atomic(savepoint=False)  # fails with the act it is part of
def raise_bill(
    *, actor: Actor, payable_id: UUID, purpose: str, payer_person_id: UUID | None, description: dict[str, str],
    lines: list[Line], now: datetime, payer_organisation_id: UUID | None = None, currency: str = "KES",
    terms: Terms | None = None, due_days: int | None = None, convenience: bool = False,
) -> Bill:  # fmt: skip
    """Raise a bill once for a thing and purpose; a second call returns the first bill.

    Each line: code, description {en, sw}, amount_cents (> 0), body_code, and where known revenue_code, legal_notice, from.
    `terms`: penalty and instalments, see `rules.terms`. `due_days`: to be paid within so many days. `convenience`: whether
    paying it costs what the schedule of convenience fees says. All of it stays as it is today, whatever changes later.
    """
    today = timezone.localdate(now)
    kept = {**(terms or {}), **_terms_of_today(today, currency, convenience=convenience)}
    due_on = today + timedelta(days=due_days) if due_days is not None else None
    bill, created = Bill.objects.get_or_create(
        payable_id=payable_id,
        purpose=purpose,
        defaults={
            "reference": references.mint("HB"),
            "payer_person_id": payer_person_id,
            "payer_organisation_id": payer_organisation_id,
            "description": description,
            "lines": lines,
            "terms": kept,
            "total_cents": sum(line["amount_cents"] for line in lines),
            "currency": currency,
            "raised_at": now,
            "due_on": due_on,
            "penalty_on": first_penalty_on(kept, due_on),
        },
    )
    if created:
        event = events.BillRaised(bill_id=bill.id, payable_id=payable_id, amount_cents=bill.total_cents)
        journal.record(actor=actor, event=event, now=now)
    return bill


def _terms_of_today(today: date, currency: str, *, convenience: bool) -> Terms:
    terms: Terms = {}
    if convenience:
        terms["convenience"] = bands_on(convenience_schedule(settings.CONVENIENCE_FEES), today, currency)
    if currency != "KES":
        known = ExchangeRate.objects.filter(currency=currency, state="approved", day__lte=today)
        rate = known.order_by("-day").first()
        if rate is not None:
            terms["rate"] = {"rate": rate.rate, "day": rate.day.isoformat(), "source": rate.source}
    return terms


@transaction.atomic
def make_basket(*, actor: Actor, bill_ids: list[UUID], now: datetime) -> Bill:
    """Put open bills of one's own together, to be paid at once; a bill that is in another basket leaves that one.

    One bill alone stays as it is and is returned. Raises NotFound, NothingToPay, TwoCurrencies, TooManyBills, PaymentUnderWay.
    """
    if len(set(bill_ids)) > BASKET_LIMIT:
        raise TooManyBills
    locked = lock_together(bill_ids)
    for bill_id in bill_ids:
        if bill_id not in locked or locked[bill_id].is_basket or not may_see(actor, locked[bill_id]):
            raise NotFound
    bills = list(Bill.objects.filter(id__in=bill_ids, state="open").select_related("basket").order_by("id"))
    if not bills:
        raise NothingToPay
    if len({bill.currency for bill in bills}) > 1 or any(bill.currency != "KES" and sum_held(bill) for bill in bills):
        raise TwoCurrencies
    if len(bills) == 1:
        return bills[0]
    if any(running_payment(bill) is not None for bill in bills):
        raise PaymentUnderWay
    before = {bill.basket for bill in bills if bill.basket is not None and bill.basket.state == "open"}
    for old in before:
        if {one.id for one in members_of(old)} == {bill.id for bill in bills}:
            return old
        if sum_held(old):
            raise PaymentUnderWay
    currency, basket_id = bills[0].currency, ids.uuid7()
    terms = _terms_of_today(timezone.localdate(now), currency, convenience=any("convenience" in b.terms for b in bills))
    if not all("rate" in bill.terms for bill in bills):
        terms.pop("rate", None)
    basket = Bill.objects.create(
        id=basket_id, payable_id=basket_id, purpose=BASKET, reference=references.mint("HB"), description=BASKET_WORDS,
        payer_person_id=actor.applicant_id or actor.person_id, payer_organisation_id=actor.organisation_id,
        lines=[
            {"code": bill.reference, "description": bill.description, "amount_cents": due_cents(bill), "body_code": ""}
            for bill in bills
        ],
        terms=terms, total_cents=sum(map(due_cents, bills)), currency=currency, raised_at=now,
    )  # fmt: skip
    Bill.objects.filter(id__in=[bill.id for bill in bills]).update(basket=basket)
    for old in before:
        old.members.filter(state="open").update(basket=None)
        close(old, now)
    event = events.BasketMade(
        bill_id=basket.id, bill_ids=[str(bill.id) for bill in bills], amount_cents=basket.total_cents
    )
    journal.record(actor=actor, event=event, now=now)
    return basket


@transaction.atomic
def cancel_bills(*, actor: Actor, payable_id: UUID, now: datetime) -> int:
    """Cancel the open bills of a thing that is no longer wanted; returns how many. Money that was held, or still comes, goes back.

    Raises NotPermitted: only the platform itself cancels, for the context that knows whose thing it is.
    """
    actor.require_role()
    cancelled = 0
    for bill_id in Bill.objects.filter(payable_id=payable_id, state="open").values_list("id", flat=True):
        bill = lock_bill(bill_id)
        if bill is None or bill.state != "open":
            continue
        cancelled += 1
        for waiver in bill.waivers.filter(state="approved"):  # what is not owed was not let off either
            for transfer_id in waiver.transfers:
                reverse(transfer_id=UUID(transfer_id), reason="bill cancelled", now=now)
        close(bill, now)
        leave_basket(bill, now)
    return cancelled
