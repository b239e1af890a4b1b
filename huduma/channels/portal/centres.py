"""Centres as the public sees them: where, when, how busy; booking a visit."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from icalendar import Alarm, Calendar, Event

from huduma.channels.portal.identity import to_sign_in
from huduma.contexts.applications import public as applications
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import public as centres
from huduma.contexts.identity import public as identity
from huduma.foundation import references
from huduma.foundation.access import Actor, NotFound, Refusal
from huduma.foundation.translated import pick
from huduma.foundation.ui.requests import actor_of
from huduma.foundation.worktime import public as worktime

MEDIA = {
    "in-person": gettext_lazy("In person"),
    "phone": gettext_lazy("By telephone: an officer calls you"),
    "video": gettext_lazy("By video"),
}
STATES = {
    "offered": gettext_lazy("Kept for you, say yes or no"),
    "booked": gettext_lazy("Booked"),
    "arrived": gettext_lazy("You have arrived"),
    "attended": gettext_lazy("It took place"),
    "missed": gettext_lazy("Missed"),
    "cancelled": gettext_lazy("Cancelled"),
    "lapsed": gettext_lazy("No longer kept"),
    "displaced": gettext_lazy("The centre cannot keep it"),
}
ACCESS = {
    "step_free": (gettext_lazy("Entrance without steps"), gettext_lazy("There are steps at the entrance")),
    "lift": (gettext_lazy("Lift"), gettext_lazy("No lift")),
    "toilet": (gettext_lazy("Accessible toilet"), gettext_lazy("No accessible toilet")),
    "sign_language": (gettext_lazy("Kenyan Sign Language"), gettext_lazy("Nobody speaks Kenyan Sign Language")),
    "parking": (gettext_lazy("Parking near the entrance"), gettext_lazy("No parking near the entrance")),
}
DAYS = [
    gettext_lazy("Monday"), gettext_lazy("Tuesday"), gettext_lazy("Wednesday"), gettext_lazy("Thursday"),
    gettext_lazy("Friday"), gettext_lazy("Saturday"), gettext_lazy("Sunday"),
]  # fmt: skip
COORDINATES = {"street (recalled)", "suburb (post office)"}


def centre(request: HttpRequest, code: str) -> HttpResponse:
    """One centre: hours, services, how busy it is now, how to get there, and what is not known."""
    found, now = centres.get_centre(code), timezone.now()
    today = timezone.localdate(now)
    week = [
        (DAYS[n], _times(found.hours[n]), _times(found.long_hours[n]) if found.long_hours else "") for n in range(7)
    ] if found.hours else []  # fmt: skip
    soon = [today + timedelta(days=n) for n in range(31)]
    context = {
        "centre": found,
        "week": week,
        "is_open": centres.is_open(found, now=now),
        "here": centres.now_at(found, now=now) if found.is_open_to_public else None,
        "wait": centres.wait_at(found, now=now),
        "closures": centres.list_closures(found, now=now),
        "holidays": [(day, name) for day in soon if (name := worktime.holiday_name(day))],
        "services": centres.services_at(found) if found.is_open_to_public else [],
        "access": [ACCESS[name][not there] for name, there in found.accessibility.items() if name in ACCESS],
        "is_exact": found.facts.get("coord_precision") in COORDINATES,
    }
    return render(request, "portal/centres/centre.html", context)


def _times(periods: list[list[str]]) -> str:
    return ", ".join(f"{opens}–{closes}" for opens, closes in periods) or gettext("closed")


def where(request: HttpRequest, code: str) -> HttpResponse:
    """The centres that serve a service, to choose where to go."""
    service = catalogue.get_service(code)
    context = {
        "service": service, "centres": centres.centres_offering(code), "case": request.GET.get("case", ""),
    }  # fmt: skip
    return render(request, "portal/centres/where.html", context)


@never_cache
def book(request: HttpRequest, code: str) -> HttpResponse:
    """Choose what the visit is for, then a day, then a time; nothing is taken before the last button."""
    actor, now = actor_of(request), timezone.now()
    if actor.kind == "anonymous":
        return to_sign_in(request)
    found = centres.get_centre(code)
    asked = request.POST if request.method == "POST" else request.GET
    wish, case_id, errors = _wish(asked), _case(actor, asked.get("case", "")), {}
    if request.method == "POST":
        try:
            if asked.get("join"):
                until = timezone.localdate(now) + timedelta(days=found.most_notice_days)
                centres.join_waiting_list(
                    actor=actor, centre_code=code, wish=wish, until_on=until, case_id=case_id, now=now
                )
                notes.success(request, gettext("You are in the list. We text you when a place becomes free."))
                return redirect("portal:appointments")
            visit = centres.book_appointment(
                actor=actor,
                centre_code=code,
                wish=wish,
                starts_at=_moment(asked.get("at", "")),
                case_id=case_id,
                now=now,
            )
            notes.success(request, gettext("Your appointment is booked."))
            return redirect("portal:appointment", appointment_id=visit.id)
        except identity.NotProven:
            raise
        except (NotFound, Refusal) as refusal:
            errors["times"] = refusal.message
    elif "services" in asked and not wish.services:
        errors["services"] = gettext("Choose at least one service.")
    days, rooms, day = _room(found, wish, asked.get("day", ""), now) if wish.services else ([], [], None)
    context = {
        "centre": found,
        "services": centres.services_at(found),
        "wish": wish,
        "media": [(m, label) for m, label in MEDIA.items() if m != "video" or settings.VIDEO_URL],
        "days": days,
        "day": day,
        "rooms": rooms,
        "minutes": int(centres.length_of(found, wish).total_seconds() // 60) if wish.services else 0,
        "case": case_id or "",
        "query": _query(wish, case_id),
        "errors": errors,
    }
    return render(request, "portal/centres/book.html", context, status=422 if errors else 200)


def _wish(asked: Any) -> centres.Wish:
    people = asked.get("people", "1")
    medium = asked.get("medium", "in-person")
    return centres.Wish(
        tuple(code for code in dict.fromkeys(asked.getlist("services")) if code)[:5],
        int(people) if people.isascii() and people.isdigit() and 1 <= int(people[:3]) <= 20 else 1,
        medium if medium in MEDIA else "in-person",
    )


def _query(wish: centres.Wish, case_id: UUID | None) -> str:
    pairs = [("services", code) for code in wish.services]
    pairs += [("people", str(wish.people)), ("medium", wish.medium)]
    return urlencode([*pairs, *([("case", str(case_id))] if case_id else [])])


def _case(actor: Actor, text: str) -> UUID | None:
    """Return the application that needs the visit, if it is the actor's own. Raises NotFound."""
    if not text:
        return None
    try:
        return applications.get_application_for(actor, UUID(text)).id
    except ValueError:
        raise NotFound from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise centres.SlotTaken from None
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _room(
    found: centres.Centre, wish: centres.Wish, text: str, now: datetime
) -> tuple[list[tuple[date, int]], list[Any], date | None]:
    days = centres.days_with_room(found, wish, now=now)
    day: date | None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = days[0][0] if days else None
    return days, centres.free_rooms(found, day, wish, now=now) if day else [], day


