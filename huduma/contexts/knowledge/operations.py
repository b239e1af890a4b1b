"""All writes of the knowledge base. Whoever wrote a version does not review it; what is not a draft never changes."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.knowledge import events, rules
from huduma.contexts.knowledge.models import ON_ITS_WAY, Article, Version
from huduma.contexts.knowledge.queries import EDITORS, get_article_for
from huduma.foundation import throttle
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal

TEXT_LIMIT = 20_000
FARTHEST = timedelta(days=730)
VOTES_A_DAY = 3
INDEX = """
UPDATE knowledge_version SET search = setweight(to_tsvector('simple', %s), 'A') || setweight(to_tsvector('simple', %s), 'C')
WHERE id = %s
"""
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class BothLanguages(Refusal):
    """Write the title and the text in both languages."""


class NoSuchCode(Refusal):
    """Choose a short name of small letters, digits and hyphens, such as lost-id-card."""


class TakenCode(Refusal):
    """Another article has this short name. Choose another name, or open that article."""


class OfFigures(Refusal):
    """Some words of this text cannot stand there. Correct them."""

    def __init__(self, figures: list[str]) -> None:
        super().__init__(figures=figures)
        self.figures = figures


class NoSuchService(OfFigures, Refusal):
    """There is no service with this short name. Take it from the address of its charter."""


class NoSuchField(OfFigures, Refusal):
    """A field is one of fee, time, needs, where, service and link, with the short name of a service: {fee:birth-cert-current}."""


class FigureTyped(OfFigures, Refusal):
    """The charter has this figure, so put it in as a field: then it changes with the charter."""


class Contradicts(OfFigures, Refusal):
    """No charter of this article says this figure. Correct it, or name the service whose charter says it."""


class ChangedMeanwhile(Refusal):
    """A colleague changed this article meanwhile. Open it in another tab, and bring both together."""


class SameAuthor(Refusal):
    """You wrote this version, so somebody else has to review it."""


class ReasonNeeded(Refusal):
    """Write the reason in a few words."""


class NotThatDay(Refusal):
    """Choose a day from today on, and within two years."""


def check_text(texts: Sequence[str], services: Sequence[str] = ()) -> None:
    """Refuse a text that could contradict a charter: of the services named, and of those in its fields.

    Raises NoSuchService, NoSuchField, FigureTyped, Contradicts; their `figures` are the words that are meant.
    """
    whole = "\n".join(texts)
    if wrong := rules.misspelt_fields(whole):
        raise NoSuchField(figures=wrong)
    charters: dict[str, dict[str, Any]] = {}
    for code in dict.fromkeys([*services, *(code for _, code in rules.fields_in(whole))]):
        try:
            charters[code] = catalogue.get_service(code).content
        except NotFound:
            raise NoSuchService(figures=[code]) from None
    found = rules.typed(rules.FIELD.sub(" ", whole), charters.values())
    if found.fields:
        raise FigureTyped(figures=list(found.fields))
    if found.unknown:
        raise Contradicts(figures=list(found.unknown))


@transaction.atomic
def draft_article(
    *, actor: Actor, code: str, title: dict[str, str], text: dict[str, str], is_public: bool, services: Sequence[str],
    is_new: bool = False, seen_at: datetime | None = None, now: datetime,
) -> Version:  # fmt: skip
    """Write the draft of an article's next version, or write it anew. `seen_at`: when the draft that the author saw was written.

    Raises NotPermitted, NotFound, TakenCode, ChangedMeanwhile, BothLanguages, NoSuchCode and what `check_text` does.
    """
    actor.require_role(*EDITORS)
    if actor.account_id is None:
        raise NotPermitted
    words = {name: part.replace("\x00", "").strip()[:limit] for name, part, limit in _parts(title, text)}
    if not all(words.values()):
        raise BothLanguages
    if is_new:
        if not CODE.fullmatch(code) or len(code) > 60:
            raise NoSuchCode
        _, is_made = Article.objects.get_or_create(code=code)
        if not is_made:
            raise TakenCode
    article = _lock(code)
    version = Version.objects.select_for_update().filter(article=article, state__in=ON_ITS_WAY).first()
    if version and (version.state != "draft" or version.drafted_at != seen_at):
        raise ChangedMeanwhile
    services = list(dict.fromkeys(one.strip() for one in services if one.strip()))
    check_text(list(words.values()), services)
    if version is None:
        last = article.versions.order_by("-number").first()
        version = Version(article=article, number=last.number + 1 if last else 1)
    version.title_en, version.title_sw = words["title_en"], words["title_sw"]
    version.text_en, version.text_sw = words["text_en"], words["text_sw"]
    version.is_public, version.services, version.drafted_at = is_public, services, now
    version.authors = sorted({*version.authors, actor.account_id}, key=str)
    titles = [catalogue.stem(one) for one in catalogue.words(f"{version.title_en} {version.title_sw}")]
    version.called = " ".join(titles)
    version.save()
    _index(version, titles)
    _record(actor, events.VersionDrafted, version, now)
    return version


def _parts(title: dict[str, str], text: dict[str, str]) -> list[tuple[str, str, int]]:
    return [
        (f"{name}_{language}", part.get(language, ""), limit)
        for name, part, limit in (("title", title, 150), ("text", text, TEXT_LIMIT))
        for language in ("en", "sw")
    ]


def _index(version: Version, titles: list[str]) -> None:
    said = f"{version.text_en} {version.text_sw}".split()
    text = [catalogue.stem(word) for one in said for word in catalogue.words(one)]
    with connection.cursor() as cursor:
        cursor.execute(INDEX, [" ".join([*titles, version.article_id.replace("-", " ")]), " ".join(text), version.id])


def _lock(code: str) -> Article:
    article = Article.objects.select_for_update().filter(code=code).first()
    if article is None:
        raise NotFound
    return article


def _take(actor: Actor, version_id: UUID, *states: str) -> Version:
    actor.require_role(*EDITORS)
    version = Version.objects.select_for_update().filter(id=version_id).first()
    if version is None:
        raise NotFound
    if version.state not in states:
        raise ChangedMeanwhile
    return version


def _record(actor: Actor, event: type[events.VersionEvent], version: Version, now: datetime, **facts: Any) -> None:
    made = event(version_id=version.id, article_code=version.article_id, number=version.number, **facts)
    journal.record(actor=actor, event=made, now=now)


def _check(version: Version) -> None:
    check_text([version.title_en, version.title_sw, version.text_en, version.text_sw], version.services)


@transaction.atomic
def submit_version(*, actor: Actor, version_id: UUID, now: datetime) -> Version:
    """Hand a draft to others for review. Raises NotPermitted, NotFound, ChangedMeanwhile, and what `check_text` does."""
    version = _take(actor, version_id, "draft")
    _check(version)
    version.state, version.reason = "review", ""
    version.save(update_fields=["state", "reason"])
    _record(actor, events.VersionSubmitted, version, now)
    return version


@transaction.atomic
def discard_version(*, actor: Actor, version_id: UUID, now: datetime) -> None:
    """Throw a draft away. Raises NotPermitted, NotFound, ChangedMeanwhile."""
    version = _take(actor, version_id, "draft")
    version.state = "discarded"
    version.save(update_fields=["state"])


@transaction.atomic
def return_version(*, actor: Actor, version_id: UUID, reason: str, now: datetime) -> Version:
    """Give a version back to its authors as a draft. Raises NotPermitted, NotFound, ChangedMeanwhile, ReasonNeeded."""
    version = _take(actor, version_id, "review", "reviewed")
    if len(reason.strip()) < 3:
        raise ReasonNeeded
    version.state, version.reason = "draft", reason.strip()[:2000]
    version.reviewed_by = version.reviewed_at = None
    version.save(update_fields=["state", "reason", "reviewed_by", "reviewed_at"])
    _record(actor, events.VersionReturned, version, now, reason=version.reason)
    return version


@transaction.atomic
def review_version(*, actor: Actor, version_id: UUID, now: datetime, seen_at: datetime | None = None) -> Version:
    """Find a version right that others wrote. `seen_at`: when the words that the reviewer read were written.

    Raises NotPermitted, NotFound, ChangedMeanwhile, SameAuthor, and what `check_text` does.
    """
    version = _take(actor, version_id, "review")
    if seen_at is not None and seen_at != version.drafted_at:
        raise ChangedMeanwhile  # it went back meanwhile, and came with other words
    if actor.account_id is None or actor.account_id in version.authors:
        raise SameAuthor
    _check(version)
    version.state, version.reviewed_by, version.reviewed_at = "reviewed", actor.account_id, now
    version.save(update_fields=["state", "reviewed_by", "reviewed_at"])
    _record(actor, events.VersionReviewed, version, now)
    return version


@transaction.atomic
def publish_version(*, actor: Actor, version_id: UUID, valid_from: date | None = None, now: datetime) -> Version:
    """Let a reviewed version count from a day on (today where none is given); the one before counts until then.

    Raises NotPermitted, NotFound, ChangedMeanwhile, NotThatDay, and what `check_text` does: the charter may have changed since the review.
    """
    version = _take(actor, version_id, "reviewed")
    today = timezone.localdate(now)
    valid_from = valid_from or today
    if not today <= valid_from <= today + FARTHEST:
        raise NotThatDay
    _check(version)
    version.state, version.valid_from = "published", valid_from
    version.published_by, version.published_at = actor.account_id, now
    version.save(update_fields=["state", "valid_from", "published_by", "published_at"])
    Article.objects.filter(code=version.article_id).update(review_since=None)
    _record(actor, events.VersionPublished, version, now, valid_from=valid_from.isoformat())
    return version


@transaction.atomic
def withdraw_article(*, actor: Actor, code: str, reason: str, now: datetime) -> None:
    """Show an article no more; its versions stay readable. Again changes nothing. Raises NotPermitted, NotFound, ReasonNeeded."""
    actor.require_role(*EDITORS)
    article = _lock(code)
    if len(reason.strip()) < 3:
        raise ReasonNeeded
    if article.versions.filter(state="published").update(state="withdrawn", reason=reason.strip()[:2000]):
        Article.objects.filter(code=code).update(review_since=None)
        event = events.ArticleWithdrawn(article_code=code, reason=reason.strip()[:2000])
        journal.record(actor=actor, event=event, now=now)


@transaction.atomic
def confirm_article(*, actor: Actor, code: str, now: datetime) -> None:
    """Say that an article is right as it stands, after one of its charters changed.

    Raises NotPermitted, NotFound, and what `check_text` does: what contradicts the charter cannot be confirmed.
    """
    actor.require_role(*EDITORS)
    article = _lock(code)
    _check(get_article_for(actor, code, now=now))
    if article.review_since is not None:
        Article.objects.filter(code=code).update(review_since=None)
        journal.record(actor=actor, event=events.ArticleConfirmed(article_code=code), now=now)


@transaction.atomic
def mark_for_review(*, service_code: str, now: datetime) -> int:
    """List the articles about a service, or with a field of it, for review, since its charter changed. Returns how many are listed anew.

    What was reviewed since then was read against the new charter already.
    """
    field = f":{service_code}}}"
    tied = Version.objects.filter(
        Q(services__contains=[service_code]) | Q(text_en__contains=field) | Q(text_sw__contains=field),
        state="published",
        reviewed_at__lte=now,
    )
    articles = Article.objects.filter(code__in=tied.values("article_id"), review_since=None)
    return articles.update(review_since=now)


@transaction.atomic
def say_whether_it_helped(*, actor: Actor, code: str, helped: bool, address: str, now: datetime) -> None:
    """Count one answer to "did this help?"; from one address some a day count, the others are thanked too. Raises NotFound."""
    version = get_article_for(actor, code, now=now)
    if throttle.allow(f"helped:{version.id}:{address}", limit=VOTES_A_DAY, seconds=86_400):
        name = "helped" if helped else "helped_not"
        Version.objects.filter(id=version.id).update(**{name: F(name) + 1})
