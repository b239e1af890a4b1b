"""The small language of conditions and decision tables, and the judgements about time. Nothing here can act.

Packages come from analysts, so an expression is data: names of facts, literals, comparisons, `and or not in`, arithmetic,
`x if y else z`. No calls, no attributes, no subscripts. FEEL's unary tests in decision tables are read into the same language.
"""

import ast
import re
from datetime import date, datetime, timedelta
from typing import Any

import simpleeval

LIMIT = 500
ALLOWED: tuple[type[ast.AST], ...] = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.BinOp, ast.Add, ast.Sub, ast.Mult,
    ast.Div, ast.FloorDiv, ast.Mod, ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn,
    ast.IfExp, ast.Name, ast.Load, ast.Constant, ast.Tuple, ast.List,
)  # fmt: skip
WORDS = {"true": True, "false": False, "null": None}
INTERVAL = re.compile(r"^([\[(])\s*(.+?)\s*\.\.\s*(.+?)\s*([\])])$")
COMPARISON = re.compile(r"^(<=|>=|<|>|!=|=)\s*(.+)$")
NEGATION = re.compile(r"^not\s*\((.+)\)$", re.DOTALL)
CYCLE = re.compile(r"^R(\d{1,4})/(P.+)$")
CYCLES, ENTRIES = 100, 50
DURATION = re.compile(r"^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$")


class Forbidden(ValueError):
    """The expression is not in the language; the message says what is wrong with it."""


def names_in(expression: str) -> set[str]:
    """Return the facts that an expression uses. Raises Forbidden when it is not in the language."""
    return {n.id for n in ast.walk(_parse(expression)) if isinstance(n, ast.Name)} - set(WORDS)


def compared_with(expression: str, name: str) -> set[str]:
    """Return the texts that an expression compares a fact with."""
    found: set[str] = set()
    for node in ast.walk(_parse(expression)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(isinstance(side, ast.Name) and side.id == name for side in sides):
                found |= {
                    n.value
                    for side in sides
                    for n in ast.walk(side)
                    if isinstance(n, ast.Constant) and isinstance(n.value, str)
                }
    return found


def evaluate(expression: str, facts: dict[str, Any]) -> Any:
    """Return an expression's value over facts. Raises Forbidden; also when a fact is missing or types do not fit."""
    _parse(expression)
    evaluator = simpleeval.EvalWithCompoundTypes(names={**WORDS, **facts}, functions={})
    try:
        return evaluator.eval(expression.strip())
    except (simpleeval.InvalidExpression, TypeError, ZeroDivisionError) as error:
        raise Forbidden(f"{expression!r}: {error}") from None


def _parse(expression: str) -> ast.AST:
    if len(expression) > LIMIT:
        raise Forbidden(f"longer than {LIMIT} characters")
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise Forbidden(f"{expression!r} is not an expression") from None
    for node in ast.walk(tree):
        if not isinstance(node, ALLOWED):
            raise Forbidden(f"{expression!r} uses {type(node).__name__.lower()}, which is not in the language")
        if isinstance(node, ast.Constant) and not isinstance(node.value, str | int | float | None):
            raise Forbidden(f"{expression!r} uses a literal that is no text, number or truth value")
    return tree


def unary_test(cell: str, subject: str) -> str:
    """Return a FEEL unary test as a condition on `subject`: `-`, `"a","b"`, `< 5`, `[1..5]`, `(1..5]`, `not("a")`."""
    cell = cell.strip()
    if cell in ("", "-"):
        return "True"
    if negated := NEGATION.match(cell):
        return f"not ({unary_test(negated[1], subject)})"
    return " or ".join(f"({_one_test(part.strip(), subject)})" for part in _split(cell))


def _one_test(part: str, subject: str) -> str:
    if interval := INTERVAL.match(part):
        opens, low, high, closes = interval.groups()
        return f"{low} {'<=' if opens == '[' else '<'} ({subject}) {'<=' if closes == ']' else '<'} {high}"
    if comparison := COMPARISON.match(part):
        sign = {"=": "=="}.get(comparison[1], comparison[1])
        return f"({subject}) {sign} ({comparison[2]})"
    return f"({subject}) == ({part})"


def _split(cell: str) -> list[str]:
    parts, quoted, depth = [""], False, 0
    for character in cell:
        quoted ^= character == '"'
        depth += 0 if quoted else (character in "[(") - (character in "])")
        if character == "," and not quoted and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def duration(text: str) -> timedelta:
    """Return an ISO 8601 duration of days, hours and minutes (`P30D`, `PT2H`). Raises Forbidden."""
    found = DURATION.match(text.strip())
    if found is None or not any(found.groups()):
        raise Forbidden(f"{text!r} is not a duration of days, hours and minutes such as P30D")
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def cycle(text: str) -> tuple[int, str]:
    """Return how often and by which duration an ISO 8601 cycle (`R3/P1D`) comes. Raises Forbidden."""
    found = CYCLE.match(text.strip())
    if found is None or not 1 <= int(found[1]) <= CYCLES:
        raise Forbidden(f"{text!r} is not a cycle such as R3/P1D, at most {CYCLES} times")
    if duration(found[2]) < timedelta(hours=1):
        raise Forbidden(f"{text!r} comes more often than once an hour")
    return int(found[1]), found[2]


def moment(text: str) -> datetime | date:
    """Return an ISO 8601 date, or date and time with its zone. Raises Forbidden."""
    try:
        found = date.fromisoformat(text) if len(text) == len("2026-01-01") else datetime.fromisoformat(text)
    except ValueError:
        raise Forbidden(f"{text!r} is not a date such as 2026-12-31") from None
    if isinstance(found, datetime) and found.tzinfo is None:
        raise Forbidden(f"{text!r} has no time zone; write +03:00 after it")
    return found


def scalar_facts(
    given: dict[str, Any], declared: frozenset[str], lists: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return the declared facts among those given: short texts, numbers, truth values, and lists of them where declared.

    A case's answers stay out. Raises Forbidden for a declared fact that is not of that kind.
    """
    facts = {name: value for name, value in given.items() if name in declared}
    for name, value in facts.items():
        if name in lists:
            if value is not None and not (
                isinstance(value, list) and len(value) <= ENTRIES and all(map(_is_scalar, value))
            ):
                raise Forbidden(f"the fact {name!r} is not a list of at most {ENTRIES} short texts or numbers")
        elif not _is_scalar(value):
            raise Forbidden(f"the fact {name!r} is not a short text, a number or a truth value")
    return facts


def _is_scalar(value: Any) -> bool:
    return (value is None or isinstance(value, bool | int | float | str)) and len(str(value)) <= LIMIT


def urgency(due_at: datetime | None, now: datetime, soon_at: datetime) -> str:
    """Return `late`, `soon` (due before `soon_at`), `on_time`, or "" where nothing was promised."""
    if due_at is None:
        return ""
    if due_at < now:
        return "late"
    return "soon" if due_at <= soon_at else "on_time"
