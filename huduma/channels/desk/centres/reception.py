"""Reception: people who arrive without a phone or a kiosk, and today's appointments."""

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


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


urlpatterns = [
    path("reception/", reception, name="reception"),
    path("reception/<uuid:appointment_id>/attended/", attendance, name="attendance"),
    path("reception/door/", door, name="door"),
]
