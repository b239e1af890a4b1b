"""Reading articles: what is in force for everybody or for staff, and every version for those who write them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext, override

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.knowledge import rules
from huduma.contexts.knowledge.models import ON_ITS_WAY, Version
from huduma.foundation.access import Actor, NotFound
from huduma.foundation.translated import pick

#: Who writes, reviews, publishes and withdraws; what a person wrote, another reviews.
EDITORS = ("agent", "secretariat")
MOST = 200
IN_FORCE = """
    v.state = 'published' AND v.valid_from <= %(today)s AND (v.is_public OR %(internal)s) AND NOT EXISTS (
        SELECT 1 FROM knowledge_version newer WHERE newer.article_id = v.article_id AND newer.state = 'published'
        AND newer.valid_from <= %(today)s AND (newer.valid_from, newer.number) > (v.valid_from, v.number))
"""
RANKED = f"""
SELECT v.id FROM knowledge_version v, to_tsquery('simple', %(query)s) AS query
WHERE v.search @@ query AND {IN_FORCE}
ORDER BY ts_rank('{{0.05, 0.2, 0.5, 1.0}}', v.search, query, 1) DESC, v.article_id LIMIT %(limit)s
"""  # noqa: S608 -- constants
ALIKE = f"""
SELECT v.id FROM knowledge_version v WHERE %(typed)s <%% v.called AND {IN_FORCE}
ORDER BY word_similarity(%(typed)s, v.called) DESC, v.article_id LIMIT %(limit)s
"""  # noqa: S608 -- constants


def _in_force(now: datetime) -> "QuerySet[Version]":
    latest = Version.objects.filter(state="published", valid_from__lte=timezone.localdate(now))
    chosen = latest.order_by("article_id", "-valid_from", "-number").distinct("article_id").values("id")
    return Version.objects.filter(id__in=chosen).defer("search")


def get_article_for(actor: Actor, code: str, *, now: datetime) -> Version:
    """Return what an article says now: a public one to everybody, an internal one to staff. Raises NotFound."""
    found = _in_force(now).filter(article_id=code).first()
    if found is None or not (found.is_public or actor.is_staff):
        raise NotFound
    return found


def list_about(service_code: str, *, now: datetime) -> list[Version]:
    """Return the public articles in force about a service."""
    return list(_in_force(now).filter(services__contains=[service_code], is_public=True).order_by("title_en")[:20])


def list_public(*, now: datetime) -> list[Version]:
    """Return the public articles in force, by English title."""
    return list(_in_force(now).filter(is_public=True).order_by("title_en")[:MOST])


def find_for(actor: Actor, text: str, *, now: datetime, limit: int = 10) -> list[Version]:
    """Find articles in force by their words, in English and Kiswahili, best first; internal ones for staff.

    Every word must occur (or begin one that does), else any of them; where none occurs, titles that are written alike are found.
    """
    typed = [catalogue.stem(word) for word in catalogue.words(text)]
    if not typed:
        return []
    values: dict[str, Any] = {
        "today": timezone.localdate(now),
        "internal": actor.is_staff,
        "limit": limit,
        "typed": " ".join(typed),
    }
    with connection.cursor() as cursor:
        ids: list[UUID] = []
        for joint in (" & ", " | "):
            if not ids:
                cursor.execute(RANKED, values | {"query": joint.join(f"{word}:*" for word in typed)})
                ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            cursor.execute(ALIKE, values)
            ids = [row[0] for row in cursor.fetchall()]
    found = Version.objects.defer("search").in_bulk(ids)
    return [found[one] for one in ids]


def fill(text: str, language: str) -> str:
    """Return a text with the fields of charters filled from those in force, in a language; what is not known says so."""
    with override(language):
        return rules.FIELD.sub(lambda field: _field(field[1], field[2], language), text)


def _field(what: str, code: str, language: str) -> str:
    try:
        service = catalogue.get_service(code)
    except NotFound:
        return "…"
    content = service.content
    if what == "service":
        return pick(service.name, language)
    if what == "link":
        return f"{settings.PUBLIC_URL}/{language}/services/{code}/"
    if what == "fee":
        fees = catalogue.fees_in_words(content)
        if len(fees) == 1 and fees[0][0]:
            return fees[0][0]  # what is noted about it stands in the charter
        told = [
            f"{amount} ({words})" if amount and words else amount or words
            for amount, words in ((amount, pick(condition, language).rstrip(".")) for amount, condition in fees)
        ]
        return "; ".join(told) or gettext("no figure was found")
    if what == "time":
        return catalogue.turnaround_in_words(content["turnaround"]) or gettext("no time is promised")
    if what == "needs":
        return "\n" + "\n".join(f"– {pick(one, language)}" for one in content["requirements"]) + "\n"
    return ", ".join(catalogue.where_in_words(content))


def list_articles_for(actor: Actor) -> list[Version]:
    """Return the newest version of every article, those to be looked at again first. Raises NotPermitted."""
    actor.require_role(*EDITORS)
    newest = Version.objects.exclude(state="discarded").order_by("article_id", "-number").distinct("article_id")
    found = Version.objects.filter(id__in=newest.values("id")).select_related("article").defer("search")
    return sorted(
        found[:2000], key=lambda one: (one.article.review_since is None, one.state not in ON_ITS_WAY, one.title_en)
    )


def list_versions_for(actor: Actor, code: str) -> list[Version]:
    """Return every version of an article, the newest first, to those who write them. Raises NotPermitted, NotFound."""
    actor.require_role(*EDITORS)
    found = Version.objects.filter(article_id=code).select_related("article").defer("search").order_by("-number")
    if not found:
        raise NotFound
    return list(found[:MOST])
