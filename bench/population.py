"""A database as large as asked for, whose rows are consistent: real cases, made by the real operations, many times over.

`Population` makes one small world (four citizens, ten applications for a police clearance: one waits for its payment,
three wait for an officer, six are decided and have their document), notes every row that this wrote, and lets PostgreSQL
copy it: COPY out of a query that gives each copy other ids, references, phone numbers and times (spread over a year),
straight into COPY of the table. Left out are the bytes of files, entries of the journal that no page of these shows
(drafting, reading), jobs, and sessions. Plain indexes are dropped while rows come in, as for any bulk load.
"""

import re
from typing import Any

import psycopg
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app

from bench import citizens
from huduma.contexts.applications import public as applications
from huduma.contexts.process import public as process
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM, Actor, Grant

APPLICATIONS_IN_WORLD = 10
SPREAD = "365 days"
NOT_COPIED = (
    "django_%",
    "procrastinate_%",
    "catalogue_%",
    "places_%",
    "centres_%",
    "worktime_%",
    "cache",
    "process_definition",
)
SHOWN = r"^(applications\.(application\.submitted|status)|process\.(instance|message|task))"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PAST_MONTHS = """
DO $$ DECLARE month date; BEGIN
    FOR i IN 1..13 LOOP
        month := (date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => i))::date;
        EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF journal_entry FOR VALUES FROM (%L) TO (%L)',
            'journal_entry_' || to_char(month, 'YYYY_MM'),
            month::timestamp AT TIME ZONE 'UTC', (month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
    END LOOP;
END $$
"""
PLAIN_INDEXES = """
SELECT pg_get_indexdef(i.indexrelid), i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY (%s::regclass[]) AND NOT i.indisunique
"""
COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = '' ORDER BY attnum
"""
UNIQUE_TEXTS = """
SELECT DISTINCT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = %s::regclass AND i.indisunique AND i.indnkeyatts = 1 AND format_type(a.atttypid, NULL) = 'character varying'
"""


class Population:
    """The copies of one world in the database of `url`, to which Django is connected."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._filled = 0
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(PAST_MONTHS)
            self._tables = [
                row[0]
                for row in server.execute(
                    "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
                    " AND relnamespace = 'public'::regnamespace AND NOT relname LIKE ANY (%s) ORDER BY relname",
                    [list(NOT_COPIED)],
                )
            ]
            before = {table: self._keys(server, table) for table in self._tables}
            _make_world()
            rows = {table: self._rows(server, table, before[table]) for table in self._tables}
            self._rows_of = {table: found for table, found in rows.items() if found}
            self._texts = self._unique_texts(server)

    @property
    def rows_per_application(self) -> dict[str, float]:
        """How many rows of each table an application comes with."""
        return {table: len(rows) / APPLICATIONS_IN_WORLD for table, rows in self._rows_of.items()}

    def grow_to(self, size: int) -> None:
        """Add copies until there are this many applications, then let the planner look at them."""
        worlds = size // APPLICATIONS_IN_WORLD
        with psycopg.connect(self._url, autocommit=True) as server:
            server.execute("SET session_replication_role = replica")  # what is copied refers to what is copied too
            server.execute("SET maintenance_work_mem = '1GB'")
            plain = server.execute(PLAIN_INDEXES, [list(self._rows_of)]).fetchall()
            for _, name in plain:
                server.execute(f"DROP INDEX {name}")
            for table in self._rows_of:
                self._copy(server, table, self._filled + 1, worlds)
            for definition, _ in plain:
                server.execute(definition.replace(" ON ONLY ", " ON "))
            server.execute("ANALYZE")
        self._filled = worlds

    def _copy(self, server: Any, table: str, first: int, last: int) -> None:
        columns = server.execute(COLUMNS, [table]).fetchall()
        used: dict[str, str] = {}
        rows = []
        for row in self._rows_of[table]:
            values = [self._expression(row[name], kind, used) for name, kind in columns]
            rows.append("SELECT " + ", ".join(values))
        names = ", ".join(f'"{name}"' for name, _ in columns)
        spread = f"extract(epoch FROM interval '{SPREAD}')::bigint * 1000"
        # A fixed pseudo-random moment for each world: n times a prime, modulo the spread in milliseconds.
        moments = (
            f"SELECT n, (n * 7919 * 1000003) % ({spread}) AS m FROM generate_series({first}::bigint, {last}::bigint) n"
        )
        made = "".join(f", {expression} AS {name}" for name, expression in used.items())
        query = (
            f"SELECT x.* FROM (SELECT n, m * interval '1 millisecond' AS s{made} FROM ({moments}) OFFSET 0) w"
            f" CROSS JOIN LATERAL ({' UNION ALL '.join(rows)}) x"
        )
        with (
            psycopg.connect(self._url) as source,
            source.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as out,
            server.cursor().copy(f"COPY {table} ({names}) FROM STDIN (FORMAT binary)") as into,
        ):
            for block in out:
                into.write(block)

    def _expression(self, value: str | None, kind: str, used: dict[str, str]) -> str:
        """Return what a copy has in a column, as SQL; `used` collects what is worked out once for each world."""
        if value is None:
            return f"NULL::{kind}"
        if kind == "bytea":
            return "''::bytea"
        if kind == "timestamp with time zone":
            return f"{_quoted(value)}::{kind} - s"
        return f"({self._replaced(value, used)})::{kind}"

    def _replaced(self, value: str, used: dict[str, str]) -> str:
        known = [one for one in {*UUID.findall(value), *self._texts} if one in self._ids or one in self._texts]
        found = [one for one in known if one in value]
        if not found:
            return _quoted(value)
        parts = re.split("(" + "|".join(re.escape(one) for one in sorted(found, key=len, reverse=True)) + ")", value)
        return " || ".join(
            self._named(part, used) if part in self._ids or part in self._texts else _quoted(part)
            for part in parts
            if part
        )

    def _named(self, one: str, used: dict[str, str]) -> str:
        if one in self._ids:
            name, code = f"i{self._ids[one]}", one.replace("-", "")
            # UUIDv7: twelve digits of milliseconds, moved back with the copy; the last twelve number the copy.
            made = f"(lpad(to_hex({int(code[:12], 16)} - m), 12, '0') || '{code[12:20]}' || lpad(to_hex(n), 12, '0'))::uuid::text"
        else:
            name, keep = f"t{self._texts[one]}", 5 if one.startswith("+2547") else 2 if one[:2].isalpha() else 1
            number = f"n * {len(self._texts)} + {self._texts[one]}"
            made = f"({_quoted(one[:keep])} || lpad(({number})::text, {len(one) - keep}, '0'))"
        used[name] = made
        return name

    def _keys(self, server: Any, table: str) -> set[str]:
        column = self._columns(server, table)[0]
        return {row[0] for row in server.execute(f'SELECT "{column}"::text FROM {table}')}

    def _columns(self, server: Any, table: str) -> list[str]:
        named = [row[0] for row in server.execute(COLUMNS, [table])]
        return ["id", *(name for name in named if name != "id")] if "id" in named else named

    def _rows(self, server: Any, table: str, before: set[str]) -> list[dict[str, str | None]]:
        names = self._columns(server, table)
        shown = ", ".join(f'"{name}"::text' for name in names)
        where = f" WHERE act ~ '{SHOWN}'" if table == "journal_entry" else ""
        rows = [dict(zip(names, row, strict=True)) for row in server.execute(f"SELECT {shown} FROM {table}{where}")]
        return [row for row in rows if row[names[0]] not in before]

    def _unique_texts(self, server: Any) -> dict[str, int]:
        own = [row["id"] for rows in self._rows_of.values() for row in rows if "id" in row]
        self._ids = {one: number for number, one in enumerate(own) if one and UUID.fullmatch(one)}
        assert len({one.replace("-", "")[:20] for one in self._ids}) == len(self._ids)
        texts = {
            value
            for table, rows in self._rows_of.items()
            for (name,) in server.execute(UNIQUE_TEXTS, [table]).fetchall()
            for row in rows
            if (value := row.get(name)) and value not in self._ids
        }
        return {one: number for number, one in enumerate(sorted(texts))}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _make_world() -> None:
    officer = Actor(kind="person", channel="desk", account_id=ids.uuid7(), grants=frozenset({Grant("officer", "DCI")}))
    ends = [
        "decided",
        "decided",
        "decided",
        "decided",
        "decided",
        "decided",
        "fingerprints",
        "result",
        "result",
        "paid-not",
    ]
    accounts = [citizens.proven(number) for number in range(4)]
    for number, end in enumerate(ends):
        _carry(officer, citizens.draft_of(accounts[number % 4], number), end)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")
        cursor.execute("UPDATE payments_bill SET state = 'settled', settled_at = raised_at WHERE payable_id IN"
                       " (SELECT id FROM applications_application WHERE status <> 'waiting_payment')")  # fmt: skip


def _carry(officer: Actor, case_id: Any, end: str) -> None:
    """Bring a case as far as its end."""
    now = timezone.now()
    applications.submit(actor=SYSTEM, application_id=case_id, now=now)
    if end == "paid-not":
        return
    process.deliver_message(actor=SYSTEM, case_id=case_id, name="bill-settled", now=now)
    for step, outcome in (("fingerprints", "done"), ("result", "approve")):
        if end == step:
            return
        task = process.open_tasks_of(case_id)[0]
        process.complete_task(actor=officer, task_id=task.id, outcome=outcome, note="In order", now=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM credentials_credential WHERE issued_for = %s", [case_id])
        (credential_id,) = cursor.fetchone()
    app.tasks["credentials.sign"].func(credential_id=str(credential_id))
    process.deliver_message(actor=SYSTEM, case_id=case_id, name="credential-issued", now=timezone.now())
