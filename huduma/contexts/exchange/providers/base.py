"""The socket of connectors."""

from abc import ABC, abstractmethod
from typing import ClassVar

from huduma.foundation.sockets import Registry

Facts = dict[str, str | None]


class Down(Exception):
    """The register does not answer, or answers that it is broken."""


class Missing(Exception):
    """The register answered: it holds nothing under this key."""


class Connector(ABC):
    """A register that can be asked about one thing.

    `allowed` lists the facts that may leave the connector: whatever else the register sends is dropped on receipt
    (Data Protection Act 2019, s.25(d): data minimisation). `confidence` is one of spec-conformant, client-proven,
    self-proven, assumed.
    """

    allowed: ClassVar[tuple[str, ...]]
    confidence: ClassVar[str]

    @abstractmethod
    def ask(self, key: dict[str, str]) -> Facts:
        """Return the allowed facts under a key. Raises Down, Missing. Never logs what it sends or receives."""


connectors: Registry[Connector] = Registry("register")
