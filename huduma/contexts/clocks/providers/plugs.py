"""Where higher contexts plug in: who keeps a copy of a case's due time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID


class DueFollower(Protocol):
    """Hears, inside the transaction, that services' promises fall due at other times."""

    def __call__(self, *, dues: Mapping[UUID, datetime | None]) -> None:
        """`dues`: case → its promise's new due time; many at once after a change of the calendar."""


due_followers: list[DueFollower] = []


def register_due_follower(follower: DueFollower) -> None:
    """Plug in somebody who keeps due times too."""
    if follower not in due_followers:
        due_followers.append(follower)
