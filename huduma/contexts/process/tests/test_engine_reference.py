"""Random processes of every supported element, played beside a reference that knows no tokens.

The reference is the process as a tree of blocks. What is left of a tree after something happened is again a tree ("derivative"), so
what may happen next can be read off it. Slow and obvious; the engine must offer the same things after every step, whether
the case is written and read again between steps or never.
"""

from collections import Counter
from dataclasses import dataclass, replace
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huduma.contexts.process.tests.bpmn import END, START, arrows, event, message, node, several, timer, user
from huduma.contexts.process.tests.bpmn import process as bpmn
from huduma.contexts.process.tests.play import Game


@dataclass(frozen=True)
class Block:
    """A block of the tree: `parts` are its inner blocks, `key` its step, `pick` what its conditions choose."""

    kind: str
    key: str = ""
    parts: tuple["Block", ...] = ()
    pick: int = 0


DONE = Block("done")


def offers(block: Block) -> Counter[str]:
    """Return what may happen now."""
    if block.kind in ("task", "wait"):
        return Counter([block.key])
    if block.kind in ("seq", "loop", "sub"):
        return offers(block.parts[0]) if block.parts else Counter()
    if block.kind in ("par", "race"):
        return sum((offers(part) for part in block.parts), Counter())
    if block.kind in ("guard", "beside"):
        return offers(block.parts[0]) + Counter([block.key])
    return offers(block.parts[0]) if block.kind == "way" else Counter()


def after(block: Block, what: str) -> Block:
    """Return what is left of a block when something happened in it."""
    parts = block.parts
    if block.kind in ("task", "wait"):
        return DONE
    if block.kind == "seq":
        return settle(replace(block, parts=(after(parts[0], what), *parts[1:])))
    if block.kind == "sub":
        return settle(replace(block, parts=(after(parts[0], what),)))
    if block.kind == "par":
        at = next(i for i, part in enumerate(parts) if what in offers(part))
        return settle(replace(block, parts=(*parts[:at], after(parts[at], what), *parts[at + 1 :])))
    if block.kind == "race":
        return next(settle(way.parts[1]) for way in parts if way.parts[0].key == what)
    if what == block.key:  # the event on the border
        if block.kind == "guard":
            return settle(parts[1])
        return settle(Block("par", parts=(parts[0], parts[1])))
    return settle(replace(block, parts=(after(parts[0], what), *parts[1:])))


def settle(block: Block) -> Block:
    """Go on over everything that happens by itself."""
    parts = block.parts
    if block.kind == "choice":
        return settle(parts[block.pick % len(parts)])
    if block.kind == "or":
        chosen = [part for i, part in enumerate(parts[:-1]) if block.pick >> i & 1] or [parts[-1]]
        return settle(Block("par", parts=tuple(chosen)))
    if block.kind in ("many", "each"):
        copies = tuple(copied(parts[0], number + 1) for number in range(block.pick))
        return settle(Block("par" if block.kind == "many" else "seq", parts=copies))
    if block.kind == "par":
        left = tuple(part for part in map(settle, parts) if part != DONE)
        return replace(block, parts=left) if left else DONE
    if block.kind == "seq":
        while parts and settle(parts[0]) == DONE:
            parts = parts[1:]
        return replace(block, parts=(settle(parts[0]), *parts[1:])) if parts else DONE
    if block.kind in ("sub", "guard", "beside"):
        inner = settle(parts[0])
        return DONE if inner == DONE else replace(block, parts=(inner, *parts[1:]))
    return block


def copied(block: Block, number: int) -> Block:
    """Return an instance of a block: its steps bear the instance's number."""
    key = f"{block.key}.{number}" if block.key else ""
    return replace(block, key=key, parts=tuple(copied(part, number) for part in block.parts))


