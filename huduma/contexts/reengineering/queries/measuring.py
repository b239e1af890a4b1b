"""Measuring a version of a service: what it asks, and how its cases really went.

Everything is counted from clocks, tasks, the journal's assignments, answers, files and bills. Times of officers are opening time;
what the applicant or another office needed is real time.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice, pairwise
from typing import Any
from uuid import UUID

from huduma.contexts.applications import public as applications
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.clocks import public as clocks
from huduma.contexts.payments import public as payments
from huduma.contexts.process import public as process
from huduma.contexts.reengineering.queries.discovering import Discovery
from huduma.contexts.reengineering.rules.simulating import quantile, team_of
from huduma.foundation.worktime import public as worktime

CHUNK = 500
HUMAN = ("user", "manual")
#: How a status begins in which the applicant is awaited, and the services that wait for them.
AWAITED = "waiting_"
APPLICANTS = ("ask-applicant", "wait-for-payment", "require-appointment")


@dataclass
class Tally:
    """What is counted while cases go by. Lists hold seconds."""

    cases: int = 0
    ended: int = 0
    ids: list[UUID] = field(default_factory=list)
    arrivals: list[datetime] = field(default_factory=list)
    elapsed: list[float] = field(default_factory=list)
    working: list[float] = field(default_factory=list)
    queueing: list[float] = field(default_factory=list)
    awaiting: list[float] = field(default_factory=list)
    tasks: int = 0
    hand_overs: int = 0
    visits: int = 0
    rounds: int = 0
    answers: int = 0
    files: int = 0
    paid_cents: int = 0
    queue: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    work: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    officers: dict[str, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    flows: dict[str, int] = field(default_factory=dict)


def cases_of(
    service_code: str, *, since: datetime, until: datetime, version_id: UUID | None = None
) -> Iterator[process.CaseLog]:
    """Yield how the cases of a service went that began in a span, in order; a few hundred are in memory at once."""
    started = clocks.iter_started(service_code, since=since, until=until, version_id=version_id)
    while chunk := [*islice(started, CHUNK)]:
        yield from process.logs_of(chunk)


def tally(cases: Iterable[process.CaseLog], definition: process.Process, *, burden: bool = True) -> Tally:
    """Count cases as they go by. `burden`: also what applicants had to answer, to hand in and to pay."""
    found, calendar, flow, mine = Tally(), worktime.calendar(), Discovery(definition), applicants_steps(definition)
    ids: list[UUID] = []
    for case in cases:
        _count(found, case, definition, calendar, mine)
        flow.add(case)
        ids.append(case.case_id)
        if len(ids) == CHUNK:
            _weigh(found, ids, burden)
            ids = []
    _weigh(found, ids, burden)
    found.flows = dict(flow.taken)
    return found


def _weigh(found: Tally, ids: list[UUID], burden: bool) -> None:
    if burden and ids:
        for answers, files in applications.burden_of(ids).values():
            found.answers += answers
            found.files += files
        found.paid_cents += sum(payments.paid_for(ids).values())


def _count(
    found: Tally,
    case: process.CaseLog,
    definition: process.Process,
    calendar: worktime.Calendar,
    mine: frozenset[str],
) -> None:
    found.cases += 1
    found.ids.append(case.case_id)
    found.arrivals.append(case.started_at)
    working = queueing = awaiting = 0.0
    parties: list[Any] = []
    for stay in case.stays:
        if stay.left_at is None:
            continue
        if stay.kind in HUMAN:
            taken = min(stay.taken_at or stay.left_at, stay.left_at)
            queue = calendar.between(stay.came_at, taken).total_seconds()
            work = calendar.between(taken, stay.left_at).total_seconds()
            found.queue[stay.step].append(queue)
            found.work[stay.step].append(work)
            found.outcomes[stay.step][stay.outcome] += 1
            queueing, working = queueing + queue, working + work
            found.tasks += 1
            step = definition.steps.get(stay.step)
            found.visits += stay.kind == "manual" or (step is not None and step.status == "waiting_visit")
            if stay.assignee_id:
                found.officers[team_of(step) if step else stay.role].add(stay.assignee_id)
            parties.append(stay.assignee_id or stay.role)
        else:
            wait = (stay.left_at - stay.came_at).total_seconds()
            found.waits[stay.step].append(wait)
            found.outcomes[stay.step][stay.outcome] += bool(stay.outcome)
            if stay.step in mine:
                awaiting += wait
                parties.append("applicant")
    found.hand_overs += sum(a != b for a, b in pairwise(parties))
    steps = [stay.step for stay in case.stays if stay.left_at is not None]
    found.rounds += len(steps) - len(set(steps))
    if case.ended_at is not None and case.run == "ended":
        found.ended += 1
        found.elapsed.append((case.ended_at - case.started_at).total_seconds())
        found.working.append(working)
        found.queueing.append(queueing)
        found.awaiting.append(awaiting)


def applicants_steps(definition: process.Process) -> frozenset[str]:
    """Return the steps at which a case waits for its applicant: by their own status, or by that of the step before."""

    def status(step: process.Step) -> str:
        return step.status or next((s for f in step.into if (s := definition.steps[f.source].status)), "")

    waiting = [s for s in definition.steps.values() if s.kind in ("message", "signal", "service")]
    return frozenset(
        s.key for s in waiting if s.action in APPLICANTS or (s.kind != "service" and status(s).startswith(AWAITED))
    )


def measure(
    version: catalogue.ServiceVersion, *, since: datetime, until: datetime
) -> tuple[dict[str, Any], dict[str, int]]:
    """Return a version's figures, and its real flow: how often each sequence flow was taken."""
    definition = process.definition_of(version.part("process_bpmn"), version.part("rules_dmn") or "")
    found = tally(cases_of(version.service_id, since=since, until=until, version_id=version.id), definition)
    return {**asked(version, definition), **told(found, definition)}, found.flows


