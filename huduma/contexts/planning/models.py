"""Rosters: proposed by the solver, overruled by a manager, put in force."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from huduma.contexts.workforce.public import CANCELLED_WHY
from huduma.foundation import ids

STATES = ("asked", "draft", "published")


class Roster(models.Model):
    """Who works when in a week of a centre. Published shifts belong to the workforce; this says how they came about.

    `needs`: for each date, what the forecast said of each half hour: `{"half": 16, "people": 8.5, "needed": 4, "services": […]}`.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    centre = models.ForeignKey("centres.Centre", on_delete=models.PROTECT, related_name="+")
    week_on = models.DateField(help_text="A Monday.")
    state = models.CharField(max_length=10, default="asked")
    needs = models.JSONField(default=dict)
    is_best = models.BooleanField(default=False, help_text="It was proven that no other plan is better.")
    asked_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["centre", "week_on"], condition=~Q(state="published"), name="planning_one_draft_a_week"
            ),
            models.CheckConstraint(condition=Q(state__in=STATES), name="planning_roster_state"),
            models.CheckConstraint(condition=Q(week_on__iso_week_day=1), name="planning_week_begins_on_monday"),
        ]
        indexes = [models.Index(fields=["centre", "-week_on"], name="planning_roster_weeks")]

    def __str__(self) -> str:
        return f"{self.centre_id} {self.week_on}"


class RosterDay(models.Model):
    """What somebody is to work on a day: no span is a day off that a manager decided.

    `why`: what would be missing without this shift, as the solver's plan says. `cancelled_at`: it was in force, and is not any more.
    """

    PERSONAL_DATA: ClassVar = {"account": "planning who serves people when", "note": "saying why a manager decided so"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    roster = models.ForeignKey(Roster, on_delete=models.PROTECT, related_name="days")
    account = models.ForeignKey("identity.Account", on_delete=models.PROTECT, related_name="+")
    on = models.DateField()
    spans = models.JSONField(default=list, help_text="Half hours from midnight: [[16, 24], [26, 34]].")
    why = models.JSONField(default=dict)
    is_overruled = models.BooleanField(default=False)
    note = models.CharField(max_length=200, blank=True)
    cancelled_at = models.DateTimeField(null=True)
    cancelled_why = models.CharField(max_length=10, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["roster", "account", "on"], name="planning_one_plan_a_day"),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True, cancelled_why="")
                | Q(cancelled_at__isnull=False, cancelled_why__in=CANCELLED_WHY),
                name="planning_day_cancelled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.on}"
