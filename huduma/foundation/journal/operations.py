"""Writing the journal and delivering its entries."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from psycopg.types.json import Jsonb

from huduma.foundation import ids, jobs
from huduma.foundation.access import SYSTEM, Actor
from huduma.foundation.journal.event import Event, JobFailing, id_of_job
from huduma.foundation.journal.models import Delivery
from huduma.foundation.journal.queries import Entry, get_entry

Handler = Callable[[Entry], None]

_handlers: dict[str, dict[str, Handler]] = {}

INSERT = """
INSERT INTO journal_entry (id, recorded_at, act, subject_id, actor_kind, actor_account_id, actor_person_id, roles,
                           on_behalf_of, channel, purpose, concerns, facts)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


def handles(*acts: str) -> Callable[[Handler], Handler]:
    """Subscribe a function to acts. It runs in a worker, in one transaction, with effect once for each entry."""

    def decorate(function: Handler) -> Handler:
        for act in acts:
            _handlers.setdefault(act, {})[f"{function.__module__}.{function.__qualname__}"] = function
        return function

    return decorate


def record(*, actor: Actor, event: Event, now: datetime) -> UUID:
    """Append an act, in the transaction of the act itself, and enqueue its delivery. Returns the entry's id."""
    entry_id = ids.uuid7()
    concerns = dict.fromkeys([*event.concerns(), *filter(None, (actor.person_id, actor.on_behalf_of))])
    roles = ",".join(sorted(f"{g.role}@{g.body_code}" if g.body_code else g.role for g in actor.grants))
    values: list[Any] = [
        entry_id, now, event.act, event.subject_id, actor.kind, actor.account_id, actor.person_id, roles,
        actor.on_behalf_of, actor.channel, actor.purpose, list(concerns), Jsonb(event.facts()),
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(INSERT, values)
    for handler in _handlers.get(event.act, ()):
        jobs.defer("journal.deliver", entry_id=str(entry_id), handler=handler)
    return entry_id


def record_failing_job(failure: jobs.Failure) -> None:
    """Write down that a job fails again and again, or was given up: its handlers tell whoever runs the platform."""
    event = JobFailing(
        job_id=id_of_job(failure.job), job=failure.job, tries=failure.tries, is_given_up=failure.is_given_up, error=failure.error
    )  # fmt: skip
    record(actor=SYSTEM, event=event, now=timezone.now())


@jobs.job(name="journal.deliver", attempts=12)
def deliver(entry_id: str, handler: str) -> None:
    """Hand an entry to a handler; a second delivery of the same entry has no effect."""
    entry = get_entry(UUID(entry_id))
    function = _handlers[entry.act][handler]
    with transaction.atomic():
        _, first = Delivery.objects.get_or_create(entry_id=entry.id, handler=handler)
        if first:
            function(entry)
