"""How tokens move, as BPMN 2.0 says (chapter 13, execution semantics): gateways, instances, borders, scopes and ends."""

from collections.abc import Iterator
from typing import Any, Protocol

from huduma.contexts.process import rules
from huduma.contexts.process.providers.engine.tokens import State, Token
from huduma.contexts.process.providers.plugs import Resting, Thrown
from huduma.contexts.process.providers.steps import Flow, Step

MOVES_AT_ONCE = 2000
INSTANCES = 50


class EndlessProcess(RuntimeError):
    """The process went round without ever waiting; it would not have stopped."""


class Standstill(RuntimeError):
    """The case stands at a join for a branch that cannot come any more; it is stuck there."""


class Hooks(Protocol):
    """What the world does while a case moves."""

    def enter(self, step: Step, facts: dict[str, Any]) -> None:
        """Hear that a step was entered (an event on a border: that it happened)."""

    def act(self, step: Step, facts: dict[str, Any], token: int) -> dict[str, Any] | Resting | None:
        """Do what a service task or a decision does; return new facts, or RESTING. May raise Thrown."""

    def failed(self, step: Step, token: int, error: Exception) -> None:
        """Hear that a step could not be done; the case now stands there, stuck. May raise to stop the whole movement."""


class Movement(State):
    """A case that moves: what is done or happens at one place takes its tokens to the next ones."""

    def finish(self, token_id: int, outcome: str | None, facts: dict[str, Any] | None = None) -> None:
        """A step where the case rested is done: a task by an officer, a service task by its answer."""
        token = self._tokens[token_id]
        token.outcome = outcome if outcome is not None else token.outcome
        token.stuck = False
        self._learn(token, facts)
        self._leave(token)

    def happen(self, token_id: int, facts: dict[str, Any] | None = None) -> None:
        """What an event waited for (a message, a signal, a moment) happened."""
        token = self._tokens[token_id]
        step = self.process.steps[token.step]
        if step.host:
            self._border(token, step, facts)
            return
        self._learn(token, facts)
        gateway = self._tokens.get(token.parent)
        if gateway is not None and self.process.steps[gateway.step].kind == "events":
            self._remove(gateway)
            token = self._place(token.step, gateway.parent, gateway.outcome)
        self._leave(token)

    def signal(self, name: str) -> bool:
        """A signal is heard by everything in the case that waits for it now; returns whether anything did."""
        found = [t.id for t in self._tokens.values() if self._hears(t, name)]
        for token_id in found:
            if token_id in self._tokens:
                self.happen(token_id)
        return bool(found)

    def throw(self, token_id: int, code: str) -> bool:
        """A step where the case rested ended in an error; returns whether the process catches it."""
        return self._throw(self._tokens[token_id], code)

    def advance(self, hooks: Hooks) -> bool:
        """Go on until the case waits everywhere or ends; returns whether it has ended. Raises EndlessProcess."""
        for _ in range(MOVES_AT_ONCE):
            if self._ready:
                token = self._ready.popleft()
                if token.id in self._tokens:
                    self._move(token, hooks)
            elif not self._join_inclusive():
                break
        else:
            raise EndlessProcess(self.process.key)
        if self._tokens and not self.waits():
            for token in [t for t in self._tokens.values() if t.came]:
                step = self.process.steps[token.step]
                why = f"{step.key!r} waits for a branch that cannot come any more"
                self._stick(token, step, Standstill(why), hooks)
        return self.ended

    # -- from step to step

    def _move(self, token: Token, hooks: Hooks) -> None:
        step = self.process.steps[token.step]
        if token.id in self._silent:
            self._silent.discard(token.id)
        elif not token.came and not self._is_instance(token):
            hooks.enter(step, self._facts(token))
        try:
            self._do(token, step, hooks)
        except Thrown as thrown:
            if not self._throw(token, thrown.code):
                self._stick(token, step, thrown, hooks)
        except Exception as error:
            self._stick(token, step, error, hooks)

    def _stick(self, token: Token, step: Step, error: Exception, hooks: Hooks) -> None:
        hooks.failed(step, token.id, error)
        token.stuck = True

    def _do(self, token: Token, step: Step, hooks: Hooks) -> None:
        if step.kind in ("start", "pass") or step.host:
            self._leave(token)
        elif step.kind == "end":
            self._end(token, step)
        elif step.kind == "throw":
            self.signal(step.awaits)
            if token.id in self._tokens:  # the signal may have taken away what the event lies in
                self._leave(token)
        elif step.kind == "choice":
            self._follow(token, self._chosen(token, step))
        elif step.kind == "parallel":
            self._join_parallel(token, step)
        elif step.kind == "inclusive":
            if not token.came:  # otherwise it waits for `_join_inclusive`
                self._split(token, self._true_flows(token, step))
        elif step.kind == "events":
            for flow in step.out:
                self._place(flow.target, token.id, token.outcome)
        elif self._is_instance(token):
            self._begin(token, step, hooks)
        elif step.loop:
            self._begin_loop(token, step)
        else:
            self._arm(token, step.border)
            self._begin(token, step, hooks)

    def _begin(self, token: Token, step: Step, hooks: Hooks) -> None:
        if step.kind == "sub":
            self._put(step.first, token.id, token.outcome)
        elif step.kind in ("service", "decision"):
            result = hooks.act(step, self._facts(token), token.id)
            if not isinstance(result, Resting):
                self._learn(token, result)
                self._leave(token)

    def _leave(self, token: Token) -> None:
        """Go on from a step that is done."""
        if self._is_instance(token):
            self._end_instance(token)
        else:
            self._split(token, self.process.steps[token.step].out)

    def _follow(self, token: Token, flow: Flow) -> None:
        self._split(token, (flow,))

    def _split(self, token: Token, flows: tuple[Flow, ...]) -> None:
        """Put a new token at the end of each flow: a token's number belongs to one rest at one step."""
        self._remove(token)
        for flow in flows:
            target = self.process.steps[flow.target]
            joins = target.kind in ("parallel", "inclusive") and len(target.into) > 1
            self._put(flow.target, token.parent, token.outcome).came = flow.key if joins else ""

    def _chosen(self, token: Token, step: Step) -> Flow:
        if len(step.out) == 1:
            return step.out[0]
        facts = self._facts(token)
        for flow in step.out:
            if flow.key != step.default and rules.evaluate(flow.condition, facts):
                return flow
        return default_of(step)

    def _true_flows(self, token: Token, step: Step) -> tuple[Flow, ...]:
        if len(step.out) == 1:
            return step.out
        facts = self._facts(token)
        found = tuple(f for f in step.out if f.key != step.default and rules.evaluate(f.condition, facts))
        return found or (default_of(step),)

    # -- joins

    def _join_parallel(self, token: Token, step: Step) -> None:
        """One token by each incoming flow goes on as one."""
        if not token.came:
            self._split(token, step.out)
            return
        here = [t for t in self._tokens.values() if t.step == step.key and t.parent == token.parent]
        if {t.came for t in here} == {flow.key for flow in step.into}:
            self._join(here)

    def _join_inclusive(self) -> bool:
        """Let one inclusive join go on to which nothing more can come; returns whether there was one (BPMN 2.0, 13.4.3)."""
        for token in self._tokens.values():
            if self.process.steps[token.step].kind != "inclusive" or not token.came:
                continue
            scope = [t for t in self._tokens.values() if t.parent == token.parent]
            here = [t for t in scope if t.step == token.step and t.came]
            come = {t.came for t in here}
            ways = self.process.reach(token.step)
            others = [ways.get(key, frozenset()) for t in scope if t.step != token.step for key in self._from(t)]
            if not any(way - come and not way & come for way in others):
                self._join(here)
                return True
        return False

    def _from(self, token: Token) -> Iterator[str]:
        """Return from where a token can go on: its step, and the events on its border that can still happen."""
        yield token.step
        for key in self.process.steps[token.step].border:
            if self.process.steps[key].kind == "error" or any(t.step == key for t in self._children(token)):
                yield key

    def _join(self, here: list[Token]) -> None:
        """Let the oldest token of each flow go on as one, with the outcome of what came last."""
        oldest = {token.came: token for token in reversed(here)}
        newest = max(oldest.values(), key=lambda token: token.id)
        for token in oldest.values():
            self._remove(token)
        self._put(newest.step, newest.parent, newest.outcome)

    # -- ends

    def _end(self, token: Token, step: Step) -> None:
        if step.ends == "error":
            if not self._throw(token, step.error):
                raise rules.Forbidden(f"nothing catches the error {step.error!r}")
            return
        if step.ends == "signal":
            self.signal(step.awaits)
            if token.id not in self._tokens:
                return
        if step.ends == "terminate":
            for other in [t for t in self._tokens.values() if t.parent == token.parent]:
                if self.process.steps[other.step].scope == step.scope:  # events on the border around stay
                    self._remove(other)
        self._remove(token)
        self._close_scope(token, step.scope)

    def _close_scope(self, token: Token, scope: str) -> None:
        """A sub-process of which nothing runs any more is done."""
        host = self._tokens.get(token.parent)
        if host is not None and not any(self.process.steps[t.step].scope == scope for t in self._children(host)):
            host.outcome = token.outcome
            self._leave(host)

    # -- instances of an activity done several times

    def _begin_loop(self, token: Token, step: Step) -> None:
        assert step.loop is not None
        facts = self._facts(token)
        total = len(facts[step.loop.collection]) if step.loop.collection else rules.evaluate(step.loop.count, facts)
        if not isinstance(total, int) or isinstance(total, bool) or not 0 <= total <= INSTANCES:
            raise rules.Forbidden(f"{step.key!r} is to be done {total!r} times; 0 to {INSTANCES} are possible")
        if total == 0:
            self._leave(token)
            return
        token.loop = [0, total, 0]
        self._arm(token, step.border)
        for _ in range(1 if step.loop.sequential else total):
            self._begin_instance(token, step)

    def _begin_instance(self, host: Token, step: Step) -> None:
        assert step.loop is not None
        assert host.loop is not None
        index = host.loop[0]
        host.loop[0] += 1
        local = {"index": index + 1, "total": host.loop[1]}
        if step.loop.collection:
            local[step.loop.item] = self._facts(host)[step.loop.collection][index]
        self._put(step.key, host.id, host.outcome).local = local

    def _end_instance(self, token: Token) -> None:
        host, step = self._tokens[token.parent], self.process.steps[token.step]
        assert step.loop is not None
        assert host.loop is not None
        self._remove(token)
        host.loop[2] += 1
        host.outcome = token.outcome
        if step.loop.sequential and step.loop.collection:  # the list may have become shorter meanwhile
            host.loop[1] = max(host.loop[0], min(host.loop[1], len(self._facts(host)[step.loop.collection] or ())))
        begun, total, done = host.loop
        if done == total or self._is_enough(host, step.loop.until, done, total):
            self._leave(host)
        elif begun < total and step.loop.sequential:
            self._begin_instance(host, step)

    def _is_enough(self, host: Token, until: str, done: int, total: int) -> bool:
        try:
            return bool(until and rules.evaluate(until, {**self._facts(host), "done": done, "total": total}))
        except rules.Forbidden:
            return False  # what cannot be told ends nothing early

    # -- borders

    def _arm(self, host: Token, border: tuple[str, ...]) -> None:
        for key in border:
            event = self.process.steps[key]
            if event.kind != "error":
                token = self._place(key, host.id, host.outcome)
                if event.clock and event.clock.kind == "cycle":
                    token.loop = [rules.cycle(event.clock.text)[0]]

    def _border(self, token: Token, step: Step, facts: dict[str, Any] | None) -> None:
        """An event on the border of an activity happened: it takes the activity away, or runs beside it."""
        host = self._tokens[token.parent]
        if step.interrupting:
            self._remove(host)
        else:
            self._remove(token)
            if step.kind != "timer":
                self._place(step.key, host.id, host.outcome)
            elif token.loop and token.loop[0] > 1:
                self._place(step.key, host.id, host.outcome).loop = [token.loop[0] - 1]
        self._learn(self._put(step.key, host.parent, host.outcome), facts)

    def _throw(self, token: Token, code: str) -> bool:
        """Let the nearest activity around catch an error on its border."""
        current: Token | None = token
        while current is not None:
            host = self._tokens[current.parent] if self._is_instance(current) else current
            for key in self.process.steps[host.step].border:
                event = self.process.steps[key]
                if event.kind == "error" and event.error in ("", code):
                    self._remove(host)
                    self._put(key, host.parent, code)
                    return True
            current = self._tokens.get(host.parent)
        return False


def default_of(step: Step) -> Flow:
    return next(flow for flow in step.out if flow.key == step.default)
