"""Rolling up: from the clocks of ended cases to rows, from rows to figures. No page counts anything itself."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from huduma.contexts.applications import public as applications
from huduma.contexts.clocks import public as clocks
from huduma.contexts.performance.events import FiguresRolledUp
from huduma.contexts.performance.models import Figure, Outcome
from huduma.contexts.performance.queries import WINDOW_DAYS, moment
from huduma.foundation.access import Actor
from huduma.foundation.journal import public as journal

BATCH = 2000
#: A case that ended a moment ago may not be committed yet: reading stops before, and begins again a little earlier.
SETTLED = timedelta(minutes=10)
OVERLAP = timedelta(hours=1)
ROLL_UP = """
INSERT INTO performance_figure (service_code, part, value, from_on, to_on, cases, promised, met,
                                elapsed_median, elapsed_p90, spent_median, spent_p90)
SELECT service_code,
       CASE WHEN GROUPING(county_code) = 0 THEN 'county' WHEN GROUPING(channel) = 0 THEN 'channel' ELSE 'all' END,
       CASE WHEN GROUPING(county_code) = 0 THEN county_code WHEN GROUPING(channel) = 0 THEN channel ELSE '' END,
       %(from_on)s, %(to_on)s, count(*), count(met), count(*) FILTER (WHERE met),
       percentile_disc(0.5) WITHIN GROUP (ORDER BY elapsed_seconds), percentile_disc(0.9) WITHIN GROUP (ORDER BY elapsed_seconds),
       percentile_disc(0.5) WITHIN GROUP (ORDER BY spent_seconds), percentile_disc(0.9) WITHIN GROUP (ORDER BY spent_seconds)
FROM performance_outcome
WHERE ended_at >= %(from_at)s AND ended_at < %(to_at)s
GROUP BY GROUPING SETS ((service_code), (service_code, county_code), (service_code, channel))
"""


def roll_up(*, actor: Actor, now: datetime) -> int:
    """Take in the cases that ended, and work out the figures of the 90 whole days before today. Returns how many figures.

    Twice comes to the same. Raises NotPermitted.
    """
    actor.require_role("administrator", "secretariat")
    _take_in(now)
    return _work_out(actor, now)


def _take_in(now: datetime) -> None:
    """Copy the cases that ended since the last time, in batches; what was copied before stays as it is."""
    newest = Outcome.objects.order_by("-ended_at").values_list("ended_at", flat=True).first()
    after = (newest - OVERLAP, UUID(int=0)) if newest else None
    while True:
        batch = list(clocks.iter_ended(after=after, until=now - SETTLED, limit=BATCH))
        where = applications.dimensions_of([ended.case_id for _, ended in batch])
        rows = [_outcome(ended, *where[ended.case_id]) for _, ended in batch if ended.case_id in where]
        Outcome.objects.bulk_create(rows, ignore_conflicts=True)
        if len(batch) < BATCH:
            return
        after = (batch[-1][1].ended_at, batch[-1][0])


def _outcome(ended: clocks.Ended, channel: str, county_code: str) -> Outcome:
    return Outcome(
        case_id=ended.case_id, version_id=ended.version_id, service_code=ended.service_code,
        body_code=ended.body_code, county_code=county_code, channel=channel, started_at=ended.started_at,
        ended_at=ended.ended_at, elapsed_seconds=int((ended.ended_at - ended.started_at).total_seconds()),
        spent_seconds=ended.spent_seconds, met=ended.met,
    )  # fmt: skip


@transaction.atomic
def _work_out(actor: Actor, now: datetime) -> int:
    to_on = timezone.localdate(now) - timedelta(days=1)
    from_on = to_on - timedelta(days=WINDOW_DAYS - 1)
    window = {
        "from_on": from_on, "to_on": to_on, "from_at": moment(from_on), "to_at": moment(to_on + timedelta(days=1)),
    }  # fmt: skip
    Figure.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(ROLL_UP, window)
        figures = cursor.rowcount
    cases = sum(Figure.objects.filter(part="all").values_list("cases", flat=True))
    event = FiguresRolledUp(from_on=from_on.isoformat(), to_on=to_on.isoformat(), cases=cases, figures=figures)
    journal.record(actor=actor, event=event, now=now)
    return figures
