"""After each outcome: one question. What is confidential or without a name is never asked about."""

from uuid import UUID

from huduma.contexts.applications import public as applications
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import public as centres
from huduma.contexts.contact import public as contact
from huduma.contexts.hearing import operations
from huduma.contexts.identity import public as identity
from huduma.contexts.inbox import public as inbox
from huduma.foundation.access import SYSTEM, NotFound
from huduma.foundation.journal import public as journal


@journal.handles("applications.status.changed")
def on_outcome(entry: journal.Entry) -> None:
    """Ask the applicant once there is an outcome, good or bad."""
    if entry.facts["status"] not in ("issued", "rejected"):
        return
    summary = applications.summary_for(SYSTEM, UUID(entry.facts["application_id"]))
    reached = identity.contact_of(summary.person_id)
    served = operations.Served(
        kind="application", about_id=summary.id, phone=reached.phone or "", email=reached.email or "", language=reached.language,
        service_code=summary.service_code, body_code=summary.body_code, channel=summary.channel,
    )  # fmt: skip
    operations.ask(served, now=entry.at)


@journal.handles("centres.ticket.ended")
def on_ticket(entry: journal.Entry) -> None:
    """Ask whoever was served at a counter and left a number."""
    if entry.facts["outcome"] not in ("done", "not-done"):
        return
    ticket = centres.get_ticket(UUID(entry.facts["ticket_id"]))
    served = operations.Served(
        kind="ticket", about_id=ticket.id, phone=ticket.phone, email="", language=ticket.language, service_code=ticket.service_code,
        body_code=_body_of(ticket.service_code), centre_code=ticket.centre_id, county_code=ticket.centre.county_id or "", channel="counter",
    )  # fmt: skip
    operations.ask(served, now=entry.at)


@journal.handles("contact.matter.closed")
def on_matter(entry: journal.Entry) -> None:
    """Ask whoever brought a matter that was answered; not who took it back."""
    ended = contact.get_ended(UUID(entry.facts["matter_id"])) if entry.facts["how"] != "withdrawn" else None
    if ended is not None:
        served = operations.Served(
            kind="matter", about_id=ended.matter.id, phone=ended.phone, email=ended.email, language=ended.matter.language,
            service_code=ended.matter.service_code, centre_code=ended.matter.centre_code,
            county_code=ended.matter.county_id or "", body_code=ended.matter.body_id or "", channel=ended.matter.channel,
        )  # fmt: skip
        operations.ask(served, now=entry.at)


@journal.handles("inbox.conversation.closed")
def on_conversation(entry: journal.Entry) -> None:
    """Ask whoever talked to us and got an answer."""
    if entry.facts["wrap_up"] not in ("answered", "referred"):
        return
    ended = inbox.get_ended(UUID(entry.facts["conversation_id"]))
    if ended is not None:
        served = operations.Served(
            kind="conversation", about_id=ended.id, phone=ended.phone, email=ended.email, language=ended.language,
            service_code=ended.service_code, body_code=_body_of(ended.service_code), channel=ended.channel,
        )  # fmt: skip
        operations.ask(served, now=entry.at)


def _body_of(service_code: str) -> str:
    """Return the public body whose service it was: its people read what is said of it."""
    try:
        return catalogue.get_service(service_code).body_id
    except NotFound:
        return ""
