"""Where people are served in person."""

from django.db import models


class Centre(models.Model):
    """A Huduma Centre, existing or announced. What no source tells is empty in `facts`, never guessed."""

    code = models.CharField(max_length=8, primary_key=True)
    name = models.CharField(max_length=120)
    status = models.CharField(max_length=40)
    county = models.ForeignKey(
        "places.County", null=True, on_delete=models.PROTECT, related_name="+", help_text="Empty where no source tells."
    )
    constituency = models.ForeignKey("places.Constituency", null=True, on_delete=models.PROTECT, related_name="+")
    town = models.CharField(max_length=100, blank=True)
    building = models.CharField(max_length=200, blank=True)
    facts = models.JSONField(default=dict, help_text="Position, hours, services; each with its source and confidence.")

    class Meta:
        ordering = ("county_id", "name")

    def __str__(self) -> str:
        return self.name
