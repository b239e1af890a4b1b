"""Two records of one human being joined, by a register's proof or by people, and parted again without loss.

What moves is what contexts registered (`belongings`); each moved row is written down, so that a parting gives back exactly that. A row
that a constraint holds back (a second draft of one service) stays where it is, and goes back to being used after a parting.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from huduma.contexts.identity import events
from huduma.contexts.identity.models import Account, Duplicate, Merge, MovedRow, Person, Representation
from huduma.contexts.identity.providers.belongings import Belonging, belongings
from huduma.contexts.identity.queries import duplicates as queries
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.journal import public as journal

#: For so long after a joining, what late acts still gave the merged record follows by itself.
GATHERED_FOR = timedelta(days=2)


class WhyNeeded(Refusal):
    """Say in a sentence how you know, so that whoever reads it next understands."""


class AlreadyJoined(Refusal):
    """One of these records was joined or is waiting for a second person already. Open the list again."""


class CannotBeOne(Refusal):
    """These records are two people: the register gave each of them an ID or birth record of its own, or one acts for the other."""


class RecordOfStaff(Refusal):
    """One of these is the record of a member of staff at work. It stays apart from what they do as a citizen."""


class ColleagueNeeded(Refusal):
    """Somebody else has to look at it too: ask a colleague who may join records."""


class JoinedFurther(Refusal):
    """The record that goes on was joined to another one later. Part those two first."""


@transaction.atomic
def join_records(*, actor: Actor, duplicate_id: UUID, why: str, now: datetime) -> Merge:
    """Join two records that may be one human being's; where both are verified or both sign in, ask a second person first.

    Which record goes on is no choice: the better verified one, then the one that signs in, then the older one.
    Raises NotPermitted, NotFound, WhyNeeded, AlreadyJoined, CannotBeOne, RecordOfStaff.
    """
    actor.require_role(*queries.JOINERS)
    if len(why.strip()) < 5:
        raise WhyNeeded
    duplicate = Duplicate.objects.select_for_update().filter(id=duplicate_id).first()
    if duplicate is None:
        raise NotFound
    kept, merged = queries.in_order(*_lock(duplicate.one_id, duplicate.other_id))
    if duplicate.state == "joined" or Merge.objects.filter(kept=merged, merged=kept, state="asked").exists():
        raise AlreadyJoined
    _refuse_two_people(kept, merged)
    values = {"kept": kept, "merged": merged, "why": why.strip(), "asked_at": now, "asked_by": actor.account_id}
    try:
        with transaction.atomic():
            merge = Merge.objects.create(state="asked", **values)
    except IntegrityError:
        raise AlreadyJoined from None
    if queries.needs_two(kept, merged):
        _note(actor, duplicate, "asked", now)
        return merge
    return _join(actor, merge, duplicate, now)


@transaction.atomic
def confirm_joining(*, actor: Actor, merge_id: UUID, now: datetime) -> Merge:
    """Join what a colleague asked to join. Raises NotPermitted, NotFound, ColleagueNeeded, AlreadyJoined, CannotBeOne."""
    merge, duplicate = _asked(actor, merge_id)
    if merge.asked_by == actor.account_id:
        raise ColleagueNeeded
    _refuse_two_people(*_lock(merge.kept_id, merge.merged_id))
    return _join(actor, merge, duplicate, now)


@transaction.atomic
def refuse_joining(*, actor: Actor, merge_id: UUID, now: datetime) -> Merge:
    """Say no to a joining that was asked, or take one's own question back; the pair is open again.

    Raises NotPermitted, NotFound, AlreadyJoined.
    """
    merge, duplicate = _asked(actor, merge_id)
    merge.state = "refused"
    merge.save(update_fields=["state"])
    _note(actor, duplicate, "refused", now)
    return merge


@transaction.atomic
def part_records(
    *, actor: Actor, merge_id: UUID, why: str, also: Collection[tuple[str, UUID]] = (), now: datetime
) -> Merge:
    """Undo a joining: every row goes back to whose it was; what was added since stays with the record that went on, unless named in
    `also` (key of the belonging, id of the row).

    Raises NotPermitted, NotFound, WhyNeeded, AlreadyJoined (it was parted meanwhile), JoinedFurther.
    """
    actor.require_role(*queries.JOINERS)
    if len(why.strip()) < 5:
        raise WhyNeeded
    merge = Merge.objects.select_for_update().filter(id=merge_id).first()
    if merge is None:
        raise NotFound
    if merge.state != "joined":
        raise AlreadyJoined
    kept, merged = _lock(merge.kept_id, merge.merged_id)
    if kept.merged_into_id is not None:
        raise JoinedFurther
    merged.merged_into = None
    if merge.id_number and not Person.objects.filter(id_number=merge.id_number).exists():
        merged.id_number = merge.id_number
    merged.save(update_fields=["merged_into", "id_number"])
    since = {(key, row.pk) for key, row in queries.added_since(merge)}
    moved = set(merge.moved.values_list("belonging", "row_id"))
    returned = given = 0
    for key, belonging in belongings.items():
        back = {row_id for name, row_id in moved if name == key}
        new = {row_id for name, row_id in {*also} & since if name == key}
        returned += len(_pass(belonging, kept.id, merged.id, back))
        over = _pass(belonging, kept.id, merged.id, new)
        MovedRow.objects.bulk_create(MovedRow(merge=merge, belonging=key, row_id=row_id) for row_id in over)
        given += len(over)
    merge.state, merge.parted_at, merge.parted_by, merge.parted_why = "parted", now, actor.account_id, why.strip()
    merge.save(update_fields=["state", "parted_at", "parted_by", "parted_why"])
    Duplicate.objects.filter(**queries.pair(kept.id, merged.id)).update(
        state="apart", judged_at=now, judged_by=actor.account_id, why=why.strip()
    )
    event = events.PersonParted(kept_person_id=kept.id, merged_person_id=merged.id, returned=returned, given=given)
    journal.record(actor=actor.with_purpose("records"), event=event, now=now)
    return merge


def join_proven(actor: Actor, kept: Person, merged: Person, now: datetime) -> None:
    """Join two locked records because a register says whose both are. What people had asked of them before is settled by that."""
    between = {"kept__in": [kept, merged], "merged__in": [kept, merged]}
    Merge.objects.filter(Q(merged=merged) | Q(**between), state="asked").update(state="refused")
    merge = Merge.objects.create(
        kept=kept, merged=merged, state="asked", why="register", asked_at=now, asked_by=actor.account_id
    )
    duplicate = Duplicate.objects.filter(**queries.pair(kept.id, merged.id)).first()
    _join(actor, merge, duplicate, now)
    merged.refresh_from_db()


@transaction.atomic
def gather_late(*, now: datetime) -> int:
    """Give what late acts still left with merged records (an officer's open page) to those that go on; returns how many rows moved."""
    lately = Merge.objects.filter(state="joined", asked_at__gt=now - GATHERED_FOR, joined_at__gt=now - GATHERED_FOR)
    return sum(_gather(merge) for merge in lately.select_for_update(skip_locked=True))


def _asked(actor: Actor, merge_id: UUID) -> tuple[Merge, Duplicate | None]:
    actor.require_role(*queries.JOINERS)
    merge = Merge.objects.select_for_update().filter(id=merge_id).first()
    if merge is None:
        raise NotFound
    if merge.state != "asked":
        raise AlreadyJoined
    return merge, Duplicate.objects.filter(**queries.pair(merge.kept_id, merge.merged_id)).first()


def _lock(*person_ids: UUID) -> list[Person]:
    """Lock records (always in the order of their ids, and against new rows that name them); returns them as asked."""
    locked = {one.id: one for one in Person.objects.select_for_update().filter(id__in=person_ids).order_by("id")}
    return [locked[person_id] for person_id in person_ids]


def _refuse_two_people(one: Person, other: Person) -> None:
    if one.merged_into_id or other.merged_into_id:
        raise AlreadyJoined
    if not queries.can_be_one(one, other):
        raise CannotBeOne
    between = Q(person=one, representative=other) | Q(person=other, representative=one)
    if Representation.objects.filter(between, state="given").exists():
        raise CannotBeOne
    if Account.objects.filter(person__in=[one, other], phone=None).exists():
        raise RecordOfStaff


def _join(actor: Actor, merge: Merge, duplicate: Duplicate | None, now: datetime) -> Merge:
    kept, merged = merge.kept, merge.merged
    merge.id_number, merge.state, merge.joined_at, merge.joined_by = (
        merged.id_number or "",
        "joined",
        now,
        actor.account_id,
    )
    merge.save(update_fields=["id_number", "state", "joined_at", "joined_by"])
    merged.merged_into, merged.id_number = kept, None
    merged.save(update_fields=["merged_into", "id_number"])
    _gather(merge)
    if duplicate is not None:
        duplicate.state, duplicate.judged_at, duplicate.judged_by = "joined", now, actor.account_id
        duplicate.save(update_fields=["state", "judged_at", "judged_by"])
    by = "register" if merge.why == "register" else "person"
    event = events.PersonMerged(kept_person_id=kept.id, merged_person_id=merged.id, by=by)
    journal.record(actor=actor.with_purpose("records") if by == "person" else actor, event=event, now=now)
    return merge


def _gather(merge: Merge) -> int:
    moved = [
        MovedRow(merge=merge, belonging=key, row_id=row_id)
        for key, belonging in belongings.items()
        for row_id in _pass(belonging, merge.merged_id, merge.kept_id)
    ]
    MovedRow.objects.bulk_create(moved, ignore_conflicts=True)
    return len(moved)


def _pass(belonging: Belonging, giver: UUID, taker: UUID, only: Collection[UUID] | None = None) -> list[UUID]:
    """Move rows (`only` these) from one person to another; returns which went. What a constraint holds back stays."""
    rows = belonging.model._default_manager.filter(**{belonging.column: giver})
    if only is not None:
        rows = rows.filter(pk__in=only)
    found = list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    if not found or _moved(belonging, found, taker):
        return found
    return [row_id for row_id in found if _moved(belonging, [row_id], taker)]


def _moved(belonging: Belonging, row_ids: list[UUID], taker: UUID) -> bool:
    try:
        with transaction.atomic():
            belonging.model._default_manager.filter(pk__in=row_ids).update(**{belonging.column: taker})
    except IntegrityError:
        return False
    return True


def _note(actor: Actor, duplicate: Duplicate | None, how: str, now: datetime) -> None:
    if duplicate is not None:
        event = events.DuplicateJudged(one_person_id=duplicate.one_id, other_person_id=duplicate.other_id, how=how)
        journal.record(actor=actor.with_purpose("records"), event=event, now=now)
