"""The front door of the workforce."""

from huduma.contexts.workforce.operations import (
    ShiftOverlaps,
    SpanBackwards,
    grant_skill,
    plan_shift,
    post_staff,
    record_absence,
    require_place,
)
from huduma.contexts.workforce.queries import (
    Diary,
    OnDuty,
    diaries_of,
    on_duty,
    places_of,
    skills_of,
    staff_of,
    works_at,
)

__all__ = [
    "Diary",
    "OnDuty",
    "ShiftOverlaps",
    "SpanBackwards",
    "diaries_of",
    "grant_skill",
    "on_duty",
    "places_of",
    "plan_shift",
    "post_staff",
    "record_absence",
    "require_place",
    "skills_of",
    "staff_of",
    "works_at",
]
