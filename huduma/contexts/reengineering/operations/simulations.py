"""Simulating a redesign: asked for at the desk, run by a worker, replication by replication."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from huduma.contexts.applications import public as applications
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.clocks import public as clocks
from huduma.contexts.process import public as process
from huduma.contexts.reengineering import events, queries
from huduma.contexts.reengineering.models import Simulation
from huduma.contexts.reengineering.queries.measuring import Tally
from huduma.contexts.reengineering.rules import simulating
from huduma.contexts.reengineering.rules.simulating import Answer, Question, quantile
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM, Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal
from huduma.foundation.worktime import public as worktime

QUARTER = timedelta(days=91)
#: As many replications as this many cases allow, within these bounds.
CASES_AT_ALL, FEWEST, MOST = 20_000, 3, 20
MOST_OFFICERS = 500
TITLE_LENGTH = 120


class DraftFaulty(Refusal):
    """This process cannot be simulated. Correct what is named here, or choose another version."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__()
        self.faults = faults


class NothingToReplay(Refusal):
    """No case of this service began in the last quarter, so there is nothing to replay. Come back when it has been used."""


class TeamNeeded(Refusal):
    """Say for each team how many officers work at once: a whole number from 1 to 500."""


class TooMuch(Refusal):
    """A simulation of this service is running already. Wait until it is done, then ask for the next one."""


