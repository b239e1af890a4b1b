"""Conditions of packages: JSON Schemas over facts. The same rule everywhere: in fees, in eligibility, in forms."""

import json
from datetime import date
from functools import lru_cache
from typing import Any

import jsonschema_rs


def holds(condition: dict[str, Any] | None, facts: dict[str, Any]) -> bool:
    """Whether a condition holds over facts; no condition always does."""
    return condition is None or _validator(json.dumps(condition, sort_keys=True)).is_valid(facts)


@lru_cache(maxsize=4096)
def _validator(schema: str) -> Any:
    return jsonschema_rs.Draft202012Validator(json.loads(schema))


def verdict(condition: dict[str, Any], facts: dict[str, Any]) -> bool | None:
    """Whether a condition holds, or None where a fact that it names is not known."""
    named = set(condition.get("properties", {})) | set(condition.get("required", []))
    return None if named - set(facts) else holds(condition, facts)


def age_on(born: date, day: date) -> int:
    """Return the age in whole years on a day; who was born on 29 February grows older on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
