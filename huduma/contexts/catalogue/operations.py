"""Loading and publishing packages."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from huduma.contexts.catalogue import events
from huduma.contexts.catalogue.models import Service, ServiceVersion, Word
from huduma.contexts.catalogue.providers.folder import Fault, Package, read_packages
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
    """Read packages and return them with all their faults, including bodies that do not exist."""
    packages = read_packages(path)
    bodies = {body.code for body in places.list_bodies()}
    for package in packages:
        body = package.parts.get("service", {}).get("body")
        if body and body not in bodies:
            rule = f"the body {body!r} is not in the register of public bodies"
            file = f"{path / package.code if path.name != package.code else path}/service.yaml"
            package.faults.append(Fault(file, 2, rule, "use a code of public_bodies.yaml"))
    return packages


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
        content = package.parts["service"]
        if service is None or service.content != content:
            service = _save(content, service)
            counts["changed"] += 1
        if package.is_runnable:
            counts["versions"] += _publish(actor, service, package, now)
        if progress:
            progress(done, len(packages))
    if counts["changed"]:
        _rebuild_vocabulary()
        journal.record(
            actor=actor, event=events.CatalogueLoaded(services=len(packages), changed=counts["changed"]), now=now
        )
    return dict(counts)


def _save(content: dict[str, Any], service: Service | None) -> Service:
    service, _ = Service.objects.update_or_create(
        code=content["code"],
        defaults={
            "body_id": content["body"],
            "level": content["level"],
            "category": content["category"],
            "name_en": content["name"]["en"],
            "name_sw": content["name"]["sw"],
            "content": content,
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


def _publish(actor: Actor, service: Service, package: Package, now: datetime) -> bool:
    if service.current_version is not None and service.current_version.digest == package.digest:
        return False
    last = ServiceVersion.objects.filter(service=service).order_by("-number").first()
    version, created = ServiceVersion.objects.get_or_create(
        service=service,
        digest=package.digest,
        defaults={"number": (last.number if last else 0) + 1, "package": package.parts, "published_at": now},
    )
    Service.objects.filter(code=service.code).update(current_version=version)
    event = events.VersionPublished(version_id=version.id, service_code=service.code, number=version.number)
    journal.record(actor=actor, event=event, now=now)
    return created


def _rebuild_vocabulary() -> None:
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
