"""Numbers printed beforehand, for a time when the system is down."""

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from huduma.foundation import ids


class NumberBlock(models.Model):
    """Paper numbers of a centre from `first` to `last`. No number is printed twice: the database refuses."""

    PERSONAL_DATA: ClassVar = {"printed_by": "asking who has the sheets"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    centre = models.ForeignKey("centres.Centre", on_delete=models.PROTECT, related_name="+")
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    printed_at = models.DateTimeField()
    printed_by = models.UUIDField(null=True)

    class Meta:
        ordering = ("-first",)
        constraints = [
            models.CheckConstraint(condition=Q(first__gte=1, last__gte=F("first")), name="centres_block_span"),
            ExclusionConstraint(
                name="centres_number_printed_once",
                expressions=[
                    ("centre", RangeOperators.EQUAL),
                    (
                        Func("first", "last", Value("[]"), function="int4range", output_field=IntegerRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.centre_id} {self.first}-{self.last}"
