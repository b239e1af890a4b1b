"""Taking a statement in, and matching its lines by rule."""

import gzip
import hashlib
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from huduma.contexts.payments import public as payments
from huduma.contexts.settlement import events
from huduma.contexts.settlement.models import Remittance, Statement, StatementLine
from huduma.contexts.settlement.operations.batches import confirm, take_back
from huduma.contexts.settlement.providers.statements import FORMATS, Ends, Malformed, Row, detect
from huduma.contexts.settlement.queries import BANK, BOOKKEEPERS, sources
from huduma.contexts.settlement.rules import ALIKE, NEAR, NEAR_BY_DAY, likeness
from huduma.foundation.access import SYSTEM, Actor, Refusal
from huduma.foundation.files import public as files
from huduma.foundation.journal import public as journal

LARGEST_FILE = 200_000_000
HEAD = 4096
#: A line dated outside of this is a mistake; it would also stretch the time for which payments are looked for on statements.
OLDEST, NEWEST = timedelta(days=3660), timedelta(days=2)
CURRENCY = re.compile("[A-Z]{3}")
ORDER_NAME = re.compile(r"\bHUD\d{7,8}-\d{5}\b")


class StatementKnown(Refusal):
    """This very file was taken in before. Nothing was counted twice; open it in the list of statements."""


class StatementMalformed(Refusal):
    """This file could not be read as a statement, so nothing of it was taken. Export it again, and do not change it in between."""

    @property
    def where(self) -> str:
        """Where the file breaks its format, and how."""
        return str(self.facts.get("where", ""))


class OtherAccount(Refusal):
    """This is the statement of another account, so nothing of it was taken. Choose the account that the file names."""


class SourceMissing(Refusal):
    """Choose whose statement this is."""


class StatementContradicts(Refusal):
    """This file states two amounts for one line, or another than an earlier statement did. Nothing of it was taken: ask whoever sent it."""

    @property
    def where(self) -> str:
        """The line's number at its source."""
        return str(self.facts.get("where", ""))


def take_statement(*, actor: Actor, source: str, name: str, file: BinaryIO, now: datetime) -> Statement:
    """Read a statement and match its lines: all of it, or nothing. What kind of file it is, its first bytes say.

    Raises NotPermitted, SourceMissing, StatementKnown, StatementMalformed, OtherAccount, StatementContradicts.
    """
    actor.require_everywhere(*BOOKKEEPERS)
    if source not in sources():
        raise SourceMissing
    form = detect(file.read(HEAD))
    if not form:
        raise StatementMalformed(where="neither an M-Pesa statement (CSV, JSON), nor MT940, nor camt.053")
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # an open file has readinto
    if Statement.objects.filter(digest=digest).exists():
        raise StatementKnown
    file.seek(0)
    packed = _pack(file)
    file.seek(0)
    ends = Ends()
    return _take(actor, source, form, name, digest, packed, FORMATS[form](file, ends), ends, now)


def take_stated(*, source: str, since: datetime, until: datetime, now: datetime) -> Statement | None:
    """Ask a gateway what it received in a stretch of time and take that as its statement; None where it can tell nothing, or nothing new.

    Asks over the network, before anything is written. Raises payments.Uncertain.
    """
    told = payments.stated(source, since, until)
    if not told:
        return None
    rows = [
        Row(
            one.receipt or f"{one.reference}:{one.amount_cents}"[:60],
            one.at,
            one.amount_cents,
            one.currency,
            one.reference[:60],
            "",
        )
        for one in told
    ]
    said = "\n".join(
        f"{row.key}\t{row.at.isoformat()}\t{row.cents}\t{row.currency}\t{row.reference}" for row in rows
    ).encode()
    digest = hashlib.sha256(source.encode() + b"\0" + said).hexdigest()
    if Statement.objects.filter(digest=digest).exists():
        return None
    name = f"{source} {since:%Y-%m-%d %H:%M} – {until:%Y-%m-%d %H:%M}"
    return _take(SYSTEM, source, "asked", name, digest, gzip.compress(said, mtime=0), rows, Ends(), now)


