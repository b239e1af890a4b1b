"""Two records of a person that turn out to be one."""

from uuid import UUID

from django.db import transaction

from huduma.contexts.centres.models import Appointment, Collectable, Ticket, Waiter
from huduma.foundation.access import Actor


@transaction.atomic
def pass_visits(*, actor: Actor, from_person_id: UUID, to_person_id: UUID) -> None:
    """Give appointments, tickets, documents to collect and places in waiting lists to the record that goes on.

    Where both wait for the same, the place of the record that goes on stays. Raises NotPermitted.
    """
    actor.require_role()
    for model in (Appointment, Ticket, Collectable):
        model.objects.filter(person_id=from_person_id).update(person_id=to_person_id)
    waits = Waiter.objects.filter(state__in=["waiting", "offered"])
    for kept in waits.filter(person_id=to_person_id):
        waits.filter(person_id=from_person_id, centre_id=kept.centre_id, services=kept.services).update(state="left")
    Waiter.objects.filter(person_id=from_person_id).update(person_id=to_person_id)
