"""Provenance: every question put to a register, and where each fact came from."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from huduma.foundation import ids


class Lookup(models.Model):
    """One question to a register. The key is kept as a digest; facts stay with the case that needed them, not here."""

    PERSONAL_DATA: ClassVar = {"key_digest": "telling how often a record was asked for"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    register = models.CharField(max_length=40)
    key_digest = models.CharField(max_length=64)
    account_id = models.UUIDField(null=True)
    purpose = models.CharField(max_length=100)
    asked_at = models.DateTimeField()
    outcome = models.CharField(max_length=10)
    facts_given = models.JSONField(default=list, help_text="Names of the facts, not their values.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=["found", "missing", "down"]), name="exchange_outcome")
        ]
        indexes = [models.Index(fields=["account_id", "register", "asked_at"], name="exchange_attempts")]

    def __str__(self) -> str:
        return f"{self.register} {self.outcome}"
