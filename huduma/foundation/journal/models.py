"""The append-only record of every act. The tables are made by SQL in the migration: partitions, triggers, hashing."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from huduma.foundation import ids


class EntryRow(models.Model):
    """One act. Never changed, never deleted (a trigger refuses both); partitioned by month of `recorded_at`."""

    PERSONAL_DATA: ClassVar = {
        "actor_person_id": "accountability of every act (Data Protection Act 2019, s.25 and s.41)",
        "concerns": "answering who looked at a person's data (s.26)",
    }

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    recorded_at = models.DateTimeField()
    sequence = models.BigIntegerField()
    transaction_id = models.BigIntegerField()
    act = models.TextField()
    subject_id = models.UUIDField(null=True)
    actor_kind = models.TextField()
    actor_account_id = models.UUIDField(null=True)
    actor_person_id = models.UUIDField(null=True)
    roles = models.TextField()
    on_behalf_of = models.UUIDField(null=True)
    channel = models.TextField()
    purpose = models.TextField()
    concerns = ArrayField(models.UUIDField())
    facts = models.JSONField()

    class Meta:
        managed = False
        db_table = "journal_entry"

    def __str__(self) -> str:
        return f"{self.act} {self.subject_id}"


class Delivery(models.Model):
    """An entry that a handler has dealt with: written in the handler's own transaction, so that it acts once."""

    id = models.BigAutoField(primary_key=True)
    entry_id = models.UUIDField()
    handler = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry_id", "handler"], name="journal_delivered_once")]

    def __str__(self) -> str:
        return f"{self.handler} {self.entry_id}"


class Seal(models.Model):
    """A signed Merkle root (RFC 6962 hashing) over all entries up to a transaction horizon, chained to the seal before."""

    id = models.BigAutoField(primary_key=True)
    sealed_at = models.DateTimeField()
    horizon = models.BigIntegerField(help_text="Entries of transactions below this id are sealed.")
    leaves = models.BinaryField(help_text="For each entry: its sequence (8 bytes) and its SHA-256 (32 bytes).")
    root = models.BinaryField()
    previous_root = models.BinaryField()
    signature = models.BinaryField(help_text="Ed25519 over previous root, root and horizon.")

    def __str__(self) -> str:
        return f"seal {self.pk}"
