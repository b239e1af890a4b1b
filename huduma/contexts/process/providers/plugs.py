"""Where higher contexts plug in: what a service task does, and who hears of a case's status and of where it rests."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from huduma.foundation.sockets import Registry


class Thrown(Exception):
    """A step ended in an error that a process can catch on its border by `code`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Resting:
    """What an action returns when the case has to wait until one of the messages that it awaits arrives."""


RESTING = Resting()
Result = dict[str, Any] | Resting | None


class Action(Protocol):
    """What a service task does, inside the transaction of the step: write rows and defer jobs, never call out."""

    def __call__(self, *, case_id: UUID, config: dict[str, Any], now: datetime) -> Result:
        """Act; what is returned becomes facts of the case, where the process declares them. May raise Thrown."""


class Call(Protocol):
    """What a service task asks of the outside, in a job between two transactions; it is repeated when it fails."""

    def __call__(self, *, case_id: UUID, config: dict[str, Any], now: datetime) -> dict[str, Any] | None:
        """Call; what is returned becomes facts of the case. Raises Thrown for an answer that a process may catch."""


class Need(Protocol):
    """Whether there is anything to do at a service task; where there is not, the case passes it without taking its status."""

    def __call__(self, *, case_id: UUID, config: dict[str, Any], now: datetime) -> bool:
        """Look, without changing anything; asked before the action, which runs all the same."""


@dataclass(frozen=True)
class Service:
    """An entry of the library of service tasks: an action inside the step, a call outside it, or a wait.

    `schema`: what a package may configure (JSON Schema of an object; entries are texts). `awaits`: the messages that end the
    task, and the outcome that each gives. `status`: that of a case at such a task, where the package names none. `need`:
    whether the case takes the task's status at all; without one it does.
    """

    action: Action | None
    call: Call | None
    schema: dict[str, Any]
    awaits: dict[str, str]
    status: str = ""
    need: Need | None = None


class Observer(Protocol):
    """Hears, inside the transaction of the step, that a step with a status was entered."""

    def __call__(self, *, case_id: UUID, step: str, status: str, outcome: str | None, now: datetime) -> None:
        """`outcome` is the officer's latest one, or None."""


@dataclass(frozen=True)
class Rest:
    """Where a case came to rest. `run`: running, ended or cancelled; `opened`: tasks that officers got now, id → step."""

    case_id: UUID
    run: str
    status: str
    opened: dict[UUID, str]


class Follower(Protocol):
    """Hears, at the end of each transaction that moved a case, where it rests."""

    def __call__(self, *, rest: Rest, now: datetime) -> None:
        """Write rows of one's own; the case does not move again in here."""


class Questions(Protocol):
    """Which questions the applicant of a case can be asked to answer again."""

    def __call__(self, *, case_id: UUID) -> dict[str, Any]:
        """Return them by name, each with its wording; none for a case of another kind."""


#: Messages that contexts above deliver.
messages: set[str] = set()
#: Statuses that pages and messages have words for.
statuses: set[str] = set()
actions: Registry[Service] = Registry("action of a service task")
observers: list[Observer] = []
followers: list[Follower] = []
questions: list[Questions] = []


def register_action(
    name: str,
    action: Action | None = None,
    *,
    call: Call | None = None,
    schema: dict[str, Any] | None = None,
    awaits: dict[str, str] | None = None,
    status: str = "",
    need: Need | None = None,
) -> None:
    """Plug in what `huduma:action="name"` does. See Service; without a schema the task takes no configuration."""
    closed = {"type": "object", "additionalProperties": False, **(schema or {})}
    actions.register(name, Service(action, call, closed, awaits or {}, status, need))


def status_of(action: str) -> str:
    """Return the status that a service task has of itself, or ""."""
    return next((service.status for name, service in actions.items() if name == action), "")


def tasks_schema() -> dict[str, Any]:
    """Return a JSON Schema of what each service task of the library can be told, by its action."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://huduma.example/schemas/tasks.schema.json",
        "title": "Service tasks of process.bpmn",
        "description": "For each huduma:action, what its <huduma:with> elements may say. See docs/bpmn.md.",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: service.schema for name, service in sorted(actions.items())},
    }


def register_messages(*names: str) -> None:
    """Say which messages a context delivers, so that no process waits for one that never comes."""
    messages.update(names)


def register_statuses(*names: str) -> None:
    """Say for which statuses of a case there are words in every language."""
    statuses.update(names)


def known_messages() -> frozenset[str]:
    """Return every message that somebody delivers, or that ends a service task."""
    return frozenset(messages.union(*(service.awaits for _, service in actions.items())))


def register_observer(observer: Observer) -> None:
    """Plug in somebody who follows the status of cases."""
    if observer not in observers:
        observers.append(observer)


def register_questions(asked: Questions) -> None:
    """Plug in somebody who knows what the applicants of cases were asked."""
    if asked not in questions:
        questions.append(asked)


def questions_of(case_id: UUID) -> dict[str, Any]:
    """Return the questions of a case that can be asked again: wording by name, in the order of the form."""
    return {name: label for asked in questions for name, label in asked(case_id=case_id).items()}


def register_follower(follower: Follower) -> None:
    """Plug in somebody who follows where cases rest."""
    if follower not in followers:
        followers.append(follower)


def tell_followers(rest: Rest, now: datetime) -> None:
    """Say where a case came to rest."""
    for follower in followers:
        follower(rest=rest, now=now)
