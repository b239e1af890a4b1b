"""What cases took, and the figures of charters that follow from it."""

from django.db import models
from django.db.models import Q

from huduma.foundation import ids


class Outcome(models.Model):
    """One ended case as it counts in figures: the row to which every figure is traced.

    `elapsed_seconds`: from sending to the end, all time included. `spent_seconds`: opening time, without waiting for the
    applicant. `met`: whether the promise was kept, None where nothing was promised.
    """

    case_id = models.UUIDField(primary_key=True, default=ids.uuid7)
    version = models.ForeignKey("catalogue.ServiceVersion", on_delete=models.PROTECT, related_name="+")
    service_code = models.CharField(max_length=60)
    body_code = models.CharField(max_length=20)
    county_code = models.CharField(
        max_length=3, blank=True, help_text="The county that the answers name, where one is asked."
    )
    channel = models.CharField(max_length=10)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    elapsed_seconds = models.PositiveBigIntegerField()
    spent_seconds = models.PositiveBigIntegerField()
    met = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ended_at__gte=models.F("started_at")), name="performance_order"),
        ]
        indexes = [
            models.Index(fields=["service_code", "-ended_at", "-case_id"], name="performance_service"),
            models.Index(fields=["ended_at"], name="performance_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.service_code} {self.case_id}"


class Figure(models.Model):
    """What people got of a service in the window: of everybody, of one county, or by one channel."""

    id = models.BigAutoField(primary_key=True)
    service_code = models.CharField(max_length=60)
    part = models.CharField(max_length=10, help_text="all, county or channel")
    value = models.CharField(max_length=10, blank=True, help_text="Which county or channel.")
    from_on = models.DateField()
    to_on = models.DateField()
    cases = models.PositiveIntegerField()
    promised = models.PositiveIntegerField(help_text="Of these cases, how many had a promise.")
    met = models.PositiveIntegerField(help_text="Of those promised, how many ended in time.")
    elapsed_median = models.PositiveBigIntegerField()
    elapsed_p90 = models.PositiveBigIntegerField()
    spent_median = models.PositiveBigIntegerField()
    spent_p90 = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(part__in=["all", "county", "channel"]), name="performance_part"),
            models.CheckConstraint(
                condition=Q(met__lte=models.F("promised")) & Q(promised__lte=models.F("cases")),
                name="performance_counts",
            ),
            models.UniqueConstraint(fields=["service_code", "part", "value"], name="performance_figure_once"),
        ]

    def __str__(self) -> str:
        return f"{self.service_code} {self.part} {self.value}"

    @property
    def share(self) -> int | None:
        """How many in a hundred promises were kept, rounded down; None where nothing was promised."""
        return self.met * 100 // self.promised if self.promised else None
