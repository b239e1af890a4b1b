"""Figures about matters: a quarter as the Ombudsman asks for it, what anybody may know, and what looks odd."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, Q
from django.utils import timezone

from huduma.contexts.contact import rules
from huduma.contexts.contact.models import Matter
from huduma.foundation.access import Actor, NotPermitted

#: Smaller numbers are not published: they may point at people. The others are rounded to a multiple of it, so that the figures of two days
#: do not say what came in between.
LEAST = 5
#: Nobody looks into a complaint in less; and who answers in the last of its time, again and again, may answer the clock.
HASTE, LAST = timedelta(minutes=10), timedelta(hours=1)
#: What may well be answered at once.
SOON_ANSWERED = ("inquiry", "compliment", "suggestion")


@dataclass(frozen=True)
class KindCount:
    """How many matters of a kind came in, were answered, wait, and are late, in a span."""

    kind: str
    received: int
    answered: int
    pending: int
    late: int
    outside: int


@dataclass(frozen=True)
class PublicCount:
    """How many matters of a kind came about a body from a county, and how many of them were answered.

    None where it is too small to be told, or would let a small one be reckoned.
    """

    kind: str
    body: str
    county: str
    received: int | None
    answered: int | None


def quarter_of(day: date) -> tuple[date, date]:
    """Return the first day of a date's quarter and of the next one (Kenya's financial quarters begin in July, October, January, April).

    Of years that no database reckons with, the nearest that it does.
    """
    first = date(min(max(day.year, 1900), 2200), 3 * ((day.month - 1) // 3) + 1, 1)
    return first, (first + timedelta(days=95)).replace(day=1)


def count_matters_for(
    actor: Actor, *, since: date, until: date, body_code: str | None, now: datetime
) -> list[KindCount]:
    """Return a quarter's figures as the Ombudsman asks for them (docs/obligations.csv, row OM-02), by kind.

    `since` inclusive, `until` exclusive. Corruption reports are counted only for those who see them. Raises NotPermitted.
    """
    if not actor.has_role("secretariat", "agent", "integrity") and not (
        body_code and actor.has_role("focal", "accounting_officer", "supervisor", body=body_code)
    ):
        raise NotPermitted
    start = timezone.make_aware(datetime.combine(since, datetime.min.time()))
    end = timezone.make_aware(datetime.combine(until, datetime.min.time()))
    matters = Matter.objects.filter(opened_at__gte=start, opened_at__lt=end)
    if body_code:
        matters = matters.filter(body_id=body_code)
    if not actor.has_role("integrity", "secretariat"):
        matters = matters.exclude(kind__in=[kind.code for kind in rules.KINDS.values() if kind.confidential])
    pending = Q(state__in=rules.OPEN_STATES)
    rows = matters.values("kind").annotate(
        received=Count("id"),
        answered=Count("id", filter=Q(answered_at__isnull=False)),
        pending=Count("id", filter=pending),
        late=Count("id", filter=pending & Q(due_at__lt=now)),
        outside=Count("id", filter=Q(state="outside")),
    )
    found = {row["kind"]: KindCount(**row) for row in rows}
    return [found[code] for code in rules.KINDS if code in found]


@dataclass(frozen=True)
class Oddity:
    """How one member of staff answered lately, where it looks odd.

    `hasty`: within minutes after it came to their level; `last_minute`: just before its time ran out, as if to keep the figures clean.
    """

    account_id: UUID
    answered: int
    rejected: int
    same_words: int
    hasty: int
    last_minute: int

    @property
    def is_odd(self) -> bool:
        """Whether more than a third of the answers are of one such sort."""
        return 3 * max(self.rejected, self.same_words, self.hasty, self.last_minute) > self.answered


def list_oddities_for(actor: Actor, *, now: datetime) -> list[Oddity]:
    """Return who in the last 90 days answered several matters and looks odd in it (see `Oddity`). Raises NotPermitted."""
    actor.require_role("secretariat")
    recent = Matter.objects.filter(answered_at__gte=now - timedelta(days=90), assignee_id__isnull=False)
    rows = recent.values("assignee_id").annotate(
        answered=Count("id"),
        rejected=Count("id", filter=Q(reopened__gt=0)),
        texts=Count("answer", distinct=True, filter=Q(problem__isnull=True)),
        own=Count("id", filter=Q(problem__isnull=True)),
        hasty=Count(
            "id", filter=Q(answered_at__lt=F("level_at") + HASTE, problem__isnull=True) & ~Q(kind__in=SOON_ANSWERED)
        ),
        last_minute=Count("id", filter=Q(answered_at__gt=F("due_at") - LAST, answered_at__lte=F("due_at"))),
    )
    found = [
        Oddity(
            account_id, row["answered"], row["rejected"], row["own"] - row["texts"], row["hasty"], row["last_minute"]
        )
        for row in rows
        if (account_id := row["assignee_id"]) is not None and row["answered"] >= LEAST
    ]
    return [one for one in found if one.is_odd]


def told_until(today: date) -> date:
    """Return the first day of which nothing is told to everybody yet: only months that are over are.

    So the file changes once a month, and what two of them differ by is a month of many people and not one day of one.
    """
    return today.replace(day=1)


def count_public(*, since: date, until: date, today: date) -> Iterator[PublicCount]:
    """Count matters of months that are over by kind, body and county for everybody; `since` inclusive, `until` exclusive.

    Rounded to the nearest five. No totals are published, or the numbers that are left out could be reckoned from them. What is
    confidential is not counted at all, nor what Open311 shows one by one: taken away from these numbers, that would leave small ones.
    """
    start = timezone.make_aware(datetime.combine(since, datetime.min.time()))
    end = timezone.make_aware(datetime.combine(min(until, told_until(today)), datetime.min.time()))
    over = timezone.make_aware(datetime.combine(told_until(today), datetime.min.time()))
    public = [one.code for one in rules.KINDS.values() if one.for_customers and not one.confidential]
    rows = (
        Matter.objects.filter(opened_at__gte=start, opened_at__lt=end, kind__in=public)
        .exclude(channel="open311")
        .values("kind", "body_id", "county_id")
        .annotate(received=Count("id"), answered=Count("id", filter=Q(answered_at__lt=over)))
        .order_by("kind", "body_id", "county_id")
    )
    for row in rows:
        received, answered = row["received"], row["answered"]
        told = received >= LEAST
        both = told and (answered == 0 or answered >= LEAST) and (answered == received or received - answered >= LEAST)
        yield PublicCount(
            row["kind"], row["body_id"] or "", row["county_id"] or "",
            _rounded(received) if told else None, _rounded(answered) if both else None,
        )  # fmt: skip


def _rounded(count: int) -> int:
    return (count + LEAST // 2) // LEAST * LEAST