@transaction.atomic
def ask_simulation(
    *,
    actor: Actor,
    version_id: UUID,
    title: str,
    bpmn: str,
    dmn: str = "",
    teams: Mapping[str, int],
    teams_today: Mapping[str, int],
    minutes: int = 15,
    hours: int = 24,
    now: datetime,
    seed: int = 1,
) -> Simulation:
    """Order the simulation of a draft process beside that of a running version, with its arrivals of the last quarter.

    `teams`, `teams_today`: each team of the two processes (`queries.teams_of`) → officers at once. `minutes`, `hours`: mean work and
    wait at steps that were never measured. Raises NotFound, NotPermitted, DraftFaulty, TeamNeeded, NothingToReplay, TooMuch.
    """
    version = catalogue.get_version(version_id)
    queries.require(actor, version.service_id)
    if faults := process.check(bpmn, dmn):
        raise DraftFaulty([str(fault) for fault in faults])
    today, draft = _definition(version), process.definition_of(bpmn, dmn)
    for definition, given in ((today, teams_today), (draft, teams)):
        if not all(1 <= given.get(team, 0) <= MOST_OFFICERS for team in queries.teams_of(definition)):
            raise TeamNeeded
    cases, _, _ = clocks.count_started(version.service_id, since=now - QUARTER, until=now)
    if not cases:
        raise NothingToReplay
    waiting = Simulation.objects.select_for_update().filter(
        service_code=version.service_id, state__in=["waiting", "running"], asked_at__gt=now - timedelta(hours=1)
    )
    if waiting.exists():
        raise TooMuch
    replications = max(FEWEST, min(MOST, CASES_AT_ALL // cases))
    simulation = Simulation.objects.create(
        service_code=version.service_id, version=version, title=title.strip()[:TITLE_LENGTH], bpmn=bpmn, dmn=dmn,
        teams=dict(teams), teams_today=dict(teams_today), minutes=minutes, hours=hours, replications=replications,
        seed=seed, of=2 * replications, asked_by=actor.account_id, asked_at=now,
    )  # fmt: skip
    event = events.SimulationAsked(simulation_id=simulation.id, service_code=version.service_id, title=simulation.title)
    journal.record(actor=actor, event=event, now=now)
    jobs.defer("reengineering.simulate", simulation_id=str(simulation.id))
    return simulation


def run_simulation(*, simulation_id: UUID, clock: Callable[[], datetime]) -> None:
    """Run a simulation that was asked for; one that has ended stays as it is. Progress is saved after each replication.

    Begun again after a kill it comes to the same: every replication has its own seed.
    """
    simulation = Simulation.objects.select_related("version").filter(id=simulation_id).first()
    if simulation is None:
        raise NotFound
    if simulation.state in ("done", "failed"):
        return
    Simulation.objects.filter(id=simulation_id).update(state="running", done=0)
    try:
        result = _result(simulation)
    except (simulating.CannotSimulate, process.EndlessProcess, process.Standstill) as fault:
        _finish(simulation, "failed", clock(), fault=str(fault)[:300])
    else:
        _finish(simulation, "done", clock(), result=result)


@transaction.atomic
def _finish(simulation: Simulation, state: str, now: datetime, **facts: Any) -> None:
    Simulation.objects.filter(id=simulation.id).update(state=state, ended_at=now, **facts)
    event = events.SimulationEnded(simulation_id=simulation.id, state=state)
    journal.record(actor=SYSTEM, event=event, now=now)


def _result(simulation: Simulation) -> dict[str, Any]:
    today = _definition(simulation.version)
    code, since, until = simulation.service_code, simulation.asked_at - QUARTER, simulation.asked_at
    found = queries.tally(queries.cases_of(code, since=since, until=until), today, burden=False)
    draft = process.definition_of(simulation.bpmn, simulation.dmn)
    model = _replicate(simulation, _question(simulation, today, simulation.teams_today, today, found), begun=0)
    answers = _replicate(
        simulation, _question(simulation, draft, simulation.teams, today, found), begun=simulation.replications
    )
    _, promised, met = clocks.count_started(code, since=since, until=until)
    return {
        "today": {
            "cases": found.ended, "elapsed": queries.spread(found.elapsed), "queued": queries.spread(found.queueing),
            "kept": round(met / promised, 3) if promised else None,
        },
        "model": _summary(model),
        "draft": _summary(answers),
    }  # fmt: skip


def _definition(version: catalogue.ServiceVersion) -> process.Process:
    return process.definition_of(version.part("process_bpmn"), version.part("rules_dmn") or "")


def _question(
    simulation: Simulation, definition: process.Process, teams: dict[str, int], today: process.Process, found: Tally
) -> Question:
    facts = applications.facts_of(found.ids, definition.facts)
    promise = simulation.version.part("service").get("turnaround")
    return Question(
        arrivals=found.arrivals,
        begin=lambda number: process.Play(definition, facts.get(found.ids[number], {})),
        teams={team: teams[team] for team in queries.teams_of(definition)},
        calendar=worktime.calendar(),
        work=found.work,
        waits={**found.waits, **_by_what_is_awaited(today, found)},
        comes=_shares(today, found),
        outcomes=found.outcomes,
        ways=found.flows,
        mine=queries.applicants_steps(definition),
        promise=(promise["value"], promise["unit"]) if promise else None,
        new_work=simulation.minutes * 60.0,
        new_wait=simulation.hours * 3600.0,
    )


def _by_what_is_awaited(today: process.Process, found: Tally) -> dict[str, list[float]]:
    """Return what was measured by what is awaited, for a redesign that awaits the same at a step of another name."""
    pooled: dict[str, list[float]] = {}
    for key, samples in found.waits.items():
        if key in today.steps:
            pooled.setdefault(simulating.awaited(today.steps[key]), []).extend(samples)
    return pooled


def _shares(today: process.Process, found: Tally) -> dict[str, float]:
    """Return of the events on borders how often each came, of the times that its activity was begun."""
    shares = {}
    for step in today.steps.values():
        begun = sum(found.flows.get(flow.key, 0) for flow in today.steps[step.host].into) if step.host else 0
        if begun:
            shares[step.key] = min(1.0, len(found.waits.get(step.key, ())) / begun)
    return shares


def _replicate(simulation: Simulation, question: Question, *, begun: int) -> list[Answer]:
    answers = []
    for number in range(simulation.replications):
        answers.append(simulating.simulate(question, simulation.seed * 1000 + number))
        Simulation.objects.filter(id=simulation.id).update(done=begun + number + 1)
    return answers


def _summary(answers: list[Answer]) -> dict[str, Any]:
    """Return what replications say together, and how far their medians lie apart (the tenth and ninetieth of a hundred)."""
    medians = [quantile(answer.elapsed, 0.5) for answer in answers]
    nines = [quantile(answer.elapsed, 0.9) for answer in answers]
    roles = sorted({role for answer in answers for role in answer.busy})
    return {
        "cases": len(answers[0].elapsed) if answers else 0,
        "elapsed": queries.spread([value for answer in answers for value in answer.elapsed]),
        "queued": queries.spread([value for answer in answers for value in answer.queued]),
        "median_from": round(quantile(medians, 0.1)), "median_to": round(quantile(medians, 0.9)),
        "p90_from": round(quantile(nines, 0.1)), "p90_to": round(quantile(nines, 0.9)),
        "kept": _share(answers),
        "guessed": round(sum(answer.guessed for answer in answers) / max(1, sum(len(a.elapsed) for a in answers)), 3),
        "busy": {role: round(sum(answer.busy[role] for answer in answers) / len(answers), 3) for role in roles},
    }  # fmt: skip


def _share(answers: list[Answer]) -> float | None:
    """Return the share of simulated cases that kept the promise; None where there is none."""
    ended = sum(len(answer.elapsed) for answer in answers)
    if not ended or any(answer.kept is None for answer in answers):
        return None
    return round(sum(answer.kept or 0 for answer in answers) / ended, 3)
