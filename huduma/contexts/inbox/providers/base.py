"""The socket of channels."""

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from huduma.foundation import http
from huduma.foundation.sockets import Registry
from huduma.foundation.text import storable

#: What reading JSON of a stranger raises, whose parts are not what they should be; also where it is nested deeper than Python goes.
MALFORMED = (ValueError, TypeError, LookupError, AttributeError, RecursionError)  # phones.InvalidPhone is a ValueError
#: What the tables hold.
ADDRESS_LIMIT, ID_LIMIT = 254, 300


class Unreadable(Exception):
    """What came in cannot be understood; the first argument is a short code of why, kept with it."""


class Refused(Exception):
    """The other side certainly did not take a message, and will not; the first argument is a short code of why."""


def _clean(news: object, **limits: int | None) -> None:
    for name, limit in limits.items():
        object.__setattr__(news, name, storable(getattr(news, name))[:limit])


@dataclass(frozen=True)
class Attached:
    """A file that came with a message."""

    name: str
    content: bytes

    def __post_init__(self) -> None:
        """Let through only a name that can be kept."""
        object.__setattr__(self, "name", storable(self.name)[-200:])


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """One message as its channel tells of it.

    `address`: by what the channel knows the sender (E.164 number, e-mail address, the company's own id). `outside_id`: the channel's
    own id, by which a repeat is known. `answers`: ids of messages that it answers, the nearest first. `is_automatic`: a machine wrote
    it, or its sender is forged, so no machine answers.
    `is_proven`: whether the channel vouches for the sender. `undelivered`: the id of a message of ours that did not arrive.
    """

    address: str
    outside_id: str
    text: str = ""
    name: str = ""
    subject: str = ""
    answers: tuple[str, ...] = ()
    files: tuple[Attached, ...] = ()
    is_automatic: bool = False
    is_proven: bool = True
    undelivered: str = ""

    def __post_init__(self) -> None:
        """Let through only what can be kept: what came in stays byte for byte beside it."""
        _clean(self, address=ADDRESS_LIMIT, outside_id=ID_LIMIT, text=None, name=150, subject=150, undelivered=ID_LIMIT)
        object.__setattr__(self, "answers", tuple(storable(one)[:ID_LIMIT] for one in self.answers))


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What became of a message of ours, by the channel's id of it, or by the `mark` that we sent with it: our own id."""

    outside_id: str
    delivered: bool
    mark: str = ""

    def __post_init__(self) -> None:
        """Let through only an id that can be looked for."""
        _clean(self, outside_id=ID_LIMIT)


@dataclass(frozen=True)
class Unread:
    """A part of what came in that could not be understood; what stands beside it is taken all the same. `why`: a short code."""

    why: str


@dataclass(frozen=True, kw_only=True)
class CallNews:
    """What a line says of a call, each time something happens in it.

    A call is known by `session_id`, the line's own id of the customer's side, or by our `call_id`. `leg`: whose side it is about, the
    customer's or the agent's. `phone`: the number on the other side, in E.164. `is_answered`: that side lifted. `cause` of an end without
    an answer: busy, no_answer, unknown_number or failed.
    """

    session_id: str = ""
    call_id: UUID | None = None
    leg: str = "customer"
    direction: str = "in"
    phone: str = ""
    is_answered: bool = False
    is_over: bool = False
    digits: str = ""
    seconds: int = 0
    recording: str = ""
    cause: str = ""

    def __post_init__(self) -> None:
        """Let through only what can be kept."""
        _clean(self, session_id=100, digits=20, recording=500)
        object.__setattr__(self, "seconds", min(self.seconds, 24 * 3600))


News = Incoming | Receipt | CallNews | Unread


class Channel(ABC):
    """A channel. `confidence` says how far its adapter is proven; `sends`: whether `send` hands messages over itself."""

    confidence: ClassVar[str]
    sends: ClassVar[bool] = False
    #: How many characters a message that it sends may have.
    longest: ClassVar[int] = 8000
    #: For how long after the customer's last message we may answer; None where always.
    window: ClassVar[timedelta | None] = None

    def challenge(self, asked: str) -> str | None:
        """Return what a channel has to hear that checks our address by something to be signed; None for others."""
        return None

    def read(self, headers: Mapping[str, str], body: bytes) -> list[News]:
        """Return what stands in something that came in. Raises Unreadable."""
        raise NotImplementedError

    def is_signed(self, body: bytes, signature: str) -> bool:
        """Whether something that came in bears the channel's own signature; a channel that signs nothing has none."""
        return False

    def send(self, *, to: str, text: str, mark: str) -> str:
        """Hand over one message and return the channel's id of it. Raises Refused, and http.Unavailable where trying again may help.

        `mark`: our own id of it, for channels whose receipts give one back.
        """
        raise NotImplementedError


class Line(Channel):
    """A telephone line. `steers`: whether it does what it is told at any moment; one that does not asks at each turn of a call."""

    steers: ClassVar[bool] = False

    def ring(self, *, call_id: UUID, agent_phone: str, phone: str) -> str:
        """Ring the agent first, and return the session's id. Again for the same call, it rings once where the line can tell.

        Raises Refused and http.Unavailable; either way the call has failed.
        """
        raise NotImplementedError

    def answer(self, *, session_id: str, is_open: bool) -> None:
        """Answer a caller and let them wait, or choose to be called back. Raises http.Unavailable, as all below."""

    def say(self, *, session_id: str, language: str, sounds: tuple[str, ...]) -> None:
        """Say some sounds to a caller, one after the other; after the last of a status (`goodbye`) the call is over."""

    def connect(self, *, call_id: UUID, phone: str) -> None:
        """Ring the customer, for an agent who lifted. Raises Refused too."""

    def bridge(self, *, call_id: UUID, session_id: str) -> None:
        """Let the agent and the customer talk."""

    def thank(self, *, session_id: str) -> None:
        """Tell a caller that they will be called back, and hang up."""

    def hang_up(self, *, call_id: UUID, session_id: str) -> None:
        """End all that belongs to a call; what ended already is no error."""

    def recording(self, address: str) -> bytes | None:
        """Return a recording by the address that the line gave (empty where it has none), or None where a browser fetches it."""
        return None

    def forget(self, address: str) -> None:
        """Delete a recording, where the line lets us; one that is gone is no error. Raises http.Unavailable."""


def id_in(answer: Any, *where: str | int) -> str:
    """Return the id that a company gave a message which it took. Raises http.Unavailable, as of a line that broke later, if none."""
    try:
        found = answer.json()
        for step in where:
            found = found[step]
    except (ValueError, LookupError, TypeError):
        raise http.Unavailable("no id", sent=True) from None
    return str(found)


channels: Registry[Channel] = Registry("channel")


def line(name: str) -> Line:
    """Return a channel that carries calls."""
    found = channels.get(name)
    if not isinstance(found, Line):
        raise TypeError(f"{name} carries no calls")
    return found
