"""A centre's public screens: the display of called numbers, the kiosk, the ticket page behind the QR at the door."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import get_language, gettext, gettext_lazy
from django.views.decorators.cache import never_cache

from huduma.contexts.applications import public as applications
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import public as centres
from huduma.foundation import ids, throttle
from huduma.foundation import phone as phones
from huduma.foundation.access import NotFound, Refusal
from huduma.foundation.ui.requests import actor_of, address_of

PRIORITY_NAMES = {
    "": gettext_lazy("None of these"),
    "elderly": gettext_lazy("I am sixty or older"),
    "disability": gettext_lazy("I have a disability"),
    "pregnant": gettext_lazy("I am pregnant"),
    "infant": gettext_lazy("I have an infant with me"),
}
STATES = {
    "waiting": gettext_lazy("Waiting"),
    "called": gettext_lazy("It is your turn"),
    "serving": gettext_lazy("You are being served"),
    "held": gettext_lazy("Put aside: your counter calls you again"),
    "done": gettext_lazy("Finished"),
    "no-show": gettext_lazy("You were called and did not come. Ask at reception."),
    "left": gettext_lazy("You left the queue"),
}
TICKETS_A_MINUTE = 30
FROM_ONE_PHONE = 5


class TooManyTickets(Refusal):
    """Too many tickets were taken from here just now. Wait a minute, or ask at reception."""


@never_cache
def board(request: HttpRequest, code: str) -> HttpResponse:
    """The public display: the last five numbers called, large, and spoken where somebody pressed the button once."""
    centre = centres.get_centre(code)
    shown = centres.board_of(code, now=timezone.now()).as_json()
    context = {"centre": centre, "shown": shown, "stream": f"{settings.STREAM_URL}/stream/{code}"}
    response = render(request, "display/board.html", context)
    _allow_stream(response)
    return response


def _allow_stream(response: HttpResponse) -> None:
    """Let the page listen to the stream where that has an address of its own (on one machine; behind an edge it is ours)."""
    from huduma.foundation.ui.security import POLICY

    response.headers["Content-Security-Policy"] = POLICY.replace(
        "connect-src 'self'", f"connect-src 'self' {settings.STREAM_URL}"
    )


@never_cache
def board_json(request: HttpRequest, code: str) -> JsonResponse:
    """The same for a display whose stream is broken: it asks now and then."""
    return JsonResponse(centres.board_of(code, now=timezone.now()).as_json())


@never_cache
def arrive(request: HttpRequest, code: str, key: str, source: str) -> HttpResponse:
    """Take a ticket: at the kiosk, which then waits for the next person, or on one's own phone by the QR at the door."""
    centre = centres.centre_at_door(code, key)
    mine = request.session.get("ticket") if source == "door" else None
    if mine and request.method == "GET" and "again" not in request.GET:
        return redirect("display:ticket", ticket_id=mine)
    errors: dict[str, str] = {}
    typed = {
        name: request.POST.get(name, "").strip() for name in ("service", "priority", "phone", "reference", "fresh")
    }
    if request.method == "POST":
        try:
            ticket = _take(request, centre, typed, source)
        except phones.InvalidPhone:
            errors["phone"] = gettext("Type a phone number like 0712 345 678.")
        except NotFound:
            errors["reference"] = gettext("No appointment of today and no application has this reference.")
        except Refusal as refusal:
            errors["reference"] = refusal.message
        else:
            if source == "door":
                request.session["ticket"] = str(ticket.id)
                return redirect("display:ticket", ticket_id=ticket.id)
            context = {"centre": centre, "ticket": ticket, "place": centres.place_of(ticket), "again": request.path}
            return render(request, "display/taken.html", context)
    context = {
        "centre": centre, "source": source, "services": [s for s, _ in centres.services_at(centre)],
        "priorities": PRIORITY_NAMES.items(), "typed": typed, "errors": errors, "fresh_id": ids.uuid7(),
        "is_open": centres.is_open(centre, now=timezone.now()), "wait": centres.wait_at(centre, now=timezone.now()),
    }  # fmt: skip
    return render(request, "display/arrive.html", context, status=422 if errors else 200)


def _take(request: HttpRequest, centre: centres.Centre, typed: dict[str, str], source: str) -> centres.Ticket:
    if not throttle.allow(f"ticket:{centre.code}:{address_of(request)}", limit=TICKETS_A_MINUTE, seconds=60):
        raise TooManyTickets
    if typed["phone"] and not throttle.allow(
        f"ticket:{phones.digest(phones.parse_mobile(typed['phone']))}", limit=FROM_ONE_PHONE, seconds=3600
    ):
        raise TooManyTickets
    about: dict[str, Any] = {
        "actor": actor_of(request), "ticket_id": _uuid(typed["fresh"]), "source": source, "now": timezone.now(),
    }  # fmt: skip
    language = get_language() or "sw"
    if typed["reference"]:
        visit = centres.find_appointment(typed["reference"], centre.code, now=timezone.now())
        if visit is not None:
            return centres.check_in(appointment_id=visit.id, **about)
        case_id, person_id, service_code = applications.ids_of(typed["reference"])
        return centres.take_ticket(
            centre_code=centre.code, service_code=service_code, priority=typed["priority"], phone=typed["phone"],
            language=language, person_id=person_id, case_id=case_id, **about,
        )  # fmt: skip
    if typed["service"]:
        catalogue.get_service(typed["service"])
    return centres.take_ticket(
        centre_code=centre.code, service_code=typed["service"], priority=typed["priority"], phone=typed["phone"],
        language=language, **about,
    )  # fmt: skip


@never_cache
def ticket(request: HttpRequest, ticket_id: UUID) -> HttpResponse:
    """One's ticket on one's own phone: the number, who is ahead, how long it may take; it renews itself."""
    found = centres.get_ticket(ticket_id)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            found = centres.leave_queue(actor=actor_of(request), ticket_id=ticket_id, now=timezone.now())
            request.session.pop("ticket", None)
        except centres.TicketElsewhere:
            errors["state"] = gettext("You were called already: go to the counter.")
    context = {
        "ticket": found, "state": STATES[found.state], "errors": errors,
        "place": centres.place_of(found) if found.state == "waiting" else None,
        "again": request.session.get("ticket") == str(found.id) and found.ended_at,
    }  # fmt: skip
    if found.ended_at:
        request.session.pop("ticket", None)
    return render(request, "display/ticket.html", context, status=422 if errors else 200)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


urlpatterns = [
    path("ticket/<uuid:ticket_id>/", ticket, name="ticket"),
    path("<str:code>/", board, name="board"),
    path("<str:code>/board.json", board_json, name="board_json"),
    path("<str:code>/kiosk/<str:key>/", arrive, {"source": "kiosk"}, name="kiosk"),
    path("<str:code>/door/<str:key>/", arrive, {"source": "door"}, name="door"),
]
