"""Reading appointments: when there is room, and who may see which."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from huduma.contexts.centres import rules
from huduma.contexts.centres.models import Appointment, CalendarFeed, Centre, Waiter
from huduma.contexts.centres.models.visits import TAKEN
from huduma.contexts.centres.queries import places
from huduma.contexts.workforce import public as workforce
from huduma.foundation import references
from huduma.foundation.access import Actor, NotFound
from huduma.foundation.worktime.public import NAIROBI

#: States of a visit that was given up without the person's will; the person may choose another time for it.
GIVEN_UP = ("displaced", "lapsed")
#: So long after a visit its link still shows what became of it; then whoever finds an old message learns nothing.
LINK_LASTS = timedelta(days=30)


@dataclass(frozen=True)
class Wish:
    """What a visit is for."""

    services: tuple[str, ...]
    people: int = 1
    medium: str = "in-person"


def length_of(centre: Centre, wish: Wish) -> timedelta:
    """Return how long a visit takes, by the medians learned or the declared default."""
    return rules.visit_length((places.quartiles_of(centre, code)[1] for code in wish.services), wish.people)


def bounds(centre: Centre, now: datetime) -> tuple[datetime, datetime]:
    """Return the first and the last moment for which one can book now."""
    return now + timedelta(minutes=centre.least_notice_minutes), now + timedelta(days=centre.most_notice_days)


def day_of(moment: datetime) -> tuple[datetime, datetime]:
    """Return the midnights around a moment, in Kenya."""
    midnight = datetime.combine(moment.astimezone(NAIROBI).date(), time(), NAIROBI)
    return midnight, midnight + timedelta(days=1)


@dataclass(frozen=True)
class Day:
    """Everything that decides where there is room on a date."""

    windows: list[rules.Window]
    officers: list[workforce.OnDuty] | None
    taken: list[rules.Taken]
    centre: Centre
    wish: Wish
    length: timedelta
    first: datetime
    last: datetime

    def rooms(self) -> list[rules.Room]:
        """Return the free rooms that can be booked."""
        found = rules.rooms(
            windows=self.windows, length=self.length, walk_in_percent=self.centre.walk_in_percent,
            services=frozenset(self.wish.services), officers=self.officers, taken=self.taken,
        )  # fmt: skip
        return [room for room in found if self.first <= room.starts_at <= self.last]

    def room_at(self, start: datetime) -> rules.Room | None:
        """Return a free room at a start."""
        if not self.first <= start <= self.last:
            return None
        return rules.room_at(
            start, windows=self.windows, length=self.length, walk_in_percent=self.centre.walk_in_percent,
            services=frozenset(self.wish.services), officers=self.officers, taken=self.taken,
        )  # fmt: skip


def plans_of(centre: Centre, wish: Wish, *, first: date, last: date, now: datetime) -> dict[date, Day]:
    """Return for each date what decides where there is room for a wish; everything is read once for all dates.

    Offers that ran out take no room.
    """
    earliest, latest = bounds(centre, now)
    start = datetime.combine(first, time(), NAIROBI)
    end = datetime.combine(last + timedelta(days=1), time(), NAIROBI)
    opening, length = places.opening_of(centre, first, last), length_of(centre, wish)
    weekdays = places.weekdays_of(centre, wish.services)
    live = Appointment.objects.filter(centre=centre, starts_at__lt=end, ends_at__gt=start, state__in=TAKEN).exclude(
        state="offered", offered_until__lte=now
    )
    taken: dict[date, list[rules.Taken]] = {}
    for row in live.values_list("starts_at", "ends_at", "lane", "officer_id"):
        taken.setdefault(timezone.localdate(row[0]), []).append(rules.Taken(*row))
    duties: dict[date, list[workforce.OnDuty]] = {}
    for duty in workforce.on_duty(centre.code, start, end):
        duties.setdefault(timezone.localdate(duty.starts_at), []).append(duty)
    found = {}
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        offered = centre.is_open_to_public and all(day.weekday() in days for days in weekdays.values())
        found[day] = Day(
            opening.windows(day) if offered else [], duties.get(day), taken.get(day, []), centre, wish, length,
            earliest, latest,
        )  # fmt: skip
    return found


def plan_of(centre: Centre, day: date, wish: Wish, *, now: datetime) -> Day:
    """Return the plan of one date."""
    return plans_of(centre, wish, first=day, last=day, now=now)[day]


def free_rooms(centre: Centre, day: date, wish: Wish, *, now: datetime) -> list[rules.Room]:
    """Return the starts of a date at which a wish can be booked now."""
    return plan_of(centre, day, wish, now=now).rooms()


def days_with_room(
    centre: Centre, wish: Wish, *, now: datetime, limit: int = 10, from_on: date | None = None
) -> list[tuple[date, int]]:
    """Return the next open days (from a date) with the number of starts that are free, until `limit` days have some."""
    earliest, latest = bounds(centre, now)
    first = max(timezone.localdate(earliest), from_on or timezone.localdate(earliest))
    last = timezone.localdate(latest)
    found: list[tuple[date, int]] = []
    for day, plan in plans_of(centre, wish, first=first, last=max(first, last), now=now).items():
        if count := len(plan.rooms()):
            found.append((day, count))
        if len(found) == limit:
            break
    return found


def may_see(actor: Actor, appointment: Appointment) -> bool:
    """Whether an appointment is the actor's own, of whom they serve, or of a centre where they work."""
    if actor.kind == "system" or appointment.person_id in {actor.person_id, actor.on_behalf_of} - {None}:
        return True
    return actor.is_staff and (
        actor.has_role("secretariat", "administrator") or workforce.works_at(actor, appointment.centre_id)
    )


