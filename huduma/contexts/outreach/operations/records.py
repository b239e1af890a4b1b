"""Taking in what tablets bring: each record once, whatever is sent again."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.dateparse import parse_datetime

from huduma.contexts.outreach import events, queries, rules
from huduma.contexts.outreach.models import Device, HeldFile, Record
from huduma.foundation import jobs
from huduma.foundation.access import Actor, Refusal
from huduma.foundation.journal import public as journal


class AnotherRecord(Refusal):
    """Another record has this number. Take it in again as a new one."""


class Malformed(Refusal):
    """This record is not complete or not readable, so it was not taken in. Open it on the tablet and check it."""


@dataclass(frozen=True)
class Result:
    """How a record stands: `stored`, `done`, `conflict` or `refused`; the message says why it was refused."""

    id: str
    state: str
    message: str = ""


@transaction.atomic
def receive_records(*, actor: Actor, device_id: UUID, sent: list[Any], now: datetime) -> list[Result]:
    """Keep records as they were sent and return how each stands. The same again changes nothing; what is malformed is not kept."""
    device = Device.objects.select_for_update(of=("self",)).select_related("visit").get(id=device_id)
    faults = [rules.fault(one) for one in sent]
    sound = [one for one, fault in zip(sent, faults, strict=True) if fault is None]
    wanted = {UUID(one["id"]) for one in sound}
    before = set(Record.objects.filter(id__in=wanted).values_list("id", flat=True))
    Record.objects.bulk_create((_record(device, one, now) for one in sound), ignore_conflicts=True)
    rows = {row.id: row for row in Record.objects.filter(id__in=wanted)}
    new = [row for row in rows.values() if row.id not in before and row.device_id == device.id]
    for row in new:
        settle(row)
    if new:
        event = events.RecordsReceived(
            device_id=device.id, visit_id=device.visit_id, account_id=device.account_id,
            counts=dict(Counter(row.kind for row in new)),
        )  # fmt: skip
        journal.record(actor=actor, event=event, now=now)
    return [_result(device, one, fault, rows) for one, fault in zip(sent, faults, strict=True)]


def _record(device: Device, sent: dict[str, Any], now: datetime) -> Record:
    said = parse_datetime(sent["made_at"]) or now
    body, kind = sent["body"], sent["kind"]
    return Record(
        id=UUID(sent["id"]), device=device, visit_id=device.visit_id, kind=kind, body=body, digest=rules.digest(sent),
        made_at=min(max(said, device.registered_at), now),  # a tablet's clock may be wrong
        received_at=now, number=rules.uses(kind, body, device.visit.reference),
        **rules.served(kind, body, said.date()),
        waits_for=UUID(body["application"]) if body.get("application") else None,
    )  # fmt: skip


def settle(record: Record) -> None:
    """Make a record that waits ready for the job, or refuse it, as its files and the record before it stand now.

    The device is locked: of a record and its last file, whichever comes later sees the other.
    """
    if record.state != "waiting":
        return
    files = {str(one.id): one for one in HeldFile.objects.filter(record_id=record.id, device_id=record.device_id)}
    wanted = [files.get(one.lower()) for one in rules.file_ids(record.body)]
    refused = next((one.refusal for one in wanted if one is not None and one.refusal), "")
    if refused:
        Record.objects.filter(id=record.id).update(state="refused", message=refused)
        record.state, record.message = "refused", refused
        return
    # locked, so that one that is being applied now is seen as done, or sees this one when it is
    before = (
        Record.objects.select_for_update().filter(id=record.waits_for, visit_id=record.visit_id).first()
        if record.waits_for
        else None
    )
    is_next = record.waits_for is None or (before is not None and before.state in ("done", "refused"))
    if is_next and all(one is not None and one.file_id for one in wanted):
        Record.objects.filter(id=record.id).update(state="ready")
        record.state = "ready"
        hand_to_job(record)


def hand_to_job(record: Record) -> None:
    """Let the job apply a record."""
    jobs.defer("outreach.apply", record_id=str(record.id))


def _result(device: Device, sent: Any, fault: str | None, rows: dict[UUID, Record]) -> Result:
    sent_id = str(sent.get("id", "")) if isinstance(sent, dict) else ""
    if fault is not None:
        return Result(sent_id, "refused", f"{Malformed().message} ({fault})")
    row = rows[UUID(sent_id)]
    if row.device_id != device.id or row.digest != rules.digest(sent):
        return Result(sent_id, "refused", AnotherRecord().message)
    state, message = queries.state_of(row)
    return Result(sent_id, state, message)
