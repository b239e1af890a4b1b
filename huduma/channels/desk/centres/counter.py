"""The counter: one screen, one ticket at a time, every verb a key."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.channels.desk.centres.place import centre_of, service_choices, service_name
from huduma.contexts.centres import public as centres
from huduma.contexts.identity import public as identity
from huduma.foundation import ids
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.ui.requests import actor_of

DESK_NAMES = {
    "triage": gettext_lazy("Triage"),
    "service": gettext_lazy("Service"),
    "photo": gettext_lazy("Photo and fingerprints"),
    "cashier": gettext_lazy("Cashier"),
    "collect": gettext_lazy("Collection"),
}
PRIORITY_NAMES = {
    "elderly": gettext_lazy("Elderly"),
    "disability": gettext_lazy("Person with a disability"),
    "pregnant": gettext_lazy("Pregnant"),
    "infant": gettext_lazy("With an infant"),
    "appointment": gettext_lazy("Appointment"),
}
VERBS = {
    "recall": centres.recall,
    "serve": centres.start_serving,
    "hold": centres.hold,
    "resume": centres.resume,
    "return": centres.put_back,
    "no-show": centres.mark_no_show,
}


@never_cache
def counter(request: HttpRequest) -> HttpResponse:
    """The screen of the counter that one has open, or the counters to choose from."""
    actor, now = actor_of(request), timezone.now()
    mine = centres.counter_of(actor)
    if mine is None:
        centre = centre_of(request)
        context = {"centre": centre, "counters": centres.list_counters(centre), "names": DESK_NAMES}
        return render(request, "desk/centres/open.html", context)
    current, held = centres.at_counter(mine)
    context = {
        "counter": mine,
        "current": current,
        "held": held,
        "waiting": centres.count_waiting(mine, now=now),
        "service": service_name(current.service_code) if current and current.service_code else "",
        "priority": PRIORITY_NAMES.get(current.priority, "") if current else "",
        "desks": [(desk, DESK_NAMES[desk]) for desk in centres.DESKS],
        "services": service_choices(mine.centre),
        "fresh_id": ids.uuid7(),
    }
    return render(request, "desk/centres/counter.html", context)


@require_POST
def open_counter(request: HttpRequest) -> HttpResponse:
    """Sit down at a counter."""
    return _do(request, lambda: centres.open_counter(
        actor=actor_of(request), counter_id=_uuid(request.POST.get("counter", "")), now=timezone.now()
    ))  # fmt: skip


@require_POST
def close_counter(request: HttpRequest) -> HttpResponse:
    """Leave it."""
    return _do(request, lambda: centres.close_counter(actor=actor_of(request), now=timezone.now()))


@require_POST
def call_next(request: HttpRequest) -> HttpResponse:
    """Call whoever is next."""
    return _do(request, lambda: centres.call_next(actor=actor_of(request), now=timezone.now()))


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Do something with a ticket at one's counter; `finish-…` ends with an outcome, and calls the next where asked."""
    actor, now, verb = actor_of(request), timezone.now(), request.POST.get("verb", "")
    about: dict[str, Any] = {"actor": actor, "ticket_id": _uuid(request.POST.get("ticket", "")), "now": now}

    def work() -> None:
        if verb in VERBS:
            VERBS[verb](**about)
        elif verb == "transfer":
            service = request.POST.get("service") or None
            centres.transfer(**about, desk=request.POST.get("desk", ""), service_code=service)
        else:
            centres.finish(**about, outcome=verb.removeprefix("finish-"))

    return _do(request, work)


@require_POST
def quick(request: HttpRequest) -> HttpResponse:
    """Count somebody who was served between two tickets."""
    return _do(request, lambda: centres.record_quick(
        actor=actor_of(request), ticket_id=_uuid(request.POST.get("fresh", "")),
        service_code=request.POST.get("service", ""), now=timezone.now(),
    ))  # fmt: skip


@require_POST
def assist(request: HttpRequest) -> HttpResponse:
    """Open what the person at the counter came for, as assisted, with the consent that they gave."""
    actor, now = actor_of(request), timezone.now()
    mine = centres.counter_of(actor)
    current = centres.at_counter(mine)[0] if mine else None
    if current is None or current.person is None or current.id != _uuid(request.POST.get("ticket", "")):
        notes.warning(request, centres.TicketElsewhere().message)
        return redirect("desk:counter")
    consent = request.POST.get("consent", "")
    if consent not in identity.CONSENTS:
        notes.warning(request, gettext("Ask the person first, then choose how they agreed."))
        return redirect("desk:counter")
    identity.assist_known_person(actor=actor, person_id=current.person.id, consent=consent, now=now)
    if current.state == "called":
        centres.start_serving(actor=actor, ticket_id=current.id, now=now)
    request.session["assisting"], request.session["assisting_name"] = str(current.person.id), current.person.full_name
    if current.case_id:
        return redirect("portal:application", application_id=current.case_id)
    return redirect("portal:service", code=current.service_code) if current.service_code else redirect("portal:search")


def _do(request: HttpRequest, work: Callable[[], object]) -> HttpResponse:
    """Do it, and show the counter with what came of it."""
    try:
        work()
    except (NotPermitted, NotFound):
        raise
    except Refusal as refusal:
        notes.warning(request, refusal.message)
    return redirect("desk:counter")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


urlpatterns = [
    path("counter/", counter, name="counter"),
    path("counter/open/", open_counter, name="open_counter"),
    path("counter/close/", close_counter, name="close_counter"),
    path("counter/next/", call_next, name="call_next"),
    path("counter/act/", act, name="counter_act"),
    path("counter/quick/", quick, name="counter_quick"),
    path("counter/assist/", assist, name="counter_assist"),
]