@never_cache
def appointments(request: HttpRequest) -> HttpResponse:
    """The citizen's visits to come, places in waiting lists, and documents to collect."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    visits = centres.list_appointments_for(actor, now=timezone.now())
    context = {
        "visits": [(visit, STATES[visit.state], _names(visit.services)) for visit in visits],
        "waits": [(wait, _names(wait.services)) for wait in centres.list_waits_for(actor)],
        "documents": centres.list_collectables_for(actor),
        "feed": settings.PUBLIC_URL + reverse("portal:feed", args=[centres.feed_token(actor.applicant_id)])
        if actor.applicant_id
        else "",
    }
    return render(request, "portal/centres/appointments.html", context)


def _names(codes: list[str]) -> list[Any]:
    named = []
    for code in codes:
        try:
            named.append(catalogue.get_service(code).name)
        except NotFound:
            named.append({"en": code})
    return named


@never_cache
def appointment(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    """One visit of somebody who is signed in."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    return _visit(request, actor, centres.get_appointment_for(actor, appointment_id))


@never_cache
def visit_link(request: HttpRequest, reference: str, token: str) -> HttpResponse:
    """The same by the link in a message, without signing in."""
    found, actor = centres.open_link(reference, token)
    return _visit(request, actor, found)


def _visit(request: HttpRequest, actor: Actor, visit: centres.Appointment) -> HttpResponse:
    now, errors = timezone.now(), {}
    if request.method == "POST":
        try:
            notes.success(request, _change(request, actor, visit, now))
            return redirect(request.path)
        except (NotFound, Refusal) as refusal:
            errors["times"] = refusal.message
            visit = centres.get_appointment_for(actor, visit.id)
    by_link = "token" in request.resolver_match.kwargs if request.resolver_match else False
    instead = centres.instead_of(visit, now=now) if visit.state in centres.GIVEN_UP else None
    may_move = centres.may_move(visit, now=now) and (instead is None or instead.state == "offered")
    wish = centres.wish_of(visit)
    days, rooms, day = _room(visit.centre, wish, request.GET.get("day", ""), now) if may_move else ([], [], None)
    context = {
        "visit": visit, "state": STATES[visit.state], "services": _names(visit.services), "may_move": may_move,
        "may_cancel": centres.may_cancel(visit, now=now), "is_to_come": visit.state == "booked" and visit.ends_at > now,
        "may_say_yes": visit.state == "offered" or (visit.state == "booked" and not visit.confirmed_at and visit.ends_at > now),
        "days": days, "day": day, "rooms": rooms, "medium": MEDIA[visit.medium], "errors": errors,
        "ics": _address("calendar", visit, by_link=by_link), "video": _video(visit), "instead": instead,
        "there": _address("", instead, by_link=by_link) if instead else "",
        "again": f"{reverse('portal:book', args=[visit.centre_id])}?{_query(wish, visit.case_id)}"
        if visit.state in ("missed", "cancelled") else "",
    }  # fmt: skip
    return render(request, "portal/centres/appointment.html", context, status=422 if errors else 200)


