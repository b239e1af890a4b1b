"""Reading pairs of records that may be one human being's, and joinings. Every search goes by an index."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Model, Q
from django.db.models.functions import Upper

from huduma.contexts.identity import rules
from huduma.contexts.identity.events import PersonViewed
from huduma.contexts.identity.models import FULL_NAME, Account, Duplicate, Merge, MovedRow, Person
from huduma.contexts.identity.providers.belongings import belongings
from huduma.foundation import ids
from huduma.foundation.access import Actor, NotFound
from huduma.foundation.journal import public as journal

#: Who may join records and part them.
JOINERS = ("supervisor", "secretariat")
#: A name alone is looked at from this likeness on (of the same words in any order: less would be listed by nothing else that is known);
#: one that more people bear than this says nothing.
NAME_ALONE, BEARERS = 0.98, 5
#: How many records one phone number or one birth date and a like name may bring into a comparison.
AT_MOST = 50
PAIRS_A_PAGE = 25


@dataclass(frozen=True)
class Side:
    """One of two records, as those who judge see it."""

    person: Person
    phones: list[str]
    emails: list[str]
    rows: list[tuple[str, int]]


def pair(one_id: UUID, other_id: UUID) -> dict[str, UUID]:
    """Return two ids as a Duplicate has them: the lower one first."""
    low, high = sorted((one_id, other_id))
    return {"one_id": low, "other_id": high}


def can_be_one(one: Person, other: Person) -> bool:
    """Whether no register says that these are two people."""
    two_ids = one.id_number and other.id_number and one.verified_by == other.verified_by == "iprs"
    return not two_ids and not (one.birth_number and other.birth_number)


def in_order(one: Person, other: Person) -> tuple[Person, Person]:
    """Return which of two records goes on, and which is joined to it."""
    signs_in = set(Account.objects.filter(person__in=[one, other]).values_list("person_id", flat=True))
    ranks = {"iprs": 4, "birth-record": 3, "assisted": 1, "by-hand": 1}

    def standing(person: Person) -> tuple[int, bool, float, int]:
        rank = 2 if person.verified_by == "assisted" and person.id_number else ranks.get(person.verified_by, 0)
        return rank, person.id in signs_in, -person.registered_at.timestamp(), -person.id.int

    return (one, other) if standing(one) > standing(other) else (other, one)


def needs_two(one: Person, other: Person) -> bool:
    """Whether a second person has to agree: both records are verified, or both are signed in to, or an account would open a verified one.

    The last is what a move to another number is: on one person's word no account comes to a record that is surely somebody's.
    """
    signed_in = set(Account.objects.filter(person__in=[one, other]).values_list("person_id", flat=True))
    verified = {person.id for person in (one, other) if person.is_verified}
    return len(verified) == 2 or len(signed_in) == 2 or bool(signed_in and verified - signed_in)


def find_alike(person: Person) -> Iterator[tuple[Person, rules.Likeness]]:
    """Yield whose records share something with a person's that is worth a comparison."""
    candidates = _candidates(person) - {person.id}
    if not candidates:
        return
    phones, emails = _reached_by({person.id, *candidates})
    alike = TrigramSimilarity(FULL_NAME, person.full_name.lower())
    found = Person.objects.filter(id__in=candidates, merged_into=None).exclude(
        account__phone=None, account__isnull=False
    )
    for other in found.annotate(name_alike=alike).distinct():
        yield other, _likeness(person, other, other.name_alike, phones, emails)


def likeness_of(one: Person, other: Person) -> rules.Likeness:
    """Compare two records."""
    phones, emails = _reached_by({one.id, other.id})
    alike = TrigramSimilarity(FULL_NAME, one.full_name.lower())
    name = Person.objects.filter(id=other.id).annotate(name_alike=alike).values_list("name_alike", flat=True).get()
    return _likeness(one, other, name, phones, emails)


def _likeness(
    one: Person, other: Person, name: float, phones: dict[UUID, set[str]], emails: dict[UUID, set[str]]
) -> rules.Likeness:
    return rules.Likeness(
        name=name,
        phone=bool(phones[one.id] & phones[other.id]),
        email=bool(emails[one.id] & emails[other.id]),
        id_number=bool(one.id_number) and other.id_number in set(rules.near_numbers(one.id_number or "")),
        born=rules.compare_births(one.birth_date, other.birth_date),
        sex_differs=bool(one.sex and other.sex and one.sex != other.sex),
    )  # fmt: skip


def _reached_by(person_ids: set[UUID]) -> tuple[dict[UUID, set[str]], dict[UUID, set[str]]]:
    phones: dict[UUID, set[str]] = {person_id: set() for person_id in person_ids}
    emails: dict[UUID, set[str]] = {person_id: set() for person_id in person_ids}
    for person_id, phone in Person.objects.filter(id__in=person_ids).exclude(phone="").values_list("id", "phone"):
        phones[person_id].add(phone)
    for account in Account.objects.filter(person__in=person_ids):
        if account.person_id is not None:
            phones[account.person_id] |= {account.phone} if account.phone else set()
            emails[account.person_id] |= {account.email.upper()} if account.email else set()
    return phones, emails


