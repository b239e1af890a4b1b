"""A case in motion: opened, told what happened, set right where it is stuck, taken over to another definition."""

from collections import defaultdict
from typing import Any

from huduma.contexts.process.providers.engine.movement import Movement, default_of
from huduma.contexts.process.providers.engine.tokens import Token
from huduma.contexts.process.providers.steps import Process, Step


class Run(Movement):
    """A case in motion: open it, tell it what happened, let it advance, read where it waits, take its state."""

    @classmethod
    def begin(cls, process: Process, facts: dict[str, Any]) -> "Run":
        """Open a new case at its start event."""
        run = cls(process, [], dict(facts))
        run._put(process.first, 0, None)
        return run

    @classmethod
    def load(cls, process: Process, state: dict[str, Any]) -> "Run":
        """Open a case from its state."""
        return cls(process, [Token.unpacked(t) for t in state["tokens"]], dict(state["facts"]), state["last"])

    # -- where it is stuck

    def stick(self, token_id: int) -> None:
        """Say that what a token waits for can never come by itself."""
        self._tokens[token_id].stuck = True

    def retry(self, token_id: int) -> None:
        """Do a step again at which the case is stuck; it gets a new token."""
        old = self._tokens[token_id]
        self._remove(old)
        token = self._put(old.step, old.parent, old.outcome)
        token.local, token.came = old.local, old.came
        self._silent.add(token.id)

    def skip(self, token_id: int) -> None:
        """Go on from a step as if it had been done; from a choice, by its default flow; from a join, with what came to it."""
        token = self._tokens[token_id]
        token.stuck = False
        step = self.process.steps[token.step]
        if token.came:
            place = token.step, token.parent
            self._join([t for t in self._tokens.values() if t.came and (t.step, t.parent) == place])
        elif step.kind in ("choice", "inclusive") and len(step.out) > 1:
            self._follow(token, default_of(step))
        else:
            self._leave(token)

    def take(self, token_id: int, flow: str) -> None:
        """Go on by one flow from a step at which the case is stuck."""
        token = self._tokens[token_id]
        self._follow(token, next(one for one in self.process.steps[token.step].out if one.key == flow))

    # -- another definition

    def moved(self, process: Process) -> "Run":
        """Return the same case under another definition; ask `obstacles` first.

        Events on borders are set anew where they are others; one that is the same and not there any more has happened.
        """
        kept = [t for t in self._tokens.values() if self._stays(t, process)]
        run = Run(process, [Token.unpacked(t.packed()) for t in kept], dict(self.facts), self._last)
        for token in list(run._tokens.values()):
            step = process.steps[token.step]
            if not step.host and not run._is_instance(token):
                armed = {t.step for t in run._children(token)}
                run._arm(token, tuple(key for key in step.border if key not in armed and not self._knows(key, process)))
        return run

    def _stays(self, token: Token, process: Process) -> bool:
        return not self.process.steps[token.step].host or self._knows(token.step, process)

    def _knows(self, key: str, process: Process) -> bool:
        """Whether an event on a border of another definition is the same as here."""
        old, new = self.process.steps.get(key), process.steps.get(key)
        if old is None or new is None:
            return False
        return (old.host, old.clock, old.awaits) == (new.host, new.clock, new.awaits)

    def obstacles(self, process: Process) -> list[tuple[str, str]]:
        """Return why this case cannot go on under another definition: (step, what) with what one of gone, changed."""
        found = set()
        for token in self._tokens.values():
            old, new = self.process.steps[token.step], process.steps.get(token.step)
            if old.host:
                continue
            if new is None:
                found.add((old.key, "gone"))
            elif _meaning(old) != _meaning(new):
                found.add((old.key, "changed"))
        return sorted(found or {(key, "changed") for key in self._alone(process)})

    def _alone(self, process: Process) -> set[str]:
        """Return where tokens stand that a join of another definition awaits together with a branch that none of them can take."""
        found: set[str] = set()
        for join in process.steps.values():
            if join.kind != "parallel" or len(join.into) < 2:
                continue
            ways, coming = (
                process.reach(join.key),
                defaultdict(list),
            )  # by the token around: steps, and by which flows they come
            for token in self._tokens.values():
                step, around = process.steps[token.step], self._tokens.get(token.parent)
                if around and process.steps[around.step].scope == step.scope:
                    continue  # an event that hangs on a token, or an instance: the token itself counts
                come = (
                    {token.came}
                    if token.came and step is join
                    else set().union(*(ways.get(k, ()) for k in (step.key, *step.border)))
                )
                if come:
                    coming[token.parent].append((step.key, come))
            for group in coming.values():
                if set().union(*(come for _, come in group)) != {flow.key for flow in join.into}:
                    found |= {key for key, _ in group}
        return found


def _meaning(step: Step) -> tuple[Any, ...]:
    """Return what must be the same for a token to stand at a step of another definition."""
    ways = {flow.target for flow in step.out} if step.kind == "events" else set()
    if step.kind in ("parallel", "inclusive"):
        ways = {flow.key for flow in step.into}
    return step.kind, step.scope, step.awaits, step.action, step.decision, step.loop and step.loop.sequential, ways
