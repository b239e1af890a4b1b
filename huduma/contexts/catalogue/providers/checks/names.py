"""Which questions a condition names."""

from collections.abc import Iterator
from typing import Any


def names_in(conditions: Any) -> Iterator[str]:
    """Yield the names of the questions that a condition, or a list of them, looks at."""
    if isinstance(conditions, dict):
        yield from conditions.get("properties", {})
        yield from (name for name in conditions.get("required", []) if isinstance(name, str))
        conditions = list(conditions.values())
    if isinstance(conditions, list):
        for one in conditions:
            yield from names_in(one)
