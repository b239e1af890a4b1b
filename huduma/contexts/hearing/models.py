"""Questions that were asked, and what was answered. No row says who served whom."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from huduma.foundation import ids


class Question(models.Model):
    """One question to one person after something ended. `about_id`: what ended; it and the address are forgotten with the answer.

    A digest keeps the same thing from being asked about twice.
    """

    PERSONAL_DATA: ClassVar = {
        "phone": "asking once how it went",
        "email": "asking once how it went",
        "word": "hearing how people were served",
    }

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    kind = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    phone = models.CharField(max_length=16, blank=True)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=2)
    service_code = models.CharField(max_length=60, blank=True)
    centre_code = models.CharField(max_length=8, blank=True)
    county_code = models.CharField(max_length=3, blank=True)
    body_code = models.CharField(max_length=20, blank=True)
    channel = models.CharField(max_length=20, blank=True)
    asked_at = models.DateTimeField()
    answered_on = models.DateField(null=True, help_text="The day only: a moment would say who it was.")
    mark = models.PositiveSmallIntegerField(null=True)
    word = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["application", "ticket", "matter", "conversation"]), name="hearing_kind"
            ),
            models.CheckConstraint(condition=Q(mark=None) | Q(mark__gte=1, mark__lte=5), name="hearing_mark"),
            models.CheckConstraint(
                condition=Q(mark=None, answered_on=None) | Q(mark__isnull=False, answered_on__isnull=False, phone="", email=""),
                name="hearing_answer_is_nobodys",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["phone", "-asked_at"], condition=~Q(phone=""), name="hearing_phone"),
            models.Index(fields=["email", "-asked_at"], condition=~Q(email=""), name="hearing_email"),
            models.Index(fields=["answered_on"], condition=Q(mark__isnull=False), name="hearing_answered"),
            models.Index(fields=["asked_at"], name="hearing_asked"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.asked_at:%Y-%m-%d}"
