"""The journal keeps every act, delivers it with effect once, and notices any change."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from huduma.foundation import ids
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal import operations, seal
from huduma.foundation.journal import public as journal
from huduma.foundation.journal.models import EntryRow, Seal

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class LampLit(journal.Event):
    act: ClassVar[str] = "test.lamp.lit"
    subject: ClassVar[str] = "lamp_id"
    lamp_id: UUID
    watts: int


def light(watts: int = 40) -> UUID:
    lamp_id = ids.uuid7()
    journal.record(actor=SYSTEM, event=LampLit(lamp_id=lamp_id, watts=watts), now=NOW)
    return lamp_id


@pytest.fixture
def clean(transactional_db):
    """An empty journal in committed transactions, as a seal needs."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE journal_entry, journal_seal")


def tamper(statement: str, *values: object) -> None:
    """Change rows as somebody with the database owner's rights could."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET session_replication_role = origin")


@pytest.mark.django_db
def test_an_act_is_found_by_every_id_it_mentions():
    lamp_id = light()
    (entry,) = journal.entries_concerning(lamp_id)
    assert (entry.act, entry.subject_id, entry.facts["watts"]) == ("test.lamp.lit", lamp_id, 40)
    assert journal.entries_concerning(lamp_id, acts=["test.other"]) == []


@pytest.mark.django_db
@pytest.mark.parametrize("statement", ["UPDATE journal_entry SET purpose = 'x'", "DELETE FROM journal_entry"])
def test_the_database_refuses_to_change_an_entry(statement):
    light()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db
def test_a_second_delivery_has_no_effect(monkeypatch):
    seen = []
    monkeypatch.setitem(operations._handlers, "test.lamp.lit", {"lamp": seen.append})
    entry_id = journal.record(actor=SYSTEM, event=LampLit(lamp_id=ids.uuid7(), watts=1), now=NOW)
    for _ in range(2):
        operations.deliver.func.__wrapped__(entry_id=str(entry_id), handler="lamp")
    assert [entry.id for entry in seen] == [entry_id]


def test_an_untouched_journal_verifies_over_several_seals(clean):
    light()
    assert seal.seal_journal(now=NOW) == 1
    light()
    light()
    assert seal.seal_journal(now=NOW) == 2
    assert list(seal.verify_journal()) == []


def test_small_batches_seal_everything_once(clean, monkeypatch):
    monkeypatch.setattr(seal, "BATCH", 2)
    for _ in range(5):
        light()
    assert seal.seal_journal(now=NOW) == 5
    assert list(seal.verify_journal()) == []


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("UPDATE journal_entry SET facts = '{\"watts\": 99}' WHERE subject_id = %s", "altered after"),
        ("DELETE FROM journal_entry WHERE subject_id = %s", "was deleted"),
    ],
)
def test_tampering_is_found_and_the_row_is_named(clean, statement, complaint):
    light()
    victim = light()
    sequence = EntryRow.objects.get(subject_id=victim).sequence
    seal.seal_journal(now=NOW)
    tamper(statement, victim)
    (fault,) = seal.verify_journal()
    assert f"entry {sequence}" in fault.where
    assert complaint in fault.what


def test_a_removed_seal_is_noticed(clean):
    light()
    seal.seal_journal(now=NOW)
    light()
    seal.seal_journal(now=NOW)
    first = Seal.objects.order_by("id").first()
    assert first is not None
    first.delete()
    assert any("seal before it" in fault.what for fault in seal.verify_journal())
