"""The socket of payment gateways."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Literal

from huduma.foundation.sockets import Registry

#: Returns the token all processes share: (gateway, wanted anew, how to get a new one and how long it lives) → token.
SharedToken = Callable[[str, bool, Callable[[], tuple[str, timedelta]]], str]


class Rejected(Exception):
    """The gateway certainly did not start the payment; `reason` is a code that channels have words for."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Uncertain(Exception):
    """The gateway may have started the payment: the line broke after the request was handed over."""


class Malformed(Exception):
    """A callback that does not follow the gateway's format."""


@dataclass(frozen=True)
class Result:
    """What a gateway knows of a payment; `reason` is our code where it failed."""

    state: Literal["paid", "failed", "pending"]
    reason: str = ""


@dataclass(frozen=True)
class Notice:
    """What a callback claims."""

    checkout_id: str
    result: Result
    amount_cents: int | None
    receipt: str | None


class Gateway(ABC):
    """A way to be paid. Adapters speak the vendor's protocol and nothing else: no database but the token cache."""

    confidence: ClassVar[str]

    @abstractmethod
    def push(self, *, phone: str, amount_cents: int, reference: str, callback_url: str) -> str:
        """Ask the payer on their phone; return the gateway's id of the request. Raises Rejected, Uncertain."""

    @abstractmethod
    def query(self, checkout_id: str) -> Result:
        """Ask what became of a request; "pending" whenever that is not certain."""

    @abstractmethod
    def parse(self, body: bytes) -> Notice:
        """Read a callback. Raises Malformed."""


gateways: Registry[Gateway] = Registry("payment gateway")
