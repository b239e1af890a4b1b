"""Writing centres: the table that is loaded, counters, what is offered, and what was learned of service times."""

import csv
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import events, rules
from huduma.contexts.centres.models import Centre, Counter, Offering
from huduma.contexts.centres.models.places import DESKS
from huduma.contexts.centres.operations.displaced import displace_shut_out, displace_unserved
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import Actor, Refusal
from huduma.foundation.journal import public as journal

FIXTURES = Path(__file__).parent.parent / "fixtures"
LONG = " selected desks; "
CHANGEABLE = (
    "hours", "long_hours", "accessibility", "credit_minutes", "wait_standard_minutes", "walk_in_percent",
    "least_notice_minutes", "most_notice_days", "tell_when_ahead",
)  # fmt: skip
NEW_HOURS = {"en": "the centre has new opening hours", "sw": "kituo kina saa mpya za kufungua"}
LEARN = """
INSERT INTO centres_servicetime (id, centre_id, service_code, quarter_seconds, median_seconds, three_quarter_seconds, seen, learned_at)
SELECT gen_random_uuid(), centre_id, service_code, q[1], q[2], q[3], seen, %(now)s FROM (
  SELECT centre_id, service_code, count(*) AS seen, percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY seconds) AS q
  FROM (
    SELECT centre_id, service_code, seconds, row_number() OVER (PARTITION BY centre_id, service_code ORDER BY ended_at DESC) AS age
    FROM (
      SELECT CASE WHEN %(by_centre)s THEN centre_id END AS centre_id,
             CASE WHEN %(by_service)s THEN service_code ELSE '' END AS service_code,
             extract(epoch FROM ended_at - serving_at) AS seconds, ended_at
      FROM centres_stop WHERE ended_at > %(since)s AND serving_at IS NOT NULL AND outcome IN ('done', 'not-done')
        AND ended_at > serving_at
    ) AS served
  ) AS newest WHERE age <= %(up_to)s GROUP BY centre_id, service_code HAVING count(*) >= %(least)s
) AS learned
ON CONFLICT (centre_id, service_code) DO UPDATE SET quarter_seconds = excluded.quarter_seconds,
  median_seconds = excluded.median_seconds, three_quarter_seconds = excluded.three_quarter_seconds,
  seen = excluded.seen, learned_at = excluded.learned_at
"""


class UnclearHours(Refusal):
    """Write the hours of a day like 08:00-13:00, 14:00-17:00, in their order; leave a day empty on which it is shut."""


class NoSuchSetting(Refusal):
    """This fact of a centre cannot be changed here. Choose one of those on the page."""


@transaction.atomic
def load_centres(*, actor: Actor) -> int:
    """Load the centres from the fixture; loading again changes nothing. Returns how many. Raises NotPermitted.

    Hours come from the table only where a centre has none: what was changed since stays.
    """
    actor.require_role("administrator")
    with (FIXTURES / "centres.csv").open(newline="") as file:
        rows = [{k: v for k, v in row.items() if v} for row in csv.DictReader(file)]
    centres = [
        Centre(
            code=row.pop("centre_id"),
            name=row.pop("name"),
            status=row.pop("status"),
            county_id=row.pop("county_code", None),
            constituency_id=row.pop("constituency_code", None),
            town=row.pop("town", ""),
            building=row.pop("building", ""),
            latitude=float(row["lat"]) if "lat" in row else None,
            longitude=float(row["lon"]) if "lon" in row else None,
            facts=row,
        )
        for row in rows
    ]
    fields = [
        "name", "status", "county_id", "constituency_id", "town", "building", "facts", "latitude", "longitude",
    ]  # fmt: skip
    Centre.objects.bulk_create(centres, update_conflicts=True, unique_fields=["code"], update_fields=fields)
    for centre in Centre.objects.filter(hours__isnull=True).exclude(facts__hours_mon_fri=None):
        centre.hours, centre.long_hours = _hours(centre.facts)
        centre.save(update_fields=["hours", "long_hours"])
    return len(centres)


@transaction.atomic
def add_site(*, actor: Actor, kind: str, name: str, county_code: str | None = None, now: datetime) -> Centre:
    """Add an outreach team (`outreach`) or a vehicle (`vehicle`), to which staff can be posted. Raises NotPermitted, NoSuchSetting."""
    actor.require_role("administrator", "secretariat")
    if kind not in ("outreach", "vehicle") or not name.strip():
        raise NoSuchSetting
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE centres_centre IN SHARE ROW EXCLUSIVE MODE")  # so that two get two codes
    number = Centre.objects.filter(code__startswith="HM").count() + 1
    site = Centre.objects.create(
        code=f"HM{number:02}", name=name.strip()[:120], kind=kind, status="operational", county_id=county_code
    )
    journal.record(actor=actor, event=events.CentreChanged(centre_code=site.code, fields=["kind", "name"]), now=now)
    return site