@transaction.atomic
def _take(
    actor: Actor, source: str, form: str, name: str, digest: str, packed: bytes, rows: Iterable[Row], ends: Ends,
    now: datetime,
) -> Statement:  # fmt: skip
    """Match by the source's own receipt, amount and currency; then by our request or the bill's reference; then by likeness.

    All but the last are one statement of SQL each, whatever the number of lines. Only what one payment alone fits is matched by itself.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(7305002)"
        )  # one statement after the other: no line is judged twice
    if Statement.objects.filter(digest=digest).exists():
        raise StatementKnown
    try:
        read, sums = _stage(rows, now)
    except Malformed as broken:
        raise StatementMalformed(where=str(broken)) from broken
    _check_ends(source, ends, sums)
    _tell_apart(ends)
    kept = files.store(
        actor=actor, content=packed, name=f"{name}.gz", accept=("application/gzip", "application/x-gzip"),
        max_bytes=LARGEST_FILE, now=now,
    )  # fmt: skip
    statement = Statement.objects.create(
        source=source, format=form, name=name[:120], digest=digest, file=kept, taken_by=actor.account_id, taken_at=now,
        opening_cents=ends.opening_cents, closing_cents=ends.closing_cents,
    )  # fmt: skip
    statement.lines, matched = _match_receipts(statement)
    statement.repeated = read - statement.lines
    statement.save(update_fields=["lines", "repeated"])
    if source == BANK:
        matched += _match_orders(statement, now)
    else:
        matched += _match_named(statement, "request")
        matched += _match_named(statement, "reference")
        matched += _match_near(statement)
    event = events.StatementTaken(
        statement_id=statement.id, lines=statement.lines, repeated=statement.repeated, matched=matched
    )
    journal.record(actor=actor, event=event, now=now)
    return statement


def _pack(file: BinaryIO) -> bytes:
    with tempfile.TemporaryFile() as out:
        with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) as packed:
            shutil.copyfileobj(file, packed)
        out.seek(0)
        return out.read()


def _check_ends(source: str, ends: Ends, sums: Counter[str]) -> None:
    expected = settings.STATEMENT_ACCOUNTS.get(source)
    if ends.account and expected and expected not in ends.account.replace("/", " ").split():
        raise OtherAccount
    if ends.opening_cents is None or ends.closing_cents is None:
        return
    if set(sums) - {ends.currency}:
        raise StatementMalformed(where=f"its balances are in {ends.currency}, and not all of its lines")
    if ends.opening_cents + sums[ends.currency] != ends.closing_cents:
        raise StatementMalformed(where="the opening balance and the lines do not give the closing balance")


def _tell_apart(ends: Ends) -> None:
    """See to lines of one file that have one key.

    A gateway's receipts are its own: the same line twice is repeated, and two amounts under one receipt contradict each other. Banks give
    one reference to several movements (a transfer and its charge), and their balances prove each: from the second on they are numbered.
    """
    with connection.cursor() as cursor:
        if ends.opening_cents is not None:
            cursor.execute(
                "UPDATE settlement_stage s SET key = left(s.key, 50) || '#' || n.nth FROM (SELECT place, row_number() OVER"
                " (PARTITION BY key ORDER BY place) AS nth FROM settlement_stage) n WHERE n.place = s.place AND n.nth > 1"
            )
        cursor.execute(
            "SELECT key FROM settlement_stage GROUP BY key"
            " HAVING min(cents) <> max(cents) OR min(currency) <> max(currency) LIMIT 1"
        )
        if (contradicted := cursor.fetchone()) is not None:
            raise StatementContradicts(where=contradicted[0])


def _stage(rows: Iterable[Row], now: datetime) -> tuple[int, Counter[str]]:
    """Stream the rows into a passing table; return how many there are and their sums in cents by currency. Raises Malformed."""
    count, sums, first, last = 0, Counter[str](), now - OLDEST, now + NEWEST
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS settlement_stage")
        cursor.execute(
            "CREATE TEMP TABLE settlement_stage (place bigint, key text, at timestamptz, cents bigint, currency text,"
            " reference text, text text) ON COMMIT DROP"
        )
        with cursor.copy("COPY settlement_stage FROM STDIN") as copy:
            for row in rows:
                if not row.cents:
                    continue
                if not first < row.at < last:
                    raise Malformed(f"{row.key}: no movement of ours can be of {row.at:%Y-%m-%d}")
                if not CURRENCY.fullmatch(row.currency):
                    raise Malformed(f"{row.key}: {row.currency!r} is not a currency")
                count += 1
                sums[row.currency] += row.cents
                key, reference, text = map(_clean, (row.key, row.reference, row.text))
                copy.write_row((count, key, row.at, row.cents, row.currency, reference, text))
        cursor.execute("ANALYZE settlement_stage")
    return count, sums


def _clean(text: str) -> str:
    """Leave out what the database cannot keep: zero bytes, halves of characters."""
    return text.replace("\x00", "").encode(errors="replace").decode()


def _match_receipts(statement: Statement) -> tuple[int, int]:
    """Keep the rows that are new, each with the payment or refund of its receipt; return how many are new and how many matched."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.key FROM settlement_stage s JOIN settlement_statementline l ON l.source = %s AND l.key = s.key"
            " WHERE l.amount_cents <> s.cents OR l.currency <> s.currency LIMIT 1",
            [statement.source],
        )
        if (contradicted := cursor.fetchone()) is not None:
            raise StatementContradicts(where=contradicted[0])
        cursor.execute(
            "WITH kept AS (INSERT INTO settlement_statementline"
            " (statement_id, source, key, at, amount_cents, currency, reference, text, state, rule, cashbook_id)"
            " SELECT %s, %s, s.key, s.at, s.cents, s.currency, s.reference, s.text,"
            "  CASE WHEN c.id IS NULL THEN 'open' ELSE 'matched' END, CASE WHEN c.id IS NULL THEN '' ELSE 'receipt' END, c.id"
            " FROM settlement_stage s LEFT JOIN payments_cashbook c"
            "  ON c.gateway = %s AND c.receipt = s.key AND c.cents = s.cents AND c.currency = s.currency"
            " ORDER BY s.place ON CONFLICT DO NOTHING RETURNING cashbook_id)"
            " SELECT count(*), count(cashbook_id) FROM kept",
            [statement.id, statement.source, statement.source],
        )
        new, matched = cursor.fetchone()
        return int(new), int(matched)


