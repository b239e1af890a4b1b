"""What this context announces."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from huduma.foundation.journal.event import Event


@dataclass(frozen=True, kw_only=True)
class RegisterAsked(Event):
    """A register was asked about a record."""

    act: ClassVar[str] = "exchange.register.asked"
    subject: ClassVar[str] = "lookup_id"
    lookup_id: UUID
    register: str
    outcome: str
