"""The editable table of days that wins over the computed holidays."""

from django.db import models


class SpecialDay(models.Model):
    """A date on which offices are open or closed whatever the calendar computes, with the reason (a gazette notice)."""

    date = models.DateField(primary_key=True)
    is_working = models.BooleanField()
    reason = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"{self.date}: {self.reason}"
