"""What this context announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class VersionEvent(Event):
    """A step in the life of one version of an article."""

    subject: ClassVar[str] = "version_id"
    version_id: UUID
    article_code: str
    number: int


@dataclass(frozen=True, kw_only=True)
class VersionDrafted(VersionEvent):
    """Somebody wrote a draft, or wrote it anew."""

    act: ClassVar[str] = "knowledge.version.drafted"


@dataclass(frozen=True, kw_only=True)
class VersionSubmitted(VersionEvent):
    """A draft was handed to others for review."""

    act: ClassVar[str] = "knowledge.version.submitted"


@dataclass(frozen=True, kw_only=True)
class VersionReturned(VersionEvent):
    """A reviewer gave it back."""

    act: ClassVar[str] = "knowledge.version.returned"
    reason: str


@dataclass(frozen=True, kw_only=True)
class VersionReviewed(VersionEvent):
    """Somebody who did not write it found it right."""

    act: ClassVar[str] = "knowledge.version.reviewed"


@dataclass(frozen=True, kw_only=True)
class VersionPublished(VersionEvent):
    """It counts from a day on."""

    act: ClassVar[str] = "knowledge.version.published"
    valid_from: str


@dataclass(frozen=True, kw_only=True)
class ArticleWithdrawn(Event):
    """An article is shown no more; its versions stay."""

    act: ClassVar[str] = "knowledge.article.withdrawn"
    article_code: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ArticleConfirmed(Event):
    """Somebody read an article again after a charter changed, and found it right."""

    act: ClassVar[str] = "knowledge.article.confirmed"
    article_code: str
