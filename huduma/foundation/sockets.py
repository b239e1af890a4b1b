"""Sockets: where a low layer lets vendors and higher layers plug in (at start-up, in `AppConfig.ready`)."""

from collections.abc import ItemsView
from typing import Generic, TypeVar

T = TypeVar("T")


class Unknown(LookupError):
    """Nothing is registered under this key."""


class Registry(Generic[T]):
    """The plugs of one socket, by key. `kind` names them in errors."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._plugs: dict[str, T] = {}

    def register(self, key: str, plug: T) -> None:
        """Plug in; a key is taken once."""
        if key in self._plugs:
            raise ValueError(f"{self.kind} {key!r} is registered already")
        self._plugs[key] = plug

    def get(self, key: str) -> T:
        """Return the plug of a key; raises Unknown."""
        try:
            return self._plugs[key]
        except KeyError:
            raise Unknown(
                f"no {self.kind} is called {key!r}; known: {', '.join(sorted(self._plugs)) or 'none'}"
            ) from None

    def items(self) -> ItemsView[str, T]:
        """Return all plugs in the order of their registration."""
        return self._plugs.items()
