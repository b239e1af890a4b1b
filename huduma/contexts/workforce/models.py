"""Staff: where they are posted, which services they can serve, when they are there and when they are away."""

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from huduma.foundation import ids
from huduma.foundation.spans import Span

#: In which the platform speaks with people.
LANGUAGES = ("en", "sw")


class Posting(models.Model):
    """An account works at a place (a centre's code), for a time."""

    PERSONAL_DATA: ClassVar = {"account": "knowing who may serve people at a centre"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    account = models.ForeignKey("identity.Account", on_delete=models.PROTECT, related_name="+")
    place_code = models.CharField(max_length=8)
    from_on = models.DateField()
    to_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(to_on__isnull=True) | Q(to_on__gte=F("from_on")), name="workforce_posting_span"
            ),
            models.UniqueConstraint(
                fields=["account", "place_code"], condition=Q(to_on__isnull=True), name="workforce_posted_once"
            ),
        ]
        indexes = [models.Index(fields=["place_code"], name="workforce_posting_place")]

    def __str__(self) -> str:
        return f"{self.account_id} at {self.place_code}"


class Skill(models.Model):
    """A service that an officer can serve. An officer without any is taken to serve everything."""

    PERSONAL_DATA: ClassVar = {"account": "calling customers to somebody who can serve them"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    account = models.ForeignKey("identity.Account", on_delete=models.PROTECT, related_name="+")
    service_code = models.CharField(max_length=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "service_code"], name="workforce_skill_once")]

    def __str__(self) -> str:
        return self.service_code


#: Why a shift does not take place. `away` is all that is written down of illness and family: more is nobody's business here.
CANCELLED_WHY = ("away", "training", "elsewhere", "not-needed")


class Language(models.Model):
    """A language in which an officer serves people. An officer without any is taken to speak both."""

    PERSONAL_DATA: ClassVar = {"account": "giving customers to somebody who speaks their language"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    account = models.ForeignKey("identity.Account", on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "code"], name="workforce_language_once"),
            models.CheckConstraint(condition=Q(code__in=LANGUAGES), name="workforce_language"),
        ]

    def __str__(self) -> str:
        return self.code


class Shift(models.Model):
    """An officer is to be at a place for a span of time; nobody is in two places at once.

    A shift that was cancelled stays: the day still counts as one with a roster, on which this officer is not there.
    """

    PERSONAL_DATA: ClassVar = {"account": "planning who serves people when"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    account = models.ForeignKey("identity.Account", on_delete=models.PROTECT, related_name="+")
    place_code = models.CharField(max_length=8)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)
    cancelled_why = models.CharField(max_length=10, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="workforce_shift_span"),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True, cancelled_why="")
                | Q(cancelled_at__isnull=False, cancelled_why__in=CANCELLED_WHY),
                name="workforce_shift_cancelled",
            ),
            ExclusionConstraint(
                name="workforce_one_place_at_a_time",
                expressions=[("account", RangeOperators.EQUAL), (Span(), RangeOperators.OVERLAPS)],
                condition=Q(cancelled_at__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["place_code", "starts_at"], name="workforce_shift_place")]

    def __str__(self) -> str:
        return f"{self.place_code} {self.starts_at:%Y-%m-%d}"


class Absence(models.Model):
    """An officer is away (leave, sickness, training). The reason is nobody's business here."""

    PERSONAL_DATA: ClassVar = {"account": "not booking people with somebody who is away"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    account = models.ForeignKey("identity.Account", on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="workforce_absence_span")]
        indexes = [models.Index(fields=["account", "starts_at"], name="workforce_absence_account")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.starts_at:%Y-%m-%d}"
