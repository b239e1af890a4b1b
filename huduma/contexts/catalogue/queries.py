"""Reading the catalogue, and finding a service by what people call it."""

import difflib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.db.models.fields.json import KeyTransform
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from huduma.contexts.catalogue.models import Proposal, Service, ServiceVersion
from huduma.contexts.catalogue.providers import sources
from huduma.contexts.catalogue.providers.package import FILE_OF
from huduma.contexts.catalogue.rules import stem, words
from huduma.foundation import money
from huduma.foundation.access import Actor, NotFound
from huduma.foundation.translated import Translated

RANKED = """
SELECT s.code
FROM catalogue_service s, to_tsquery('simple', %(query)s) AS query
WHERE s.search @@ query
ORDER BY ts_rank('{0.05, 0.2, 0.5, 1.0}', s.search, query, 1) * (CASE WHEN s.current_version_id IS NULL THEN 1 ELSE 1.15 END) DESC, s.code
LIMIT %(limit)s
"""
NEAREST = """
SELECT word FROM catalogue_word WHERE word %% %(typed)s
ORDER BY similarity(word, %(typed)s) DESC, services DESC, word LIMIT 1
"""
KNOWN = "SELECT EXISTS (SELECT 1 FROM catalogue_word WHERE word = %(typed)s OR word LIKE %(prefix)s)"


#: Who looks at packages and versions: a body's own, or the Secretariat's all.
READERS = ("analyst", "supervisor", "secretariat")
MOST_LINES = 2000
CHANNELS = {
    "web": gettext_lazy("Online"),
    "centre": gettext_lazy("At a staffed counter"),
    "ussd": gettext_lazy("By phone menu (USSD)"),
    "contact_centre": gettext_lazy("By telephone"),
    "outreach": gettext_lazy("At an outreach visit"),
}
UNITS = {
    "minutes": (gettext_lazy("%(n)s minute"), gettext_lazy("%(n)s minutes")),
    "hours": (gettext_lazy("%(n)s hour"), gettext_lazy("%(n)s hours")),
    "days": (gettext_lazy("%(n)s day"), gettext_lazy("%(n)s days")),
    "working_days": (gettext_lazy("%(n)s working day"), gettext_lazy("%(n)s working days")),
}


@dataclass(frozen=True)
class SearchResult:
    """What a search found; `corrected` is the query that was used instead of the one typed, if any."""

    services: list[Service]
    corrected: str | None


def get_service(code: str) -> Service:
    """Return a service with its body and its current version. Raises NotFound."""
    service = Service.objects.select_related("body", "current_version").filter(code=code).first()
    if service is None:
        raise NotFound
    return service


def get_version(version_id: UUID) -> ServiceVersion:
    """Return one immutable version. Raises NotFound."""
    version = ServiceVersion.objects.select_related("service").filter(id=version_id).first()
    if version is None:
        raise NotFound
    return version


def list_services(
    *, body_code: str | None = None, life_event: str | None = None, online: bool = False, level: str | None = None
) -> list[Service]:
    """Return services by English name, narrowed by body, life event, level, or to those that run online."""
    found = Service.objects.select_related("body").defer("search")
    if body_code:
        found = found.filter(body_id=body_code)
    if life_event:
        found = found.filter(content__life_events__contains=[life_event])
    if level:
        found = found.filter(level=level)
    if online:
        found = found.filter(current_version__isnull=False)
    return list(found)


def list_at_centres(*, also: set[str]) -> list[Service]:
    """Return the services that every Huduma Centre serves by their charter, and some others, by name; without their content."""
    found = Service.objects.filter(Q(content__at_huduma=True) | Q(code__in=also))
    return list(found.only("code", "name_en", "name_sw"))


def count_by_life_event() -> dict[str, int]:
    """Return how many services each life event has, most first."""
    lists = Service.objects.values_list("content__life_events", flat=True)
    return dict(Counter(event for events in lists for event in events).most_common())


def count_by_body() -> dict[str, int]:
    """Return how many services each body offers."""
    return dict(Counter(Service.objects.order_by().values_list("body_id", flat=True)))


def search(text: str, *, limit: int = 20) -> SearchResult:
    """Find services by name, description, synonym or body, in English and Kiswahili, best first.

    Every word must occur (or begin a word that does); words that occur nowhere are replaced by the nearest known one;
    when that finds nothing, any of the words will do.
    """
    typed = [stem(word) for word in words(text)]
    if not typed:
        return SearchResult([], None)
    with connection.cursor() as cursor:
        meant = [_nearest(cursor, word) for word in typed]
        codes = _ranked(cursor, " & ".join(f"{word}:*" for word in meant), limit)
        if not codes:
            codes = _ranked(cursor, " | ".join(f"{word}:*" for word in meant), limit)
    by_code = {s.code: s for s in Service.objects.filter(Q(code__in=codes)).select_related("body").defer("search")}
    corrected = " ".join(meant) if meant != typed else None
    return SearchResult([by_code[code] for code in codes], corrected)


def _nearest(cursor: object, word: str) -> str:
    cursor.execute(KNOWN, {"typed": word, "prefix": word + "%"})  # type: ignore[attr-defined]
    if cursor.fetchone()[0]:  # type: ignore[attr-defined]
        return word
    cursor.execute(NEAREST, {"typed": word})  # type: ignore[attr-defined]
    row = cursor.fetchone()  # type: ignore[attr-defined]
    return row[0] if row else word


def _ranked(cursor: object, query: str, limit: int) -> list[str]:
    cursor.execute(RANKED, {"query": query, "limit": limit})  # type: ignore[attr-defined]
    return [row[0] for row in cursor.fetchall()]  # type: ignore[attr-defined]


