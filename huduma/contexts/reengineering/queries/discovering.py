"""The real flow: cases laid over the process that they ran through, flow by flow."""

from collections import defaultdict
from collections.abc import Iterator

from huduma.contexts.process import public as process

#: Where a case rests until somebody or something comes; a way between two rests does not lead over a third.
RESTING = frozenset({"user", "manual", "message", "timer", "signal"})


class Discovery:
    """Counts how often each sequence flow was taken. A way between two rests is looked for once."""

    def __init__(self, definition: process.Process) -> None:
        self._steps = definition.steps
        self._first = definition.first
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}
        self.taken: dict[str, int] = defaultdict(int)

    def add(self, case: process.CaseLog) -> None:
        """Lay a case over the process: each rest behind the latest one that leads there, and joins by every branch that came."""
        stays = [stay for stay in case.stays if stay.step in self._steps]
        before = [(self._first, case.started_at)]
        before += [(stay.step, stay.left_at) for stay in stays if stay.left_at is not None]
        used: set[int] = set()
        rests = [(stay.step, stay.came_at) for stay in stays]
        if case.run == "ended" and case.ended_at is not None and (last := self._end(case.status)):
            rests.append((last, case.ended_at))
        counted: list[set[str]] = []
        for step, came in rests:
            ways = (
                (number, way)
                for number, (source, left) in sorted(enumerate(before), key=lambda one: one[1][1], reverse=True)
                if left <= came and (way := self._between(source, step))
            )
            number, way = next(ways, (-1, ()))
            used.add(number)
            counted.append(set(way))
            self._count(way)
        for number, (source, left) in enumerate(before):  # branches that ended in a join which another one opened
            if number in used:
                continue
            for (step, came), known in zip(rests, counted, strict=True):
                if left <= came and (way := self._between(source, step)):
                    self._count(tuple(flow for flow in way if flow not in known))
                    known |= set(way)
                    break

    def _count(self, way: tuple[str, ...]) -> None:
        for flow in way:
            self.taken[flow] += 1

    def _end(self, status: str) -> str:
        ends = [key for key, step in self._steps.items() if step.kind == "end" and not step.scope]
        told = [key for key in ends if self._steps[key].status == status]
        return next(iter(told), ends[0] if len(ends) == 1 else "")

    def _between(self, source: str, target: str) -> tuple[str, ...]:
        if (source, target) not in self._known:
            self._known[source, target] = self._shortest(source, target)
        return self._known[source, target]

    def _shortest(self, source: str, target: str) -> tuple[str, ...]:
        """Return the flows of the shortest way from one rest to another, through what happens by itself; none where there is no way."""
        todo: list[tuple[str, tuple[str, ...]]] = [(source, ())]
        seen: set[str] = set()
        while todo:
            key, way = todo.pop(0)
            for flows, onward in self._onward(key):
                if onward == target:
                    return (*way, *flows)
                if onward not in seen and self._steps[onward].kind not in RESTING:
                    seen.add(onward)
                    todo.append((onward, (*way, *flows)))
        return ()

    def _onward(self, key: str) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield where a case can go from a step: along flows, into and out of sub-processes, to events on its border."""
        step = self._steps[key]
        if step.first:
            yield (), step.first
        else:
            yield from (((flow.key,), flow.target) for flow in step.out)
        if step.kind == "end" and step.scope:
            yield from (((flow.key,), flow.target) for flow in self._steps[step.scope].out)
        yield from (((), border) for border in step.border)
