"""What others have to agree to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from huduma.contexts.applications.events import AgreementOpened
from huduma.contexts.applications.models import Agreement, Application
from huduma.contexts.applications.queries.answers import Section, sections_of
from huduma.contexts.applications.queries.forms import form_of, service_name
from huduma.contexts.identity import public as identity
from huduma.foundation import links
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

AGREEMENT_LINK = "agreement"


class NotAskedOfYou(Refusal):
    """This link was meant for somebody else, so you cannot answer here. Give it back to the person who sent it to you."""


@dataclass(frozen=True)
class Asked:
    """What somebody who has to agree sees: whose application it is, what it asks of them, and the answers they agree to."""

    agreement: Agreement
    service: dict[str, str]
    applicant: str
    statement: dict[str, str]
    sections: list[Section]


def agreement_by(token: str) -> Agreement:
    """Return what a link leads to. Raises NotFound."""
    found = links.thing_of(AGREEMENT_LINK, token)
    row = Agreement.objects.select_related("application__person").filter(id=found).first() if found else None
    if row is None or row.application.status in ("draft", "withdrawn"):
        raise NotFound
    return row


def agreement_for(actor: Actor, token: str, *, now: datetime) -> Asked:
    """Return what a party agrees to, to a person who proved who they are and can be the one who was asked; journalled.

    Raises NotFound, identity.NotProven, NotAskedOfYou.
    """
    row = agreement_by(token)
    require_asked(actor, row)
    event = AgreementOpened(application_id=row.application_id, agreement_id=row.id)
    journal.record(actor=actor, event=event, now=now)
    application, party = row.application, party_of(row)
    sections = shown_to(application, row.role) if row.state == "asked" else []
    return Asked(row, service_name(application), application.person.full_name, party["statement"], sections)


def require_asked(actor: Actor, row: Agreement) -> None:
    """Raise identity.NotProven or NotAskedOfYou unless the actor can be the one who was asked."""
    if actor.person_id is None or not identity.is_proven(actor):
        raise identity.NotProven
    own, application = identity.get_person_for(SYSTEM, actor.person_id), row.application
    applicants = (application.person_id, application.representative_id)
    answered_by_another = row.person_id not in (None, actor.person_id)
    if actor.person_id in applicants or answered_by_another or (row.id_number and own.id_number != row.id_number):
        raise NotAskedOfYou


def party_of(row: Agreement) -> dict[str, Any]:
    """Return how the form words a party."""
    asked = form_of(row.application).get("agreements", [])
    return next(party for party in asked if party["id"] == row.role)


def shown_to(application: Application, role: str) -> list[Section]:
    """Return the answers that a party sees: those of the pages that the form names, or all."""
    party = next(party for party in form_of(application)["agreements"] if party["id"] == role)
    pages = party.get("shows")
    return [section for section in sections_of(application) if pages is None or section.page in pages]


def agreements_of(application: Application) -> list[tuple[Agreement, dict[str, str]]]:
    """Return who has to agree, with what each party is called. For a reader who has been checked."""
    return [(row, party_of(row)["who"]) for row in application.agreements.select_related("application", "person")]
