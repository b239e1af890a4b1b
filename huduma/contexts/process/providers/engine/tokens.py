"""A case's state: its tokens and its facts, and where it waits."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from huduma.contexts.process.providers.steps import EVENTS, HUMAN, Process, Step

FORMAT = 2


@dataclass(slots=True)
class Token:
    """Where a case stands. `came`: by which flow it came to a join; `local`: facts of this instance alone;
    `loop`: instances begun, in all, and done; or the repetitions left of a cycle."""

    id: int
    step: str
    parent: int = 0
    outcome: str | None = None
    came: str = ""
    local: dict[str, Any] | None = None
    loop: list[int] | None = None
    stuck: bool = False

    def packed(self) -> list[Any]:
        """Return the token for JSON, without what is not set at its end."""
        values = [
            self.id, self.step, self.parent, self.outcome, self.came, self.local, self.loop, 1 if self.stuck else None,
        ]  # fmt: skip
        while values and values[-1] in (None, "", 0):
            values.pop()
        return values

    @classmethod
    def unpacked(cls, values: list[Any]) -> "Token":
        """Return the token that `packed` wrote."""
        given = [*values, *[None] * (8 - len(values))]
        return cls(given[0], given[1], given[2] or 0, given[3], given[4] or "", given[5], given[6], bool(given[7]))


@dataclass(frozen=True)
class Wait:
    """A place where the case waits. `item`: for which entry of a list; `left`: how often a cycle still comes."""

    token: int
    step: Step
    stuck: bool = False
    item: str = ""
    left: int | None = None


class State:
    """The tokens and facts of one case."""

    def __init__(self, process: Process, tokens: list[Token], facts: dict[str, Any], last: int = 0) -> None:
        self.process = process
        self.facts = facts
        self._tokens = {token.id: token for token in tokens}
        self._last = last
        self._ready: deque[Token] = deque()
        self._silent: set[int] = set()
        #: Where the case waited when it was opened.
        self.rested = frozenset(wait.token for wait in self.waits())

    def dump(self) -> dict[str, Any]:
        """Return the case's state, ready for JSON."""
        tokens = [token.packed() for token in self._tokens.values()]
        return {"format": FORMAT, "last": self._last, "facts": self.facts, "tokens": tokens}

    # -- what a case says

    def waits(self) -> list[Wait]:
        """Return the places where the case waits for somebody or something."""
        found = []
        for token in self._tokens.values():
            step = self.process.steps[token.step]
            rests = step.kind in (*HUMAN, *EVENTS, "service") and not self._is_loop(token)
            if token.stuck or rests:
                item = (token.local or {}).get(step.loop.item, "") if step.loop else ""
                left = token.loop[0] if token.loop and step.kind == "timer" else None
                found.append(Wait(token.id, step, token.stuck, str(item), left))
        return found

    def facts_at(self, token_id: int) -> dict[str, Any]:
        """Return the facts as a token sees them: the case's, over them those of its instance, and its latest outcome."""
        return self._facts(self._tokens[token_id])

    @property
    def ended(self) -> bool:
        """Whether nothing is left to happen."""
        return not self._tokens

    @property
    def standing(self) -> list[str]:
        """The steps at which the case stands, sub-processes included and events on borders left out."""
        return sorted({t.step for t in self._tokens.values() if not self.process.steps[t.step].host})

    # -- tokens and facts

    def _place(self, step: str, parent: int, outcome: str | None) -> Token:
        self._last += 1
        token = self._tokens[self._last] = Token(self._last, step, parent, outcome)
        return token

    def _put(self, step: str, parent: int, outcome: str | None) -> Token:
        token = self._place(step, parent, outcome)
        self._ready.append(token)
        return token

    def _remove(self, token: Token) -> None:
        self._tokens.pop(token.id, None)
        for child in self._children(token):
            self._remove(child)

    def _children(self, token: Token) -> list[Token]:
        return [t for t in self._tokens.values() if t.parent == token.id]

    def _is_instance(self, token: Token) -> bool:
        host = self._tokens.get(token.parent)
        return host is not None and host.step == token.step

    def _is_loop(self, token: Token) -> bool:
        return self.process.steps[token.step].loop is not None and not self._is_instance(token)

    def _hears(self, token: Token, name: str) -> bool:
        step = self.process.steps[token.step]
        return step.kind == "signal" and step.awaits == name and token not in self._ready

    def _above(self, token: Token) -> Iterator[Token]:
        current: Token | None = token
        while current is not None:
            yield current
            current = self._tokens.get(current.parent)

    def _facts(self, token: Token) -> dict[str, Any]:
        facts = dict.fromkeys((*self.process.facts, "team"))
        facts.update(self.facts)
        if token.parent:
            for above in reversed([*self._above(token)]):
                facts.update(above.local or {})
        elif token.local:
            facts.update(token.local)
        facts["outcome"] = token.outcome
        return facts

    def _learn(self, token: Token, facts: dict[str, Any] | None) -> None:
        """Keep new facts with the instance that learned them, or with the case."""
        if facts:
            local = next((t.local for t in self._above(token) if t.local is not None), None)
            (self.facts if local is None else local).update(facts)