class Writer:
    """Writes a tree as BPMN."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.facts: dict[str, Any] = {}

    def name(self, letter: str) -> str:
        return f"{letter}{next(self.numbers)}"

    def write(self, block: Block) -> tuple[str, list[tuple[str, ...]], str, str]:
        """Return nodes, flows, first and last step of a block."""
        return getattr(self, f"_{block.kind}")(block)

    def _task(self, block):
        return user(block.key), [], block.key, block.key

    def _wait(self, block):
        made = {
            "m": message(block.key), "t": timer(block.key), "r": event("intermediateCatchEvent", block.key, "signal"),
            "q": node("receiveTask", block.key, messageRef="m-go"),
        }  # fmt: skip
        return made[block.key[0]], [], block.key, block.key

    def _seq(self, block):
        written = [self.write(part) for part in block.parts]
        flows = [flow for part in written for flow in part[1]]
        flows += [(one[3], two[2]) for one, two in pairwise(written)]
        return "".join(part[0] for part in written), flows, written[0][2], written[-1][3]

    def _gateway(self, block, tag, conditions):
        split, join = self.name("g"), self.name("g")
        written = [self.write(part) for part in block.parts]
        flows = [flow for part in written for flow in part[1]]
        default = f"{split}-{written[-1][2]}"
        for part, condition in zip(written, conditions, strict=True):
            flows += [(split, part[2], *condition), (part[3], join)]
        given = {"default": default} if tag != "parallelGateway" and len(written) > 1 else {}
        return (
            "".join(part[0] for part in written) + node(tag, split, **given) + node(tag, join), flows, split, join,
        )  # fmt: skip

    def _par(self, block):
        return self._gateway(block, "parallelGateway", [()] * len(block.parts))

    def _choice(self, block):
        fact, last = self.name("f"), len(block.parts) - 1
        self.facts[fact] = block.pick % len(block.parts)
        conditions = [(f"{fact} == {i}",) if i < last else () for i in range(last + 1)]
        return self._gateway(block, "exclusiveGateway", conditions)

    def _or(self, block):
        last, conditions = len(block.parts) - 1, []
        for i in range(last):
            fact = self.name("f")
            self.facts[fact] = bool(block.pick >> i & 1)
            conditions.append((fact,))
        return self._gateway(block, "inclusiveGateway", [*conditions, ()])

    def _race(self, block):
        gate, join = self.name("g"), self.name("g")
        nodes, flows = node("eventBasedGateway", gate) + node("exclusiveGateway", join), []
        for part in block.parts:
            written = [self.write(inner) for inner in part.parts]
            nodes += "".join(w[0] for w in written)
            flows += [flow for w in written for flow in w[1]]
            flows += [(gate, written[0][2]), (written[0][3], written[1][2]), (written[1][3], join)]
        return nodes, flows, gate, join

    def _inner(self, block, loop=""):
        key, first, last = self.name("s"), self.name("b"), self.name("e")
        nodes, flows, begin, end = self.write(block)
        flows += [(first, begin), (end, last)]
        return key, node(
            "subProcess", key, loop + node("startEvent", first) + nodes + node("endEvent", last) + arrows(*flows)
        )

    def _sub(self, block):
        key, written = self._inner(block.parts[0])
        return written, [], key, key

    def _many(self, block):
        fact = self.name("f")
        self.facts[fact] = block.pick
        key, written = self._inner(block.parts[0], several(fact, sequential=block.kind == "each"))
        return written, [], key, key

    _each = _many

    def _guard(self, block):
        key, written = self._inner(block.parts[0])
        handler, flows, begin, end = self.write(block.parts[1])
        join, kind = self.name("g"), {"m": "message", "r": "signal", "t": "timer"}[block.key[0]]
        cancel = "true" if block.kind == "guard" else "false"
        on = {"attachedToRef": key, "cancelActivity": cancel}
        border = (
            timer(block.key, tag="boundaryEvent", **on) if kind == "timer" else event("boundaryEvent", block.key, kind, **on)
        )  # fmt: skip
        flows = [*flows, (block.key, begin), (end, join), (key, join)]
        # What runs beside an activity has to meet it again: the engine would otherwise go on twice, as BPMN says.
        meet = node("exclusiveGateway" if block.kind == "guard" else "inclusiveGateway", join)
        return written + border + handler + meet, flows, key, join

    _beside = _guard


def blocks() -> st.SearchStrategy[Block]:
    """Return random trees; keys are given afterwards, each once."""
    task = st.just(Block("task"))
    wait = st.sampled_from("mtrq").map(lambda letter: Block("wait", letter))
    catch = st.sampled_from("mtr").map(lambda letter: Block("wait", letter))

    def around(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
        some = st.lists(inner, min_size=2, max_size=3).map(tuple)
        one = inner.map(lambda block: (block,))
        way = st.tuples(catch, inner).map(lambda pair: Block("way", parts=pair))
        return st.one_of(
            st.builds(Block, st.just("seq"), parts=some),
            st.builds(Block, st.just("par"), parts=some),
            st.builds(Block, st.sampled_from(["choice", "or"]), parts=some, pick=st.integers(0, 7)),
            st.builds(Block, st.just("race"), parts=st.lists(way, min_size=2, max_size=3).map(tuple)),
            st.builds(Block, st.just("sub"), parts=one),
            st.builds(Block, st.sampled_from(["many", "each"]), parts=one, pick=st.integers(0, 3)),
            st.builds(Block, st.just("guard"), st.sampled_from("mtr"), st.tuples(inner, inner)),
            st.builds(Block, st.just("beside"), st.just("t"), st.tuples(inner, inner)),  # a timer comes once
        )

    return st.recursive(st.one_of(task, wait), around, max_leaves=9)


def numbered(block: Block, numbers: Any) -> Block:
    """Return a tree in which every step has a name of its own."""
    letter = block.key or ("a" if block.kind == "task" else "")
    key = f"{letter}{next(numbers)}" if letter else ""
    return replace(block, key=key, parts=tuple(numbered(part, numbers) for part in block.parts))


@pytest.mark.parametrize("save", [True, False])
@settings(max_examples=100, deadline=None)
@given(tree=blocks(), choices=st.lists(st.integers(0, 100), min_size=30, max_size=30))
def test_the_engine_offers_what_the_reference_offers(save, tree, choices):
    tree = numbered(tree, count(1000))
    writer = Writer()
    nodes, flows, first, last = writer.write(tree)
    source = bpmn(
        START + END + nodes, ("start", first), *flows, (last, "end"), facts=" ".join(writer.facts)
    )  # fmt: skip
    case, left = Game(source, facts=writer.facts, save=save), settle(tree)
    assert not case.world.faults
    for choice in choices:
        offered = offers(left)
        assert Counter(case.places) == offered, source
        assert case.ended == (left == DONE)
        if left == DONE:
            break
        what = sorted(offered)[choice % len(offered)]
        case.at(what)
        left = settle(after(left, what))
    assert len(str(case.run.dump())) < 4000
