"""What government offers: services, their charters, and the immutable versions that run."""

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from huduma.foundation import ids


class Service(models.Model):
    """A public service. `content` is its service.yaml, word for word."""

    code = models.CharField(max_length=60, primary_key=True)
    body = models.ForeignKey("places.PublicBody", on_delete=models.PROTECT, related_name="+")
    level = models.CharField(max_length=10)
    category = models.CharField(max_length=40)
    name_en = models.CharField(max_length=200)
    name_sw = models.CharField(max_length=200)
    content = models.JSONField()
    current_version = models.ForeignKey("ServiceVersion", null=True, on_delete=models.PROTECT, related_name="+")
    search = SearchVectorField(null=True, help_text="Both languages, unstemmed; written by the loader.")

    class Meta:
        ordering = ("name_en",)
        constraints = [models.CheckConstraint(condition=Q(level__in=["national", "county"]), name="catalogue_level")]
        indexes = [GinIndex(fields=["search"], name="catalogue_search")]

    def __str__(self) -> str:
        return self.code

    @property
    def name(self) -> dict[str, str]:
        """The service's name in every language."""
        return {"en": self.name_en, "sw": self.name_sw}

    @property
    def is_online(self) -> bool:
        """Whether people can apply here."""
        return self.current_version_id is not None


class ServiceVersion(models.Model):
    """A runnable version of a service: never changed once it exists, since applications were promised it."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    package = models.JSONField(help_text="service, form, process_bpmn, rules_dmn, certificate_typ, messages")
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service", "number"], name="catalogue_version_number"),
            models.UniqueConstraint(fields=["service", "digest"], name="catalogue_version_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.service_id} {self.number}"

    def part(self, name: str) -> Any:
        """Return one file of the package, or None when the package has none."""
        return self.package.get(name)


class Word(models.Model):
    """The vocabulary of the catalogue, against which typing errors are corrected (trigram similarity)."""

    id = models.BigAutoField(primary_key=True)
    word = models.CharField(max_length=60)
    language = models.CharField(max_length=2)
    services = models.PositiveIntegerField(help_text="In how many services it occurs.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["word", "language"], name="catalogue_word_once")]
        indexes = [GinIndex(fields=["word"], opclasses=["gin_trgm_ops"], name="catalogue_word_trigrams")]

    def __str__(self) -> str:
        return self.word
