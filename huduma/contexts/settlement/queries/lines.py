"""Statements, and their lines beside the cash book: the payments and refunds that gateways confirmed (a view of payments)."""

import gzip
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count

from huduma.contexts.payments import public as payments
from huduma.contexts.settlement.models import Explanation, Statement, StatementLine
from huduma.contexts.settlement.queries.access import (
    BANK,
    EVIDENCE,
    PAGE_SIZE,
    bodies_seen,
    require_all,
)
from huduma.contexts.settlement.rules import SUGGEST_WITHIN, likeness
from huduma.foundation.access import Actor, NotFound

SUGGESTIONS = 3
#: How many open lines are looked through for those of one body.
LOOKED_THROUGH = 2000


@dataclass(frozen=True)
class Progress:
    """How far a statement, or all of them, is matched, in lines."""

    lines: int
    matched: int
    explained: int
    open: int

    def _percent(self, part: int) -> int:
        return part * 100 // max(1, self.lines)

    @property
    def percent(self) -> int:
        """Matched or explained, of a hundred; 100 only if nothing is open."""
        return self._percent(self.matched + self.explained) if self.open else 100

    @property
    def matched_percent(self) -> int:
        """Matched, of a hundred."""
        return self._percent(self.matched)


@dataclass(frozen=True)
class CashEntry:
    """A payment or refund as matching sees it. `cents` is positive where money came in."""

    id: UUID
    kind: str
    gateway: str
    receipt: str | None
    cents: int
    currency: str
    reference: str
    at: datetime


@dataclass(frozen=True)
class OpenLine:
    """A line that waits for a person, what it may be (best first), the bill that it names, and what waits for a second person, if any."""

    line: StatementLine
    suggestions: list[CashEntry]
    bill: payments.Bill | None
    proposal: Explanation | None


ENTRY = "SELECT id, kind, gateway, receipt, cents, currency, reference, at FROM payments_cashbook WHERE id = %s"
FITTING = (
    "SELECT c.id, c.kind, c.gateway, c.receipt, c.cents, c.currency, c.reference, c.at FROM payments_cashbook c"
    " WHERE c.gateway = %s AND c.cents = %s AND c.currency = %s AND c.at BETWEEN %s AND %s"
    " AND NOT EXISTS (SELECT 1 FROM settlement_statementline m WHERE m.cashbook_id = c.id) LIMIT 200"
)


def statements_for(actor: Actor, after: UUID | None = None) -> list[tuple[Statement, Progress]]:
    """Return the statements, newest first, with how far each is matched. Raises NotPermitted."""
    require_all(actor)
    found = Statement.objects.order_by("-id")
    page = list((found.filter(id__lt=after) if after else found)[:PAGE_SIZE])
    counts = {
        state: dict(
            StatementLine.objects.filter(statement__in=page, state=state).values_list("statement").annotate(Count("id"))
        )
        for state in ("open", "explained")
    }
    return [
        (one, _progress(one.lines, counts["open"].get(one.id, 0), counts["explained"].get(one.id, 0))) for one in page
    ]


def _progress(lines: int, waiting: int, explained: int) -> Progress:
    return Progress(lines, lines - waiting - explained, explained, waiting)


def statement_for(actor: Actor, statement_id: UUID) -> tuple[Statement, Progress]:
    """Return one statement with how far it is matched. Raises NotPermitted, NotFound."""
    require_all(actor)
    statement = Statement.objects.filter(id=statement_id).first()
    if statement is None:
        raise NotFound
    lines = StatementLine.objects.filter(statement=statement)
    return statement, _progress(
        statement.lines, lines.filter(state="open").count(), lines.filter(state="explained").count()
    )


def file_for(actor: Actor, statement_id: UUID) -> tuple[str, bytes]:
    """Return a statement's name and its bytes as they came. Raises NotPermitted, NotFound."""
    actor.require_everywhere(*EVIDENCE)
    statement = Statement.objects.filter(id=statement_id).select_related("file").first()
    if statement is None:
        raise NotFound
    return statement.name, gzip.decompress(bytes(statement.file.content))


def open_lines_for(actor: Actor, statement_id: UUID, after: int = 0) -> list[OpenLine]:
    """Return what waits for a person on a statement. Raises NotPermitted."""
    actor.require_everywhere(*EVIDENCE)
    lines = list(
        StatementLine.objects.filter(statement_id=statement_id, state="open", id__gt=after).order_by("id")[:PAGE_SIZE]
    )
    waiting = {one.line_id: one for one in Explanation.objects.filter(line__in=lines, state="proposed")}
    bills = payments.bills_named({line.reference for line in lines if line.amount_cents > 0 and line.source != BANK})
    return [
        OpenLine(
            line, suggestions(line), bills.get(line.reference) if line.amount_cents > 0 else None, waiting.get(line.id)
        )
        for line in lines
    ]


def explained_lines_for(actor: Actor, statement_id: UUID) -> list[Explanation]:
    """Return what persons said of a statement's lines, newest first. Raises NotPermitted."""
    actor.require_everywhere(*EVIDENCE)
    found = Explanation.objects.filter(line__statement_id=statement_id, state="accepted").select_related("line")
    return list(found.order_by("-asked_at")[:PAGE_SIZE])


def unmatched_for(actor: Actor) -> tuple[int, list[StatementLine]]:
    """Return how many lines wait for a person, and the newest of them; of a body's reader only those that name its bills.

    Raises NotPermitted.
    """
    bodies = bodies_seen(actor)
    waiting = StatementLine.objects.filter(state="open").order_by("-id")
    if bodies is None:
        return waiting.count(), list(waiting[:PAGE_SIZE])
    looked = list(waiting.exclude(reference="").exclude(source=BANK)[:LOOKED_THROUGH])
    theirs = payments.references_of_bodies({one.reference for one in looked}, bodies)
    found = [one for one in looked if one.reference in theirs]
    return len(found), found[:PAGE_SIZE]


def entry_of(cashbook_id: UUID) -> CashEntry | None:
    """Return a payment or refund as matching sees it."""
    with connection.cursor() as cursor:
        cursor.execute(ENTRY, [cashbook_id])
        row = cursor.fetchone()
    return CashEntry(*row) if row else None


def suggestions(line: StatementLine) -> list[CashEntry]:
    """Return the payments and refunds of the line's source and amount, within three days, that no line names yet: the most alike first."""
    if line.source == BANK:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            FITTING,
            [line.source, line.amount_cents, line.currency, line.at - SUGGEST_WITHIN, line.at + SUGGEST_WITHIN],
        )
        found = [CashEntry(*row) for row in cursor.fetchall()]

    def unlike(one: CashEntry) -> tuple[float, timedelta]:
        alike, apart = likeness(line.reference or line.key, one.reference, line.at, one.at)
        return -alike, apart

    return sorted(found, key=unlike)[:SUGGESTIONS]


def matched_lines_for(actor: Actor, statement_id: UUID, after: int = 0) -> list[StatementLine]:
    """Return what is matched of a statement, in its order. Raises NotPermitted."""
    actor.require_everywhere(*EVIDENCE)
    found = StatementLine.objects.filter(statement_id=statement_id, state="matched", id__gt=after)
    return list(found.order_by("id")[:PAGE_SIZE])


def line_of(cashbook_id: UUID) -> StatementLine | None:
    """Return the line of a statement that proves a payment or refund; the caller has checked who may."""
    return StatementLine.objects.filter(cashbook_id=cashbook_id).select_related("statement").first()