def get_appointment_for(actor: Actor, appointment_id: UUID) -> Appointment:
    """Return an appointment to whose it is and to the staff of its centre. Raises NotFound."""
    found = Appointment.objects.select_related("centre").filter(id=appointment_id).first()
    if found is None or not may_see(actor, found):
        raise NotFound
    return found


def list_appointments_for(actor: Actor, *, now: datetime) -> list[Appointment]:
    """Return the coming appointments of the person whose business this is, offers included, soonest first."""
    if actor.applicant_id is None:
        return []
    live = Q(state__in=["booked", "arrived"]) | Q(state="offered", offered_until__gt=now)
    coming = Appointment.objects.filter(live, person_id=actor.applicant_id, ends_at__gt=now)
    return list(coming.select_related("centre").order_by("starts_at"))


def appointment_of_case(case_id: UUID, *, now: datetime) -> Appointment | None:
    """Return the appointment that an application has, if one is booked, offered or going on."""
    live = Q(state__in=["booked", "arrived"]) | Q(state="offered", offered_until__gt=now)
    return Appointment.objects.filter(live, case_id=case_id).select_related("centre").order_by("-booked_at").first()


def may_move(appointment: Appointment, *, now: datetime) -> bool:
    """Whether a visit can get another time: until it begins, or when the person lost it."""
    return appointment.state in GIVEN_UP or (appointment.state in ("booked", "offered") and appointment.starts_at > now)


def may_cancel(appointment: Appointment, *, now: datetime) -> bool:
    """Whether a visit can be called off: until it is over."""
    return appointment.state == "displaced" or (
        appointment.state in ("booked", "offered") and appointment.ends_at > now
    )


def instead_of(appointment: Appointment, *, now: datetime) -> Appointment | None:
    """Return the other visit that stands for the same application or for one that the centre could not keep; booked before kept."""
    live = Q(state__in=["booked", "arrived"]) | Q(state="offered", offered_until__gt=now)
    first = appointment.replaces_id or appointment.id
    same = Q(replaces=first) | Q(id=first)
    if appointment.case_id is not None:
        same |= Q(case_id=appointment.case_id)
    found = Appointment.objects.filter(live, same, person_id=appointment.person_id, ends_at__gt=now)
    return found.exclude(id=appointment.id).select_related("centre").order_by("state", "starts_at").first()


