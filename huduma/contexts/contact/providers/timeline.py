"""The socket of the customer's page: what a higher context adds to the timeline."""

from collections.abc import Sequence

from huduma.foundation.sockets import Registry

groups: Registry[tuple[str, ...]] = Registry("group of the timeline")


def register_group(name: str, acts: Sequence[str]) -> None:
    """Plug in a group of acts; their entries name the person, so they stand on the page of who may be seen whole."""
    groups.register(name, tuple(acts))
