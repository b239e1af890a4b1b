"""Identifiers for machines: UUID version 7 (RFC 9562), so that they sort by time and can be minted on any device."""

from datetime import datetime
from uuid import UUID

import uuid_utils


def uuid7() -> UUID:
    """Return a new time-ordered identifier: a counter tells apart those of one millisecond, so that none is ahead of the clock."""
    return UUID(int=uuid_utils.uuid7().int)


def first_of(moment: datetime) -> UUID:
    """Return the lowest identifier that `uuid7` may mint at a moment (to the millisecond)."""
    return UUID(int=(int(moment.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62))
