"""Records that may be one human being's, and those that were joined into one."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from huduma.contexts.identity.models.people import Person
from huduma.foundation import ids


class Duplicate(models.Model):
    """Two records that may be one human being's, with what speaks for it, until somebody judges."""

    PERSONAL_DATA: ClassVar = {"why": "showing later why two records were kept apart"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    one = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    other = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    score = models.PositiveSmallIntegerField()
    reasons = ArrayField(models.CharField(max_length=20))
    alike = models.PositiveSmallIntegerField(help_text="How alike the names are, of a hundred.")
    state = models.CharField(max_length=10, default="open")
    found_at = models.DateTimeField()
    judged_at = models.DateTimeField(null=True)
    judged_by = models.UUIDField(null=True)
    why = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="identity_duplicate_once"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="identity_duplicate_order"),
            models.CheckConstraint(condition=Q(state__in=["open", "apart", "joined"]), name="identity_duplicate_state"),
            models.CheckConstraint(
                condition=~Q(state="apart") | (Q(judged_at__isnull=False) & ~Q(why="")),
                name="identity_duplicate_judged",
            ),
        ]
        indexes = [
            models.Index(fields=["-score", "id"], condition=Q(state="open"), name="identity_duplicates_open"),
            models.Index(fields=["other"], name="identity_duplicate_other"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.score}"


class Merge(models.Model):
    """Two records joined into one: by a register's proof, or by a person (and a second one, where both are verified)."""

    PERSONAL_DATA: ClassVar = {
        "id_number": "giving the number back when the records are parted again",
        "why": "showing later why records were joined",
        "parted_why": "showing later why records were parted",
    }

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    kept = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    merged = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10)
    why = models.TextField()
    id_number = models.CharField(max_length=14, blank=True, help_text="What the merged record had; the other goes on.")
    asked_at = models.DateTimeField()
    asked_by = models.UUIDField(null=True)
    joined_at = models.DateTimeField(null=True)
    joined_by = models.UUIDField(null=True)
    parted_at = models.DateTimeField(null=True)
    parted_by = models.UUIDField(null=True)
    parted_why = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["asked", "refused"], joined_at=None, parted_at=None)
                | Q(state="joined", joined_at__isnull=False, parted_at=None)
                | (Q(state="parted", joined_at__isnull=False, parted_at__isnull=False) & ~Q(parted_why="")),
                name="identity_merge_state",
            ),
            models.CheckConstraint(condition=~Q(kept=F("merged")), name="identity_merge_of_two"),
            models.UniqueConstraint(
                fields=["merged"], condition=Q(state__in=["asked", "joined"]), name="identity_merged_once"
            ),
        ]
        indexes = [
            models.Index(fields=["kept", "-asked_at"], name="identity_merge_kept"),
            models.Index(fields=["-asked_at"], name="identity_merges"),
        ]

    def __str__(self) -> str:
        return self.state


class MovedRow(models.Model):
    """A row that was the merged record's and went to the one that goes on: what a parting gives back, no more and no less."""

    id = models.BigAutoField(primary_key=True)
    merge = models.ForeignKey(Merge, on_delete=models.PROTECT, related_name="moved")
    belonging = models.CharField(max_length=60, help_text="The key of the column, such as contact.Matter.person_id.")
    row_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merge", "belonging", "row_id"], name="identity_moved_once"),
        ]

    def __str__(self) -> str:
        return f"{self.belonging} {self.row_id}"
