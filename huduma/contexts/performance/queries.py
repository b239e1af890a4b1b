"""Reading figures, and the cases behind them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Q

from huduma.contexts.performance.models import Figure, Outcome
from huduma.foundation.access import Actor, NotPermitted
from huduma.foundation.worktime import public as worktime

#: Below this number a figure says more about single people than about the service, and is not published.
LEAST_CASES = 10
WINDOW_DAYS = 90
#: Who sees the cases behind figures: those of their bodies, the Secretariat all.
READERS = ("officer", "supervisor", "analyst", "secretariat")


@dataclass(frozen=True)
class ServiceFigures:
    """What people got of a service. `whole` None: too few cases to say. Parts below the least number are counted in `silent` only."""

    from_on: date
    to_on: date
    whole: Figure | None
    counties: list[Figure]
    channels: list[Figure]
    silent: int


def figures_of(service_code: str) -> ServiceFigures | None:
    """Return what people got of a service lately; None where no case has ended."""
    rows = list(Figure.objects.filter(service_code=service_code).order_by("part", "value"))
    if not rows:
        return None
    shown = [row for row in rows if row.cases >= LEAST_CASES]
    return ServiceFigures(
        rows[0].from_on,
        rows[0].to_on,
        next((row for row in shown if row.part == "all"), None),
        sorted((row for row in shown if row.part == "county" and row.value), key=lambda row: -row.cases),
        sorted((row for row in shown if row.part == "channel"), key=lambda row: -row.cases),
        len([row for row in rows if row.cases < LEAST_CASES and row.part != "all"]),
    )


def list_figures_for(actor: Actor) -> list[Figure]:
    """Return the figure of each service as a whole, those kept worst first. Raises NotPermitted for those who are no staff."""
    if not actor.has_role(*READERS, "administrator"):
        raise NotPermitted
    rows = Figure.objects.filter(part="all")
    return sorted(rows, key=lambda row: (row.met / row.promised if row.promised else 1, row.service_code))


def list_cases_for(
    actor: Actor, *, service_code: str, part: str = "all", value: str = "", limit: int = 50, after: str | None = None
) -> tuple[list[Outcome], str | None]:
    """Return the ended cases behind a figure, newest first, and the mark of the next page.

    The Secretariat sees all, officers those of their bodies. Raises NotPermitted.
    """
    if not actor.has_role(*READERS):
        raise NotPermitted
    figure = Figure.objects.filter(service_code=service_code, part=part, value=value).first()
    if figure is None:
        return [], None
    rows = Outcome.objects.filter(
        service_code=service_code,
        ended_at__gte=moment(figure.from_on),
        ended_at__lt=moment(figure.to_on + timedelta(1)),
    )
    if part == "county":
        rows = rows.filter(county_code=value)
    if part == "channel":
        rows = rows.filter(channel=value)
    if not actor.has_role("secretariat"):
        rows = rows.filter(body_code__in=actor.body_codes)
    if mark := _read(after):
        rows = rows.filter(Q(ended_at__lt=mark[0]) | Q(ended_at=mark[0], case_id__lt=mark[1]), ended_at__lte=mark[0])
    found = list(rows.order_by("-ended_at", "-case_id")[: limit + 1])
    return found[:limit], _mark(found[limit - 1]) if len(found) > limit else None


def moment(day: date) -> datetime:
    """Return when a day begins in Kenya."""
    return datetime.combine(day, time(), worktime.NAIROBI)


def _mark(row: Outcome) -> str:
    return urlsafe_b64encode(f"{row.ended_at.isoformat()}|{row.case_id}".encode()).decode()


def _read(mark: str | None) -> tuple[datetime, UUID] | None:
    try:
        ended, case_id = urlsafe_b64decode(mark or "").decode().split("|")
        return datetime.fromisoformat(ended), UUID(case_id)
    except ValueError:
        return None
