"""Reading who is where, and what they can do."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from huduma.contexts.workforce.models import LANGUAGES, Absence, Language, Posting, Shift, Skill
from huduma.foundation.access import Actor

#: The place code of the contact centre, whose staff are agents: it has shifts as a centre does, and no address.
CONTACT_CENTRE = "CONTACT"


@dataclass(frozen=True)
class OnDuty:
    """An officer's time at a place. `skills` are service codes; None means every service."""

    account_id: UUID
    starts_at: datetime
    ends_at: datetime
    skills: frozenset[str] | None
    away: tuple[tuple[datetime, datetime], ...]

    def serves(self, services: frozenset[str], start: datetime, end: datetime) -> bool:
        """Whether this officer is there for the whole span and can serve all these services."""
        there = self.starts_at <= start and end <= self.ends_at
        return there and (self.skills is None or services <= self.skills) and not any(
            gone < end and start < back for gone, back in self.away
        )  # fmt: skip


@dataclass(frozen=True)
class Abilities:
    """In which languages somebody serves people, and which services; None means every service."""

    languages: frozenset[str]
    skills: frozenset[str] | None


@dataclass(frozen=True)
class Diary:
    """What is known of an officer's time in a span: shifts with their place, and absences. `skills`: None means every service."""

    account_id: UUID
    skills: frozenset[str] | None
    shifts: tuple[tuple[str, datetime, datetime], ...]
    away: tuple[tuple[datetime, datetime], ...]


def works_at(actor: Actor, place_code: str, *, on: date | None = None) -> bool:
    """Whether the actor is posted to a place today (or on a date)."""
    day = on or timezone.localdate()
    if actor.account_id is None:
        return False
    in_force = Q(to_on__isnull=True) | Q(to_on__gte=day)
    mine = Posting.objects.filter(in_force, account_id=actor.account_id, place_code=place_code, from_on__lte=day)
    return mine.exists()


def places_of(actor: Actor, *, on: date | None = None) -> list[str]:
    """Return the codes of the places where the actor is posted, the newest posting first."""
    if actor.account_id is None:
        return []
    day = on or timezone.localdate()
    in_force = Q(to_on__isnull=True) | Q(to_on__gte=day)
    mine = Posting.objects.filter(in_force, account_id=actor.account_id, from_on__lte=day)
    return list(mine.order_by("-from_on", "id").values_list("place_code", flat=True))


def staff_of(place_code: str, *, on: date) -> list[UUID]:
    """Return the accounts posted to a place on a date."""
    in_force = Q(to_on__isnull=True) | Q(to_on__gte=on)
    return list(
        Posting.objects.filter(in_force, place_code=place_code, from_on__lte=on).values_list("account_id", flat=True)
    )


def postings_at(place_code: str, first: date, last: date) -> dict[UUID, list[tuple[date, date | None]]]:
    """Return the accounts posted to a place at any time in a span of dates, each with when: from, and until or None."""
    found: dict[UUID, list[tuple[date, date | None]]] = defaultdict(list)
    rows = Posting.objects.filter(Q(to_on__isnull=True) | Q(to_on__gte=first), place_code=place_code, from_on__lte=last)
    for account_id, from_on, to_on in rows.values_list("account_id", "from_on", "to_on"):
        found[account_id].append((from_on, to_on))
    return found


def skills_of_staff(accounts: set[UUID]) -> dict[UUID, frozenset[str]]:
    """Return the services that officers can serve; who is missing here serves everything."""
    return _skills(accounts)


def shifts_of(account_id: UUID, place_code: str, start: datetime, end: datetime, *, after: datetime) -> list[UUID]:
    """Return an officer's shifts at a place that lie in a span, were not cancelled, and are not over at a moment."""
    rows = Shift.objects.filter(
        account_id=account_id, place_code=place_code, starts_at__gte=start, ends_at__lte=end, ends_at__gt=after,
        cancelled_at__isnull=True,
    )  # fmt: skip
    return list(rows.order_by("starts_at").values_list("id", flat=True))


def skills_of(account_id: UUID) -> frozenset[str] | None:
    """Return the services that an officer can serve, or None for every service."""
    return frozenset(Skill.objects.filter(account_id=account_id).values_list("service_code", flat=True)) or None


def abilities_of(accounts: Collection[UUID]) -> dict[UUID, Abilities]:
    """Return what each of some accounts speaks and serves."""
    spoken: dict[UUID, set[str]] = defaultdict(set)
    for account_id, code in Language.objects.filter(account_id__in=accounts).values_list("account_id", "code"):
        spoken[account_id].add(code)
    skills = _skills(accounts)
    return {one: Abilities(frozenset(spoken.get(one, LANGUAGES)), skills.get(one)) for one in accounts}


def on_duty(place_code: str, start: datetime, end: datetime) -> list[OnDuty]:
    """Return the shifts at a place that touch a span, with skills and absences; empty where no roster was made.

    A cancelled shift is one whose officer is away for the whole of it.
    """
    shifts = list(
        Shift.objects.filter(place_code=place_code, starts_at__lt=end, ends_at__gt=start).order_by("starts_at", "id")
    )
    accounts = {shift.account_id for shift in shifts}
    skills, away = _skills(accounts), _absences(accounts, start, end)
    return [
        OnDuty(
            shift.account_id, shift.starts_at, shift.ends_at, skills.get(shift.account_id),
            away[shift.account_id] + (((shift.starts_at, shift.ends_at),) if shift.cancelled_at else ()),
        )
        for shift in shifts
    ]  # fmt: skip


def diaries_of(accounts: set[UUID], start: datetime, end: datetime) -> list[Diary]:
    """Return what is known of some officers' time in a span, wherever they are to be."""
    skills, away = _skills(accounts), _absences(accounts, start, end)
    shifts: dict[UUID, list[tuple[str, datetime, datetime]]] = defaultdict(list)
    rows = Shift.objects.filter(
        account_id__in=accounts, starts_at__lt=end, ends_at__gt=start, cancelled_at__isnull=True
    ).order_by("starts_at")
    for account_id, place, starts, ends in rows.values_list("account_id", "place_code", "starts_at", "ends_at"):
        shifts[account_id].append((place, starts, ends))
    return [Diary(one, skills.get(one), tuple(shifts[one]), away[one]) for one in sorted(accounts)]


def _skills(accounts: Collection[UUID]) -> dict[UUID, frozenset[str]]:
    found: dict[UUID, set[str]] = defaultdict(set)
    for account_id, code in Skill.objects.filter(account_id__in=accounts).values_list("account_id", "service_code"):
        found[account_id].add(code)
    return {account_id: frozenset(codes) for account_id, codes in found.items()}


def _absences(
    accounts: set[UUID], start: datetime, end: datetime
) -> defaultdict[UUID, tuple[tuple[datetime, datetime], ...]]:
    found: defaultdict[UUID, tuple[tuple[datetime, datetime], ...]] = defaultdict(tuple)
    gone = Absence.objects.filter(account_id__in=accounts, starts_at__lt=end, ends_at__gt=start)
    for account_id, leaves, returns in gone.values_list("account_id", "starts_at", "ends_at"):
        found[account_id] += ((leaves, returns),)
    return found
