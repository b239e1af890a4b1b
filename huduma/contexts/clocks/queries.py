"""Reading clocks: what is told of a case's time, what was escalated to whom, and what took how long."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.clocks import rules
from huduma.contexts.clocks.models import Clock, Pause
from huduma.contexts.clocks.rules import Terms
from huduma.contexts.process import public as process
from huduma.foundation.access import Actor, NotPermitted


@dataclass(frozen=True)
class LawTime:
    """The time that a law gives for a case. `silence`: what the law makes of no answer, once it has decided the case."""

    basis: str
    due_at: datetime | None
    silence: dict[str, Any] | None


@dataclass(frozen=True)
class CaseTime:
    """A case's time as people are told of it. `waits_in`: the status in which it waits for the applicant now, or ""."""

    due_at: datetime | None
    waits_in: str
    waits_since: datetime | None
    stood: list[Pause]
    laws: list[LawTime]
    flagged_to: str


@dataclass(frozen=True)
class Escalation:
    """A clock that ran out and was escalated."""

    case_id: UUID
    service_code: str
    body_code: str
    kind: str
    key: str
    due_at: datetime
    flagged_to: str


@dataclass(frozen=True)
class Ended:
    """A case that ended, and what its service took: with every pause from `started_at` to `ended_at`, and in opening time without."""

    case_id: UUID
    version_id: UUID
    service_code: str
    body_code: str
    started_at: datetime
    ended_at: datetime
    spent_seconds: int
    met: bool | None


@lru_cache(maxsize=512)
def terms_of(version_id: UUID) -> dict[tuple[str, str], Terms]:
    """Return the clocks of a version by kind and key; versions never change, so each process reads one once."""
    return rules.read(catalogue.get_version(version_id).part("service"))


def pauses_of(case_ids: list[UUID]) -> dict[UUID, list[Pause]]:
    """Return when cases stood still, oldest first."""
    found: dict[UUID, list[Pause]] = {}
    for pause in Pause.objects.filter(case_id__in=case_ids).order_by("began_at"):
        found.setdefault(pause.case_id, []).append(pause)
    return found


def time_of(case_id: UUID) -> CaseTime | None:
    """Return what is told of a case's time; None for a case without clocks. For a reader who has been checked."""
    clocks = list(Clock.objects.filter(case_id=case_id).order_by("started_at", "id"))
    service = next((clock for clock in clocks if clock.kind == rules.SERVICE), None)
    if service is None:
        return None
    terms, pauses = terms_of(service.version_id), pauses_of([case_id]).get(case_id, [])
    now_waiting = next((pause for pause in pauses if pause.ended_at is None), None)
    laws = [_law(clock, terms[clock.kind, clock.key]) for clock in clocks if clock.kind == rules.LAW]
    flagged = [clock.flagged_to for clock in clocks if clock.flagged_to and clock.ended_at is None]
    return CaseTime(
        service.due_at, now_waiting.status if now_waiting else "", now_waiting.began_at if now_waiting else None,
        [pause for pause in pauses if pause.ended_at], laws, flagged[-1] if flagged else "",
    )  # fmt: skip


def _law(clock: Clock, terms: Terms) -> LawTime:
    return LawTime(terms.basis, clock.due_at, terms.silence if clock.lapsed else None)


def list_escalated_for(
    actor: Actor, *, limit: int = 25, after: str | None = None
) -> tuple[list[Escalation], str | None]:
    """Return what was escalated to the actor's roles, what was due first at the top, and the mark of the next page.

    Raises NotPermitted for those to whom nothing is escalated.
    """
    mine = _flagged_for(actor)
    if mine is None:
        raise NotPermitted
    clocks = Clock.objects.filter(mine, ended_at__isnull=True).exclude(flagged_to="")
    mark = _read_mark(after)
    if mark:
        clocks = clocks.filter(Q(due_at__gt=mark[0]) | Q(due_at=mark[0], id__gt=mark[1]), due_at__gte=mark[0])
    found = list(clocks.order_by("due_at", "id")[: limit + 1])
    rows = [
        Escalation(c.case_id, c.service_code, c.body_code, c.kind, c.key, c.due_at, c.flagged_to)
        for c in found[:limit]
        if c.due_at is not None
    ]
    return rows, _mark(found[limit - 1]) if len(found) > limit else None


