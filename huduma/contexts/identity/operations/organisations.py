"""Organisations, and who acts for them."""

from datetime import datetime

from django.db import IntegrityError, transaction

from huduma.contexts.identity import events
from huduma.contexts.identity.models import Mandate, Organisation, Person
from huduma.foundation.access import Actor, Refusal
from huduma.foundation.journal import public as journal


class NotProven(Refusal):
    """Confirm who you are first: you need your ID card for this."""


class OrganisationTaken(Refusal):
    """Another person registered this organisation. Ask them to add you, or visit a Huduma Centre with its registration certificate."""


@transaction.atomic
def register_organisation(
    *, actor: Actor, name: str, registration_number: str, kind: str, now: datetime
) -> Organisation:
    """Register an organisation whose owner the actor is. Raises NotProven, OrganisationTaken.

    No business register can be asked yet, so the organisation is marked as taken by hand and checked with the first permit.
    """
    if actor.person_id is None or not Person.objects.filter(id=actor.person_id).exclude(verified_by="").exists():
        raise NotProven
    number = registration_number.strip().upper()
    try:
        with transaction.atomic():
            organisation = Organisation.objects.create(
                name=name.strip(), registration_number=number, kind=kind, registered_at=now
            )
    except IntegrityError:
        held = Organisation.objects.filter(registration_number=number, mandates__person_id=actor.person_id).first()
        if held is None:
            raise OrganisationTaken from None
        return held
    Mandate.objects.create(person_id=actor.person_id, organisation=organisation, from_on=now.date())
    event = events.OrganisationRegistered(organisation_id=organisation.id, person_id=actor.person_id)
    journal.record(actor=actor, event=event, now=now)
    return organisation
