"""Applications as those see them whom customers ask: how far they are, never what was answered."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from huduma.contexts.applications.models import Application
from huduma.contexts.applications.queries.own import may_see
from huduma.foundation.access import Actor, NotFound


@dataclass(frozen=True)
class Summary:
    """What the contact centre may know of an application: how far it is, never what was answered."""

    id: UUID
    reference: str | None
    person_id: UUID
    service_code: str
    body_code: str
    channel: str
    status: str
    submitted_at: datetime | None
    due_at: datetime | None


#: Who sees summaries: those whom customers ask what became of their application.
TOLD = ("agent", "focal", "accounting_officer", "secretariat", "officer", "supervisor")


def summary_for(actor: Actor, application_id: UUID) -> Summary:
    """Return how far an application is to its applicant or to those whom customers ask. Raises NotFound."""
    application = Application.objects.filter(id=application_id).first()
    if application is None or not (may_see(actor, application) or _may_tell(actor, application)):
        raise NotFound
    return _summary(application)


def summary_named_for(actor: Actor, reference: str) -> Summary:
    """Return how far the application with a reference is; see `summary_for`. Raises NotFound."""
    application_id = Application.objects.filter(reference=reference).values_list("id", flat=True).first()
    if application_id is None:
        raise NotFound
    return summary_for(actor, application_id)


def list_summaries_for(actor: Actor, person_id: UUID) -> list[Summary]:
    """Return to staff how far a person's sent applications are, newest first: those of the bodies that the actor serves."""
    held = [grant for grant in actor.grants if grant.role in TOLD]
    found = Application.objects.filter(person_id=person_id).exclude(status="draft")
    if all(grant.body_code is not None for grant in held):
        found = found.filter(body_code__in={grant.body_code for grant in held})
    return [_summary(one) for one in found.order_by("-submitted_at")[:100]]


def person_of_reference(reference: str) -> UUID | None:
    """Return whose application has a reference, for a context that has asked who may know."""
    return Application.objects.filter(reference=reference).values_list("person_id", flat=True).first()


def _may_tell(actor: Actor, application: Application) -> bool:
    return actor.has_role(*TOLD, body=application.body_code)


def _summary(application: Application) -> Summary:
    return Summary(
        id=application.id, reference=application.reference, person_id=application.person_id,
        service_code=application.service_code, body_code=application.body_code, channel=application.channel,
        status=application.status, submitted_at=application.submitted_at, due_at=application.due_at,
    )  # fmt: skip