def _flagged_for(actor: Actor) -> Q | None:
    mine = Q()
    for grant in sorted(actor.grants, key=lambda g: (g.role, g.body_code or "")):
        if grant.role in ("supervisor", "secretariat"):
            mine |= Q(flagged_to=grant.role, **({"body_code": grant.body_code} if grant.body_code else {}))
    return mine or None


def _mark(clock: Clock) -> str:
    return urlsafe_b64encode(f"{clock.due_at.isoformat() if clock.due_at else ''}|{clock.id}".encode()).decode()


def _read_mark(mark: str | None) -> tuple[datetime, UUID] | None:
    try:
        moment, clock_id = urlsafe_b64decode(mark or "").decode().split("|")
        return datetime.fromisoformat(moment), UUID(clock_id)
    except ValueError:
        return None


def iter_ended(*, after: tuple[datetime, UUID] | None, until: datetime, limit: int) -> Iterator[tuple[UUID, Ended]]:
    """Yield services of cases that ended before `until`, in the order of their end, with each clock's id; cancelled ones left out.

    `after`: the end and the clock's id of the last one read before.
    """
    clocks = Clock.objects.filter(kind=rules.SERVICE, ended_at__lt=until, cancelled=False, spent_seconds__isnull=False)
    if after is not None:
        clocks = clocks.filter(Q(ended_at__gt=after[0]) | Q(ended_at=after[0], id__gt=after[1]), ended_at__gte=after[0])
    for c in clocks.order_by("ended_at", "id")[:limit].iterator():
        assert c.ended_at is not None
        assert c.spent_seconds is not None
        yield c.id, Ended(
            c.case_id, c.version_id, c.service_code, c.body_code, c.started_at, c.ended_at, c.spent_seconds, c.met
        )  # fmt: skip


def iter_started(
    service_code: str, *, since: datetime, until: datetime, version_id: UUID | None = None
) -> Iterator[UUID]:
    """Yield the cases of a service that began in a span, in the order of their beginning. Read as a stream."""
    rows = _started(service_code, since, until)
    if version_id is not None:
        rows = rows.filter(version_id=version_id)
    yield from rows.order_by("started_at", "id").values_list("case_id", flat=True).iterator(chunk_size=2000)


def count_started(service_code: str, *, since: datetime, until: datetime) -> tuple[int, int, int]:
    """Return how many cases of a service began in a span; of them, how many were promised and ended, and how many in time."""
    found = _started(service_code, since, until).aggregate(
        began=Count("id"), ended=Count("id", filter=Q(met__isnull=False)), met=Count("id", filter=Q(met=True))
    )
    return found["began"], found["ended"], found["met"]


def _started(service_code: str, since: datetime, until: datetime) -> "QuerySet[Clock]":
    return Clock.objects.filter(
        kind=rules.SERVICE, service_code=service_code, started_at__gte=since, started_at__lt=until
    )


@dataclass(frozen=True)
class Fault:
    """What is wrong with the clocks of a package, at a place in its charter."""

    path: list[str | int]
    rule: str
    remedy: str
    file: str = "service.yaml"


def check(parts: dict[str, Any]) -> Iterator[Fault]:
    """Yield every clock that names a step or an outcome which the process does not have."""
    declared = parts.get("service", {}).get("clocks", {})
    if process.check(parts["process_bpmn"], parts.get("rules_dmn", "")):
        return  # the process has faults of its own, which are told already
    outcomes = process.outcomes_by_step(parts["process_bpmn"], parts.get("rules_dmn", ""))
    for step in declared.get("steps", {}):
        if step not in outcomes:
            named = ", ".join(sorted(outcomes)) or "none"
            rule = f"clocks: the process has no officer's task {step!r}"
            yield Fault(["clocks", "steps", step], rule, f"use one of: {named}")
    for number, law in enumerate(declared.get("law", [])):
        outcome = law.get("silence", {}).get("outcome")
        if outcome and not any(outcome in known for known in outcomes.values()):
            rule = f"clocks: no officer's task of the process can end with {outcome!r}"
            yield Fault(["clocks", "law", number, "silence", "outcome"], rule, "name an outcome of process.bpmn")
