"""The socket of payment gateways. Adapters speak a vendor's protocol and nothing else: no database, no rule about money."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Literal

from django.conf import settings

from huduma.foundation.sockets import Registry
from huduma.foundation.text import storable

#: How long a gateway may think.
READ_SECONDS = max(30.0 / settings.PAYMENTS_PACE, 2.0)

#: Returns the token all processes share: (gateway, wanted anew, how to get a new one and how long it lives) → token.
SharedToken = Callable[[str, bool, Callable[[], tuple[str, timedelta]]], str]
#: How far an adapter is proven. Only the first two mean that somebody else's software agreed with it.
Confidence = Literal["spec-conformant", "client-proven", "self-proven", "assumed"]
#: What the payer does: answers a prompt on the phone, goes to a page, types the reference elsewhere, comes to a counter.
Way = Literal["prompt", "page", "typed", "counter"]


class Rejected(Exception):
    """The gateway certainly did not do it; `reason` is a code that channels have words for (any other: it does not work just now)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Uncertain(Exception):
    """The gateway may have done it: the line broke after the request was handed over."""


class Malformed(Exception):
    """A callback that does not follow the gateway's format."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be collected. `id` is ours and unique: the gateway's guard against collecting twice."""

    id: str
    reference: str
    amount_cents: int
    currency: str
    description: str
    phone: str
    language: str
    callback_url: str
    return_url: str


@dataclass(frozen=True)
class Started:
    """The gateway took the order: its id, the page to which the payer goes, and what they may type elsewhere, if any."""

    checkout_id: str
    page_url: str = ""
    account: str = ""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A payment whose fate is asked for. One that came unasked has a receipt and no checkout id."""

    id: str
    checkout_id: str
    receipt: str
    reference: str
    phone: str = ""
    amount_cents: int
    started_at: datetime
    callback_url: str


def _clean(told: object, *names: str) -> None:
    for name in names:
        if isinstance(value := getattr(told, name), str):
            object.__setattr__(told, name, storable(value))


@dataclass(frozen=True)
class Result:
    """What a gateway knows of a payment or refund; `reason` is our code where it failed.

    `amount_cents` is all that was received for the request so far (None: exactly what was asked).
    """

    state: Literal["paid", "failed", "pending"]
    reason: str = ""
    amount_cents: int | None = None
    receipt: str | None = None
    phone: str = ""
    payer_name: str = ""

    def __post_init__(self) -> None:
        """Let through only what can be kept."""
        _clean(self, "receipt", "phone", "payer_name")


PENDING = Result("pending")


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What a callback claims: about a payment that we asked for, money that came unasked, or a refund.

    `key` names the event in the gateway's own words, the same in every repetition. `reference` is what the payer typed.
    """

    kind: Literal["asked", "unasked", "confirmation", "refund", "balance"]
    key: str
    result: Result
    checkout_id: str = ""
    reference: str = ""

    def __post_init__(self) -> None:
        """Let through only what can be kept: the callback itself stays byte for byte."""
        _clean(self, "key", "checkout_id", "reference")


@dataclass(frozen=True, kw_only=True)
class Repayment:
    """Money to be given back. `id` is ours and unique; `whole` when it is all of what was received."""

    id: str
    amount_cents: int
    currency: str
    whole: bool
    phone: str
    checkout_id: str
    receipt: str
    provider_id: str
    result_url: str


@dataclass(frozen=True)
class Pulled:
    """One line of a gateway's own list of what it received."""

    receipt: str
    reference: str
    amount_cents: int
    at: datetime
    phone: str = ""
    payer_name: str = ""
    currency: str = "KES"


