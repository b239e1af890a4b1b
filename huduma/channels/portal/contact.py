"""Asking, complaining, disputing: one form for everything that is no application, and the page that follows it to its end."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.channels.portal.identity import to_sign_in
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.contact import public as contact
from huduma.contexts.places import public as places
from huduma.foundation import ids, links, mail
from huduma.foundation import phone as phones
from huduma.foundation.access import NotFound, Refusal
from huduma.foundation.journal import public as journal
from huduma.foundation.translated import pick
from huduma.foundation.ui.requests import actor_of

#: What signs the number of a form, by which the same form sent twice is known.
FORM = "contact.form"
FIELDS = ("text", "service", "body", "county", "name", "phone", "email", "anonymous", "urgent", "about", "form")
#: What happened, by the act in the journal.
TURNS = {
    "contact.matter.opened": gettext_lazy("We received it"),
    "contact.matter.routed": gettext_lazy("It went to the office that it concerns"),
    "contact.matter.assigned": gettext_lazy("Somebody is working on it"),
    "contact.matter.paused": gettext_lazy("We asked you for more; our time stands still until you answer"),
    "contact.matter.extended": gettext_lazy("It needs more time"),
    "contact.matter.overdue": gettext_lazy("The last level is late. You may go to the authority outside now."),
    "contact.matter.answered": gettext_lazy("It was answered"),
    "contact.matter.reopened": gettext_lazy("You did not accept the answer"),
    "contact.matter.taken_outside": gettext_lazy("You took it to the authority outside"),
    "contact.matter.joined": gettext_lazy("It is dealt with together with the same trouble of other people"),
    "contact.case_access.granted": gettext_lazy("An officer got leave to see your application, to solve this"),
}
CLIMBED = {
    "clock": gettext_lazy("The time ran out, so it went to the next level"),
    "customer": gettext_lazy("You asked the next level"),
    "staff": gettext_lazy("It was sent to the next level"),
    "rejected": gettext_lazy("The next level looks at it"),
}
CLOSED = {
    "accepted": gettext_lazy("You accepted the answer"),
    "silent": gettext_lazy("It was closed, as nobody objected for two weeks"),
    "withdrawn": gettext_lazy("You took it back"),
}


def choose(request: HttpRequest) -> HttpResponse:
    """What a person can bring, each with its promise."""
    actor = actor_of(request)
    kinds = [kind for kind in contact.KINDS.values() if kind.for_customers]
    context = {"kinds": kinds, "about": request.GET.get("about", ""), "own": contact.list_own_for(actor)}
    return render(request, "portal/contact/choose.html", context)


@never_cache
def new(request: HttpRequest, kind: str) -> HttpResponse:
    """The form of one kind; nothing that is known already is asked."""
    what = contact.KINDS.get(kind)
    if what is None or not what.for_customers:
        raise NotFound
    actor = actor_of(request)
    typed = {name: request.POST.get(name, request.GET.get(name, "")).strip() for name in FIELDS}
    about = _about(request, typed["about"])
    form = links.thing_of(FORM, typed["form"]) or ids.uuid7()
    errors: dict[str, str] = {}
    if request.method == "POST" and "switch_language" not in request.POST:
        matter, errors = _open(request, kind, typed, about, form)
        if matter is not None:
            request.session["sent_matter"] = str(matter.id)
            return redirect(_address(matter, actor))
    context = {
        "kind": what, "typed": typed, "errors": errors, "about": about, "form": links.token(FORM, form),
        "known": actor.applicant_id is not None,
        "needs_body": what.levels[0].team[1] and not (about and about.body_code),
        "services": catalogue.list_services(), "counties": places.list_counties(),
    }  # fmt: skip
    return render(request, "portal/contact/new.html", context, status=422 if errors else 200)


def _about(request: HttpRequest, typed: str) -> contact.About | None:
    try:
        return contact.about_for(actor_of(request), UUID(typed)) if typed else None
    except (ValueError, NotFound):
        return None


def _open(
    request: HttpRequest, kind: str, typed: dict[str, str], about: contact.About | None, form: UUID
) -> tuple[contact.Matter | None, dict[str, str]]:
    """Open a matter, or return what is wrong, by field."""
    try:
        matter = contact.open_matter(
            actor=actor_of(request), kind=kind, text=typed["text"], language=get_language() or "en",
            service_code=typed["service"], body_code=typed["body"] or None, county_code=typed["county"] or None,
            about_id=about.id if about else None,
            name=typed["name"], phone=typed["phone"], email=typed["email"], is_anonymous=bool(typed["anonymous"]),
            is_urgent=bool(typed["urgent"]), matter_id=form, now=timezone.now(),
        )  # fmt: skip
    except phones.InvalidPhone:
        return None, {"phone": gettext("Type a phone number like 0712 345 678.")}
    except mail.InvalidAddress:
        return None, {"email": gettext("Write an e-mail address like name@example.com.")}
    except contact.BodyNeeded as refusal:
        return None, {"service": refusal.message}
    except contact.NoWayToAnswer as refusal:
        return None, {"phone": refusal.message}
    except NotFound:
        return None, {"service": gettext("Choose the service from the list.")}
    except Refusal as refusal:
        return None, {"text": refusal.message}
    return matter, {}


def _address(matter: contact.Matter, actor: Any) -> str:
    """Return the page of a matter: with its key for who has no account."""
    if matter.person_id is not None and matter.person_id == actor.applicant_id:
        return reverse("portal:matter", args=[matter.reference])
    return reverse("portal:matter_by_key", args=[matter.reference, contact.key_of(matter.id)])


@never_cache
def matter(request: HttpRequest, reference: str, key: str = "") -> HttpResponse:
    """Where a matter is, who has it, by when, what was said, and what can be done now."""
    actor, now = actor_of(request), timezone.now()
    if not key and actor.kind == "anonymous":
        return to_sign_in(request)
    found = contact.get_own_for(actor, reference, key=key)
    return _show(request, found, key, now)


def _show(
    request: HttpRequest, found: contact.Matter, key: str, now: Any, errors: dict[str, str] | None = None
) -> HttpResponse:
    what = contact.KINDS[found.kind]
    by_act = [(entry, _turn(entry)) for entry in contact.history_of(found)]
    turns = [
        (entry.at, words, entry.facts.get("reason", "") if entry.act == "contact.matter.extended" else "", "")
        for entry, words in by_act
        if words
    ]
    turns += [(remark.at, "", remark.text, remark.side) for remark in contact.remarks_of(found, internal=False)]
    context = {
        "matter": found,
        "kind": what,
        "key": key,
        "sent": request.session.pop("sent_matter", None) == str(found.id),
        "spoken_key": _grouped(contact.key_of(found.id)) if found.is_anonymous else "",
        "state": contact.STATES[found.state],
        "level": contact.LEVELS[found.level],
        "outcome": contact.OUTCOMES.get(found.outcome),
        "turns": sorted(turns, key=lambda turn: turn[0]),
        "may_add": found.is_open,
        "may_ask_higher": contact.may_ask_higher(found),
        "may_accept": found.state == "answered",
        "may_reject": contact.may_reject(found, now),
        "may_go_outside": contact.may_go_outside(found),
        "authority": contact.AUTHORITIES.get(what.appeal),
        "errors": errors or {},
        "typed": request.POST,
    }
    return render(request, "portal/contact/matter.html", context, status=422 if errors else 200)


def _turn(entry: journal.Entry) -> str:
    if entry.act == "contact.matter.escalated":
        level = contact.LEVELS[entry.facts["level"]]
        return f"{CLIMBED[entry.facts['how']]}: {pick(level)}"
    if entry.act == "contact.matter.closed":
        return str(CLOSED[entry.facts["how"]])
    if entry.act == "contact.matter.assigned" and entry.facts["how"] == "released":
        return ""
    return str(TURNS.get(entry.act, ""))


def _grouped(key: str) -> str:
    return " ".join(key[start : start + 4] for start in range(0, len(key), 4))


@never_cache
@require_POST
def act(request: HttpRequest, reference: str, how: str, key: str = "") -> HttpResponse:
    """Do what the customer chose, then show the page again; what was typed stays where something is missing."""
    actor, now, text = actor_of(request), timezone.now(), request.POST.get("text", "")
    common: dict[str, Any] = {"actor": actor, "reference": reference, "key": key, "now": now}
    try:
        if how == "add":
            contact.add_by_customer(text=text, **common)
        elif how in ("reject", "higher"):
            (contact.reject if how == "reject" else contact.ask_higher)(why=text, **common)
        else:
            {"accept": contact.accept, "withdraw": contact.withdraw, "outside": contact.go_outside}[how](**common)
    except (contact.NothingSaid, contact.TooLong, contact.ReasonNeeded) as refusal:
        return _show(
            request, contact.get_own_for(actor, reference, key=key), key, now, {f"{how}-text": refusal.message}
        )
    except contact.CannotNow as refusal:
        notes.warning(request, refusal.message)
    else:
        notes.success(request, str(DONE[how]))
    address = (
        reverse("portal:matter_by_key", args=[reference, key]) if key else reverse("portal:matter", args=[reference])
    )
    return redirect(address)


DONE = {
    "add": gettext_lazy("Your words were added."),
    "accept": gettext_lazy("Thank you. The matter is settled."),
    "reject": gettext_lazy("We look at it again."),
    "higher": gettext_lazy("The next level has it now."),
    "withdraw": gettext_lazy("You took the matter back."),
    "outside": gettext_lazy("The hand-over file is ready to print or to send."),
}


@never_cache
def file(request: HttpRequest, reference: str, key: str = "") -> HttpResponse:
    """The whole matter on one page to print: what an authority outside needs to take it over."""
    actor = actor_of(request)
    if not key and actor.kind == "anonymous":
        return to_sign_in(request)
    found = contact.get_own_for(actor, reference, key=key)
    what = contact.KINDS[found.kind]
    context = {
        "matter": found,
        "kind": what,
        "authority": contact.AUTHORITIES.get(found.outside or what.appeal),
        "outcome": contact.OUTCOMES.get(found.outcome),
        "turns": [(entry.at, words) for entry in contact.history_of(found) if (words := _turn(entry))],
        "remarks": contact.remarks_of(found, internal=False),
        "site": settings.PUBLIC_URL,
    }
    return render(request, "portal/contact/file.html", context)


@never_cache
def find(request: HttpRequest) -> HttpResponse:
    """Find a matter again by its reference and key, without an account."""
    typed = {name: request.POST.get(name, "").strip() for name in ("reference", "key")}
    errors = {}
    if request.method == "POST":
        try:
            found = contact.get_own_for(actor_of(request), typed["reference"], key=typed["key"])
            return redirect("portal:matter_by_key", reference=found.reference, key=contact.key_of(found.id))
        except NotFound:
            errors["reference"] = gettext(
                "Nothing has this reference and this key. Check both; they are in our message to you."
            )
        except contact.TooManyTries as refusal:
            errors["reference"] = refusal.message
    return render(
        request, "portal/contact/find.html", {"typed": typed, "errors": errors}, status=422 if errors else 200
    )


urlpatterns = [
    path("help/", choose, name="help"),
    path("help/find/", find, name="find_matter"),
    path("help/new/<slug:kind>/", new, name="new_matter"),
    path("help/<str:reference>/", matter, name="matter"),
    path("help/<str:reference>/file/", file, name="matter_file"),
    *(
        path(f"help/<str:reference>/{how}/", act, {"how": how}, name=f"matter_{how}")
        for how in ("add", "accept", "reject", "higher", "withdraw", "outside")
    ),
    path("help/<str:reference>/<str:key>/", matter, name="matter_by_key"),
    path("help/<str:reference>/<str:key>/file/", file, name="matter_file_by_key"),
    *(
        path(f"help/<str:reference>/<str:key>/{how}/", act, {"how": how}, name=f"matter_{how}_by_key")
        for how in ("add", "accept", "reject", "higher", "withdraw", "outside")
    ),
]
