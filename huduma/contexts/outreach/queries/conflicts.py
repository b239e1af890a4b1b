"""Conflicts, with both sides: what was taken in, and what is here."""

import contextlib
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext

from huduma.contexts.applications import public as applications
from huduma.contexts.identity import public as identity
from huduma.contexts.outreach import rules
from huduma.contexts.outreach.models import Record
from huduma.contexts.outreach.queries.records import SENTENCES
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import SYSTEM, Actor, NotFound

MOST = 200


@dataclass(frozen=True)
class Dispute:
    """A conflict as the person sees it who decides. `person` and `application` are the other side, where there is one."""

    record: Record
    sentence: str
    officer: str
    choices: tuple[str, ...]
    person: identity.Person | None
    application: applications.Application | None


def list_conflicts_for(actor: Actor) -> list[Record]:
    """Return the conflicts that wait for a supervisor of the actor's teams, the oldest first."""
    waiting = Record.objects.filter(state="conflict").select_related("visit", "device").order_by("received_at")
    if not actor.has_role("secretariat", "administrator"):
        waiting = waiting.filter(visit__site_id__in=workforce.places_of(actor) if actor.has_role("supervisor") else [])
    return list(waiting[:MOST])


def get_conflict_for(actor: Actor, record_id: UUID) -> Dispute:
    """Return a conflict to a supervisor of its team. Raises NotFound, NotPermitted."""
    record = Record.objects.filter(id=record_id).exclude(conflict="").select_related("visit", "device").first()
    if record is None:
        raise NotFound
    workforce.require_place(actor, record.visit.site_id, "supervisor")
    other = record.facts.get("other", {})
    application = None
    with contextlib.suppress(NotFound):  # a draft that its owner has discarded meanwhile
        application = applications.get_application_for(SYSTEM, UUID(other.get("application_id") or str(UUID(int=0))))
    person = identity.get_person_for(SYSTEM, UUID(other["person_id"])) if "person_id" in other else None
    names = identity.staff_names({record.device.account_id})
    return Dispute(
        record, gettext(record.message or SENTENCES[record.conflict]), names.get(record.device.account_id, ""),
        rules.CONFLICTS[record.conflict].choices, person, application,
    )  # fmt: skip