def asked(version: catalogue.ServiceVersion, definition: process.Process) -> dict[str, Any]:
    """Return what a version asks as it is written: steps, teams, questions, documents."""
    form = version.part("form")
    fields = [name for page in form["pages"] for name in page["fields"]]
    uploads = [name for name in fields if form["ui"][name]["widget"] == "upload"]
    typed = [name for name in fields if name not in uploads and not form["ui"][name].get("from_register")]
    steps = definition.steps.values()
    kinds = Counter(step.kind for step in steps)
    return {
        "steps": kinds["user"] + kinds["manual"],
        "automatic": kinds["service"] + kinds["decision"],
        "teams": len(teams_of(definition)),
        "documents_asked": len(uploads),
        "fields_asked": len(typed),
    }


def teams_of(definition: process.Process) -> list[str]:
    """Return the teams that a process needs, each as `team_of` names it."""
    return sorted({team_of(step) for step in definition.steps.values() if step.kind in HUMAN})


def told(found: Tally, definition: process.Process) -> dict[str, Any]:
    """Return what a tally says, ready for JSON: seconds and counts for each case, and for each step."""
    each = max(1, found.cases)
    spans = {"elapsed": found.elapsed, "working": found.working, "queueing": found.queueing, "awaiting": found.awaiting}
    return {
        "cases": found.cases,
        "ended": found.ended,
        "for_each": {
            "tasks": round(found.tasks / each, 2),
            "hand_overs": round(found.hand_overs / each, 2),
            "visits": round(found.visits / each, 2),
            "rounds": round(found.rounds / each, 2),
            "answers": round(found.answers / each, 1),
            "files": round(found.files / each, 1),
            "paid_cents": round(found.paid_cents / each),
        },
        **{name: spread(values) for name, values in spans.items()},
        "by_step": [_step(found, key, definition) for key in [*found.queue, *found.waits]],
        "outcomes": {step: dict(counts) for step, counts in found.outcomes.items()},
        "officers": {role: len(who) for role, who in found.officers.items()},
    }


def spread(values: list[float]) -> dict[str, float]:
    """Return p10, median, p90 and mean of seconds."""
    mean = round(sum(values) / len(values)) if values else 0
    return {"p10": round(quantile(values, 0.1)), "median": round(quantile(values, 0.5)), "p90": round(quantile(values, 0.9)),
            "mean": mean}  # fmt: skip


def _step(found: Tally, key: str, definition: process.Process) -> dict[str, Any]:
    step = definition.steps.get(key)
    human = key in found.queue
    return {
        "key": key,
        "name": step.name if step and step.name["en"] else {"en": key, "sw": key},
        "human": human,
        "cases": len(found.queue[key] if human else found.waits[key]),
        "wait": spread(found.queue[key] if human else found.waits[key]),
        "work": spread(found.work[key]) if human else None,
        "applicant": key in applicants_steps(definition),
    }