class Gateway(ABC):
    """A way to be paid.

    `address` is its word in the address of callbacks. `proof` and `unknowns` are read by operators: what was proven and how,
    and what only the real system can tell.
    """

    name: ClassVar[dict[str, str]]
    address: ClassVar[str]
    way: ClassVar[Way]
    confidence: ClassVar[Confidence]
    proof: ClassVar[str]
    unknowns: ClassVar[tuple[str, ...]] = ()
    currencies: ClassVar[tuple[str, ...]] = ("KES",)
    whole_units: ClassVar[bool] = False
    needs_phone: ClassVar[bool] = False
    #: Headers of callbacks that are a password rather than a signature: checked, and not kept (`Authorization` never is).
    credentials: ClassVar[tuple[str, ...]] = ()
    #: Where payers can type a reference themselves: the menu that has "Pay bill" ("": a bank account), and the number. None: nowhere.
    typed_at: tuple[str, str] | None = None

    def begin(self, order: Order) -> Started:
        """Ask the payer, or open a page for them. Raises Rejected, Uncertain."""
        raise Rejected("unsupported")

    def query(self, asked: Asked) -> Result:
        """Ask what became of a payment; "pending" whenever that is not certain.

        `Result("pending", "not-found")` says that the gateway answers and has no trace of it: ten minutes after the request it is over.
        """
        return PENDING

    def verify(self, *, headers: Mapping[str, str], body: bytes) -> bool | None:
        """Whether a signature or credential is right; None where the gateway has none."""
        return None

    @abstractmethod
    def parse(self, body: bytes) -> Notice:
        """Read a callback. Raises Malformed."""

    def acknowledge(self, notice: Notice | None, callback_id: str) -> dict[str, Any]:
        """Return what the gateway wants to hear; `callback_id` is that of the event's first callback."""
        return {}

    def request_confirmation(self, asked: Asked) -> bool:
        """Order the gateway's own word on money that came unasked, to be sent to `callback_url`; False where it knows none."""
        return False

    def pull(self, since: datetime, until: datetime) -> list[Pulled] | None:
        """List what was received without being asked for; None where the gateway has no such list. Raises Uncertain."""
        return None


class Balances(ABC):
    """A gateway that tells, by a callback to the standing address, what it holds for us."""

    @abstractmethod
    def order_balance(self, result_url: str) -> None:
        """Order the balance. Raises Rejected, Uncertain."""


class Registers(ABC):
    """A gateway that is told by a call where to send its news."""

    @abstractmethod
    def register(self, standing_url: str) -> None:
        """Enter our addresses; again changes nothing. Raises Rejected, Uncertain."""


class Cancels(ABC):
    """A gateway that can close the page on which a payer has not paid."""

    @abstractmethod
    def cancel(self, asked: Asked) -> None:
        """Close it; from then on nobody can pay there. Raises Rejected (it was paid, or is closed), Uncertain."""


class DrawsCodes(ABC):
    """A gateway that draws a picture which the payer's app reads."""

    @abstractmethod
    def draw_code(self, *, reference: str, amount_cents: int) -> bytes:
        """Return a PNG. Raises Rejected, Uncertain."""


class Repays(ABC):
    """A gateway that can give money back by itself."""

    @abstractmethod
    def repay(self, repayment: Repayment) -> Result | str:
        """Give money back: the result, or the gateway's id where the result comes later.

        Raises Rejected (a person has to do it), Uncertain (asking again with the same id is safe).
        """

    @abstractmethod
    def query_repayment(self, repayment: Repayment) -> Result:
        """Ask what became of it; "pending" whenever that is not certain."""


class Validates(ABC):
    """A gateway that asks us before it takes what a payer typed."""

    @abstractmethod
    def read_question(self, body: bytes) -> tuple[str, int | None]:
        """Return the reference and the amount in cents (None: not yet known). Raises Malformed."""

    @abstractmethod
    def answer_question(
        self, refusal: Literal["", "reference", "amount"], *, name: str, due_cents: int, currency: str
    ) -> dict[str, Any]:
        """Say yes, or no and why."""


gateways: Registry[Gateway] = Registry("payment gateway")


def json_object(body: bytes) -> dict[str, Any]:
    """Return a callback's JSON object. Raises Malformed."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None
    if not isinstance(content, dict):
        raise Malformed("not an object")
    return content


def cents(amount: object) -> int:
    """Return an amount that came as a number or as text ("1,200.00") in cents, exactly. Raises Malformed."""
    try:
        value = Decimal(str(amount).replace(",", "").strip()) * 100
        whole = int(value)
    except (ArithmeticError, ValueError):
        raise Malformed("amount") from None
    if value != whole or not 0 <= whole < 10**14:
        raise Malformed("amount")
    return whole


def e164(number: object) -> str:
    """Return a Kenyan number as `+254…`, however the gateway wrote it; one that is masked or hashed stays as it came."""
    text = str(number or "").strip()
    digits = text.lstrip("+")
    if not (digits.isascii() and digits.isdecimal()):
        return text[:30]
    if len(digits) == 9:
        return f"+254{digits}"
    return f"+254{digits[1:]}" if digits.startswith("0") and len(digits) == 10 else f"+{digits}"


def by_address(address: str) -> str | None:
    """Return the gateway that calls back under an address."""
    return next((code for code, gateway in gateways.items() if gateway.address == address), None)
