"""What this context announces."""

from dataclasses import dataclass
from typing import ClassVar

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class FiguresRolledUp(Event):
    """The figures of all charters were worked out anew from `cases` ended cases of the days from `from_on` to `to_on`."""

    act: ClassVar[str] = "performance.figures.rolled_up"
    from_on: str
    to_on: str
    cases: int
    figures: int
