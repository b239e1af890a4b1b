"""Where higher contexts plug in: what a service task does, and who hears of a case's status."""

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


actions: Registry[Action] = Registry("action of a service task")
observers: list[Observer] = []


def register_action(name: str, action: Action) -> None:
    """Plug in what `huduma:action="name"` does."""
    actions.register(name, action)


def register_observer(observer: Observer) -> None:
    """Plug in somebody who follows the status of cases."""
    if observer not in observers:
        observers.append(observer)
