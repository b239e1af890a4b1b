"""The socket of those who wait for a certain SMS: a higher context that asked a question hears the answer before anybody else."""

from datetime import datetime
from typing import Protocol

from huduma.foundation.sockets import Registry


class Listener(Protocol):
    """Takes an SMS, or leaves it to others."""

    def __call__(self, *, phone: str, text: str, now: datetime) -> str | None:
        """Return what is answered to an SMS that it took, or None for one that is not its own."""


listeners: Registry[Listener] = Registry("listener for SMS")


def register_listener(name: str, listener: Listener) -> None:
    """Plug in a listener. What it takes is kept by nobody else: neither its bytes nor a conversation."""
    listeners.register(name, listener)
