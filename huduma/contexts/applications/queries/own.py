"""Applications as their applicants see them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from huduma.contexts.applications.models import Application
from huduma.contexts.applications.queries.forms import package_of
from huduma.contexts.identity import public as identity
from huduma.contexts.process import public as process
from huduma.foundation import references, throttle
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal
from huduma.foundation.translated import pick

#: From here nothing can be taken back: not sent, decided, or ended.
NOT_WITHDRAWN = ("draft", "issuing", "issued", "rejected", "withdrawn")


def may_see(actor: Actor, application: Application) -> bool:
    """Whether an application is the actor's own, of a person whom the actor assists or applied for, or of an organisation
    they act for; the last two while their mandate is in force."""
    if actor.kind == "system" or application.person_id in {actor.person_id, actor.on_behalf_of} - {None}:
        return True
    today = timezone.localdate()
    if application.organisation_id is not None and identity.may_act_for(
        actor.person_id, application.organisation_id, on=today
    ):
        return True
    return application.representative_id is not None and (
        application.representative_id == actor.person_id
        and identity.may_represent(actor.person_id, application.person_id, application.service_code, on=today)
    )


def get_application_for(actor: Actor, application_id: UUID) -> Application:
    """Return an application to its applicant. Raises NotFound."""
    application = Application.objects.filter(id=application_id).first()
    if application is None or not may_see(actor, application):
        raise NotFound
    return application


def get_by_reference_for(actor: Actor, reference: str) -> Application:
    """Return an application to its applicant by the reference in a notice. Raises NotFound."""
    application = Application.objects.filter(reference=references.normalise(reference) or "").first()
    if application is None or not may_see(actor, application):
        raise NotFound
    return application


def get_draft_for(
    actor: Actor, service_code: str, organisation_id: UUID | None = None, for_person_id: UUID | None = None
) -> Application | None:
    """Return the draft of a service that the actor began earlier, on whatever device, for themselves or for another."""
    person_id = actor.person_id if organisation_id else for_person_id or actor.applicant_id
    representative_id = actor.person_id if for_person_id else None
    drafts = Application.objects.filter(
        Q(person_id=person_id), Q(representative_id=representative_id), service_code=service_code, status="draft"
    )
    return drafts.filter(organisation_id=organisation_id).first() if organisation_id else drafts.first()


def list_applications_for(actor: Actor, limit: int = 100) -> list[tuple[Application, dict[str, str]]]:
    """Return the actor's applications with the name of each service, newest first; those of an organisation while acting for it."""
    if actor.acting_as_id is None:
        return []
    organisations = {o.id for o in identity.list_organisations_for(actor)}
    if actor.organisation_id in organisations:
        whose = Q(organisation_id=actor.organisation_id)
    elif actor.on_behalf_of is not None:
        whose = Q(person_id=actor.on_behalf_of)
    else:
        whose = Q(person_id=actor.person_id) | Q(organisation_id__in=organisations)
        whose |= Q(representative_id=actor.person_id)
    newest = Application.objects.filter(whose).select_related("person").defer("answers", "register_facts")
    found = [row for row in newest.order_by("-opened_at")[:limit] if not row.representative_id or may_see(actor, row)]
    return [(row, package_of(row.version_id)["service"]["name"]) for row in found]


def list_made_for(actor: Actor, limit: int = 100) -> list[tuple[Application, dict[str, str]]]:
    """Return what others applied for in the actor's name, with the name of each service, newest first."""
    made = Application.objects.filter(Q(person_id=actor.person_id), representative_id__isnull=False)
    newest = made.select_related("representative").defer("answers", "register_facts").order_by("-opened_at")[:limit]
    return [(row, package_of(row.version_id)["service"]["name"]) for row in newest]


def may_withdraw(application: Application) -> bool:
    """Whether the applicant can still take it back."""
    return application.status not in NOT_WITHDRAWN


TOLD = (
    "applications.application.submitted",
    "applications.status.changed",
    "applications.application.corrected",
    "payments.bill.settled",
    "payments.payment.failed",
    "credentials.credential.revoked",
    "clocks.clock.lapsed",
)


@dataclass(frozen=True)
class Turn:
    """One line of an application's timeline: `status` or another word of what happened, and an officer's reason."""

    at: datetime
    what: str
    note: str = ""


def timeline_of(application: Application) -> list[Turn]:
    """Return what happened since the application was sent, oldest first. For a reader who has been checked."""
    notes = {task.done_at: task.note for task in process.decisions_of(application.id) if task.note}
    turns = []
    for entry in journal.entries_concerning(application.id, acts=TOLD)[::-1]:
        status = entry.facts.get("status")
        turns.append(Turn(entry.at, status or entry.act, notes.get(entry.at, "") if status else ""))
    return turns


def waits_for(application: Application) -> str:
    """Return what the applicant has to know first: what a step asks of them, else the newest reason of an officer, or ""."""
    asked = [task for task in process.open_tasks_of(application.id) if task.awaits == "ask-applicant"]
    if asked:
        return pick(asked[0].name)
    done = [task for task in process.decisions_of(application.id) if task.note]
    return done[-1].note if done else ""


TRACK_TRIES = 10
#: From all addresses together: so many that a stranger's tries elsewhere shut nobody out, so few that no number is guessed.
TRACK_TRIES_IN_ALL = 200
TRACK_SECONDS = 3600


class TooManyTries(Refusal):
    """Too many tries for this reference. Wait an hour, or sign in to see your applications."""


@dataclass(frozen=True)
class Tracked:
    """What anybody who knows reference and phone number may see: no name, no answer."""

    reference: str
    service: dict[str, str]
    status: str
    submitted_at: datetime | None
    turns: list[Turn]


def references_of(phone: str) -> list[str]:
    """Return the references of the latest applications of those whose number (E.164) this is, the newest first; drafts have none."""
    owners = [person.id for person in identity.list_people_by_phone(phone)]
    theirs = Application.objects.filter(
        Q(person_id__in=owners) | Q(representative_id__in=owners), reference__isnull=False
    )
    return [one for one in theirs.order_by("-submitted_at").values_list("reference", flat=True)[:50] if one]


def track(*, reference: str, phone: str, address: str, now: datetime) -> Tracked:
    """Return how far an application is to whoever knows its reference and the applicant's phone number.

    `address`: where the question comes from, of the network or, by SMS, the number itself: tries are counted for each.
    A wrong phone number and an unknown reference get the same answer. Raises NotFound, TooManyTries.
    """
    meant = references.normalise(reference)
    if meant is None:
        raise NotFound
    if not throttle.allow_from(
        address, f"track:{meant}", limit=TRACK_TRIES, in_all=TRACK_TRIES_IN_ALL, seconds=TRACK_SECONDS
    ):
        raise TooManyTries
    application = Application.objects.filter(reference=meant).first()
    people = [application.person_id, application.representative_id] if application else []
    if application is None or phone not in {identity.contact_of(one).phone for one in people if one}:
        raise NotFound
    turns = [Turn(turn.at, turn.what) for turn in timeline_of(application)]
    name = package_of(application.version_id)["service"]["name"]
    return Tracked(meant, name, application.status, application.submitted_at, turns)
