"""Articles and their versions."""

from collections.abc import Mapping
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from huduma.foundation import ids

#: States in which a version is on its way; an article has one such at most.
ON_ITS_WAY = ("draft", "review", "reviewed")


class Article(models.Model):
    """An answer that goes through versions. `review_since`: since when one of its charters says something else than it was read against."""

    code = models.SlugField(primary_key=True, max_length=60)
    review_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.code


class Version(models.Model):
    """What an article says, in both languages: draft, review, reviewed (by another person), published from a day, withdrawn, discarded.

    In force is, of the published ones whose day has come, the one with the latest day and number. A trigger lets only drafts change.
    """

    PERSONAL_DATA: ClassVar = {"authors": "a second person reviews", "reviewed_by": "a second person reviews"}

    id = models.UUIDField(primary_key=True, default=ids.uuid7)
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    title_en = models.CharField(max_length=150)
    title_sw = models.CharField(max_length=150)
    text_en = models.TextField()
    text_sw = models.TextField()
    is_public = models.BooleanField()
    services = ArrayField(models.CharField(max_length=60), default=list)
    state = models.CharField(max_length=10, default="draft")
    authors = ArrayField(models.UUIDField(), default=list)
    drafted_at = models.DateTimeField()
    reviewed_by = models.UUIDField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    valid_from = models.DateField(null=True)
    published_by = models.UUIDField(null=True)
    published_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, help_text="Why it came back, or was withdrawn.")
    helped = models.PositiveIntegerField(default=0)
    helped_not = models.PositiveIntegerField(default=0)
    called = models.TextField(help_text="Its titles, folded, against which typing errors are matched.")
    search = SearchVectorField(null=True, help_text="Both languages, unstemmed; written when it is drafted.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[*ON_ITS_WAY, "published", "withdrawn", "discarded"]), name="knowledge_state"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["reviewed", "published", "withdrawn"])
                | Q(reviewed_by__isnull=False, reviewed_at__isnull=False),
                name="knowledge_reviewed",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["published", "withdrawn"])
                | Q(valid_from__isnull=False, published_at__isnull=False),
                name="knowledge_published",
            ),
            models.CheckConstraint(
                condition=~Q(title_en="") & ~Q(title_sw="") & ~Q(text_en="") & ~Q(text_sw=""), name="knowledge_both_languages"
            ),
            models.UniqueConstraint(fields=["article", "number"], name="knowledge_version_number"),
            models.UniqueConstraint(
                fields=["article"], condition=Q(state__in=ON_ITS_WAY), name="knowledge_one_on_its_way"
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["article", "-valid_from", "-number"], condition=Q(state="published"), name="knowledge_in_force"),
            GinIndex(fields=["search"], condition=Q(state="published"), name="knowledge_search"),
            GinIndex(
                fields=["called"], opclasses=["gin_trgm_ops"], condition=Q(state="published"), name="knowledge_trigrams"
            ),
            GinIndex(fields=["services"], condition=Q(state="published"), name="knowledge_services"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.article_id} {self.number}"

    @property
    def title(self) -> Mapping[str, str]:
        """What it is called."""
        return {"en": self.title_en, "sw": self.title_sw}

    @property
    def text(self) -> Mapping[str, str]:
        """What it says, its fields not filled."""
        return {"en": self.text_en, "sw": self.text_sw}