def _near(statement: Statement) -> float:
    """Return how far a line and its payment may lie apart, in seconds."""
    return (NEAR_BY_DAY if statement.format in ("mt940", "camt.053") else NEAR).total_seconds()


NAMED = """
WITH fits AS (
    SELECT l.id AS line, c.id AS found, count(*) OVER (PARTITION BY l.id) AS payments, count(*) OVER (PARTITION BY c.id) AS lines
    FROM settlement_statementline l
    JOIN payments_cashbook c ON c.gateway = l.source AND {name} = l.reference AND c.cents = l.amount_cents AND c.currency = l.currency
    WHERE l.statement_id = %(statement)s AND l.state = 'open' AND l.reference <> ''
        AND (%(rule)s = 'request' OR c.at BETWEEN l.at - make_interval(secs => %(near)s) AND l.at + make_interval(secs => %(near)s))
        AND NOT EXISTS (SELECT 1 FROM settlement_statementline m WHERE m.cashbook_id = c.id)
)
UPDATE settlement_statementline l SET state = 'matched', rule = %(rule)s, cashbook_id = fits.found
FROM fits WHERE fits.line = l.id AND fits.payments = 1 AND fits.lines = 1
"""
NAMES = {"request": NAMED.format(name="c.request"), "reference": NAMED.format(name="c.bill_reference")}


def _match_named(statement: Statement, rule: str) -> int:
    """Match what names our request or, near in time, the bill, where that is one payment of the amount alone."""
    with connection.cursor() as cursor:
        cursor.execute(NAMES[rule], {"statement": statement.id, "rule": rule, "near": _near(statement)})
        return int(cursor.rowcount)


def _match_near(statement: Statement) -> int:
    """Match what is left where one payment alone has the amount, is near in time and has a reference that is alike."""
    near = _near(statement)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.id, l.reference, l.at, c.id, c.reference, c.at FROM settlement_statementline l"
            " JOIN payments_cashbook c ON c.gateway = l.source AND c.cents = l.amount_cents AND c.currency = l.currency"
            "  AND c.at BETWEEN l.at - make_interval(secs => %s) AND l.at + make_interval(secs => %s)"
            " WHERE l.statement_id = %s AND l.state = 'open' AND l.reference <> ''"
            "  AND NOT EXISTS (SELECT 1 FROM settlement_statementline m WHERE m.cashbook_id = c.id)",
            [near, near, statement.id],
        )
        pairs: list[tuple[int, UUID]] = [
            (line, found)
            for line, line_reference, line_at, found, reference, received in cursor.fetchall()
            if likeness(line_reference, reference, line_at, received)[0] >= ALIKE
        ]
        lines, payments_ = Counter(line for line, _ in pairs), Counter(found for _, found in pairs)
        sure = [(line, found) for line, found in pairs if lines[line] == 1 == payments_[found]]
        cursor.execute(
            "UPDATE settlement_statementline l SET state = 'matched', rule = 'near', cashbook_id = sure.found"
            " FROM unnest(%s::bigint[], %s::uuid[]) AS sure (line, found) WHERE l.id = sure.line",
            [[line for line, _ in sure], [found for _, found in sure]],
        )
    return len(sure)


def _match_orders(statement: Statement, now: datetime) -> int:
    """Let the bank's own lines confirm what was handed over to bodies, or bring back what their banks returned."""
    count = 0
    open_lines = StatementLine.objects.filter(statement=statement, state="open")
    for line in open_lines.order_by("id").iterator(chunk_size=2000):
        named = ORDER_NAME.search(f"{line.reference} {line.text}")  # some banks repeat it in their text alone
        if named is None:
            continue
        remittance = Remittance.objects.select_for_update(of=("self",)).filter(end_to_end=named[0]).first()
        if remittance is None or (abs(line.amount_cents), line.currency) != (
            remittance.amount_cents, remittance.currency,
        ):  # fmt: skip
            continue
        if confirm(remittance, line, now) if line.amount_cents < 0 else take_back(remittance, line, now):
            line.state, line.rule = "matched", "order"
            line.save(update_fields=["state", "rule"])
            count += 1
    return count


def match_to(line: StatementLine, cashbook_id: UUID) -> None:
    """Tie a line to a payment or refund as a person says; the caller has checked both."""
    line.state, line.rule, line.cashbook_id = "matched", "person", cashbook_id
    line.save(update_fields=["state", "rule", "cashbook_id"])
