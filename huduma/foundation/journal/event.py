"""What a fact announced in the journal looks like. No Django here, so that every context's `events` may import it."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact, in the past tense. Fields are ids and plain values; a field may be added later, never removed.

    `act` is the wire name (`payments.bill.settled`); `subject` names the field that holds the subject's id.
    """

    act: ClassVar[str]
    subject: ClassVar[str] = ""

    def facts(self) -> dict[str, Any]:
        """Return the fields as JSON-able facts."""
        return {f.name: str(v) if isinstance(v := getattr(self, f.name), UUID) else v for f in fields(self)}

    def concerns(self) -> list[UUID]:
        """Return every id the fact mentions: whose timeline it belongs to."""
        return [value for f in fields(self) if isinstance(value := getattr(self, f.name), UUID)]

    @property
    def subject_id(self) -> UUID | None:
        """The id of what the act was about."""
        return getattr(self, self.subject) if self.subject else None


@dataclass(frozen=True, kw_only=True)
class AccessRefused(Event):
    """Somebody asked for what they may not see or do."""

    act: ClassVar[str] = "access.refused"
    path: str
