"""The visit: where and when a team serves people away from a centre, and who goes."""

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Q

from huduma.foundation import ids
from huduma.foundation.spans import Span

STATES = ("planned", "open", "closed", "cancelled")
#: What a visit costs money for.
COSTS = ("transport", "allowances", "venue", "network", "materials", "other")


class Visit(models.Model):
    """One stop of an outreach team or a vehicle. `site` is the team or vehicle: a centre of that kind, where its staff are posted.

    `place` is the stop as people call it; `ward` the lowest unit, as text: no register of wards is loaded.
    """

    PERSONAL_DATA: ClassVar = {"planned_by": "asking who planned a visit"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    reference = models.CharField(max_length=11, unique=True)
    site = models.ForeignKey("centres.Centre", on_delete=models.PROTECT, related_name="+")
    body_code = models.CharField(
        max_length=20,
        help_text="The public body whose tills take the cash; an officer of another one takes it for theirs.",
    )
    place = models.CharField(max_length=120)
    directions = models.CharField(max_length=200, blank=True)
    county = models.ForeignKey("places.County", on_delete=models.PROTECT, related_name="+")
    constituency = models.ForeignKey("places.Constituency", null=True, on_delete=models.PROTECT, related_name="+")
    ward = models.CharField(max_length=60, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    services = ArrayField(models.CharField(max_length=60))
    state = models.CharField(max_length=10, default="planned")
    planned_by = models.UUIDField(null=True)
    planned_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    reason_en = models.CharField(max_length=200, blank=True, help_text="Why it was called off, for everybody.")
    reason_sw = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("starts_at", "id")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=STATES), name="outreach_visit_state"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="outreach_visit_span"),
            models.CheckConstraint(
                condition=Q(state__in=["closed", "cancelled"]) ^ Q(finished_at__isnull=True),
                name="outreach_visit_finished",
            ),
            ExclusionConstraint(
                name="outreach_one_place_at_a_time",
                expressions=[("site", RangeOperators.EQUAL), (Span(), RangeOperators.OVERLAPS)],
                condition=~Q(state="cancelled"),
            ),
            models.CheckConstraint(
                condition=~Q(state="cancelled") | ~Q(reason_en="") & ~Q(reason_sw=""), name="outreach_visit_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["county", "starts_at"], name="outreach_visit_near"),
            models.Index(fields=["site", "starts_at"], name="outreach_visit_site"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reason(self) -> dict[str, str]:
        """Why it was called off, in every language."""
        return {"en": self.reason_en, "sw": self.reason_sw}


class Cost(models.Model):
    """What a visit cost: one line, in cents. A line is never changed; a wrong one is taken back by one below nothing."""

    PERSONAL_DATA: ClassVar = {"entered_by": "asking who entered a cost"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="costs")
    kind = models.CharField(max_length=12)
    what = models.CharField(max_length=120, blank=True)
    amount_cents = models.BigIntegerField()
    entered_by = models.UUIDField(null=True)
    entered_at = models.DateTimeField()

    class Meta:
        ordering = ("entered_at", "id")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=COSTS), name="outreach_cost_kind"),
            models.CheckConstraint(condition=~Q(amount_cents=0), name="outreach_cost_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_cents}"


class Follower(models.Model):
    """Somebody who asked to be told of a visit by SMS: the day before, and when it is called off. Forgotten when it is over."""

    PERSONAL_DATA: ClassVar = {"phone": "telling of a visit who asked to be told"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="followers")
    phone = models.CharField(max_length=16)
    language = models.CharField(max_length=2)
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["visit", "phone"], name="outreach_follows_once")]

    def __str__(self) -> str:
        return str(self.id)


class VisitStaff(models.Model):
    """An officer who goes on a visit."""

    PERSONAL_DATA: ClassVar = {"account": "knowing who serves people on a visit"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="staff")
    account = models.ForeignKey("identity.Account", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["visit", "account"], name="outreach_goes_once")]
        indexes = [models.Index(fields=["account"], name="outreach_staff_account")]

    def __str__(self) -> str:
        return f"{self.account_id} on {self.visit_id}"