def list_day_for(actor: Actor, centre_code: str, day: date) -> list[Appointment]:
    """Return a centre's appointments of a date, to its staff. Raises NotPermitted."""
    workforce.require_place(actor, centre_code, "officer", "supervisor")
    start = datetime.combine(day, time(), NAIROBI)
    found = Appointment.objects.filter(
        centre_id=centre_code, starts_at__gte=start, starts_at__lt=start + timedelta(days=1)
    ).exclude(state__in=["cancelled", "lapsed"])
    return list(found.select_related("person").order_by("starts_at", "lane"))


def count_with_officer(account_id: UUID, start: datetime, end: datetime) -> int:
    """Return how many visits are booked with an officer in a span."""
    return Appointment.objects.filter(
        officer_id=account_id, starts_at__lt=end, ends_at__gt=start, state__in=["booked", "offered"]
    ).count()


def booked_at(day: date, *, now: datetime) -> list[str]:
    """Return the codes of the centres that have visits to come on a date."""
    start = datetime.combine(day, time(), NAIROBI)
    coming = Appointment.objects.filter(
        starts_at__gt=now,
        starts_at__gte=start,
        starts_at__lt=start + timedelta(days=1),
        state__in=["booked", "offered"],
    )
    return sorted(set(coming.values_list("centre_id", flat=True)))


def find_appointment(reference: str, centre_code: str, *, now: datetime) -> Appointment | None:
    """Return today's appointment at a centre by the reference that its holder types at the door."""
    meant = references.normalise(reference)
    start, end = day_of(now)
    found = Appointment.objects.filter(
        reference=meant or "", centre_id=centre_code, starts_at__gte=start, starts_at__lt=end,
        state__in=["booked", "arrived"],
    )  # fmt: skip
    return found.first()


def list_waits_for(actor: Actor) -> list[Waiter]:
    """Return where the person whose business this is waits for a freed time."""
    if actor.applicant_id is None:
        return []
    mine = Waiter.objects.filter(person_id=actor.applicant_id, state__in=["waiting", "offered"])
    return list(mine.select_related("centre").order_by("asked_at"))


def link_of(appointment: Appointment, language: str) -> str:
    """Return the address in a message by which its reader, without signing in, confirms, moves or cancels this one visit."""
    return f"{settings.PUBLIC_URL}/{language}/v/{appointment.reference}/{_token(appointment.reference)}/"


def _token(reference: str) -> str:
    return salted_hmac("huduma.centres.visit", reference, algorithm="sha256").hexdigest()[:16]


def open_link(reference: str, token: str) -> tuple[Appointment, Actor]:
    """Return the appointment of a link, and the actor that its reader is: the person, for this appointment's business only.

    Raises NotFound, also when the visit is long over.
    """
    found = Appointment.objects.select_related("centre").filter(reference=reference).first()
    if found is None or not constant_time_compare(token, _token(reference)):
        raise NotFound
    if timezone.now() > found.ends_at + LINK_LASTS:
        raise NotFound
    return found, Actor(kind="anonymous", channel="link", on_behalf_of=found.person_id, purpose="reminder")


def feed_token(person_id: UUID) -> str:
    """Return the secret part of the address of a person's calendar feed, as it is since they last had it changed."""
    changes = CalendarFeed.objects.filter(person=person_id).values_list("changes", flat=True).first()
    key = f"{person_id.hex}:{changes}" if changes else person_id.hex
    return f"{person_id.hex}-{salted_hmac('huduma.centres.feed', key, algorithm='sha256').hexdigest()[:24]}"


def open_feed(token: str) -> list[Appointment]:
    """Return the appointments of a calendar feed: booked ones, a month back and all to come. Raises NotFound."""
    person, _, _ = token.partition("-")
    try:
        person_id = UUID(person)
    except ValueError:
        raise NotFound from None
    if not constant_time_compare(token, feed_token(person_id)):
        raise NotFound
    since = timezone.now() - timedelta(days=31)
    mine = Appointment.objects.filter(
        person_id=person_id, starts_at__gt=since, state__in=["booked", "arrived", "attended"]
    )
    return list(mine.select_related("centre").order_by("starts_at")[:100])
