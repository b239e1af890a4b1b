"""How the cases of each version of a service went: measured, drawn on the process, compared, exported."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.process import public as process
from huduma.contexts.reengineering import public as reengineering
from huduma.foundation.access import NotFound
from huduma.foundation.ui.requests import actor_of
from huduma.foundation.ui.templatetags.ui import duration, money_cents, office_duration

FORMS = {"xes": "application/xml", "csv": "text/csv"}
#: How much wider than others the flow is drawn that was taken most.
WIDEST = 5
#: Of fewer cases a share or a difference says nothing: one slow case would decide it.
FEWEST = 20


def is_too_few(*cases: int) -> bool:
    """Whether there are too few cases to compare or to take shares of."""
    return min(cases) < FEWEST


def _count(value: float) -> str:
    return f"{value:g}"


@dataclass(frozen=True)
class Measure:
    """A line of a comparison: where the figure stands, and how it is written."""

    words: Promise
    path: tuple[str, ...]
    told: Callable[[Any], str]
    is_written: bool = False  # in the process itself, however many cases went through it

    def of(self, figures: dict[str, Any]) -> float:
        """Return the figure."""
        found: Any = figures
        for name in self.path:
            found = found[name]
        return float(found)


MEASURES: tuple[tuple[Promise, tuple[Measure, ...]], ...] = (
    (
        gettext_lazy("How long it takes"),
        (
            Measure(gettext_lazy("From sending to the outcome: half took at most"), ("elapsed", "median"), duration),
            Measure(gettext_lazy("From sending to the outcome: 9 in 10 at most"), ("elapsed", "p90"), duration),
            Measure(gettext_lazy("Waiting for an officer, on average"), ("queueing", "mean"), office_duration),
            Measure(gettext_lazy("Being worked on, on average"), ("working", "mean"), office_duration),
            Measure(gettext_lazy("Waiting for the applicant, on average"), ("awaiting", "mean"), duration),
        ),
    ),
    (
        gettext_lazy("What each case goes through, on average"),
        (
            Measure(gettext_lazy("Tasks of officers"), ("for_each", "tasks"), _count),
            Measure(gettext_lazy("Hand-overs"), ("for_each", "hand_overs"), _count),
            Measure(gettext_lazy("Steps done again"), ("for_each", "rounds"), _count),
            Measure(gettext_lazy("Visits"), ("for_each", "visits"), _count),
            Measure(gettext_lazy("Questions answered"), ("for_each", "answers"), _count),
            Measure(gettext_lazy("Files handed in"), ("for_each", "files"), _count),
            Measure(gettext_lazy("Paid by the applicant"), ("for_each", "paid_cents"), lambda c: money_cents(int(c))),
        ),
    ),
    (
        gettext_lazy("What the process asks, as it is written"),
        (
            Measure(gettext_lazy("Steps that officers do"), ("steps",), _count, is_written=True),
            Measure(gettext_lazy("Steps that a machine does"), ("automatic",), _count, is_written=True),
            Measure(gettext_lazy("Teams"), ("teams",), _count, is_written=True),
            Measure(gettext_lazy("Documents asked"), ("documents_asked",), _count, is_written=True),
            Measure(gettext_lazy("Questions asked"), ("fields_asked",), _count, is_written=True),
        ),
    ),
)


@dataclass(frozen=True)
class Row:
    """A measure of one or two versions: words, and for each version its text and the width of its bar, of a hundred."""

    words: Promise
    cells: list[tuple[str, int]]
    change: str


@never_cache
def services(request: HttpRequest) -> HttpResponse:
    """The services that may be redesigned by who is asking."""
    found = reengineering.list_services_for(actor_of(request))
    return render(request, "desk/redesign/services.html", {"services": found})


@never_cache
def service(request: HttpRequest, code: str) -> HttpResponse:
    """The versions of a service with what was measured, and the simulations of its redesigns."""
    actor = actor_of(request)
    measured = {found.version_id: found for found in reengineering.measurements_for(actor, code)}
    context = {
        "service": catalogue.get_service(code),
        "versions": [(one, measured.get(one.id)) for one in catalogue.list_versions(code)],
        "measured": [*measured.values()],
        "simulations": reengineering.list_simulations_for(actor, code),
    }
    return render(request, "desk/redesign/service.html", context)


@require_POST
def measure(request: HttpRequest, code: str) -> HttpResponse:
    """Have the cases counted now."""
    reengineering.ask_measuring(actor=actor_of(request), service_code=code, now=timezone.now())
    notes.success(request, gettext("The cases are being counted. Load this page again in a minute."))
    return redirect("desk:redesign_service", code)


@never_cache
def version(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """How the cases of a version went: figures, the drawn process with the real flow, and where cases wait."""
    measured = reengineering.get_measurement_for(actor_of(request), code, number)
    context = {
        "service": catalogue.get_service(code),
        "measured": measured,
        "groups": _rows([measured]),
        "drawing": _draw(measured),
        "steps": _waiting(measured.figures),
        "few": is_too_few(measured.figures["cases"]),
    }
    return render(request, "desk/redesign/version.html", context)


@never_cache
def compare(request: HttpRequest, code: str) -> HttpResponse:
    """Two versions side by side, in figures and drawn."""
    actor = actor_of(request)
    try:
        first, second = int(request.GET.get("first", "")), int(request.GET.get("second", ""))
    except ValueError:
        raise NotFound from None
    pair = [reengineering.get_measurement_for(actor, code, number) for number in (first, second)]
    longest = max((sum(_spans(one.figures)) for one in pair), default=0) or 1
    context = {
        "service": catalogue.get_service(code),
        "pair": pair,
        "groups": _rows(pair),
        "drawings": [(one, _draw(one)) for one in pair],
        "spans": [(one, _stacked(one.figures, longest)) for one in pair],
    }
    return render(request, "desk/redesign/compare.html", context)


@never_cache
def log(request: HttpRequest, code: str, form: str) -> StreamingHttpResponse:
    """The log of a service's cases of the last year, for process mining."""
    now = timezone.now()
    text = reengineering.export_log(
        actor=actor_of(request), service_code=code, form=form, since=now - reengineering.SPAN, until=now, now=now
    )
    response = StreamingHttpResponse(text, content_type=f"{FORMS[form]}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{code}-{timezone.localdate(now)}.{form}"'
    return response


def _rows(measured: list[reengineering.Measurement]) -> list[tuple[Promise, list[Row]]]:
    return [(words, [_row(one, measured) for one in measures]) for words, measures in MEASURES]


def _row(measure: Measure, measured: list[reengineering.Measurement]) -> Row:
    values = [measure.of(one.figures) for one in measured]
    most = max(values) or 1
    change = ""
    if len(values) == 2 and not measure.is_written and is_too_few(*(one.figures["cases"] for one in measured)):
        change = gettext("too few cases to tell")
    elif len(values) == 2 and values[0] and round(values[1], 2) != round(values[0], 2):
        change = f"{(values[1] - values[0]) / values[0] * 100:+.0f} %".replace("-", "−")
    return Row(measure.words, [(measure.told(value), round(value * 100 / most)) for value in values], change)


def _spans(figures: dict[str, Any]) -> list[float]:
    return [figures[name]["mean"] for name in ("working", "queueing", "awaiting")]


def _stacked(figures: dict[str, Any], longest: float) -> list[tuple[str, float, float, str]]:
    """Return the parts of a bar: class, where it begins, how wide it is (of a hundred), and the time in words."""
    found, at = [], 0.0
    for name, seconds in zip(("working", "queueing", "awaiting"), _spans(figures), strict=True):
        width = seconds * 100 / longest
        words = duration(round(seconds)) if name == "awaiting" else office_duration(round(seconds))
        found.append((name, round(at, 1), round(width, 1), words))
        at += width
    return found


def _waiting(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the steps, those at which cases wait longest in all at the top; `share` of all waiting, of a hundred."""
    steps = [{**step, "all": step["cases"] * step["wait"]["mean"]} for step in figures["by_step"]]
    whole = sum(step["all"] for step in steps) or 1
    for step in steps:
        step["share"] = round(step["all"] * 100 / whole)
    return sorted(steps, key=lambda step: -step["all"])


def _draw(measured: reengineering.Measurement) -> process.Drawing:
    """Draw the process of a version with how often each flow was taken and how long cases waited at each step."""
    found, figures, flow = measured.version, measured.figures, measured.flow
    steps = _waiting(figures)
    texts = {key: str(count) for key, count in flow.items()}
    for step in steps:
        told = office_duration if step["human"] else duration
        texts[step["key"]] = f"{step['cases']} · {told(step['wait']['median'])}"
    most = max(flow.values(), default=0) or 1
    marks = process.Marks(
        notes=texts,
        widths={key: round(1 + (WIDEST - 1) * count / most, 1) for key, count in flow.items()},
        hot=frozenset(step["key"] for step in steps[:1] if step["all"]),
        name=f"flow-{found.number}",
    )
    return process.draw_definition(found.part("process_bpmn"), found.part("rules_dmn") or "", marks)


urlpatterns = [
    path("redesign/", services, name="redesign"),
    path("redesign/<slug:code>/", service, name="redesign_service"),
    path("redesign/<slug:code>/measure/", measure, name="redesign_measure"),
    path("redesign/<slug:code>/versions/<int:number>/", version, name="redesign_version"),
    path("redesign/<slug:code>/compare/", compare, name="redesign_compare"),
    path("redesign/<slug:code>/log.xes", log, {"form": "xes"}, name="redesign_xes"),
    path("redesign/<slug:code>/log.csv", log, {"form": "csv"}, name="redesign_csv"),
]
