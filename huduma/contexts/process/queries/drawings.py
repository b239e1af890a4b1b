"""Definitions and cases as pictures, and in words."""

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from django.utils.translation import get_language, gettext

from huduma.contexts.process.models import HUMAN, Instance, Task
from huduma.contexts.process.providers import definitions, drawing
from huduma.contexts.process.providers.drawing import Line, Marks
from huduma.contexts.process.providers.steps import Process
from huduma.contexts.process.queries.cases import get_process
from huduma.foundation.access import NotFound
from huduma.foundation.translated import pick


@dataclass(frozen=True)
class Drawing:
    """A process as a picture, and the same in words. `svg` is safe to put into a page."""

    svg: str
    lines: list[Line]


@dataclass(frozen=True)
class Station:
    """A turn of a case that its applicant is told of. `state`: here, done, or ""; `is_main`: on the way to where cases are meant to go."""

    status: str
    name: dict[str, str]
    state: str
    is_main: bool


@lru_cache(maxsize=256)
def definition_of(bpmn: str, dmn: str = "") -> Process:
    """Return a definition as it would run today, for contexts that ask what it says. Raises definitions.Faulty, xml.Unreadable."""
    return definitions.build(bpmn, dmn, definitions.shared(bpmn))


def outcomes_by_step(bpmn: str, dmn: str = "") -> dict[str, set[str]]:
    """Return the officers' tasks of a definition without faults, each with the outcomes that it declares."""
    steps = definition_of(bpmn, dmn).steps.values()
    return {step.key: set(step.outcomes) for step in steps if step.kind in HUMAN}


def draw_definition(bpmn: str, dmn: str = "", marks: Marks | None = None) -> Drawing:
    """Draw a definition without faults in the active language, with marks on its steps and flows."""
    return _draw(definition_of(bpmn, dmn), bpmn, marks) if marks else _drawn(bpmn, dmn, get_language())


@lru_cache(maxsize=256)
def _drawn(bpmn: str, dmn: str, language: str | None) -> Drawing:
    return _draw(definition_of(bpmn, dmn), bpmn, Marks())


def draw_case(case_id: UUID) -> Drawing:
    """Draw the process of a case and where it is, for contexts that have checked who asks. Raises NotFound."""
    instance = Instance.objects.select_related("definition").filter(case_id=case_id).first()
    if instance is None:
        raise NotFound
    process = get_process(instance.definition_id)
    tasks = list(Task.objects.filter(case_id=case_id).values_list("step", "state"))
    on_border = set(process.within(lambda step: bool(step.host)))
    here = frozenset(step for step, state in tasks if state == "open") - on_border
    return _draw(
        process, instance.definition.bpmn, Marks(here, frozenset(step for step, state in tasks if state == "done"))
    )


def _draw(process: Process, bpmn: str, marks: Marks) -> Drawing:
    lines = drawing.lines(process, marks)
    at = ", ".join(pick(line.name) for line in lines if line.state == "here")
    steps = "; ".join(pick(line.name) for line in lines)
    words = {
        "title": gettext("The steps of a case, drawn"),
        "here": gettext("The case is here"),
        "description": gettext("Steps, in their order: %(steps)s.") % {"steps": steps},
    }
    if at:
        words["description"] += " " + gettext("The case is at: %(step)s.") % {"step": at}
    return Drawing(drawing.draw(process, bpmn, marks, (get_language() or "en")[:2], words), lines)


def way_of(case_id: UUID) -> list[Station]:
    """Return how far a case is, in the turns that its applicant is told of; what lies aside only while the case is there.

    For contexts that have checked who asks; empty where no process runs for the case.
    """
    instance = Instance.objects.filter(case_id=case_id).first()
    if instance is None:
        return []
    way = [
        (step, is_main)
        for step, is_main in drawing.way(get_process(instance.definition_id))
        if is_main or step.status == instance.status
    ]
    at = next((i for i, (step, _) in enumerate(way) if step.status == instance.status), -1)
    return [
        Station(step.status, step.name, "here" if i == at else "done" if i < at else "", is_main)
        for i, (step, is_main) in enumerate(way)
    ]


def draw_way(stations: list[tuple[str, Station]]) -> str:
    """Return a small picture of how far a case is: what each station is called in the active language, one below the other."""
    words = {
        "title": gettext("How far your application is"),
        "here": gettext("You are here"),
        "description": "; ".join(
            f"{name} ({gettext('You are here')})" if station.state == "here" else name for name, station in stations
        ),
    }
    return drawing.simple([(name, station.state, station.is_main) for name, station in stations], words)
