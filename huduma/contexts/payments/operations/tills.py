"""Cash at a counter or an agent's: a cashier's turn at a till, from the float to the count that two people make."""

import secrets
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from huduma.contexts.payments import events
from huduma.contexts.payments.models import Bill, Payment, TillSession
from huduma.contexts.payments.operations.collection import NoSuchWay, credit, require_open
from huduma.contexts.payments.operations.ledger import transfer
from huduma.contexts.payments.operations.locking import lock_bill
from huduma.contexts.payments.operations.worklist import ReasonMissing
from huduma.contexts.payments.queries.dues import currency_at, due_cents, next_cents, running_payment
from huduma.contexts.payments.rules import CREDITED_STATES
from huduma.foundation import references
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal

CASHIERS = ("officer", "supervisor")


class TillTaken(Refusal):
    """This till is in use, or you have a till open already. Close that one first."""


class NoTill(Refusal):
    """You have no till open. Open one with its float before you take money."""


class NotEnough(Refusal):
    """That is less than the bill. Take the whole amount, or let the person pay another way."""


class MoneyMayCome(Refusal):
    """A payment for this bill is under way: its money may still come. Do not take cash now; look again in a minute."""


class SecondCounter(Refusal):
    """You counted this till yourself. A second person has to count it too."""


@transaction.atomic
def open_till(*, actor: Actor, till: str, body_code: str, float_cents: int, now: datetime) -> TillSession:
    """Begin a turn at a till of a body with a float. Raises NotPermitted, TillTaken."""
    actor.require_role(*CASHIERS, body=body_code)
    cashier = _cashier(actor)
    till = " ".join(till.split())[:60] or "1"
    taken = TillSession.objects.exclude(state="closed")
    if taken.filter(cashier=cashier).exists() or taken.filter(body_code=body_code, till=till).exists():
        raise TillTaken
    session = TillSession.objects.create(
        till=till, body_code=body_code, cashier=cashier, float_cents=float_cents, opened_at=now
    )
    journal.record(actor=actor, event=events.TillOpened(session_id=session.id, float_cents=float_cents), now=now)
    return session


@transaction.atomic
def take_cash(
    *, actor: Actor, reference: str, given_cents: int, receipt: str = "", now: datetime
) -> tuple[Payment, int]:
    """Take cash for a bill at the actor's open till; returns the payment and the change in cents.

    `receipt`: the number of one that was given already, where no network was. Taking it again is refused by the bill itself.
    Raises NoTill, NotFound, AlreadyPaid, BillCancelled, MoneyMayCome, NotEnough.
    """
    session = TillSession.objects.select_for_update().filter(cashier=_cashier(actor), state="open").first()
    if session is None:
        raise NoTill
    actor.require_role(*CASHIERS, body=session.body_code)
    found = Bill.objects.filter(reference=references.normalise(reference) or "").first()
    bill = lock_bill(found.id) if found else None
    if bill is None:
        raise NotFound
    require_open(bill)
    if running_payment(bill) is not None:
        raise MoneyMayCome
    if currency_at(bill, ("KES",)) is None:
        raise NoSuchWay
    due = due_cents(bill, "cash", "KES")
    if given_cents < due:
        due = next_cents(bill)  # an instalment
    if given_cents < due:
        raise NotEnough
    payment = Payment.objects.create(
        bill=bill, gateway="cash", origin="unasked", amount_cents=due, currency="KES", state="pending",
        token=secrets.token_urlsafe(32), receipt=receipt or references.mint("RC"), till_session=session, started_at=now,
    )  # fmt: skip
    credit(payment_id=payment.id, total_cents=due, receipt=payment.receipt, now=now)
    payment.refresh_from_db()
    return payment, given_cents - due


def _cashier(actor: Actor) -> UUID:
    if actor.account_id is None:
        raise NotPermitted
    return actor.account_id


def expected_cents(session: TillSession) -> int:
    """Return what should lie in a till: the float and all cash taken in this turn."""
    taken = session.payments.filter(state__in=CREDITED_STATES).aggregate(total=Sum("received_cents"))["total"]
    return session.float_cents + int(taken or 0)


@transaction.atomic
def count_till(*, actor: Actor, session_id: UUID, counted_cents: int, now: datetime) -> TillSession:
    """The cashier counts; from now on the till takes nothing. Raises NotFound."""
    session = TillSession.objects.select_for_update().filter(id=session_id, cashier=_cashier(actor)).first()
    if session is None or session.state == "closed":
        raise NotFound
    if (session.state, session.counted_cents) == ("counted", counted_cents):  # sent twice
        return session
    session.state, session.counted_cents, session.counted_at = "counted", counted_cents, now
    session.expected_cents = expected_cents(session)
    session.save()
    event = events.TillCounted(
        session_id=session.id, counted_cents=counted_cents, expected_cents=session.expected_cents
    )
    journal.record(actor=actor, event=event, now=now)
    return session


@transaction.atomic
def witness_till(*, actor: Actor, session_id: UUID, counted_cents: int, now: datetime) -> TillSession:
    """A second person of the body counts too, and neither was told what should be there.

    The same sum closes the till, unless it is not what should be there: then it waits for the reason. Another sum voids both counts
    and leaves the till open, so that nobody finds the first count by guessing. Raises NotFound, NotPermitted, SecondCounter.
    """
    session = TillSession.objects.select_for_update().filter(id=session_id, state="counted").first()
    if session is None:
        raise NotFound
    actor.require_role(*CASHIERS, body=session.body_code)
    if _cashier(actor) == session.cashier:
        raise SecondCounter
    if counted_cents != session.counted_cents:
        session.state, session.counted_cents, session.expected_cents, session.counted_at = "open", None, None, None
        session.save()
        event = events.TillClosed(session_id=session.id, agreed=False, variance_cents=0)
        journal.record(actor=actor, event=event, now=now)
        return session
    session.state, session.witness = "differs", actor.account_id
    session.save(update_fields=["state", "witness"])
    return session if session.variance_cents else _close(actor, session, now)


@transaction.atomic
def explain_till(*, actor: Actor, session_id: UUID, reason: str, now: datetime) -> TillSession:
    """Either of the two who counted says why a till holds another sum than it should, which closes it.

    Raises NotFound, NotPermitted, ReasonMissing.
    """
    session = TillSession.objects.select_for_update().filter(id=session_id, state="differs").first()
    if session is None or _cashier(actor) not in (session.cashier, session.witness):
        raise NotFound
    if not reason.strip():
        raise ReasonMissing
    session.note = reason.strip()
    return _close(actor, session, now)


def _close(actor: Actor, session: TillSession, now: datetime) -> TillSession:
    session.state, session.closed_at = "closed", now
    session.save(update_fields=["state", "closed_at", "note"])
    variance = session.variance_cents or 0
    event = events.TillClosed(session_id=session.id, agreed=True, variance_cents=variance)
    journal.record(actor=actor, event=event, now=now)
    if variance:
        legs = {"gateway:cash": variance, "till-variance": -variance}
        transfer(kind="till-variance", legs=legs, payment_id=None, currency="KES", now=now)
    return session
