"""What a matter can be about: a thing of the customer's own, known by its id, whose body, service and centre the matter takes over."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from huduma.contexts.applications import public as applications
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import public as centres
from huduma.contexts.contact.models import Matter
from huduma.contexts.payments import public as payments
from huduma.foundation.access import SYSTEM, Actor, NotFound


@dataclass(frozen=True)
class About:
    """A thing that a matter is about. `reference`: of a ticket its number; `officer_id`: the account of who served at the counter."""

    kind: Literal["application", "bill", "ticket"]
    id: UUID
    reference: str
    body_code: str = ""
    service_code: str = ""
    centre_code: str = ""
    officer_id: UUID | None = None


def about_for(actor: Actor, thing_id: UUID) -> About:
    """Return an application, a bill or a ticket to those who may see it. Raises NotFound."""
    for look in (_application, _bill, _ticket):
        with suppress(NotFound):
            return look(actor, thing_id)
    raise NotFound


def thing_of(matter: Matter) -> About | None:
    """Return what a matter is about to whoever may read the matter; None where it is about nothing that we keep."""
    if matter.about_id is None:
        return None
    with suppress(NotFound):
        return about_for(SYSTEM, matter.about_id)
    return None


def officer_of(matter: Matter) -> UUID | None:
    """Return the account of who served at the counter that a matter is about."""
    thing = thing_of(matter) if matter.about_kind == "ticket" else None
    return thing.officer_id if thing else None


def _application(actor: Actor, thing_id: UUID) -> About:
    found = applications.summary_for(actor, thing_id)
    return About("application", found.id, found.reference or "", found.body_code or "", found.service_code)


def _bill(actor: Actor, thing_id: UUID) -> About:
    found = payments.get_bill_for(actor, thing_id)
    return About(
        "bill", found.id, found.reference, next((line["body_code"] for line in found.lines if line["body_code"]), "")
    )


def _ticket(_actor: Actor, thing_id: UUID) -> About:
    found = centres.get_ticket(thing_id)
    body_code = ""
    with suppress(NotFound):
        body_code = catalogue.get_service(found.service_code).body_id
    return About("ticket", found.id, found.number, body_code, found.service_code, found.centre_id, found.officer_id)
