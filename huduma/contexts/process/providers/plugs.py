"""Where higher contexts plug in: what a service task does, and who hears of a case's status and of where it rests."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from huduma.foundation.sockets import Registry


class Action(Protocol):
    """What a service task does, inside the transaction of the step: write rows and defer jobs, never call out."""

    def __call__(self, *, case_id: UUID, config: dict[str, Any], now: datetime) -> dict[str, Any] | None:
        """Act; what is returned becomes facts of the case, where the process declares them."""


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


actions: Registry[Action] = Registry("action of a service task")
observers: list[Observer] = []
followers: list[Follower] = []


def register_action(name: str, action: Action) -> None:
    """Plug in what `huduma:action="name"` does."""
    actions.register(name, action)


def register_observer(observer: Observer) -> None:
    """Plug in somebody who follows the status of cases."""
    if observer not in observers:
        observers.append(observer)


def register_follower(follower: Follower) -> None:
    """Plug in somebody who follows where cases rest."""
    if follower not in followers:
        followers.append(follower)


def tell_followers(rest: Rest, now: datetime) -> None:
    """Say where a case came to rest."""
    for follower in followers:
        follower(rest=rest, now=now)
