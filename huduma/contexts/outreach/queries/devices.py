"""Reading tablets."""

from uuid import UUID

from django.db.models import Q

from huduma.contexts.identity import public as identity
from huduma.contexts.outreach.models import Device
from huduma.contexts.outreach.queries.visits import Standing, list_tablets
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import Actor, NotFound


def officer_of(device: Device) -> Actor:
    """Return the officer whose tablet it is, as the one who acts: the token was given after password and second factor.

    Whoever lost their roles since then acts without them.
    """
    return identity.actor_for(device.account, channel="outreach", purpose="casework", second_factor=True)


def count_used(device: Device, kind: str) -> int:
    """Return how many of its numbers of a kind a device used, as far as its records arrived."""
    return device.records.filter(kind=kind).count()


def get_tablet_for(actor: Actor, device_id: UUID) -> Standing:
    """Return a tablet to its officer and to the supervisors of its team. Raises NotFound, NotPermitted."""
    device = Device.objects.select_related("visit").filter(id=device_id).first()
    if device is None:
        raise NotFound
    if actor.account_id != device.account_id:
        workforce.require_place(actor, device.visit.site_id, "supervisor")
    return next(one for one in list_tablets(device.visit) if one.device.id == device.id)


def list_tablets_for(actor: Actor, limit: int = 200) -> list[Device]:
    """Return the tablets of the actor's teams, the latest first: those that may still hold something stand there until their token ends."""
    devices = Device.objects.select_related("visit").order_by("-registered_at")
    if not actor.has_role("secretariat", "administrator"):
        own = Q(account_id=actor.account_id) if actor.account_id else Q(pk=None)
        leads = Q(visit__site_id__in=workforce.places_of(actor)) if actor.has_role("supervisor") else Q(pk=None)
        devices = devices.filter(own | leads)
    return list(devices[:limit])
