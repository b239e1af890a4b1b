"""Telephones that ring: who is called by whom, and what happens when somebody lifts or hangs up. No protocol; `ari` and `voice` have those."""

import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

News = Callable[["Leg", str], Awaitable[None]]


@dataclass
class Leg:
    """One telephone in a call. `number`: whose it is; `shown`: what it shows; `state`: dialling (we ring them), ring, up, or over.

    `tell` hears of `up`, `over` and `digit …`.
    """

    id: str
    number: str
    shown: str
    tell: News
    state: str = "ring"
    is_ours: bool = True  # the system rang it; otherwise its owner called the system
    since: float = field(default_factory=time.time)
    said: list[str] = field(default_factory=list)  # what was played to it
    talks_with: str = ""
    cause: int = 16


class Exchange:
    """The legs that there are, by id."""

    def __init__(self) -> None:
        self.legs: dict[str, Leg] = {}

    def ring(self, number: str, shown: str, tell: News, *, leg_id: str = "") -> Leg:
        """Ring a telephone; one that is busy is not rung, but told of as over."""
        leg = Leg(leg_id or secrets.token_hex(8), number, shown, tell)
        if any(one.number == number for one in self.legs.values()):
            leg.state, leg.cause = "over", 17
        else:
            self.legs[leg.id] = leg
        return leg

    def of(self, number: str) -> Leg | None:
        """Return the leg of a telephone."""
        return next((leg for leg in self.legs.values() if leg.number == number), None)

    async def lift(self, leg: Leg) -> None:
        """Answer."""
        if leg.state == "ring":
            leg.state = "up"
            await leg.tell(leg, "up")

    async def press(self, leg: Leg, digit: str) -> None:
        """Press a key in a call."""
        await leg.tell(leg, f"digit {digit}")

    async def end(self, leg: Leg, cause: int = 16) -> None:
        """Hang up, decline (21) or let it ring out (19)."""
        if self.legs.pop(leg.id, None) is not None:
            leg.state, leg.cause = "over", cause
            await leg.tell(leg, "over")
