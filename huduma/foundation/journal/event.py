"""What a fact announced in the journal looks like. No Django here, so that every context's `events` may import it."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, UUID, uuid5


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


@dataclass(frozen=True, kw_only=True)
class JobFailing(Event):
    """A job failed again and again, or was given up; `error` is the exception's class, `job_id` stands for all runs of this name."""

    act: ClassVar[str] = "jobs.job.failing"
    subject: ClassVar[str] = "job_id"
    job_id: UUID
    job: str
    tries: int
    is_given_up: bool
    error: str


def id_of_job(name: str) -> UUID:
    """Return the id under which the journal has a job, by its name."""
    return uuid5(NAMESPACE_URL, f"huduma:job:{name}")
