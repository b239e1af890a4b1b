"""What no rule matched: a person ties it to a payment or says what it is; where that moves money, a second person has to agree."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from huduma.contexts.payments import public as payments
from huduma.contexts.settlement import events
from huduma.contexts.settlement.models import EXPLANATIONS, Explanation, StatementLine
from huduma.contexts.settlement.operations.batches import SecondPersonNeeded
from huduma.contexts.settlement.operations.statements import match_to
from huduma.contexts.settlement.queries import BANK, BOOKKEEPERS, entry_of
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal


class ReasonMissing(Refusal):
    """Say why: whoever checks this later reads it."""


class AlreadyExplained(Refusal):
    """This line is matched or explained already, or a proposal waits for a second person. Look at it again."""


class AmountDiffers(Refusal):
    """That payment is matched already, or its amount or its way of payment is another. Choose the payment that fits."""


class NotMoneyOut(Refusal):
    """That is money that went out, and this line is money that came in. Choose what this line is by where its money came from."""


class NotMoneyIn(Refusal):
    """Only money that came in can be credited to a bill. Choose what this line is by where its money went."""


class NewsExpected(Refusal):
    """A payment that this may be still waits for news of its own. Try again in a quarter of an hour."""


@transaction.atomic
def explain(
    *, actor: Actor, line_id: int, kind: str, reason: str, now: datetime, cashbook_id: UUID | None = None, reference: str = "",
) -> Explanation:  # fmt: skip
    """Say what an open line is: `match` (that payment or refund), `credit` (money nobody told of: to that bill, or to suspense),
    `charge` (the source's fee), `sweep` (moved between our own accounts), `write-off`.

    A match counts at once; the others move money and wait for a second person.
    Raises NotPermitted, NotFound, AlreadyExplained, ReasonMissing, AmountDiffers, NotMoneyOut, NotMoneyIn.
    """
    actor.require_everywhere(*BOOKKEEPERS)
    if actor.account_id is None:
        raise NotPermitted
    line = StatementLine.objects.select_for_update().filter(id=line_id).first()
    if line is None or kind not in EXPLANATIONS:
        raise NotFound
    if line.state != "open" or line.explanations.exclude(state="rejected").exists():
        raise AlreadyExplained
    if not reason.strip():
        raise ReasonMissing
    if kind == "match":
        _check_match(line, cashbook_id)
    if kind == "credit" and (line.amount_cents < 0 or line.source == BANK):
        raise NotMoneyIn
    if line.amount_cents > 0 and (kind == "charge" or (kind == "sweep" and line.source != BANK)):
        raise NotMoneyOut
    explanation = Explanation.objects.create(
        line=line, kind=kind, cashbook_id=cashbook_id if kind == "match" else None, reason=reason.strip(),
        reference=reference.strip()[:40] if kind == "credit" else "", state="accepted" if kind == "match" else "proposed",
        asked_by=actor.account_id, asked_at=now,
    )  # fmt: skip
    if kind == "match" and cashbook_id:
        match_to(line, cashbook_id)
    _tell(actor, explanation, now)
    return explanation


def _check_match(line: StatementLine, cashbook_id: UUID | None) -> None:
    found = entry_of(cashbook_id) if cashbook_id else None
    if (
        found is None
        or (found.cents, found.currency, found.gateway) != (line.amount_cents, line.currency, line.source)
        or StatementLine.objects.filter(cashbook_id=cashbook_id).exists()
    ):
        raise AmountDiffers


@transaction.atomic
def decide_explanation(*, actor: Actor, line_id: int, approve: bool, now: datetime) -> Explanation:
    """Agree to a proposed explanation, which books it, or reject it. Raises NotPermitted, NotFound, SecondPersonNeeded, NewsExpected."""
    actor.require_everywhere(*BOOKKEEPERS)
    found = Explanation.objects.select_for_update().filter(line_id=line_id, state="proposed").first()
    if found is None:
        raise NotFound
    if approve and actor.account_id in (None, found.asked_by):
        raise SecondPersonNeeded
    found.state, found.decided_by, found.decided_at = ("accepted" if approve else "rejected"), actor.account_id, now
    if approve:
        _carry_out(found, StatementLine.objects.select_for_update().get(id=line_id), now)
    found.save(update_fields=["state", "decided_by", "decided_at", "transfer_id"])
    _tell(actor, found, now)
    return found


def _carry_out(found: Explanation, line: StatementLine, now: datetime) -> None:
    """Book what the line says of the source's account; a sweep passes by `sweep`, which its other half at the bank empties."""
    if found.kind == "credit":
        payment_id = payments.take_stated(
            gateway=line.source, receipt=line.key, reference=found.reference or line.reference,
            amount_cents=line.amount_cents, currency=line.currency, since=line.at,
        )  # fmt: skip
        if payment_id is None:
            raise NewsExpected
        line.state, line.rule, line.cashbook_id = "explained", "credit", payment_id
        line.save(update_fields=["state", "rule", "cashbook_id"])
        return
    own = BANK if line.source == BANK else f"gateway:{line.source}"
    other = {"charge": f"charge:{line.source}", "sweep": "sweep", "write-off": "write-off"}[found.kind]
    found.transfer_id = payments.transfer(
        kind=found.kind, legs={own: line.amount_cents, other: -line.amount_cents}, payment_id=None,
        currency=line.currency, now=now, reason=f"{line.source} {line.key}: {found.reason}",
    )  # fmt: skip
    line.state, line.rule = "explained", found.kind
    line.save(update_fields=["state", "rule"])


def _tell(actor: Actor, explanation: Explanation, now: datetime) -> None:
    event = events.LineExplained(
        statement_id=explanation.line.statement_id, line_id=explanation.line_id, kind=explanation.kind,
        state=explanation.state,
    )  # fmt: skip
    journal.record(actor=actor, event=event, now=now)
