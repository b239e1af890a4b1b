"""Applications as officers see them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from huduma.contexts.applications.events import CaseOpened
from huduma.contexts.applications.models import Agreement, Application, Upload
from huduma.contexts.applications.queries.agreements import agreements_of
from huduma.contexts.applications.queries.answers import Section, sections_of
from huduma.contexts.applications.queries.own import may_see
from huduma.contexts.identity import public as identity
from huduma.contexts.process import public as process
from huduma.foundation import references
from huduma.foundation.access import Actor, NotFound, NotPermitted
from huduma.foundation.files import public as files
from huduma.foundation.journal import public as journal


@dataclass(frozen=True)
class Case:
    """An application as its officers see it."""

    application: Application
    person: identity.Person
    organisation: identity.Organisation | None
    representative: identity.Person | None
    sections: list[Section]
    agreements: list[tuple[Agreement, dict[str, str]]]


def get_case_for(actor: Actor, application_id: UUID, *, now: datetime) -> Case:
    """Return an application to officers of the body that decides, and journal that it was opened.

    Raises NotFound; NotPermitted for officers of another body.
    """
    application = Application.objects.filter(id=application_id).exclude(status="draft").first()
    if application is None:
        raise NotFound
    actor.require_role("officer", "supervisor", body=application.body_code)
    return _open(actor, application, now)


def open_case(*, actor: Actor, application_id: UUID, now: datetime) -> Case:
    """Return an application to somebody whom the calling context gave leave to see it; journalled. Raises NotFound."""
    application = Application.objects.filter(id=application_id).exclude(status="draft").first()
    if application is None:
        raise NotFound
    return _open(actor, application, now)


def shared_sections_for(actor: Actor, application_id: UUID, *, now: datetime) -> list[Section]:
    """Return what another body sees of a case while one of its officers is asked something: the shared answers, not whose.

    Raises NotFound; NotPermitted where the actor is asked nothing.
    """
    application = Application.objects.filter(id=application_id).exclude(status="draft").first()
    if application is None:
        raise NotFound
    shared = process.shared_with(actor, application.id)
    event = CaseOpened(application_id=application.id, person_id=application.person_id)
    journal.record(actor=actor, event=event, now=now)
    kept = [replace(s, answers=[a for a in s.answers if a.name in shared]) for s in sections_of(application)]
    return [section for section in kept if section.answers]


def _open(actor: Actor, application: Application, now: datetime) -> Case:
    event = CaseOpened(application_id=application.id, person_id=application.person_id)
    journal.record(actor=actor, event=event, now=now)
    person = identity.get_person_for(actor, application.person_id, now=now)
    organisation = (
        identity.get_organisation_for(actor, application.organisation_id) if application.organisation_id else None
    )
    representative = application.representative_id
    applies = identity.get_person_for(actor, representative, now=now) if representative else None
    return Case(application, person, organisation, applies, sections_of(application), agreements_of(application))


def find_case_for(actor: Actor, reference: str) -> UUID:
    """Return the id of the case with a reference, to officers of the deciding body; to others there is none. Raises NotFound."""
    meant = references.normalise(reference)
    found = Application.objects.filter(reference=meant).values_list("id", "body_code").first() if meant else None
    if found is None or not actor.has_role("officer", "supervisor", body=found[1]):
        raise NotFound
    return found[0]


def ids_of(reference: str) -> tuple[UUID, UUID, str]:
    """Return the case, the person and the service of a reference, so that a queue ticket or a printed document is tied to them.

    Nothing personal is in it: ids say nothing to those who cannot read the case. Raises NotFound.
    """
    meant = references.normalise(reference)
    found = Application.objects.filter(reference=meant or "").values_list("id", "person_id", "service_code").first()
    if found is None:
        raise NotFound
    return found


def get_upload_for(actor: Actor, upload_id: UUID) -> files.StoredFile:
    """Return an uploaded file to its applicant, to officers of the deciding body, or to those of a body that it is shared with.

    Raises NotFound, NotPermitted.
    """
    upload = Upload.objects.select_related("application").filter(id=upload_id).first()
    if upload is None:
        raise NotFound
    if not may_see(actor, upload.application):
        if not actor.is_staff:
            raise NotFound
        is_ours = actor.has_role("officer", "supervisor", body=upload.application.body_code)
        if not is_ours and upload.field not in process.shared_with(actor, upload.application_id):
            raise NotPermitted
    return files.get(upload.file_id)


def count_by_version(version_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return how many applications were sent under each version of a service."""
    sent = Application.objects.filter(version_id__in=list(version_ids)).exclude(status="draft")
    return dict(sent.order_by().values_list("version_id").annotate(count=Count("id")))
