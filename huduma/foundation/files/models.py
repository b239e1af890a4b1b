"""Files that people hand in and that government issues. Bytes live in PostgreSQL: one place to back up, any node can read."""

from typing import ClassVar

from django.db import models

from huduma.foundation import ids


class StoredFile(models.Model):
    """One file, never changed after it is stored."""

    PERSONAL_DATA: ClassVar = {
        "name": "evidence for a request",
        "content": "evidence for a request, and issued documents",
    }

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    stored_at = models.DateTimeField()
    stored_by = models.UUIDField(null=True, help_text="The account that handed it in.")
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.content_type} {self.id}"