def _candidates(person: Person) -> set[UUID]:
    """Who shares a phone number, an e-mail address, a birth date, an ID number but for a slip, or (seldom) only the name."""
    phones, emails = (reached[person.id] for reached in _reached_by({person.id}))
    people = Person.objects.filter(merged_into=None)
    found: set[UUID | None] = set()
    if phones:
        found |= set(people.filter(phone__in=phones).values_list("id", flat=True)[:AT_MOST])
        found |= set(Account.objects.filter(phone__in=phones).values_list("person_id", flat=True))
    if emails:
        same = Account.objects.annotate(address=Upper("email")).filter(address__in=emails, email__isnull=False)
        found |= set(same.values_list("person_id", flat=True)[:AT_MOST])
    if person.id_number:
        found |= set(
            people.filter(id_number__in=list(rules.near_numbers(person.id_number))).values_list("id", flat=True)
        )
    name = person.full_name.lower()
    if person.birth_date:
        births = [person.birth_date, *filter(None, [rules.swapped_birth(person.birth_date)])]
        close = people.filter(birth_date__in=births).annotate(alike=TrigramSimilarity(FULL_NAME, name))
        found |= set(close.filter(alike__gte=rules.NAME_AT_LEAST).values_list("id", flat=True)[:AT_MOST])
    return {one for one in (found | _namesakes(name)) if one is not None}


def _namesakes(name: str) -> set[UUID]:
    """Who is called the same, in whatever order, where few are.

    By every word, of which the index knows at once who has them all: by likeness it would have to look at all who have any part in common.
    """
    words = [word for word in name.split() if len(word) >= 3]
    if len(name) < 6 or not words:
        return set()
    called = Person.objects.filter(merged_into=None).annotate(
        called=FULL_NAME, alike=TrigramSimilarity(FULL_NAME, name)
    )
    for word in words:
        called = called.filter(called__contains=word)
    found = set(called.filter(alike__gte=NAME_ALONE).values_list("id", flat=True)[: BEARERS + 1])
    return found if len(found) <= BEARERS else set()


def list_duplicates_for(actor: Actor, *, after: tuple[int, UUID] | None = None) -> list[Duplicate]:
    """Return a page of open pairs, the surest first; `after`: score and id of the last one seen. Raises NotPermitted."""
    actor.require_role(*JOINERS)
    rows = Duplicate.objects.filter(state="open").select_related("one", "other").order_by("-score", "id")
    if after is not None:
        rows = rows.filter(Q(score__lt=after[0]) | Q(score=after[0], id__gt=after[1]))
    return list(rows[:PAIRS_A_PAGE])


def list_merges_for(actor: Actor) -> list[Merge]:
    """Return the joinings that wait for a second person, and the latest that were made or undone. Raises NotPermitted."""
    actor.require_role(*JOINERS)
    rows = Merge.objects.select_related("kept", "merged").order_by("-asked_at")
    return [*rows.filter(state="asked")[:PAIRS_A_PAGE], *rows.filter(state__in=["joined", "parted"])[:PAIRS_A_PAGE]]


def compare_for(actor: Actor, duplicate_id: UUID, *, now: datetime) -> tuple[Duplicate, Side, Side, Merge | None]:
    """Return a pair, the record that would go on, the one that would be joined to it, and the joining that waits, if one does.

    Both looks are journalled. Raises NotPermitted, NotFound.
    """
    actor.require_role(*JOINERS)
    found = Duplicate.objects.select_related("one", "other").filter(id=duplicate_id).first()
    if found is None:
        raise NotFound
    kept, merged = in_order(found.one, found.other)
    for person in (kept, merged):
        journal.record(actor=actor.with_purpose("records"), event=PersonViewed(person_id=person.id), now=now)
    asked = Merge.objects.filter(kept__in=[kept, merged], merged__in=[kept, merged], state="asked").first()
    return found, _side(kept), _side(merged), asked


def get_merge_for(actor: Actor, merge_id: UUID, *, now: datetime) -> tuple[Merge, list[tuple[str, Model]]]:
    """Return a joining and what was added since (each with the key of its belonging); both looks are journalled.

    Raises NotPermitted, NotFound.
    """
    actor.require_role(*JOINERS)
    merge = Merge.objects.select_related("kept", "merged").filter(id=merge_id).first()
    if merge is None:
        raise NotFound
    for person in (merge.kept, merge.merged):
        journal.record(actor=actor.with_purpose("records"), event=PersonViewed(person_id=person.id), now=now)
    return merge, [(key, row) for key, row in added_since(merge) if belongings.get(key).words]


def added_since(merge: Merge) -> Iterator[tuple[str, Model]]:
    """Yield what the record that goes on got after a joining, and not by it. Ids tell when they were made (RFC 9562)."""
    if merge.state != "joined" or merge.joined_at is None:
        return
    moved = set(merge.moved.values_list("belonging", "row_id"))
    first = ids.first_of(merge.joined_at)
    for key, belonging in belongings.items():
        rows = belonging.model._default_manager.filter(**{belonging.column: merge.kept_id, "pk__gte": first})
        yield from ((key, row) for row in rows.order_by("pk")[:200] if (key, row.pk) not in moved)


def words_of(key: str) -> str:
    """Return what one row of a belonging is called, in English."""
    return belongings.get(key).words


def given_back(person_id: UUID) -> set[UUID]:
    """Return the rows that a wrong joining had given a person for a time: what happened to them is not on that person's page."""
    undone = MovedRow.objects.filter(merge__kept_id=person_id, merge__state="parted")
    return set(undone.values_list("row_id", flat=True))


def _side(person: Person) -> Side:
    phones, emails = _reached_by({person.id})
    counted: list[tuple[str, int]] = []
    named = [belonging for key, belonging in belongings.items() if words_of(key)]
    for belonging in named:
        count = belonging.model._default_manager.filter(**{belonging.column: person.id}).count()
        counted += [(belonging.words, count)] if count else []
    return Side(person, sorted(phones[person.id]), sorted(one.lower() for one in emails[person.id]), counted)
