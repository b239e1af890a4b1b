"""Where people are served in person: centres, their counters, what they offer and when they are shut."""

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Q

from huduma.foundation import ids
from huduma.foundation.spans import Span

KINDS = ("centre", "outreach", "vehicle")
#: The kinds of desk that a visit can go through, in the order in which people usually come to them.
DESKS = ("triage", "service", "photo", "cashier", "collect")


class Centre(models.Model):
    """A Huduma Centre, an outreach site or a vehicle, existing or announced. What no source tells is empty, never guessed.

    `hours` are the periods of each day, Monday to Sunday, as `[["08:00", "17:00"]]`; `long_hours` those of the desks with
    extended hours. `accessibility` says true or false of a fact; a fact that is missing is not known. `credit_minutes` is the
    policy of the queue: who is called as if they had come so many minutes earlier.
    """

    code = models.CharField(max_length=8, primary_key=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, default="centre")
    status = models.CharField(max_length=40)
    county = models.ForeignKey(
        "places.County", null=True, on_delete=models.PROTECT, related_name="+", help_text="Empty where no source tells."
    )
    constituency = models.ForeignKey("places.Constituency", null=True, on_delete=models.PROTECT, related_name="+")
    town = models.CharField(max_length=100, blank=True)
    building = models.CharField(max_length=200, blank=True)
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    facts = models.JSONField(default=dict, help_text="Position, hours, services; each with its source and confidence.")
    hours = models.JSONField(null=True)
    long_hours = models.JSONField(null=True)
    accessibility = models.JSONField(default=dict)
    credit_minutes = models.JSONField(default=dict, help_text="Differences from the platform's policy.")
    wait_standard_minutes = models.PositiveSmallIntegerField(default=15)
    walk_in_percent = models.PositiveSmallIntegerField(default=40, help_text="The share of counters kept for walk-ins.")
    least_notice_minutes = models.PositiveIntegerField(default=120)
    most_notice_days = models.PositiveSmallIntegerField(default=30)
    tell_when_ahead = models.PositiveSmallIntegerField(default=3, help_text="An SMS goes when so many are ahead.")

    class Meta:
        ordering = ("county_id", "name")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="centres_kind"),
            models.CheckConstraint(condition=Q(walk_in_percent__lte=100), name="centres_walk_in_percent"),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True)
                | Q(latitude__range=(-5.0, 5.6), longitude__range=(33.8, 42.0)),
                name="centres_in_kenya",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def position(self) -> tuple[float, float] | None:
        """Where it stands, if that is known: latitude and longitude in degrees."""
        return (self.latitude, self.longitude) if self.latitude is not None and self.longitude is not None else None

    @property
    def is_open_to_public(self) -> bool:
        """Whether it works already: announced and planned centres do not."""
        return self.status.startswith("operational")


class Counter(models.Model):
    """A counter. `desks` are the kinds of work done at it; `officer_id` is who has it open now."""

    PERSONAL_DATA: ClassVar = {"officer_id": "who serves at a counter"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="counters")
    number = models.PositiveSmallIntegerField()
    desks = ArrayField(models.CharField(max_length=10))
    has_long_hours = models.BooleanField(default=False)
    officer_id = models.UUIDField(null=True, unique=True)
    opened_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint(fields=["centre", "number"], name="centres_counter_number"),
            models.CheckConstraint(condition=Q(desks__contained_by=list(DESKS)), name="centres_counter_desks"),
            models.CheckConstraint(
                condition=Q(officer_id__isnull=True) ^ Q(opened_at__isnull=False), name="centres_counter_open"
            ),
        ]
        indexes = [
            models.Index(fields=["centre"], condition=Q(officer_id__isnull=False), name="centres_counter_staffed")
        ]

    def __str__(self) -> str:
        return f"{self.centre_id} {self.number}"


class Offering(models.Model):
    """A service that a centre is known to offer, on some days of the week (0 is Monday), by way of some desks."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="offerings")
    service = models.ForeignKey("catalogue.Service", on_delete=models.PROTECT, related_name="+")
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list)
    journey = ArrayField(models.CharField(max_length=10), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["centre", "service"], name="centres_offered_once"),
            models.CheckConstraint(
                condition=Q(weekdays__contained_by=list(range(7))), name="centres_offering_weekdays"
            ),
            models.CheckConstraint(condition=Q(journey__contained_by=list(DESKS)), name="centres_offering_journey"),
        ]

    def __str__(self) -> str:
        return f"{self.service_id} at {self.centre_id}"


class Closure(models.Model):
    """A centre is shut for a span of time, whatever its hours say."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="closures")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason_en = models.CharField(max_length=200)
    reason_sw = models.CharField(max_length=200)

    class Meta:
        ordering = ("starts_at",)
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="centres_closure_span"),
            ExclusionConstraint(
                name="centres_closed_once",
                expressions=[("centre", RangeOperators.EQUAL), (Span(), RangeOperators.OVERLAPS)],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.centre_id} {self.starts_at:%Y-%m-%d}"

    @property
    def reason(self) -> dict[str, str]:
        """Why, in every language."""
        return {"en": self.reason_en, "sw": self.reason_sw}


class ServiceTime(models.Model):
    """How long serving takes, learned from what was served lately: quartiles in seconds, over `seen` people."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    centre = models.ForeignKey(Centre, null=True, on_delete=models.PROTECT, related_name="+")
    service_code = models.CharField(max_length=60)
    quarter_seconds = models.PositiveIntegerField()
    median_seconds = models.PositiveIntegerField()
    three_quarter_seconds = models.PositiveIntegerField()
    seen = models.PositiveIntegerField()
    learned_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["centre", "service_code"], name="centres_learned_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.service_code} {self.median_seconds} s"
