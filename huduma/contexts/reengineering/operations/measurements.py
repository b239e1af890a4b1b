"""Measuring versions, and giving logs away."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.reengineering import events, queries
from huduma.contexts.reengineering.models import Measurement
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM, Actor
from huduma.foundation.journal import public as journal

#: What "lately" means for the measures of a process: a year, so that a version that was replaced can still be compared.
SPAN = timedelta(days=365)


@transaction.atomic
def measure_version(*, actor: Actor, version_id: UUID, now: datetime) -> Measurement | None:
    """Count how the cases of a version went that began in the last year; None where there were none. Raises NotFound, NotPermitted."""
    version = catalogue.get_version(version_id)
    queries.require(actor, version.service_id)
    since = now - SPAN
    figures, flow = queries.measure(version, since=since, until=now)
    if not figures["cases"]:
        return None
    measured, _ = Measurement.objects.update_or_create(
        version=version,
        defaults={
            "service_code": version.service_id, "from_at": since, "to_at": now, "figures": figures, "flow": flow,
            "measured_at": now,
        },
    )  # fmt: skip
    event = events.VersionMeasured(version_id=version_id, service_code=version.service_id, cases=figures["cases"])
    journal.record(actor=actor, event=event, now=now)
    return measured


@transaction.atomic
def ask_measuring(*, actor: Actor, service_code: str, now: datetime) -> None:
    """Have the cases of every version of a service counted by a worker, soon. Raises NotFound, NotPermitted."""
    queries.require(actor, service_code)
    journal.record(actor=actor, event=events.MeasuringAsked(service_code=service_code), now=now)
    jobs.defer("reengineering.measure_service", once=f"measure {service_code}", service_code=service_code)


def measure_service(*, service_code: str, now: datetime) -> int:
    """Measure every version of a service, each in a transaction of its own. Returns how many had cases."""
    versions = [version.id for version in catalogue.list_versions(service_code)]
    return sum(measure_version(actor=SYSTEM, version_id=one, now=now) is not None for one in versions)


def measure_lately(*, now: datetime) -> int:
    """Measure every version of every running service. Returns how many had cases."""
    return sum(measure_service(service_code=s.code, now=now) for s in catalogue.list_services(online=True))


def export_log(
    *, actor: Actor, service_code: str, form: str, since: datetime, until: datetime, now: datetime
) -> Iterator[str]:
    """Return the log of a service as a stream of text: `xes` or `csv`, under pseudonyms. Raises NotFound, NotPermitted."""
    queries.require(actor, service_code)
    journal.record(actor=actor, event=events.LogExported(service_code=service_code, form=form), now=now)
    cases = queries.cases_of(service_code, since=since, until=until)
    return queries.to_csv(cases, service_code) if form == "csv" else queries.to_xes(cases, service_code)
