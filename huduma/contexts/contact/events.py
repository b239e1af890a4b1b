"""What this context announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class MatterEvent(Event):
    """A fact about one matter; `person_id` is whose timeline it belongs to, when that is known."""

    subject: ClassVar[str] = "matter_id"
    matter_id: UUID
    person_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class MatterOpened(MatterEvent):
    """Somebody brought something."""

    act: ClassVar[str] = "contact.matter.opened"
    kind: str
    reference: str
    level: int
    due_at: str
    about_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class MatterViewed(MatterEvent):
    """A member of staff opened a matter."""

    act: ClassVar[str] = "contact.matter.viewed"


@dataclass(frozen=True, kw_only=True)
class MatterAssigned(MatterEvent):
    """Somebody took a matter, gave it back, or was handed it."""

    act: ClassVar[str] = "contact.matter.assigned"
    account_id: UUID | None
    how: str


@dataclass(frozen=True, kw_only=True)
class MatterRouted(MatterEvent):
    """A matter went to another body or became of another kind, for a reason."""

    act: ClassVar[str] = "contact.matter.routed"
    body_code: str | None
    kind: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RemarkAdded(MatterEvent):
    """Something was said; `side` is customer, staff or internal."""

    act: ClassVar[str] = "contact.remark.added"
    remark_id: UUID
    side: str


@dataclass(frozen=True, kw_only=True)
class MatterPaused(MatterEvent):
    """The customer was asked for more; the clock stands still."""

    act: ClassVar[str] = "contact.matter.paused"


@dataclass(frozen=True, kw_only=True)
class MatterEscalated(MatterEvent):
    """A matter went up a level; `how` is clock, customer, staff or rejected."""

    act: ClassVar[str] = "contact.matter.escalated"
    since_level: int
    level: int
    how: str
    due_at: str


@dataclass(frozen=True, kw_only=True)
class MatterOverdue(MatterEvent):
    """The last level did not answer in time; `silence` is what the law makes of it."""

    act: ClassVar[str] = "contact.matter.overdue"
    level: int
    silence: str


@dataclass(frozen=True, kw_only=True)
class MatterExtended(MatterEvent):
    """The time was extended once, as the law allows, for a reason."""

    act: ClassVar[str] = "contact.matter.extended"
    due_at: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class MatterAnswered(MatterEvent):
    """A matter was answered."""

    act: ClassVar[str] = "contact.matter.answered"
    outcome: str
    level: int


@dataclass(frozen=True, kw_only=True)
class MatterReopened(MatterEvent):
    """The customer said no to the answer."""

    act: ClassVar[str] = "contact.matter.reopened"
    level: int


@dataclass(frozen=True, kw_only=True)
class MatterClosed(MatterEvent):
    """A matter ended; `how` is accepted, silent (nobody said no) or withdrawn."""

    act: ClassVar[str] = "contact.matter.closed"
    how: str


@dataclass(frozen=True, kw_only=True)
class MatterTakenOutside(MatterEvent):
    """The customer took the matter to an authority outside; its hand-over file was made."""

    act: ClassVar[str] = "contact.matter.taken_outside"
    to: str


@dataclass(frozen=True, kw_only=True)
class MatterJoined(MatterEvent):
    """A matter became one of those that follow a common problem, or left it."""

    act: ClassVar[str] = "contact.matter.joined"
    problem_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class ProblemSolved(Event):
    """A common problem was solved; all that followed it were answered."""

    act: ClassVar[str] = "contact.problem.solved"
    subject: ClassVar[str] = "problem_id"
    problem_id: UUID
    followers: int


@dataclass(frozen=True, kw_only=True)
class CaseAccessGranted(MatterEvent):
    """A member of staff got leave to see the application that a matter is about."""

    act: ClassVar[str] = "contact.case_access.granted"
    account_id: UUID
    application_id: UUID
    until_at: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class CustomerViewed(Event):
    """A member of staff opened the page of a customer, for a purpose."""

    act: ClassVar[str] = "contact.customer.viewed"
    subject: ClassVar[str] = "person_id"
    person_id: UUID
    why: str
