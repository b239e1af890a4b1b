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
    loaded_digest = models.CharField(max_length=64, blank=True, help_text="Of the folder, when it was loaded last.")
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
    """A runnable version of a service: never changed once it exists (a trigger refuses it), since applications were promised it.

    `state` is published, superseded or withdrawn; `source` are the files as they were, byte for byte.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    package = models.JSONField(help_text="service, form, process_bpmn, rules_dmn, certificate_typ, messages")
    source = models.JSONField(default=dict)
    published_at = models.DateTimeField()
    state = models.CharField(max_length=10, default="published")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="published", ended_at__isnull=True)
                | Q(state__in=["superseded", "withdrawn"], ended_at__isnull=False),
                name="catalogue_version_state",
            ),
            models.UniqueConstraint(
                fields=["service"], condition=Q(state="published"), name="catalogue_one_published_version"
            ),
            models.UniqueConstraint(fields=["service", "number"], name="catalogue_version_number"),
            models.UniqueConstraint(fields=["service", "digest"], name="catalogue_version_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.service_id} {self.number}"

    def part(self, name: str) -> Any:
        """Return one file of the package, or None when the package has none."""
        return self.package.get(name)


class Proposal(models.Model):
    """A package on its way: draft, review, approved, published (from a day, on which it takes effect); or discarded.

    A draft may have faults; nothing else may. From review on its files never change (a trigger refuses it).
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    service_code = models.CharField(max_length=60, blank=True)
    body = models.ForeignKey("places.PublicBody", on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    source = models.JSONField()
    package = models.JSONField()
    faults = models.JSONField(default=list)
    state = models.CharField(max_length=10, default="draft")
    reason = models.TextField(blank=True, help_text="Why it came back.")
    from_on = models.DateField(null=True)
    authors = models.JSONField(default=list, help_text="Accounts of all who uploaded it, first or again.")
    drafted_by = models.UUIDField(null=True)
    drafted_at = models.DateTimeField()
    submitted_by = models.UUIDField(null=True)
    submitted_at = models.DateTimeField(null=True)
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    published_by = models.UUIDField(null=True)
    published_at = models.DateTimeField(null=True)
    took_effect_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-drafted_at", "-id")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "review", "approved", "published", "discarded"]),
                name="catalogue_proposal_state",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "discarded"]) | Q(faults=[]), name="catalogue_proposal_sound"
            ),
            models.CheckConstraint(
                condition=~Q(state="published") | Q(from_on__isnull=False, published_at__isnull=False),
                name="catalogue_proposal_published",
            ),
        ]
        indexes = [models.Index(fields=["body", "-drafted_at"], name="catalogue_proposal_body")]

    def __str__(self) -> str:
        return f"{self.service_code} {self.state}"


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
