"""What the calendar announces."""

from dataclasses import dataclass
from typing import ClassVar

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class SpecialDayChanged(Event):
    """A date became a working day or a holiday by the table (`is_working`), or follows the computed calendar again (None)."""

    act: ClassVar[str] = "worktime.special_day.changed"
    day: str
    is_working: bool | None
    reason: str