def _change(request: HttpRequest, actor: Actor, visit: centres.Appointment, now: datetime) -> str:
    """Do what the button says, and return what is told of it. Raises NotFound for a button that there is not, and refusals."""
    act: dict[str, Any] = {"actor": actor, "appointment_id": visit.id, "now": now}
    match request.POST.get("do"):
        case "confirm":
            centres.confirm_appointment(**act)
            return gettext("Thank you: we expect you.")
        case "move":
            centres.move_appointment(**act, starts_at=_moment(request.POST.get("at", "")))
            return gettext("Your appointment has a new time.")
        case "cancel":
            centres.cancel_appointment(**act)
            return gettext("The appointment is cancelled. Somebody else can have the time now.")
    raise NotFound


def _address(of: str, visit: centres.Appointment, *, by_link: bool) -> str:
    """Return the address of a visit or its calendar, for somebody who came by a link or is signed in."""
    if by_link:
        token = centres.link_of(visit, "en").rstrip("/").rsplit("/", 1)[1]
        return reverse("portal:visit_calendar" if of else "portal:visit_link", args=[visit.reference, token])
    return reverse("portal:appointment_calendar" if of else "portal:appointment", args=[visit.id])


def _video(visit: centres.Appointment) -> str:
    if visit.medium != "video" or not settings.VIDEO_URL or visit.state not in ("booked", "arrived"):
        return ""
    return f"{settings.VIDEO_URL}/{visit.id.hex}"


