"""Loading and publishing packages."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from huduma.contexts.catalogue import events
from huduma.contexts.catalogue.models import Service, ServiceVersion, Word
from huduma.contexts.catalogue.providers.package import Fault, Package, Source
from huduma.contexts.catalogue.providers.packages import read_packages
from huduma.contexts.catalogue.rules import stem, words
from huduma.contexts.places import public as places
from huduma.foundation.access import Actor, Refusal
from huduma.foundation.journal import public as journal
from huduma.foundation.translated import Translated

INDEX = """
UPDATE catalogue_service SET search =
    setweight(to_tsvector('simple', %s), 'A') || setweight(to_tsvector('simple', %s), 'B')
    || setweight(to_tsvector('simple', %s), 'C') || setweight(to_tsvector('simple', %s), 'D')
WHERE code = %s
"""


class FaultyPackages(Refusal):
    """The packages have faults. Nothing was loaded."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__()
        self.faults = sorted(faults)


def check_packages(path: Path) -> list[Package]:
    """Read a .zip, a package folder or a folder of them, and return every package with all its faults. Needs no database."""
    return read_packages(path, places.known_codes())


@transaction.atomic
def load_packages(
    *, actor: Actor, path: Path, now: datetime, progress: Callable[[int, int], None] | None = None
) -> dict[str, int]:
    """Load every package of a folder, all or nothing; what has not changed is not touched.

    `progress` is called with (done, of). Returns {"services", "changed", "versions"}.
    Raises FaultyPackages with every fault found, NotPermitted.
    """
    actor.require_role("administrator", "secretariat")
    packages = check_packages(path)
    if faults := [fault for package in packages for fault in package.faults]:
        raise FaultyPackages(faults)
    known = {s.code: s for s in Service.objects.select_related("current_version")}
    counts = Counter(services=len(packages), changed=0, versions=0)
    for done, package in enumerate(packages, 1):
        service = known.get(package.code)
        if service is None or service.loaded_digest != package.digest:  # the folder changed since it was loaded last
            before = service.content if service else None
            service = save_service(
                package.parts["service"], service, actor=actor, now=now, loaded_digest=package.digest
            )
            counts["changed"] += service.content != before
            if package.is_runnable:
                counts["versions"] += publish_version(
                    actor=actor,
                    service=service,
                    source=package.source,
                    parts=package.parts,
                    digest=package.digest,
                    now=now,
                )
        if progress:
            progress(done, len(packages))
    if counts["changed"]:
        rebuild_vocabulary()
        journal.record(
            actor=actor, event=events.CatalogueLoaded(services=len(packages), changed=counts["changed"]), now=now
        )
    return dict(counts)


def save_service(
    content: dict[str, Any], service: Service | None = None, *, actor: Actor, now: datetime, **values: Any
) -> Service:
    """Write a charter into the catalogue and its words into the index of the search; a change of `service` is announced."""
    if service is not None and service.content != content:
        journal.record(actor=actor, event=events.CharterChanged(service_code=service.code), now=now)
    service, _ = Service.objects.update_or_create(
        code=content["code"],
        defaults={
            "body_id": content["body"],
            "level": content["level"],
            "category": content["category"],
            "name_en": content["name"]["en"],
            "name_sw": content["name"]["sw"],
            "content": content,
            **values,
        },
    )
    with connection.cursor() as cursor:
        cursor.execute(INDEX, [*(" ".join(part) for part in _search_words(content)), service.code])
    return service


def _search_words(content: dict[str, Any]) -> tuple[list[str], list[str], list[str], list[str]]:
    """Return the words of the name, of its synonyms, of the description, and of the rest: weights A to D."""
    synonyms = content.get("synonyms", {})

    def stems(*texts: str) -> list[str]:
        return [stem(word) for text in texts for word in words(text)]

    return (
        stems(*content["name"].values()),
        stems(*synonyms.get("en", []), *synonyms.get("sw", [])),
        stems(*content["description"].values()),
        stems(
            content["body"],
            content["category"],
            *_languages(content["output"]),
            *(e.replace("_", " ") for e in content["life_events"]),
        ),
    )


def _languages(text: Translated | str) -> list[str]:
    return [text] if isinstance(text, str) else list(text.values())


def publish_version(
    *, actor: Actor, service: Service, source: Source, parts: dict[str, Any], digest: str, now: datetime
) -> bool:
    """Let a version run from now on, and end the one before it; returns whether it is new.

    A version that ran before and was superseded or withdrawn does not come back by itself.
    """
    current = service.current_version
    if ServiceVersion.objects.filter(service=service, digest=digest).exists():
        return False
    last = ServiceVersion.objects.filter(service=service).order_by("-number").first()
    if current is not None:
        end_version(actor=actor, version=current, state="superseded", reason="", now=now)
    version = ServiceVersion.objects.create(
        service=service, digest=digest, number=(last.number if last else 0) + 1, package=parts, source=source,
        published_at=now,
    )  # fmt: skip
    Service.objects.filter(code=service.code).update(current_version=version)
    event = events.VersionPublished(version_id=version.id, service_code=service.code, number=version.number)
    journal.record(actor=actor, event=event, now=now)
    return True


def end_version(*, actor: Actor, version: ServiceVersion, state: str, reason: str, now: datetime) -> None:
    """Write down that a version is superseded or withdrawn. Applications that were sent under it keep it."""
    ServiceVersion.objects.filter(id=version.id).update(state=state, ended_at=now)
    event = events.VersionEnded(
        version_id=version.id, service_code=version.service_id, number=version.number, state=state, reason=reason
    )
    journal.record(actor=actor, event=event, now=now)


def rebuild_vocabulary() -> None:
    """Count again in how many services each word occurs, after charters changed."""
    counts: Counter[tuple[str, str]] = Counter()
    for content in Service.objects.values_list("content", flat=True):
        for language in ("en", "sw"):
            texts = [content["name"][language], content["description"][language]]
            texts += content.get("synonyms", {}).get(language, [])
            counts.update({(stem(word), language) for text in texts for word in words(text)})
    Word.objects.all().delete()
    Word.objects.bulk_create(
        Word(word=word[:60], language=language, services=number) for (word, language), number in counts.items()
    )
