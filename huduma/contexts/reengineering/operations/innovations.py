"""The register of innovations: what was changed, with what was measured before and after."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.reengineering import events, queries
from huduma.contexts.reengineering.models import Innovation, Measurement
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

TEXT_LENGTH = 2000


class InnovationIncomplete(Refusal):
    """Write title and change in English and in Kiswahili, so that everybody can read them."""


class NothingMeasured(Refusal):
    """Choose two different versions of the same service whose cases were measured. A change without figures is not told."""


@transaction.atomic
def enter_innovation(
    *,
    actor: Actor,
    before_version_id: UUID,
    after_version_id: UUID,
    title: Mapping[str, str],
    change: Mapping[str, str],
    now: datetime,
) -> Innovation:
    """Enter a change of a process, with the figures of both versions as they are measured now; other bodies read it at once.

    Raises NotFound, NotPermitted, InnovationIncomplete, NothingMeasured.
    """
    version = catalogue.get_version(after_version_id)
    queries.require(actor, version.service_id)
    texts = [
        {language: text.get(language, "").strip()[:TEXT_LENGTH] for language in ("en", "sw")}
        for text in (title, change)
    ]
    if not all(all(text.values()) for text in texts):
        raise InnovationIncomplete
    measured = {
        m.version_id: m.figures
        for m in Measurement.objects.filter(
            service_code=version.service_id, version_id__in=[before_version_id, after_version_id]
        )
    }
    if len(measured) != 2:
        raise NothingMeasured
    facts = {
        "service_code": version.service_id, "body_code": version.service.body_id, "title": texts[0], "change": texts[1],
        "before": _told(measured[before_version_id]), "after": _told(measured[after_version_id]),
    }  # fmt: skip
    innovation, _ = Innovation.objects.update_or_create(
        before_version_id=before_version_id,
        after_version_id=after_version_id,
        defaults=facts,
        create_defaults={**facts, "entered_at": now},
    )
    event = events.InnovationEntered(innovation_id=innovation.id, service_code=innovation.service_code)
    journal.record(actor=actor, event=event, now=now)
    return innovation


def _told(figures: dict[str, object]) -> dict[str, object]:
    """Return the figures that everybody may read."""
    names = ("cases", "ended", "steps", "documents_asked", "fields_asked", "for_each", "elapsed")
    return {name: figures[name] for name in names}


@transaction.atomic
def publish_innovation(*, actor: Actor, innovation_id: UUID, now: datetime) -> Innovation:
    """Tell everybody of an innovation; again changes nothing. The Secretariat decides. Raises NotFound, NotPermitted."""
    actor.require_role("secretariat")
    innovation = Innovation.objects.select_for_update().filter(id=innovation_id).first()
    if innovation is None:
        raise NotFound
    if innovation.published_at is None:
        innovation.published_at = now
        innovation.save(update_fields=["published_at"])
        event = events.InnovationPublished(innovation_id=innovation.id, service_code=innovation.service_code)
        journal.record(actor=actor, event=event, now=now)
    return innovation
