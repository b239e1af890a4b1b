"""Reference data of the republic: counties, constituencies, and the public bodies (MDACs)."""

from django.db import models


class County(models.Model):
    """One of the 47 counties (Constitution of Kenya 2010, First Schedule); the code is the official three digits."""

    code = models.CharField(max_length=3, primary_key=True)
    name = models.CharField(max_length=60, unique=True)
    headquarters = models.CharField(max_length=60)
    facts = models.JSONField(default=dict, help_text="Position, population and area, each with source and confidence.")

    class Meta:
        ordering = ("code",)

    def __str__(self) -> str:
        return self.name


class Constituency(models.Model):
    """One of the 290 constituencies (delimitation of 2012), which the policy takes as sub-counties."""

    code = models.CharField(max_length=3, primary_key=True)
    name = models.CharField(max_length=60)
    county = models.ForeignKey(County, on_delete=models.PROTECT, related_name="constituencies")
    facts = models.JSONField(default=dict)

    class Meta:
        ordering = ("code",)

    def __str__(self) -> str:
        return self.name

    @property
    def position(self) -> tuple[float, float] | None:
        """Its middle: latitude and longitude in degrees."""
        return (float(self.facts["lat"]), float(self.facts["lon"])) if self.facts.get("lat") else None


class PublicBody(models.Model):
    """A ministry, department, agency, commission or county government."""

    code = models.CharField(max_length=20, primary_key=True)
    name_en = models.CharField(max_length=200)
    name_sw = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    level = models.CharField(max_length=10)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("name_en",)
        constraints = [
            models.CheckConstraint(condition=models.Q(level__in=["national", "county"]), name="places_body_level"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["ministry", "department", "agency", "commission", "county"]),
                name="places_body_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.name_en

    @property
    def name(self) -> dict[str, str]:
        """The body's name in every language."""
        return {"en": self.name_en, "sw": self.name_sw}
