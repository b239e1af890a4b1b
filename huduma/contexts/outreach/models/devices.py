"""Tablets: bound to an officer and a visit, with the numbers that each may use without asking."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from huduma.foundation import ids

STATES = ("active", "lost")


class Device(models.Model):
    """A tablet of an officer on a visit. Of its token only a digest is kept.

    `code` begins its receipts' numbers and is no other device's ever; `letters` begin its tickets', once for a team's day.
    `unsynced` is what the tablet said last of records that wait on it.
    """

    PERSONAL_DATA: ClassVar = {"account": "knowing whose tablet it is", "lost_by": "asking who reported a loss"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    visit = models.ForeignKey("outreach.Visit", on_delete=models.PROTECT, related_name="devices")
    account = models.ForeignKey("identity.Account", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    code = models.CharField(max_length=4, unique=True)
    letters = models.CharField(max_length=3)
    token_digest = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=8, default="active")
    registered_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    unsynced = models.PositiveIntegerField(null=True)
    lost_at = models.DateTimeField(null=True)
    lost_by = models.UUIDField(null=True)
    told_at = models.DateTimeField(null=True, help_text="When it called after the loss and was told to erase itself.")
    wiped_at = models.DateTimeField(null=True, help_text="When it said that it is erased.")

    class Meta:
        ordering = ("registered_at", "id")
        constraints = [
            models.CheckConstraint(condition=Q(state="active") ^ Q(lost_at__isnull=False), name="outreach_device_lost"),
            models.CheckConstraint(condition=Q(state__in=STATES), name="outreach_device_state"),
            models.UniqueConstraint(fields=["visit", "letters"], name="outreach_device_letters"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.code}"


class Range(models.Model):
    """Numbers given to a device: from `first` to `last` after the prefix of its kind."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="ranges")
    kind = models.CharField(max_length=8)
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()

    class Meta:
        ordering = ("first",)
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["ticket", "receipt"]), name="outreach_range_kind"),
            models.CheckConstraint(condition=Q(first__gte=1, last__gte=F("first")), name="outreach_range_span"),
            models.UniqueConstraint(fields=["device", "kind", "first"], name="outreach_range_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.first}-{self.last}"


class Reference(models.Model):
    """An application's reference that a device may hand out without asking."""

    value = models.CharField(max_length=11, primary_key=True)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="references")

    def __str__(self) -> str:
        return self.value
