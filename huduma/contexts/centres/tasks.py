"""Scheduled and deferred work of centres."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop, override

from huduma.contexts.centres import handlers, operations, queries
from huduma.contexts.centres.models import Appointment, Ticket
from huduma.contexts.messages import public as messages
from huduma.foundation import jobs
from huduma.foundation.access import SYSTEM

REMIND_DAYS = (3, 1)
NEAR = gettext_noop("Huduma: ticket %(number)s, your turn is near: %(ahead)s before you. Please come to the hall.")


@jobs.every("* * * * *", name="centres.minute")
def every_minute(timestamp: int) -> None:
    """End offers that nobody took, and mark the visits to which nobody came."""
    operations.lapse_offers(now=timezone.now())
    operations.miss_appointments(now=timezone.now())


@jobs.every("*/10 * * * *", name="centres.remind")
def remind(timestamp: int) -> None:
    """Remind of visits three days and one day before."""
    now = timezone.now()
    for days in REMIND_DAYS:
        due = Appointment.objects.filter(
            state="booked", starts_at__gt=now, starts_at__lte=now + timedelta(days=days)
        ).exclude(reminded_days__lte=days)
        for appointment_id in due.filter(booked_at__lt=now - timedelta(hours=12)).values_list("id", flat=True):
            remind_of(appointment_id, days)


@transaction.atomic
def remind_of(appointment_id: UUID, days: int) -> None:
    """Send one reminder, once."""
    now = timezone.now()
    visit = Appointment.objects.select_for_update(of=("self",)).select_related("centre").get(id=appointment_id)
    if visit.state != "booked" or (visit.reminded_days is not None and visit.reminded_days <= days):
        return
    nearest = min(n for n in REMIND_DAYS if visit.starts_at <= now + timedelta(days=n))
    visit.reminded_days = nearest
    visit.save(update_fields=["reminded_days"])
    handlers.tell_of_visit(visit, "reminder", key=f"{visit.id}:{nearest}:{visit.starts_at.isoformat()}", now=now)


@jobs.every("*/30 * * * *", name="centres.learn")
def learn(timestamp: int) -> None:
    """Learn how long services take."""
    operations.learn_service_times(now=timezone.now())


@jobs.every("0 6 * * *", name="centres.remind_holders")
def remind_holders(timestamp: int) -> None:
    """Remind those whose documents wait, in the morning (06:00 UTC is 09:00 in Kenya)."""
    operations.remind_holders(now=timezone.now())


@jobs.every("30 21 * * *", name="centres.close_day")
def close_day(timestamp: int) -> None:
    """End what was left open yesterday (21:30 UTC is after midnight in Kenya)."""
    operations.close_day(now=timezone.now())


@jobs.job(name="centres.tell_ahead")
def tell_ahead(centre_code: str) -> None:
    """Text those whose turn is near."""
    now = timezone.now()
    for found in queries.queue.near_their_turn(centre_code, now=now):
        with transaction.atomic():
            ticket = Ticket.objects.select_for_update().get(id=found.id)
            if ticket.told_at is not None or ticket.state != "waiting":
                continue
            ticket.told_at = now
            ticket.save(update_fields=["told_at"])
            with override(ticket.language):
                text = gettext(NEAR) % {
                    "number": ticket.number, "ahead": queries.queue.place_of(found).ahead,
                }  # fmt: skip
            messages.send(
                actor=SYSTEM, kind="centres.ticket.near", language=ticket.language, text=text, to_phone=ticket.phone,
                dedupe_key=f"near:{ticket.id}", about=ticket.id, now=now,
            )  # fmt: skip
