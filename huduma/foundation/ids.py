"""Identifiers for machines: UUID version 7 (RFC 9562), so that they sort by time and can be minted on any device."""

from uuid import UUID

import uuid6


def uuid7() -> UUID:
    """Return a new time-ordered identifier."""
    return UUID(int=uuid6.uuid7().int)
