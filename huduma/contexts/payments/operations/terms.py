"""Bills over time: instalments where the schedule allows them, reminders, what happens to one that is missed, and penalties."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from huduma.contexts.payments import events
from huduma.contexts.payments.models import Bill, Instalment
from huduma.contexts.payments.operations import settling
from huduma.contexts.payments.operations.collection import PaymentUnderWay, require_open
from huduma.contexts.payments.operations.locking import lock_bill
from huduma.contexts.payments.queries import may_see
from huduma.contexts.payments.queries.dues import applied_cents, due_cents, held_for, running_payment, spreads
from huduma.contexts.payments.rules import first_penalty_on, instalments, next_penalty_on, penalty_cents
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

#: How long before its day an instalment is called to mind.
REMIND = timedelta(days=3)
PENALTY_WORDS = {"en": "Penalty for late payment", "sw": "Adhabu ya kuchelewa kulipa"}


class NoInstalments(Refusal):
    """This bill cannot be paid in instalments: its schedule of fees does not allow it. Pay it as a whole."""


class NotSoMany(Refusal):
    """The schedule of fees does not allow so many instalments, or so small ones. Choose fewer."""


class AgreedAlready(Refusal):
    """This bill is being paid in instalments already. Its page shows what is due when."""


@transaction.atomic
def agree_instalments(*, actor: Actor, bill_id: UUID, count: int, now: datetime) -> list[Instalment]:
    """Spread what is left of a bill over instalments, the first due today. What is held for it already is credited at once.

    Raises NotFound, AlreadyPaid, BillCancelled, PaymentUnderWay, NoInstalments, NotSoMany, AgreedAlready.
    """
    bill = lock_bill(bill_id)
    if bill is None or not may_see(actor, bill):
        raise NotFound
    require_open(bill)
    rule = bill.terms.get("instalments")
    if rule is None or bill.currency != "KES" or bill.is_basket:
        raise NoInstalments
    if bill.instalments.exists():
        raise AgreedAlready
    if running_payment(bill) is not None:
        raise PaymentUnderWay
    left = due_cents(bill)
    if count not in spreads(bill):
        raise NotSoMany
    held = held_for(bill)
    if held:
        settling.apply(bill, held, received_cents=0, now=now)
    upto, made = applied_cents(bill), []
    parts = instalments(left, count, rule["every_days"], timezone.localdate(now))
    for nth, (due_on, cents) in enumerate(parts, 1):
        upto += cents
        made.append(Instalment.objects.create(bill=bill, nth=nth, due_on=due_on, upto_cents=upto))
    bill.due_on, bill.penalty_on = made[-1].due_on, None  # late is now who misses an instalment
    bill.save(update_fields=["due_on", "penalty_on"])
    event = events.InstalmentsAgreed(bill_id=bill.id, payable_id=bill.payable_id, count=count, amount_cents=left)
    journal.record(actor=actor, event=event, now=now)
    return made


def mind_instalments(now: datetime) -> int:
    """Call to mind the instalments that fall due, and end plans of which one was missed; returns how many were dealt with."""
    today = timezone.localdate(now)
    near = Instalment.objects.filter(bill__state="open", missed_at=None, due_on__lte=today + REMIND)
    dealt = 0
    for bill_id in near.order_by("bill_id").values_list("bill_id", flat=True).distinct():
        dealt += _mind(bill_id, now)
    return dealt


@transaction.atomic
def _mind(bill_id: UUID, now: datetime) -> int:
    bill, today, dealt = lock_bill(bill_id), timezone.localdate(now), 0
    if bill is None or bill.state != "open" or bill.instalments.exclude(missed_at=None).exists():
        return 0
    paid = applied_cents(bill)
    grace = timedelta(days=bill.terms["instalments"].get("grace_days", 0))
    waiting = [one for one in bill.instalments.order_by("nth") if one.upto_cents > paid]
    for one in waiting:
        what: dict[str, Any] = {"bill_id": bill.id, "payable_id": bill.payable_id, "due_on": one.due_on.isoformat()}
        if one.due_on + grace < today and running_payment(bill) is None:
            one.missed_at = now
            one.save(update_fields=["missed_at"])
            bill.due_on, bill.penalty_on = today, first_penalty_on(bill.terms, today)
            bill.save(update_fields=["due_on", "penalty_on"])
            event: journal.Event = events.InstalmentMissed(**what, amount_cents=due_cents(bill))
            journal.record(actor=SYSTEM, event=event, now=now)
            return dealt + 1  # now the rest is due as a whole: there are no later instalments
        if one.due_on <= today + REMIND and one.reminded_at is None:
            one.reminded_at = now
            one.save(update_fields=["reminded_at"])
            event = events.InstalmentDue(**what, amount_cents=min(one.upto_cents - paid, due_cents(bill)))
            journal.record(actor=SYSTEM, event=event, now=now)
            dealt += 1
    return dealt


def add_penalties(now: datetime) -> int:
    """Add to the open bills that are late what their terms say; one whose payment is under way waits. Returns how many."""
    late = Bill.objects.filter(state="open", penalty_on__lte=timezone.localdate(now)).order_by("penalty_on")
    return sum(_add_penalty(bill_id, now) for bill_id in late.values_list("id", flat=True).iterator(chunk_size=1000))


@transaction.atomic
def _add_penalty(bill_id: UUID, now: datetime) -> bool:
    bill = lock_bill(bill_id)
    today = timezone.localdate(now)
    if bill is None or bill.state != "open" or bill.penalty_on is None or bill.penalty_on > today:
        return False
    if running_payment(bill) is not None:
        return False
    cents = penalty_cents(bill.terms, due_cents(bill, currency=bill.currency), bill.currency)
    if cents > 0:
        first = bill.lines[0]
        penalty = {
            "code": "penalty", "description": PENALTY_WORDS, "amount_cents": cents,
            "legal_notice": bill.terms["penalty"]["legal_basis"], "from": today.isoformat(),
        }  # fmt: skip
        penalty |= {key: first[key] for key in ("body_code", "revenue_code") if key in first}
        bill.lines, bill.total_cents = [*bill.lines, penalty], bill.total_cents + cents
    bill.penalty_on = next_penalty_on(bill.terms, bill.lines, bill.penalty_on)
    bill.save(update_fields=["lines", "total_cents", "penalty_on"])
    event = events.BillPenalised(
        bill_id=bill.id, payable_id=bill.payable_id, amount_cents=cents, total_cents=bill.total_cents
    )
    journal.record(actor=SYSTEM, event=event, now=now)
    return cents > 0