def _hours(facts: dict[str, Any]) -> tuple[list[Any] | None, list[Any] | None]:
    """Return the usual and the long hours that the table writes: `07:00-19:00 selected desks; 08:00-17:00 others`."""
    text = facts.get("hours_mon_fri", "")
    long, _, usual = text.partition(LONG) if LONG in text else ("", "", text)
    weekend = [rules.periods(facts.get("hours_saturday", "")), rules.periods(facts.get("hours_sunday_holiday", ""))]
    weeks = [
        [*([rules.periods(part.removesuffix(" others"))] * 5), *weekend] if part else None for part in (usual, long)
    ]
    return weeks[0], weeks[1]


@transaction.atomic
def change_centre(*, actor: Actor, centre_code: str, changes: dict[str, Any], now: datetime) -> Centre:
    """Change facts or policies of a centre (CHANGEABLE names them); visits outside new hours are offered another time.

    Raises NotPermitted, NoSuchSetting, UnclearHours.
    """
    workforce.require_place(actor, centre_code, "supervisor")
    if not set(changes) <= set(CHANGEABLE):
        raise NoSuchSetting
    for name in ("hours", "long_hours"):
        if changes.get(name) is not None and not rules.is_week(changes[name]):
            raise UnclearHours
    centre = Centre.objects.select_for_update().get(code=centre_code)
    changed = [name for name, value in changes.items() if getattr(centre, name) != value]
    for name in changed:
        setattr(centre, name, changes[name])
    if changed:
        centre.save(update_fields=changed)
        journal.record(actor=actor, event=events.CentreChanged(centre_code=centre_code, fields=changed), now=now)
    if {"hours", "long_hours"} & set(changed):
        displace_shut_out(actor=actor, centre_code=centre_code, reason=NEW_HOURS, now=now)
    return centre


@transaction.atomic
def set_counter(
    *, actor: Actor, centre_code: str, number: int, desks: list[str], has_long_hours: bool = False, now: datetime
) -> Counter:
    """Add a counter, or change what it is for. Raises NotPermitted."""
    workforce.require_place(actor, centre_code, "supervisor")
    counter, _ = Counter.objects.update_or_create(
        centre_id=centre_code, number=number, defaults={"desks": desks, "has_long_hours": has_long_hours}
    )
    journal.record(actor=actor, event=events.CentreChanged(centre_code=centre_code, fields=["counters"]), now=now)
    return counter


@transaction.atomic
def set_offering(
    *,
    actor: Actor,
    centre_code: str,
    service_code: str,
    weekdays: list[int] | None = None,
    journey: list[str] | None = None,
    now: datetime,
) -> Offering:
    """Say that a centre offers a service: on which weekdays (none: all), and by way of which desks.

    Who is booked on a day that falls away is offered another time. Raises NotFound, NotPermitted, NoSuchSetting.
    """
    workforce.require_place(actor, centre_code, "supervisor")
    catalogue.get_service(service_code)
    if not (set(weekdays or ()) <= set(range(7)) and set(journey or ()) <= set(DESKS)):
        raise NoSuchSetting
    offering, _ = Offering.objects.update_or_create(
        centre_id=centre_code, service_id=service_code, defaults={"weekdays": weekdays or [], "journey": journey or []}
    )
    journal.record(actor=actor, event=events.CentreChanged(centre_code=centre_code, fields=["offerings"]), now=now)
    displace_unserved(actor=actor, centre_code=centre_code, service_code=service_code, now=now)
    return offering


@transaction.atomic
def drop_offering(*, actor: Actor, centre_code: str, service_code: str, now: datetime) -> None:
    """Take a service off a centre's own list; again changes nothing. Where its charter says that every centre serves it, it stays so.

    Raises NotFound, NotPermitted.
    """
    workforce.require_place(actor, centre_code, "supervisor")
    dropped, _ = Offering.objects.filter(centre_id=centre_code, service_id=service_code).delete()
    if dropped:
        journal.record(actor=actor, event=events.CentreChanged(centre_code=centre_code, fields=["offerings"]), now=now)
        displace_unserved(actor=actor, centre_code=centre_code, service_code=service_code, now=now)


@transaction.atomic
def learn_service_times(*, now: datetime) -> None:
    """Learn how long each service takes from the newest people served in the last 90 days.

    For each centre and for all of them; for each service and (an empty code) for whatever is served.
    """
    values: dict[str, Any] = {
        "now": now, "since": now - timedelta(days=90), "up_to": rules.LEARN_UP_TO, "least": rules.LEARN_FROM,
    }  # fmt: skip
    with connection.cursor() as cursor:
        for by_centre, by_service in product((True, False), repeat=2):
            cursor.execute(LEARN, {**values, "by_centre": by_centre, "by_service": by_service})
