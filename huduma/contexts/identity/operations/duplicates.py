"""Records that may be one human being's: found by rules and by how alike the names are, noticed by staff, and judged."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from huduma.contexts.identity import events, rules
from huduma.contexts.identity.models import Duplicate, Merge, Person
from huduma.contexts.identity.operations.joining import AlreadyJoined, CannotBeOne, WhyNeeded
from huduma.contexts.identity.queries import duplicates as queries
from huduma.contexts.identity.queries.people import list_people
from huduma.foundation.access import Actor, NotFound
from huduma.foundation.journal import public as journal

NOTICERS = ("agent", *queries.JOINERS)
#: How many records are looked at before a sweep says how far it came.
SWEPT_AT_ONCE = 200


@dataclass(frozen=True)
class Swept:
    """How far a sweep came: records looked at, pairs that were new, and the last record (None after the last of all)."""

    looked: int
    new: int
    last: UUID | None


@transaction.atomic
def look_for_duplicates(*, person_id: UUID, now: datetime) -> int:
    """Write down with whom a person's record may be the same; a pair that somebody judged stays as it is. Returns how many were new."""
    person = Person.objects.filter(id=person_id, merged_into=None).first()
    if person is None:
        return 0
    new = 0
    for other, likeness in queries.find_alike(person):
        score, reasons = rules.judge(likeness)
        if score < rules.LISTED_AT or not queries.can_be_one(person, other):
            continue
        values = {"score": score, "reasons": reasons, "alike": round(100 * likeness.name)}
        duplicate, created = Duplicate.objects.get_or_create(
            **queries.pair(person.id, other.id), defaults={**values, "found_at": now}
        )
        if not created and duplicate.state == "open":
            Duplicate.objects.filter(id=duplicate.id).update(**values)
        new += created
    return new


def sweep_for_duplicates(*, after: UUID | None, now: datetime) -> Swept:
    """Look at the next records in the order of their ids: those that came by a way that nobody was told of, or before anybody looked.

    Each record is a transaction of its own; from the same place again it finds nothing twice.
    """
    people = Person.objects.filter(merged_into=None).order_by("id")
    if after is not None:
        people = people.filter(id__gt=after)
    found = list(people.values_list("id", flat=True)[:SWEPT_AT_ONCE])
    new = sum(look_for_duplicates(person_id=person_id, now=now) for person_id in found)
    return Swept(len(found), new, found[-1] if len(found) == SWEPT_AT_ONCE else None)


@transaction.atomic
def notice_duplicate(*, actor: Actor, one_id: UUID, other_id: UUID, now: datetime) -> Duplicate:
    """Put two records before those who join, because a member of staff noticed them.

    Raises NotPermitted, NotFound, CannotBeOne, AlreadyJoined.
    """
    actor.require_role(*NOTICERS)
    people = {one.id: one for one in list_people([one_id, other_id])}
    if len(people) < 2:
        raise NotFound
    one, other = people[one_id], people[other_id]
    if one.merged_into_id or other.merged_into_id:
        raise AlreadyJoined
    if not queries.can_be_one(one, other):
        raise CannotBeOne
    likeness = queries.likeness_of(one, other)
    score, reasons = rules.judge(likeness)
    reasons = [*reasons, "noticed"]
    values = {"score": score, "reasons": reasons, "alike": round(100 * likeness.name), "found_at": now}
    duplicate, created = Duplicate.objects.get_or_create(**queries.pair(one_id, other_id), defaults=values)
    if not created and duplicate.state == "apart":  # whoever noticed them may know what the one who judged did not
        duplicate.state, duplicate.reasons = "open", reasons
        duplicate.save(update_fields=["state", "reasons"])
    event = events.DuplicateJudged(one_person_id=duplicate.one_id, other_person_id=duplicate.other_id, how="noticed")
    journal.record(actor=actor.with_purpose("records"), event=event, now=now)
    return duplicate


@transaction.atomic
def keep_apart(*, actor: Actor, duplicate_id: UUID, why: str, now: datetime) -> Duplicate:
    """Say that two records are two people's: they are not put before anybody again.

    Raises NotPermitted, NotFound, WhyNeeded, AlreadyJoined.
    """
    actor.require_role(*queries.JOINERS)
    if len(why.strip()) < 5:
        raise WhyNeeded
    duplicate = Duplicate.objects.select_for_update().filter(id=duplicate_id).first()
    if duplicate is None:
        raise NotFound
    asked = Merge.objects.filter(
        state="asked", kept__in=[duplicate.one_id, duplicate.other_id], merged__in=[duplicate.one_id, duplicate.other_id]
    )  # fmt: skip
    if duplicate.state == "joined" or asked.exists():
        raise AlreadyJoined
    duplicate.state, duplicate.judged_at, duplicate.judged_by, duplicate.why = (
        "apart",
        now,
        actor.account_id,
        why.strip(),
    )
    duplicate.save(update_fields=["state", "judged_at", "judged_by", "why"])
    event = events.DuplicateJudged(one_person_id=duplicate.one_id, other_person_id=duplicate.other_id, how="apart")
    journal.record(actor=actor.with_purpose("records"), event=event, now=now)
    return duplicate
