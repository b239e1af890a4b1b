"""Tablets: bound to an officer and a visit, known by a token, given their numbers, and erased when lost."""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from huduma.contexts.outreach import events, queries, rules
from huduma.contexts.outreach.models import Device, Range, Reference, Visit
from huduma.contexts.workforce import public as workforce
from huduma.foundation import references
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal
from huduma.foundation.text import storable

SEEN_SECONDS = 30


class NotOfVisit(Refusal):
    """You are not among the officers of this visit. Ask the supervisor who planned it to add you."""


class VisitOver(Refusal):
    """This visit has ended or was called off. Choose another one."""


class UnknownDevice(Refusal):
    """This tablet is not known here any more. Sign in and register it again; what it holds stays on it until then."""


class Erased(Refusal):
    """This tablet was reported lost. It erases everything that it holds; bring it back to your supervisor."""


@transaction.atomic
def register_device(*, actor: Actor, visit_id: UUID, name: str, now: datetime) -> tuple[Device, str]:
    """Bind a tablet to the actor and a visit; returns it with its token, which is told this once.

    Raises NotPermitted, NotFound, NotOfVisit, VisitOver.
    """
    actor.require_role("officer", "supervisor")
    if actor.account_id is None:
        raise NotPermitted
    visit = Visit.objects.select_for_update().filter(id=visit_id).first()
    if visit is None:
        raise NotFound
    if not visit.staff.filter(account_id=actor.account_id).exists():
        raise NotOfVisit
    expires_at = visit.ends_at + timedelta(days=rules.TOKEN_DAYS)
    if visit.state not in ("planned", "open") or now >= expires_at:
        raise VisitOver
    token = secrets.token_urlsafe(32)
    device = Device.objects.create(
        visit=visit, account_id=actor.account_id, name=" ".join(storable(name).split())[:60] or "tablet", code=_free_code(),
        letters=rules.letters(visit.devices.count()), token_digest=digest_of(token), registered_at=now,
        expires_at=expires_at, seen_at=now,
    )  # fmt: skip
    _record(actor, events.DeviceRegistered, device, now)
    return device, token


def _free_code() -> str:
    while True:
        code = references.mint("DV")[2:6]
        if not Device.objects.filter(code=code).exists():
            return code


def digest_of(token: str) -> str:
    """Return what is kept of a token, which is random and long: no salt, no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def recognise(*, token: str, unsynced: int | None, now: datetime) -> Device:
    """Return the device of a token and note that it called. `unsynced`: how many records it says still wait on it.

    A lost one comes back as such, to be told to erase itself. Raises UnknownDevice.
    """
    device = Device.objects.select_related("visit__county", "account").filter(token_digest=digest_of(token)).first()
    if device is None:
        raise UnknownDevice
    if device.state == "lost":  # whoever's it was: an officer who left does not keep what is on it
        Device.objects.filter(id=device.id, told_at=None).update(told_at=now, seen_at=now)
        return device
    if not device.account.is_active or now >= device.expires_at:
        raise UnknownDevice
    changed = unsynced is not None and unsynced != device.unsynced
    if changed or now - device.seen_at > timedelta(seconds=SEEN_SECONDS):
        values: dict[str, object] = {"seen_at": now}
        if changed:
            values["unsynced"] = unsynced
        Device.objects.filter(id=device.id).update(**values)
    return device


@transaction.atomic
def report_lost(*, actor: Actor, device_id: UUID, now: datetime) -> Device:
    """Report a tablet lost: nothing of it is taken any more, and it erases itself when it next calls; again changes nothing.

    Its officer or a supervisor of its team may. Raises NotFound, NotPermitted.
    """
    device = Device.objects.select_for_update(of=("self",)).select_related("visit").filter(id=device_id).first()
    if device is None:
        raise NotFound
    if actor.account_id != device.account_id or not actor.has_role("officer", "supervisor"):
        workforce.require_place(actor, device.visit.site_id, "supervisor")
    if device.state == "lost":
        return device
    device.state, device.lost_at, device.lost_by = "lost", now, actor.account_id
    device.save(update_fields=["state", "lost_at", "lost_by"])
    _record(actor, events.DeviceLost, device, now)
    return device


@transaction.atomic
def confirm_wiped(*, actor: Actor, device_id: UUID, now: datetime) -> None:
    """Note that a lost tablet erased itself; again changes nothing."""
    device = Device.objects.select_for_update().get(id=device_id)
    if device.state == "lost" and device.wiped_at is None:
        device.wiped_at = now
        device.save(update_fields=["wiped_at"])
        _record(actor, events.DeviceWiped, device, now)


@transaction.atomic
def take_pack(*, actor: Actor, device_id: UUID, now: datetime) -> queries.Pack:
    """Return what a tablet takes with it: services, forms and its own numbers, more of them where less than a fifth is unused."""
    device = Device.objects.select_for_update(of=("self",)).select_related("visit").get(id=device_id)
    for kind in ("ticket", "receipt"):
        _add_range(device, kind)
    _add_references(device)
    return queries.pack_of(device)


def note_pack(*, actor: Actor, device: Device, now: datetime) -> None:
    """Write down that a tablet took its pack."""
    _record(actor, events.PackTaken, device, now, services=device.visit.services)


def _add_range(device: Device, kind: str) -> None:
    last = max((one.last for one in device.ranges.filter(kind=kind)), default=0)
    if last - queries.count_used(device, kind) < max(last, 1) / 5:
        Range.objects.create(device=device, kind=kind, first=last + 1, last=last + rules.BLOCK)


def _add_references(device: Device) -> None:
    given = device.references.count()
    if given - queries.count_used(device, "application") < max(given, 1) / 5:
        minted = {references.mint("HA") for _ in range(rules.BLOCK)}
        Reference.objects.bulk_create((Reference(value=one, device=device) for one in minted), ignore_conflicts=True)


def _record(actor: Actor, kind: type[events.DeviceEvent], device: Device, now: datetime, **facts: object) -> None:
    event = kind(device_id=device.id, visit_id=device.visit_id, account_id=device.account_id, **facts)
    journal.record(actor=actor, event=event, now=now)