def appointment_calendar(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    """A visit for one's own calendar."""
    return _calendar([centres.get_appointment_for(actor_of(request), appointment_id)])


def visit_calendar(request: HttpRequest, reference: str, token: str) -> HttpResponse:
    """The same by the link in a message."""
    return _calendar([centres.open_link(reference, token)[0]])


def feed(request: HttpRequest, token: str) -> HttpResponse:
    """All visits of a person, for a calendar that subscribes; the address is the secret."""
    return _calendar(centres.open_feed(token))


@never_cache
@require_POST
def replace_feed(request: HttpRequest) -> HttpResponse:
    """Another secret address for one's calendar."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    centres.replace_feed(actor=actor, now=timezone.now())
    notes.success(request, gettext("Your calendar has another address now; the one before opens nothing."))
    return redirect(reverse("portal:appointments") + "#calendar")


def _calendar(visits: list[centres.Appointment]) -> HttpResponse:
    """Visits as iCalendar (RFC 5545) with the rules of their time zone, so that every reader shows Kenyan time."""
    calendar = Calendar()
    calendar.add("prodid", "-//Huduma//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for visit in visits:
        event = Event()
        event.add("uid", f"{visit.id}@huduma")
        event.add("sequence", int(visit.state_at.timestamp()))
        event.add("dtstamp", visit.state_at)
        event.add("dtstart", visit.starts_at.astimezone(worktime.NAIROBI))
        event.add("dtend", visit.ends_at.astimezone(worktime.NAIROBI))
        event.add("summary", gettext("Visit to %(centre)s") % {"centre": visit.centre.name})
        place = ", ".join(part for part in (visit.centre.name, visit.centre.building, visit.centre.town) if part)
        event.add("location", place if visit.medium == "in-person" else str(MEDIA[visit.medium]))
        names = "; ".join(pick(name) for name in _names(visit.services))
        event.add("description", f"{names}. {references.display(visit.reference)}")
        if visit.centre.position:
            event.add("geo", visit.centre.position)
        event.add("status", "CONFIRMED" if visit.state != "offered" else "TENTATIVE")
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", gettext("Visit to %(centre)s") % {"centre": visit.centre.name})
        alarm.add("trigger", timedelta(hours=-2))
        event.add_component(alarm)
        calendar.add_component(event)
    calendar.add_missing_timezones()
    headers = {"Content-Disposition": 'attachment; filename="huduma.ics"', "Cache-Control": "private, max-age=900"}
    return HttpResponse(calendar.to_ical(), content_type="text/calendar; charset=utf-8", headers=headers)


@never_cache
def leave_list(request: HttpRequest, waiter_id: UUID) -> HttpResponse:
    """Wait no longer for a freed time."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return to_sign_in(request)
    if request.method == "POST":
        centres.leave_waiting_list(actor=actor, waiter_id=waiter_id, now=timezone.now())
    return redirect("portal:appointments")


urlpatterns = [
    path("centres/<str:code>/", centre, name="centre"),
    path("centres/<str:code>/book/", book, name="book"),
    path("services/<slug:code>/where/", where, name="where"),
    path("appointments/", appointments, name="appointments"),
    path("appointments/<uuid:appointment_id>/", appointment, name="appointment"),
    path("appointments/<uuid:appointment_id>/huduma.ics", appointment_calendar, name="appointment_calendar"),
    path("appointments/list/<uuid:waiter_id>/leave/", leave_list, name="leave_list"),
    path("v/<str:reference>/<str:token>/", visit_link, name="visit_link"),
    path("v/<str:reference>/<str:token>/huduma.ics", visit_calendar, name="visit_calendar"),
    path("calendar/<str:token>.ics", feed, name="feed"),
    path("appointments/calendar/", replace_feed, name="replace_feed"),
]
