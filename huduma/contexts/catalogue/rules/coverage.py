"""Which cases a decision table or a fee schedule does not cover, or covers twice.

A domain is cut into the pieces that its conditions can tell apart: each listed value, each bound of a number and both sides of
it. One representative of each piece stands for all of it, so looking at the combinations of representatives looks at every case.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice, product
from typing import Any

from huduma.contexts.catalogue.rules.conditions import holds
from huduma.contexts.catalogue.rules.fees import days_of, in_force

#: Beyond this many combinations a table is refused as too large to be judged: nobody could read it either.
MOST = 200_000
SHOWN = 3


class TooLarge(Exception):
    """More combinations than can be judged."""


@dataclass(frozen=True)
class Domain:
    """What a question can be answered with: listed values, or numbers from `least` to `most` (None: no bound).

    `open` domains have other values than those that conditions mention; `optional`: it may be passed over; `asked_if`: the
    condition under which it is asked at all, where there is one.
    """

    values: tuple[Any, ...] = ()
    least: float | None = None
    most: float | None = None
    is_number: bool = False
    is_whole: bool = False
    optional: bool = False
    asked_if: dict[str, Any] | None = None
    open: bool = True

    def pieces(self, mentioned: Iterable[Any]) -> list[Any]:
        """Return one representative of each piece that conditions mentioning these values can tell apart."""
        found: list[Any] = list(self.values)
        if self.is_number:
            found = [n for n in self._around(mentioned) if self._inside(n)]
        elif self.open and not self.values:
            found = [*dict.fromkeys(m for m in mentioned if isinstance(m, str)), "(anything else)"]
        return [*found, None] if self.optional or self.asked_if is not None else found

    def _around(self, mentioned: Iterable[Any]) -> list[float]:
        bounds = {m for m in mentioned if isinstance(m, int | float) and not isinstance(m, bool)}
        bounds |= {bound for bound in (self.least, self.most) if bound is not None} or {0}
        step = 1 if self.is_whole else 0.001
        return sorted({near for bound in bounds for near in (bound - step, bound, bound + step)})

    def _inside(self, number: float) -> bool:
        return (self.least is None or number >= self.least) and (self.most is None or number <= self.most)


def domain_of(schema: dict[str, Any], *, values: Sequence[Any] = (), **asked: Any) -> Domain:
    """Return the domain of a question from its JSON Schema; `values` are those of a closed list kept elsewhere (counties).

    `asked`: `optional` and `asked_if`, see Domain.
    """
    listed = tuple(values) or tuple(schema.get("enum", ())) or ((schema["const"],) if "const" in schema else ())
    if listed:
        return Domain(values=listed, open=False, **asked)
    if schema.get("type") in ("integer", "number"):
        least, most = schema.get("minimum"), schema.get("maximum")
        if "exclusiveMinimum" in schema:
            least = schema["exclusiveMinimum"] + (1 if schema["type"] == "integer" else 0.001)
        return Domain(least=least, most=most, is_number=True, is_whole=schema["type"] == "integer", **asked)
    return Domain(**asked)


def is_possible(case: dict[str, Any], domains: dict[str, Domain]) -> bool:
    """Whether a case can arise: a question that is not asked has no answer, one that is asked and needed has one.

    `case` gives None for no answer. Conditions over questions that the case does not name are left out of the judgement.
    """
    facts = {name: value for name, value in case.items() if value is not None}
    for name, value in case.items():
        domain = domains.get(name, Domain())
        if domain.asked_if is not None and _named(domain.asked_if) <= set(case):
            is_asked = holds(domain.asked_if, facts)
            if (value is not None) if not is_asked else (value is None and not domain.optional):
                return False
    return True


@dataclass(frozen=True)
class TableFaults:
    """What is wrong with a table: cases that no row covers (a few), pairs of rows that both cover a case where only one may, rows
    that never decide. A case has a value for each input, in order."""

    gaps: list[tuple[Any, ...]]
    overlaps: list[tuple[int, int, tuple[Any, ...]]]
    dead: list[int]


def table_faults(
    inputs: Sequence[str],
    rows: Sequence[Sequence[Callable[[Any], bool]]],
    mentioned: Sequence[Iterable[Any]],
    domains: dict[str, Domain],
    *,
    first_wins: bool,
) -> TableFaults:
    """Judge a table: `rows` have a test for each input, `mentioned` are the values that the cells of each input name.

    Raises TooLarge.
    """
    conditions = [domains[name].asked_if for name in inputs if name in domains and domains[name].asked_if]
    masks: list[list[tuple[int, Any]]] = []
    for number, name in enumerate(inputs):
        told = [*mentioned[number], *(value for one in conditions for value in _literals(_about(one, name)))]
        column: dict[Any, tuple[int, Any]] = {}
        for piece in domains.get(name, Domain()).pieces(told):
            mask = sum(1 << at for at, row in enumerate(rows) if row[number](piece))
            column.setdefault((piece if conditions else None, mask), (mask, piece))
        masks.append(list(column.values()))
    size = 1
    for pieces in masks:
        size *= max(len(pieces), 1)
    if size > MOST:
        raise TooLarge(size)
    gaps: list[tuple[Any, ...]] = []
    overlaps: dict[tuple[int, int], tuple[Any, ...]] = {}
    deciding: set[int] = set()
    for combination in product(*masks):
        hits = (1 << len(rows)) - 1
        for mask, _ in combination:
            hits &= mask
        case = tuple(piece for _, piece in combination)
        if conditions and not is_possible(dict(zip(inputs, case, strict=True)), domains):
            continue
        if not hits:
            gaps.append(case)
            continue
        first = (hits & -hits).bit_length() - 1
        deciding.add(first)
        if not first_wins:
            rest = hits & (hits - 1)
            deciding |= {at for at in range(len(rows)) if hits >> at & 1}
            if rest:
                overlaps.setdefault((first, (rest & -rest).bit_length() - 1), case)
    return TableFaults(
        gaps[:SHOWN],
        [(a, b, case) for (a, b), case in islice(overlaps.items(), SHOWN)],
        [at for at in range(len(rows)) if at not in deciding],
    )


def fee_gaps(fees: list[dict[str, Any]], domains: dict[str, Domain], today: date) -> list[tuple[date, dict[str, Any]]]:
    """Return cases (a few) for which no line of a fee schedule is in force, from today on. Raises TooLarge.

    A line of 0 covers a case: it says that there is no fee.
    """
    names = sorted({name for fee in fees for name in _named(fee.get("when", {}))})
    conditions = [domains[name].asked_if for name in names if name in domains and domains[name].asked_if]
    told = [fee["when"] for fee in fees if "when" in fee] + conditions
    columns = [domains.get(name, Domain()).pieces(_literals(_about(told, name))) for name in names]
    days = sorted({today} | {day for fee in fees for day in _turns(fee) if day > today})
    size = len(days)
    for column in columns:
        size *= max(len(column), 1)
    if size > MOST:
        raise TooLarge(size)
    found: list[tuple[date, dict[str, Any]]] = []
    for day in days:
        current = [fee for fee in fees if in_force(fee, day)]
        for combination in product(*columns):
            case = dict(zip(names, combination, strict=True))
            facts = {name: value for name, value in case.items() if value is not None}
            if is_possible(case, domains) and not any(holds(fee.get("when"), facts) for fee in current):
                found.append((day, facts))
                if len(found) == SHOWN:
                    return found
    return found


def _named(condition: Any) -> set[str]:
    """Return the facts that a condition names, at any depth of allOf, anyOf, oneOf and not."""
    if isinstance(condition, list):
        return set().union(*map(_named, condition)) if condition else set()
    if not isinstance(condition, dict):
        return set()
    own = set(condition.get("properties", {})) | set(condition.get("required", []))
    return own.union(*(_named(condition[key]) for key in ("allOf", "anyOf", "oneOf", "not", "if") if key in condition))


def _about(condition: Any, name: str) -> Iterator[Any]:
    if isinstance(condition, list):
        for part in condition:
            yield from _about(part, name)
    elif isinstance(condition, dict):
        if name in condition.get("properties", {}):
            yield condition["properties"][name]
        for key in ("allOf", "anyOf", "oneOf", "not", "if"):
            yield from _about(condition.get(key), name)


def _literals(schemas: Any) -> Iterator[Any]:
    if isinstance(schemas, dict):
        for value in schemas.values():
            yield from _literals(value)
    elif isinstance(schemas, str | int | float | bool):
        yield schemas
    else:
        for one in schemas:
            yield from _literals(one)


def _turns(fee: dict[str, Any]) -> Iterator[date]:
    """The days on which what is in force may change."""
    first, last = days_of(fee)
    yield from (day for day in (first, last and last + timedelta(days=1)) if day)
