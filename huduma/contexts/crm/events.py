"""What this context announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class LinkEvent(Event):
    """A fact about the link to a body's program."""

    subject: ClassVar[str] = "link_id"
    link_id: UUID
    body_code: str


@dataclass(frozen=True, kw_only=True)
class LinkOpened(LinkEvent):
    """A body's program may work on its matters."""

    act: ClassVar[str] = "crm.link.opened"


@dataclass(frozen=True, kw_only=True)
class LinkClosed(LinkEvent):
    """It may no more."""

    act: ClassVar[str] = "crm.link.closed"


@dataclass(frozen=True, kw_only=True)
class DeliveryDied(LinkEvent):
    """A webhook was given up after its last try."""

    act: ClassVar[str] = "crm.delivery.died"
    delivery_id: UUID


@dataclass(frozen=True, kw_only=True)
class DeliveryReplayed(LinkEvent):
    """Somebody let a webhook be tried again."""

    act: ClassVar[str] = "crm.delivery.replayed"
    delivery_id: UUID