def list_proposals_for(actor: Actor, limit: int = 100) -> list[Proposal]:
    """Return the packages on their way: a body's to its analysts, all to the Secretariat; newest first. Raises NotPermitted.

    Each has `called`, what it names the service {en, sw}; None where its charter is too faulty to say.
    """
    actor.require_role(*READERS)
    found = Proposal.objects.select_related("body").defer("source", "package").exclude(state="discarded")
    found = found.annotate(called=KeyTransform("name", KeyTransform("service", "package")))
    if not actor.has_role("secretariat"):
        found = found.filter(body_id__in={g.body_code for g in actor.grants if g.role == "analyst"})
    proposals: list[Proposal] = [*found[:limit]]
    for one in proposals:
        if any(fault["file"] == FILE_OF["service"] for fault in one.faults):
            one.called = None  # type: ignore[attr-defined]  # annotated above
    return proposals


def get_proposal_for(actor: Actor, proposal_id: UUID) -> Proposal:
    """Return a package on its way to its body's analysts and to the Secretariat. Raises NotFound."""
    proposal = Proposal.objects.select_related("body").filter(id=proposal_id).first()
    if proposal is None:
        raise NotFound
    if not actor.has_role("secretariat") and not actor.has_role("analyst", body=proposal.body_id):
        raise NotFound
    return proposal


def due_proposals(now: datetime) -> list[UUID]:
    """Return the published packages whose day has come and that do not run yet."""
    waiting = Proposal.objects.filter(state="published", took_effect_at=None, from_on__lte=timezone.localdate(now))
    return list(waiting.values_list("id", flat=True))


def list_versions(service_code: str) -> list[ServiceVersion]:
    """Return every version of a service, newest first, without its content."""
    return list(ServiceVersion.objects.filter(service_id=service_code).defer("package", "source").order_by("-number"))


def list_services_for(actor: Actor) -> list[Service]:
    """Return the services that somebody has the packages of: their bodies', or all for the Secretariat. Raises NotPermitted."""
    actor.require_role(*READERS)
    found = Service.objects.select_related("body", "current_version").defer(
        "search", "current_version__package", "current_version__source"
    )
    if not actor.has_role("secretariat"):
        found = found.filter(body_id__in=actor.body_codes)
    return list(found)


def list_versions_for(actor: Actor, service_code: str) -> tuple[Service, list[ServiceVersion]]:
    """Return a service and all its versions, for those who look after packages. Raises NotFound, NotPermitted."""
    actor.require_role(*READERS)
    return get_service(service_code), list_versions(service_code)


def proposal_of(version: ServiceVersion) -> Proposal | None:
    """Return the package by which a version was published, with whoever wrote and approved it; None where it came with the platform."""
    found = Proposal.objects.filter(service_code=version.service_id, digest=version.digest, state="published")
    return found.order_by("-published_at").first()


def differences(proposal: Proposal) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what a package changes against the version in force: each file with lines, marked + - or blank; @ where some are left out."""
    version = ServiceVersion.objects.filter(service_id=proposal.service_code, state="published").first()
    before = dict(version.source) if version else {}
    found = []
    for name in sources.FILES:
        old, new = before.get(name, ""), proposal.source.get(name, "")
        if old != new:
            lines = difflib.unified_diff(old.splitlines(), new.splitlines(), n=2, lineterm="")
            told = [(line[0], line[1:]) for line in islice(lines, 2, 2 + MOST_LINES)]
            found.append((name, [("…", "") if kind == "@" else (kind, text) for kind, text in told]))
    return found


def export_proposal_for(actor: Actor, proposal_id: UUID) -> tuple[str, bytes]:
    """Return a package as a .zip and the name for it. Raises NotFound."""
    proposal = get_proposal_for(actor, proposal_id)
    return f"{proposal.service_code}.zip", sources.to_zip(proposal.service_code, proposal.source)


def export_version(service_code: str, number: int | None = None) -> tuple[str, bytes]:
    """Return a version as a .zip and the name for it: the one that runs, or an older one by number. Raises NotFound."""
    found = ServiceVersion.objects.filter(service_id=service_code)
    version = found.filter(state="published").first() if number is None else found.filter(number=number).first()
    if version is None or not version.source:
        raise NotFound
    return f"{service_code}-{version.number}.zip", sources.to_zip(service_code, version.source)


def fees_in_words(content: dict[str, Any]) -> list[tuple[str, Translated | str]]:
    """Return each amount of a charter with when it applies; an empty amount where the charge is only told in words."""
    fee, note = content["fee_kes"], content.get("fee_note", "")
    if fee is None:
        return [("", note)] if note else []
    if isinstance(fee, list):
        return [(price_in_words(item["amount"]), item["condition"]) for item in fee]
    return [(price_in_words(fee), note)]


def price_in_words(amount: int, currency: str = "KES") -> str:
    """Return a price in whole units, as people read it."""
    return money.format_cents(amount * 100, currency) if amount else gettext("Free")


def turnaround_in_words(promise: dict[str, Any] | None) -> str:
    """Return how long a charter says that a service takes; nothing where it promises nothing."""
    if promise is None:
        return ""
    if promise["value"] == 0:
        return gettext("At once")
    one, many = UNITS[promise["unit"]]
    number = f"{promise['value']:g}"
    if "min" in promise:
        number = gettext("%(least)s to %(most)s") % {"least": f"{promise['min']:g}", "most": number}
    return str((one if promise["value"] == 1 else many) % {"n": number})


def where_in_words(content: dict[str, Any]) -> list[str]:
    """Return where and how a charter says that a service is had."""
    words = [str(CHANNELS[name]) for name in content["channels"]]
    if content.get("at_huduma"):
        words.append(
            gettext("At some Huduma Centres") if content["at_huduma"] == "select" else gettext("At Huduma Centres")
        )
    return words
