"""What a visit achieved: whom it served, what it cost, beside the visits before it."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Sum

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.outreach import rules
from huduma.contexts.outreach.models import Record, Visit
from huduma.contexts.outreach.queries.visits import TEAM, get_visit
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import Actor

BEFORE = 5


@dataclass(frozen=True)
class Served:
    """The people served with one service. A part is None where its number is too small to be told; `share`: of all, per cent."""

    service: dict[str, str]
    people: int
    share: int
    by_sex: dict[str, int | None]
    by_age: dict[str, int | None]


@dataclass(frozen=True)
class Compared:
    """A visit in a line: people, costs, and cents per person (None where nobody was served). `width`: of the most people, per cent."""

    visit: Visit
    people: int
    cost_cents: int
    each_cents: int | None
    width: int


@dataclass(frozen=True)
class Report:
    """The report of a visit; `lines` begin with the visit itself, those before it follow."""

    visit: Visit
    served: list[Served]
    people: int
    sent_away: int
    costs: list[tuple[str, int]]
    lines: list[Compared]


def report_for(actor: Actor, visit_id: UUID) -> Report:
    """Return the report of a visit to its team: of records that were applied. Raises NotFound, NotPermitted."""
    visit = get_visit(visit_id)
    workforce.require_place(actor, visit.site_id, *TEAM)
    applied = Record.objects.filter(visit=visit, state="done")
    rows = list(applied.filter(is_person=True).values_list("service_code", "sex", "age_band").annotate(n=Count("id")))
    people = sum(row[3] for row in rows)
    served = [_served(code, rows, people) for code in sorted({row[0] for row in rows})]
    costs = visit.costs.values_list("kind").annotate(cents=Sum("amount_cents")).order_by("-cents")
    return Report(
        visit,
        sorted(served, key=lambda one: -one.people),
        people,
        applied.filter(kind="ticket", is_person=False).count(),
        list(costs),
        _compared(visit),
    )


def _served(code: str, rows: list[tuple[str, str, str, int]], all_people: int) -> Served:
    def parts(which: int, values: tuple[str, ...]) -> dict[str, int | None]:
        return rules.masked(
            {value: sum(row[3] for row in rows if row[0] == code and row[which] == value) for value in values}
        )

    people = sum(row[3] for row in rows if row[0] == code)
    return Served(
        catalogue.get_service(code).name if code else {"en": "–"}, people, round(100 * people / all_people),
        parts(1, (*rules.SEXES, "")), parts(2, (*rules.AGE_BANDS, "")),
    )  # fmt: skip


def _compared(visit: Visit) -> list[Compared]:
    earlier = Visit.objects.filter(site_id=visit.site_id, starts_at__lt=visit.starts_at, state="closed")
    visits = [visit, *earlier.order_by("-starts_at")[:BEFORE]]
    wanted = [one.id for one in visits]
    people = dict(
        Record.objects.filter(visit_id__in=wanted, state="done", is_person=True)
        .values_list("visit_id")
        .annotate(n=Count("id"))
    )
    costs = dict(Visit.objects.filter(id__in=wanted).values_list("id").annotate(cents=Sum("costs__amount_cents")))
    most = max((people.get(one.id, 0) for one in visits), default=0) or 1
    lines = []
    for one in visits:
        served, cents = people.get(one.id, 0), costs.get(one.id) or 0
        lines.append(Compared(one, served, cents, cents // served if served else None, 100 * served // most))
    return lines
