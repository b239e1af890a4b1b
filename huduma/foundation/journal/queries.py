"""Reading the journal."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max

from huduma.foundation.journal.models import EntryRow


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One act, as read back: `at` is UTC, ids inside `facts` are text."""

    id: UUID
    at: datetime
    act: str
    subject_id: UUID | None
    actor_kind: str
    actor_account_id: UUID | None
    actor_person_id: UUID | None
    roles: str
    on_behalf_of: UUID | None
    channel: str
    purpose: str
    facts: dict[str, Any]


def _entry(row: EntryRow) -> Entry:
    return Entry(
        id=row.id,
        at=row.recorded_at,
        act=row.act,
        subject_id=row.subject_id,
        actor_kind=row.actor_kind,
        actor_account_id=row.actor_account_id,
        actor_person_id=row.actor_person_id,
        roles=row.roles,
        on_behalf_of=row.on_behalf_of,
        channel=row.channel,
        purpose=row.purpose,
        facts=row.facts,
    )


def entries_concerning(some_id: UUID, *, acts: Iterable[str] | None = None, limit: int = 200) -> list[Entry]:
    """Return the newest entries that mention an id, newest first."""
    rows = EntryRow.objects.filter(concerns__contains=[some_id])
    if acts is not None:
        rows = rows.filter(act__in=list(acts))
    return [_entry(row) for row in rows.order_by("-sequence")[:limit]]


def page_concerning(
    some_ids: Iterable[UUID], *, acts: Iterable[str], before: int | None, limit: int, since: datetime | None = None
) -> tuple[list[Entry], int | None]:
    """Return the newest entries that mention any of the ids, newest first, and the cursor for the older ones (None: no more)."""
    rows = EntryRow.objects.filter(concerns__overlap=list(some_ids), act__in=list(acts))
    if before is not None:
        rows = rows.filter(sequence__lt=before)
    if since is not None:
        rows = rows.filter(recorded_at__gte=since)
    found = list(rows.order_by("-sequence")[: limit + 1])
    return [_entry(row) for row in found[:limit]], found[limit - 1].sequence if len(found) > limit else None


def last_times(act: str, subject_ids: Collection[UUID], **facts: list[str]) -> dict[UUID, datetime]:
    """Return when an act was last done to each of some subjects. `facts`: values that a fact may have, such as `how=["claimed"]`."""
    rows = EntryRow.objects.filter(act=act, concerns__overlap=list(subject_ids), subject_id__in=list(subject_ids))
    for name, values in facts.items():
        rows = rows.filter(**{f"facts__{name}__in": values})
    found = rows.values_list("subject_id").annotate(Max("recorded_at"))
    return {subject_id: at for subject_id, at in found if subject_id is not None}


def get_entry(entry_id: UUID) -> Entry:
    """Return one entry by id."""
    return _entry(EntryRow.objects.get(id=entry_id))
