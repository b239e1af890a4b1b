"""What tablets bring back: records as they were made, and their files, which come in pieces."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from huduma.foundation import ids

KINDS = ("ticket", "application", "receipt", "void")
STATES = ("waiting", "ready", "done", "conflict", "refused")


class Record(models.Model):
    """One record, kept as the tablet sent it; its id is the tablet's. It is applied by a job, once.

    `waiting` lacks files or another record, `ready` is for the job, `conflict` waits for a person. `number` is what it uses up
    (a ticket, a receipt, a reference): once, says the database. `decision` is what a person chose.
    """

    PERSONAL_DATA: ClassVar = {
        "body": "applying what an officer took in where no network was, and showing both sides of a conflict",
        "sex": "telling whom visits reach",
        "age_band": "telling whom visits reach",
        "decided_by": "asking who decided a conflict",
    }

    id = models.UUIDField(primary_key=True)
    device = models.ForeignKey("outreach.Device", on_delete=models.PROTECT, related_name="records")
    visit = models.ForeignKey("outreach.Visit", on_delete=models.PROTECT, related_name="records")
    kind = models.CharField(max_length=12)
    body = models.JSONField()
    digest = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    received_at = models.DateTimeField()
    state = models.CharField(max_length=8, default="waiting")
    message = models.CharField(max_length=400, blank=True, help_text="The refusal's sentence, in English.")
    number = models.CharField(max_length=20, blank=True)
    service_code = models.CharField(max_length=60, blank=True)
    sex = models.CharField(max_length=1, blank=True)
    age_band = models.CharField(max_length=5, blank=True)
    is_person = models.BooleanField(default=False, help_text="Whether it counts as a person who was served.")
    waits_for = models.UUIDField(null=True, help_text="The record that has to be applied first.")
    conflict = models.CharField(max_length=20, blank=True)
    facts = models.JSONField(default=dict, help_text="The other side of a conflict: ids and amounts.")
    decision = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=400, blank=True)
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    person_id = models.UUIDField(null=True)
    result_id = models.UUIDField(null=True, help_text="The application, ticket or payment that it became.")

    class Meta:
        ordering = ("made_at", "id")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="outreach_record_kind"),
            models.CheckConstraint(condition=Q(state__in=STATES), name="outreach_record_state"),
            models.CheckConstraint(condition=Q(state="done") ^ Q(done_at__isnull=True), name="outreach_record_done"),
            models.CheckConstraint(condition=~Q(state="conflict") | ~Q(conflict=""), name="outreach_record_conflict"),
            models.CheckConstraint(
                condition=Q(decision="", decided_at__isnull=True)
                | ~Q(decision="") & ~Q(reason="") & Q(decided_at__isnull=False),
                name="outreach_record_decided",
            ),
            models.UniqueConstraint(
                fields=["number"], condition=Q(state="done") & ~Q(number=""), name="outreach_number_used_once"
            ),
        ]
        indexes = [
            models.Index(fields=["visit", "state"], name="outreach_record_states"),
            models.Index(fields=["device", "kind"], name="outreach_record_device"),
            models.Index(fields=["waits_for"], condition=Q(state="waiting"), name="outreach_record_waits"),
            models.Index(fields=["person_id"], condition=Q(person_id__isnull=False), name="outreach_record_person"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def said(self) -> str:
        """The number or reference that was handed out for it."""
        return str(self.body.get("reference" if self.kind == "application" else "number", ""))


class HeldFile(models.Model):
    """A file of a record on its way or here; its id is the tablet's. Its pieces become one stored file when all are here."""

    id = models.UUIDField(primary_key=True)
    device = models.ForeignKey("outreach.Device", on_delete=models.PROTECT, related_name="files")
    record_id = models.UUIDField()
    sha256 = models.CharField(max_length=64)
    length = models.PositiveIntegerField()
    offset = models.PositiveIntegerField(default=0)
    file = models.ForeignKey("files.StoredFile", null=True, on_delete=models.PROTECT, related_name="+")
    refusal = models.CharField(max_length=400, blank=True, help_text="Why the whole file was not kept, in English.")
    began_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(length__gte=1, offset__lte=models.F("length")), name="outreach_file_offset"
            )
        ]
        indexes = [models.Index(fields=["record_id"], name="outreach_file_record")]

    def __str__(self) -> str:
        return f"{self.offset} of {self.length} bytes"


class Piece(models.Model):
    """A piece of a file that is not whole yet."""

    PERSONAL_DATA: ClassVar = {"content": "evidence for a request"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    held = models.ForeignKey(HeldFile, on_delete=models.CASCADE, related_name="pieces")
    offset = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ("offset",)
        constraints = [models.UniqueConstraint(fields=["held", "offset"], name="outreach_piece_once")]

    def __str__(self) -> str:
        return f"from {self.offset}"
