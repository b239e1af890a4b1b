"""Reception: people who arrive without a phone or a kiosk, today's appointments, and the paper of a day without a system."""

from datetime import datetime
from typing import Any
from uuid import UUID

import segno
from django.conf import settings
from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from huduma.channels.desk.centres.counter import PRIORITY_NAMES
from huduma.channels.desk.centres.place import centre_of, service_choices, service_name
from huduma.contexts.applications import public as applications
from huduma.contexts.centres import public as centres
from huduma.contexts.workforce import public as workforce
from huduma.foundation import ids
from huduma.foundation import phone as phones
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.ui.requests import actor_of
from huduma.foundation.worktime.public import NAIROBI

PAPER_ROWS = 10


@never_cache
def reception(request: HttpRequest) -> HttpResponse:
    """Give a ticket, or let somebody with an appointment arrive; the day's appointments stand below."""
    actor, now, centre = actor_of(request), timezone.now(), centre_of(request)
    day = centres.list_day_for(actor, centre.code, timezone.localdate(now))  # refuses those who do not work here
    errors, ticket = {}, None
    typed = {
        name: request.POST.get(name, "").strip() for name in ("service", "priority", "language", "phone", "reference")
    }
    if request.method == "POST":
        try:
            ticket = _ticket(request, centre, typed, now)
        except phones.InvalidPhone:
            errors["phone"] = gettext("Type a phone number like 0712 345 678.")
        except NotPermitted:
            raise
        except NotFound:
            errors["reference"] = gettext("No appointment of today and no application has this reference.")
        except Refusal as refusal:
            errors["reference"] = refusal.message
    context = {
        "centre": centre, "ticket": ticket, "place": centres.place_of(ticket) if ticket else None,
        "typed": {} if ticket else typed, "errors": errors, "services": service_choices(centre),
        "priorities": [(key, name) for key, name in PRIORITY_NAMES.items() if key != "appointment"],
        "day": [(visit, [service_name(code) for code in visit.services]) for visit in day], "fresh_id": ids.uuid7(),
    }  # fmt: skip
    return render(request, "desk/centres/reception.html", context, status=422 if errors else 200)


def _ticket(request: HttpRequest, centre: centres.Centre, typed: dict[str, str], now: datetime) -> centres.Ticket:
    actor = actor_of(request)
    fresh = _uuid(request.POST.get("fresh", ""))
    about: dict[str, Any] = {"actor": actor, "ticket_id": fresh, "source": "reception", "now": now}
    reference = typed["reference"]
    if reference:
        visit = centres.find_appointment(reference, centre.code, now=now)
        if visit is not None:
            return centres.check_in(appointment_id=visit.id, **about)
        case_id, person_id, service_code = applications.ids_of(reference)
        return centres.take_ticket(
            centre_code=centre.code, service_code=service_code, priority=typed["priority"], person_id=person_id,
            case_id=case_id, language=typed["language"] or "sw", phone=typed["phone"], **about,
        )  # fmt: skip
    return centres.take_ticket(
        centre_code=centre.code, service_code=typed["service"], priority=typed["priority"],
        language=typed["language"] or "sw", phone=typed["phone"], **about,
    )  # fmt: skip


@never_cache
def attendance(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    """Say whether a visit by phone or video took place."""
    if request.method == "POST":
        try:
            centres.record_attendance(
                actor=actor_of(request), appointment_id=appointment_id, attended=request.POST.get("attended") == "yes",
                now=timezone.now(),
            )  # fmt: skip
        except centres.TooLate as refusal:
            notes.warning(request, refusal.message)
    return redirect("desk:reception")


@never_cache
def door(request: HttpRequest) -> HttpResponse:
    """What is put up at a centre: the QR for the door, and the addresses of its kiosk and its display."""
    centre = centre_of(request)
    workforce.require_place(actor_of(request), centre.code, "officer", "supervisor")
    key = centres.door_key(centre.code)
    at_door = settings.PUBLIC_URL + reverse("display:door", args=[centre.code, key])
    context = {
        "centre": centre, "address": at_door, "qr": segno.make(at_door, error="m").svg_data_uri(scale=8),
        "kiosk": settings.PUBLIC_URL + reverse("display:kiosk", args=[centre.code, key]),
        "board": settings.PUBLIC_URL + reverse("display:board", args=[centre.code]),
    }  # fmt: skip
    return render(request, "desk/centres/door.html", context)


@never_cache
def catch_up(request: HttpRequest) -> HttpResponse:
    """Enter the paper numbers of a time when the system was down; rows with a mistake stay, the others are kept."""
    actor, now, centre = actor_of(request), timezone.now(), centre_of(request)
    workforce.require_place(actor, centre.code, "officer", "supervisor")
    errors: dict[str, str] = {}
    rows: list[dict[str, Any]] = [
        {"n": n, **{f: request.POST.get(f"{f}-{n}", "").strip() for f in FIELDS}} for n in range(PAPER_ROWS)
    ]
    day = request.POST.get("day", "") or timezone.localdate(now).isoformat()
    left = []
    if request.method == "POST":
        for row in rows:
            if not row["number"]:
                continue
            try:
                centres.catch_up(
                    actor=actor, centre_code=centre.code, number=row["number"], service_code=row["service"],
                    arrived_at=_clock(day, row["arrived"]), served_at=_clock(day, row["served"]) if row["served"] else None,
                    ended_at=_clock(day, row["ended"]) if row["ended"] else None, now=now,
                )  # fmt: skip
            except ValueError:
                errors[f"arrived-{row['n']}"] = gettext("Number %(number)s: write times like 09:40.") % row
                left.append(row)
            except NotPermitted:
                raise
            except Refusal as refusal:
                errors[f"number-{row['n']}"] = f"{row['number']}: {refusal.message}"
                left.append(row)
        if not errors:
            notes.success(request, gettext("The paper numbers are entered."))
            return redirect("desk:catch_up")
    empty = [row for row in rows if not row["number"]] if request.method == "POST" else rows
    context = {
        "centre": centre, "rows": [*left, *empty], "day": day, "errors": errors, "services": service_choices(centre),
    }  # fmt: skip
    return render(request, "desk/centres/catch_up.html", context, status=422 if errors else 200)


FIELDS = ("number", "service", "arrived", "served", "ended")


def _clock(day: str, text: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{text.replace('.', ':').zfill(5)}").replace(tzinfo=NAIROBI)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


urlpatterns = [
    path("reception/", reception, name="reception"),
    path("reception/<uuid:appointment_id>/attended/", attendance, name="attendance"),
    path("reception/door/", door, name="door"),
    path("reception/paper/", catch_up, name="catch_up"),
]
