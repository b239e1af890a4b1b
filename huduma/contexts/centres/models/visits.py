"""Appointments, and the list of those who wait for a freed one."""

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Q

from huduma.foundation import ids
from huduma.foundation.spans import Span

MEDIA = ("in-person", "phone", "video")
#: States in which an appointment takes its place in the day. `offered`: kept for somebody who has not said yes.
TAKEN = ("offered", "booked", "arrived", "attended")
STATES = (*TAKEN, "missed", "cancelled", "lapsed", "displaced")


class CalendarFeed(models.Model):
    """How often a person had the secret address of their calendar changed; who never did has no row."""

    PERSONAL_DATA: ClassVar = {"person": "whose calendar it is"}

    person = models.OneToOneField("identity.Person", on_delete=models.PROTECT, primary_key=True, related_name="+")
    changes = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.person_id}: {self.changes}"


class Appointment(models.Model):
    """A visit at a time that was promised. Two visits never share a lane or an officer: the database refuses.

    A lane is one of the counters that a centre gives to appointments at once; walk-ins have the others. `officer_id` is set
    where a roster says who is there. `replaces`: the appointment that was promised first, for which this one was offered.
    """

    PERSONAL_DATA: ClassVar = {"person": "expecting and reminding who booked", "services": "serving the visit"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    reference = models.CharField(max_length=11, unique=True)
    centre = models.ForeignKey("centres.Centre", on_delete=models.PROTECT, related_name="+")
    services = ArrayField(models.CharField(max_length=60))
    people = models.PositiveSmallIntegerField(default=1)
    medium = models.CharField(max_length=10, default="in-person")
    person = models.ForeignKey("identity.Person", on_delete=models.PROTECT, related_name="+")
    case_id = models.UUIDField(null=True, help_text="The application that needs this visit.")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    lane = models.PositiveSmallIntegerField()
    officer_id = models.UUIDField(null=True)
    state = models.CharField(max_length=10, default="booked")
    offered_until = models.DateTimeField(null=True)
    replaces = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    reminded_days = models.PositiveSmallIntegerField(null=True, help_text="The last reminder: so many days before.")
    booked_at = models.DateTimeField()
    state_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=STATES), name="centres_visit_state"),
            models.CheckConstraint(condition=Q(medium__in=MEDIA), name="centres_visit_medium"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="centres_visit_span"),
            models.CheckConstraint(condition=Q(people__range=(1, 20)), name="centres_visit_people"),
            models.CheckConstraint(
                condition=~Q(state="offered") | Q(offered_until__isnull=False), name="centres_visit_offer"
            ),
            ExclusionConstraint(
                name="centres_one_visit_in_a_lane",
                expressions=[
                    ("centre", RangeOperators.EQUAL), ("lane", RangeOperators.EQUAL), (Span(), RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=TAKEN),
            ),
            ExclusionConstraint(
                name="centres_one_visit_with_an_officer",
                expressions=[("officer_id", RangeOperators.EQUAL), (Span(), RangeOperators.OVERLAPS)],
                condition=Q(state__in=TAKEN, officer_id__isnull=False),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["person", "starts_at"], name="centres_visit_person"),
            models.Index(fields=["starts_at"], condition=Q(state="booked"), name="centres_visit_due"),
            models.Index(fields=["offered_until"], condition=Q(state="offered"), name="centres_visit_offered"),
            models.Index(fields=["centre", "starts_at"], name="centres_visit_day"),
            models.Index(fields=["case_id"], condition=Q(case_id__isnull=False), name="centres_visit_case"),
        ]

    def __str__(self) -> str:
        return self.reference


class Waiter(models.Model):
    """Somebody who wants an earlier or any appointment, in the order in which they asked."""

    PERSONAL_DATA: ClassVar = {"person": "offering a freed appointment", "services": "offering a fitting one"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    centre = models.ForeignKey("centres.Centre", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey("identity.Person", on_delete=models.PROTECT, related_name="+")
    services = ArrayField(models.CharField(max_length=60))
    people = models.PositiveSmallIntegerField(default=1)
    medium = models.CharField(max_length=10, default="in-person")
    case_id = models.UUIDField(null=True)
    until_on = models.DateField(help_text="The last day that is of use.")
    state = models.CharField(max_length=10, default="waiting")
    offer = models.ForeignKey(Appointment, null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "offered", "served", "left"]), name="centres_waiter_state"
            ),
            models.CheckConstraint(condition=~Q(state="offered") | Q(offer__isnull=False), name="centres_waiter_offer"),
            models.UniqueConstraint(
                fields=["centre", "person", "services"], condition=Q(state__in=["waiting", "offered"]),
                name="centres_waiter_once",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["centre", "asked_at"], condition=Q(state="waiting"), name="centres_waiter_order")
        ]

    def __str__(self) -> str:
        return f"{self.centre_id} {self.state}"
