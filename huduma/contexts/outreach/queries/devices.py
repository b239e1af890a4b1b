"""Reading tablets."""

from huduma.contexts.identity import public as identity
from huduma.contexts.outreach.models import Device
from huduma.foundation.access import Actor


def officer_of(device: Device) -> Actor:
    """Return the officer whose tablet it is, as the one who acts: the token was given after password and second factor.

    Whoever lost their roles since then acts without them.
    """
    return identity.actor_for(device.account, channel="outreach", purpose="casework", second_factor=True)


def count_used(device: Device, kind: str) -> int:
    """Return how many of its numbers of a kind a device used, as far as its records arrived."""
    return device.records.filter(kind=kind).count()
