"""What can have happened on the ways to a step: which outcomes a condition can meet, and whether a bill is paid."""

from collections.abc import Iterator

from huduma.contexts.process.providers import plugs
from huduma.contexts.process.providers.steps import HUMAN, Process, Step

BILL, DOCUMENT, WAIT, PAID = "raise-bill", "issue-credential", "wait-for-payment", "bill-settled"


def outcomes_at(process: Process, key: str) -> set[str] | None:
    """Return the outcomes that a case can have when it comes to a step; None where an error without a code makes it any."""
    found: set[str] = set()
    seen: set[str] = set()
    todo = list(_before(process, process.steps[key]))
    while todo:
        step = process.steps[todo.pop()]
        if step.key in seen:
            continue
        seen.add(step.key)
        if step.kind == "error":
            if not step.error:
                return None
            found.add(step.error)
        elif step.kind in HUMAN:  # whatever was before is replaced
            found |= set(step.outcomes)
            continue
        if step.kind == "service":
            service = dict(plugs.actions.items()).get(step.action)
            found |= set(service.awaits.values()) if service else set()
        todo += _before(process, step)
        if step.host:  # what was interrupted may have got as far as any step in it
            todo += _before(process, process.steps[step.host])
            todo += _inside(process, step.host)
        if step.kind == "sub":
            todo += _inside(process, step.key)
    return found


def _inside(process: Process, key: str) -> list[str]:
    return process.within(lambda step: step.scope == key)


def _before(process: Process, step: Step) -> Iterator[str]:
    yield from (flow.source for flow in step.into)
    if step.kind == "start" and step.scope:
        yield from (flow.source for flow in process.steps[step.scope].into)


def issued_unpaid(process: Process) -> Iterator[tuple[str, str]]:
    """Return each bill, and the step that can order the document while nothing has waited for the bill."""
    paid = _reached(process, {key for key in process.steps if _waits(process.steps[key])}, stop=False, blocked=set())
    for bill in process.within(lambda step: step.action == BILL):
        unpaid = _reached(process, {bill}, stop=True, blocked=paid)
        for key in process.within(lambda step: step.action == DOCUMENT):
            if key in unpaid:
                yield bill, key


def _waits(step: Step) -> bool:
    return step.action == WAIT or (step.kind == "message" and step.awaits == PAID)


def _reached(process: Process, origins: set[str], *, stop: bool, blocked: set[str]) -> set[str]:
    """Return the steps behind some steps; with `stop`, by ways on which nothing waits for payment.

    Where branches meet that all have to come, none of them may come from `blocked` unless it is reached too.
    """
    ends: set[str] = set(origins)  # steps from which a token goes on
    while True:
        before = len(ends)
        for key, step in process.steps.items():
            if key in ends or (stop and _waits(step)):
                continue
            sources = [flow.source for flow in step.into]
            if step.kind in ("parallel", "inclusive"):
                came = any(s in ends for s in sources) and all(s in ends or s not in blocked for s in sources)
            elif step.host:
                came = any(s in ends for s in _before(process, process.steps[step.host]))
            elif step.kind == "start" and step.scope:
                came = any(s in ends for s in _before(process, step))
            elif step.kind == "sub":
                came = any(end.key in ends for end in process.steps.values() if end.scope == key and end.kind == "end")
            else:
                came = any(s in ends for s in sources)
            if came:
                ends.add(key)
        if len(ends) == before:
            return ends
