"""The contact desk: what customers brought, level by level; one matter at a time; the figures that the Ombudsman asks for."""

from datetime import date
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

from huduma.contexts.applications import public as applications
from huduma.contexts.contact import public as contact
from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.contexts.places import public as places
from huduma.foundation import mail, references
from huduma.foundation import phone as phones
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.journal import public as journal
from huduma.foundation.translated import pick
from huduma.foundation.ui.downloads import sheet
from huduma.foundation.ui.requests import actor_of

VIEWS = ("team", "mine", "late", "answered")
TURNS = {
    "contact.matter.opened": gettext_lazy("Received"),
    "contact.matter.routed": gettext_lazy("Sent to another office or made another kind"),
    "contact.matter.paused": gettext_lazy("The customer was asked; the clock stands still"),
    "contact.matter.extended": gettext_lazy("The time was extended"),
    "contact.matter.overdue": gettext_lazy("The last level is late; the customer was told of the way outside"),
    "contact.matter.answered": gettext_lazy("Answered"),
    "contact.matter.reopened": gettext_lazy("The customer did not accept the answer"),
    "contact.matter.taken_outside": gettext_lazy("The customer took it outside"),
    "contact.matter.joined": gettext_lazy("Joined with the same trouble of other people, or parted from it"),
    "contact.case_access.granted": gettext_lazy("Somebody got leave to see the application"),
    "claimed": gettext_lazy("Taken"),
    "released": gettext_lazy("Given back to the team"),
    "handed over": gettext_lazy("Handed over"),
    "clock": gettext_lazy("The time ran out: up to level"),
    "customer": gettext_lazy("The customer asked the next level:"),
    "staff": gettext_lazy("Sent up to level"),
    "rejected": gettext_lazy("Not accepted: looked at on level"),
    "accepted": gettext_lazy("The customer accepted the answer"),
    "silent": gettext_lazy("Closed, as nobody objected for two weeks"),
    "withdrawn": gettext_lazy("The customer took it back"),
}


#: Who takes down what somebody brings in another way.
#: By what somebody comes whose matter staff take down.
LODGED_BY = {
    "phone": gettext_lazy("By telephone"),
    "letter": gettext_lazy("By letter"),
    "counter": gettext_lazy("In person"),
}
TAKERS = ("agent", "focal", "secretariat", "officer", "supervisor")


@never_cache
def matters(request: HttpRequest) -> HttpResponse:
    """What waits on the levels where the reader answers; what is due first stands first."""
    view, kind = request.GET.get("view", "team"), request.GET.get("kind", "")
    if view not in VIEWS:
        view = "team"
    actor, now = actor_of(request), timezone.now()
    page = contact.list_matters_for(actor, now=now, view=view, kind=kind, after=request.GET.get("after"))  # type: ignore[arg-type]
    names = identity.staff_names({matter.assignee_id for matter in page.matters if matter.assignee_id})
    rows = [
        {
            "matter": matter,
            "kind": contact.KINDS[matter.kind].name,
            "late": matter.is_open and matter.due_at < now,
            "assignee": names.get(matter.assignee_id, "") if matter.assignee_id else "",
        }
        for matter in page.matters
    ]
    context = {
        "rows": rows, "after": page.after, "view": view, "kind": kind, "kinds": contact.KINDS.values(), "actor": actor,
        "paged": "after" in request.GET, "takes_down": actor.has_role(*TAKERS),
        "counts_all": actor.has_role("secretariat", "agent", "integrity"),
    }  # fmt: skip
    return render(request, "desk/contact/matters.html", context)


@never_cache
def matter(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """One matter with its whole history, and what can be done on the reader's level."""
    return _show(request, matter_id)


def _show(
    request: HttpRequest, matter_id: UUID, errors: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    found = contact.get_matter_for(actor, matter_id, now=now)
    what = contact.KINDS[found.kind]
    may_work = contact.may_work(actor, found) and found.is_open
    thing = contact.thing_of(found)
    context = {
        "matter": found,
        "kind": what,
        "level": contact.LEVELS[found.level],
        "late": found.is_open and found.due_at < now,
        "outcome": contact.OUTCOMES.get(found.outcome),
        "outcomes": [(code, contact.OUTCOMES[code]) for code in what.outcomes],
        "above": what.above(found.level),
        "may_work": may_work,
        "is_mine": found.assignee_id == actor.account_id,
        "assignee": identity.staff_names({found.assignee_id}).get(found.assignee_id, "") if found.assignee_id else "",
        "colleagues": contact.colleagues_of(found) if may_work else [],
        "may_extend": may_work and what.extension_days and not found.is_extended and found.due_at > now,
        "bodies": places.list_bodies() if may_work else [],
        "kinds": [one for one in contact.KINDS.values() if one.confidential or not what.confidential],
        "problems": contact.find_problems(found.body_id) if may_work and found.body_id else [],
        "application": _application(actor, found),
        "thing": thing,
        "opens_bill": thing is not None and thing.kind == "bill" and _opens(actor, thing.reference),
        "served_by": identity.staff_names({thing.officer_id}).get(thing.officer_id, "")
        if thing and thing.officer_id
        else "",
        "turns": _timeline(found),
        "errors": errors or {},
        "typed": request.POST,
    }
    return render(request, "desk/contact/matter.html", context, status=status)


def _opens(actor: Actor, bill: str) -> bool:
    try:
        payments.bill_for_body(actor, bill)
    except NotFound:
        return False
    return True


def _application(actor: Actor, found: contact.Matter) -> dict[str, Any] | None:
    """Return how far the application is that a matter is about; the answers only to whom leave was given."""
    if found.about_kind != "application" or found.about_id is None:
        return None
    try:
        summary = applications.summary_for(actor, found.about_id)
    except NotFound:
        return None
    return {"summary": summary, "open": contact.has_case_access(actor, found.about_id, now=timezone.now())}


def _timeline(found: contact.Matter) -> list[tuple[Any, str, str, str]]:
    """Return moment, what happened, by whom, and what was said, oldest first."""
    entries, remarks = contact.history_of(found), contact.remarks_of(found, internal=True)
    names = identity.staff_names(
        {entry.actor_account_id for entry in entries if entry.actor_account_id and entry.channel == "desk"}
        | {remark.account_id for remark in remarks if remark.account_id}
    )
    turns = [
        (entry.at, _words(entry), names.get(entry.actor_account_id, "") if entry.actor_account_id else "", entry.facts.get("reason", ""))
        for entry in entries
    ]  # fmt: skip
    said = {
        "customer": gettext("The customer wrote"), "staff": gettext("To the customer"), "internal": gettext("Note among staff"),
    }  # fmt: skip
    turns += [
        (remark.at, said[remark.side], names.get(remark.account_id, "") if remark.account_id else "", remark.text)
        for remark in remarks
    ]
    return sorted(turns, key=lambda turn: turn[0])


def _words(entry: journal.Entry) -> str:
    if entry.act == "contact.matter.escalated":
        return f"{TURNS[entry.facts['how']]} {entry.facts['level']}"
    words = TURNS.get(entry.act) or TURNS[entry.facts["how"]]
    if entry.act == "contact.matter.answered":
        return f"{words}: {pick(contact.OUTCOMES[entry.facts['outcome']])}"
    return str(words)


@require_POST
def act(request: HttpRequest, matter_id: UUID, how: str) -> HttpResponse:
    """Do one thing with a matter; what was typed stays where something is missing."""
    text = request.POST.get("text", "")
    common: dict[str, Any] = {"actor": actor_of(request), "matter_id": matter_id, "now": timezone.now()}
    try:
        _do(request, how, text, common)
    except (
        contact.NothingSaid,
        contact.TooLong,
        contact.ReasonNeeded,
        contact.NotExplained,
        contact.NoSuchOutcome,
    ) as refusal:
        return _show(request, matter_id, {f"{how}-text": refusal.message}, status=422)
    except (NotFound, NotPermitted):
        raise
    except Refusal as refusal:
        notes.warning(request, refusal.message)
    else:
        notes.success(request, gettext("Recorded."))
    return redirect("desk:matters") if how in ("route", "escalate") else redirect("desk:matter", matter_id=matter_id)


def _do(request: HttpRequest, how: str, text: str, common: dict[str, Any]) -> None:
    post = request.POST
    match how:
        case "claim":
            contact.claim(**common)
        case "release":
            contact.release(**common)
        case "handover":
            contact.hand_over(to_account_id=_uuid(post.get("to", "")), **common)
        case "note":
            contact.note(text=text, **common)
        case "tell":
            contact.tell_customer(text=text, ask="ask" in post, **common)
        case "route":
            contact.route(body_code=post.get("body", ""), kind=post.get("kind", ""), reason=text, **common)
        case "escalate":
            contact.escalate(reason=text, **common)
        case "extend":
            contact.extend(reason=text, **common)
        case "answer":
            contact.answer(outcome=post.get("outcome", ""), text=text, **common)
        case "join":
            problem = post.get("problem", "")
            contact.join_problem(problem_id=_uuid(problem) if problem else None, title=text, **common)
        case "leave":
            contact.leave_problem(**common)
        case "access":
            to = _uuid(post.get("to", ""))
            hours = int(post["hours"]) if post.get("hours", "").isdecimal() else 24
            contact.grant_case_access(account_id=to, hours=hours, reason=text, **common)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


@never_cache
def opened_case(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """The application that a matter is about, to somebody who got leave to see it; the look is journalled."""
    actor, now = actor_of(request), timezone.now()
    found = contact.get_matter_for(actor, matter_id, now=now)
    case = contact.get_case_for(actor, found, now=now)
    return render(request, "desk/contact/opened_case.html", {"matter": found, "subject": case})


@require_POST
def solve(request: HttpRequest, problem_id: UUID) -> HttpResponse:
    """Answer everything that follows a common problem."""
    try:
        count = contact.solve_problem(
            actor=actor_of(request), problem_id=problem_id, text=request.POST.get("text", ""), now=timezone.now()
        )
    except contact.NotExplained as refusal:
        notes.warning(request, refusal.message)
    else:
        notes.success(request, gettext("%(count)s people were answered.") % {"count": count})
    return redirect("desk:matters")


@never_cache
def lodge(request: HttpRequest) -> HttpResponse:
    """Take down what somebody brings by telephone, by letter or in person."""
    actor, errors = actor_of(request), {}
    if not actor.has_role(*TAKERS):
        raise NotPermitted
    names = ("kind", "text", "body", "phone", "email", "name", "channel")
    typed = {name: request.POST.get(name, request.GET.get(name, "")).strip() for name in names}
    if typed["channel"] not in LODGED_BY:
        typed["channel"] = "phone"
    if request.method == "POST":
        try:
            found = contact.open_matter(
                actor=actor, kind=typed["kind"], text=typed["text"], body_code=typed["body"] or None,
                language="en" if request.POST.get("language") == "en" else "sw",
                name=typed["name"], phone=typed["phone"], email=typed["email"], channel=typed["channel"], now=timezone.now(),
            )  # fmt: skip
        except Refusal as refusal:
            errors["text"] = refusal.message
        except phones.InvalidPhone:
            errors["phone"] = gettext("Type a phone number like 0712 345 678.")
        except mail.InvalidAddress:
            errors["email"] = gettext("Write an e-mail address like name@example.com.")
        else:
            notes.success(
                request,
                gettext("Taken down. Tell the customer the reference: %(reference)s")
                % {"reference": references.display(found.reference)},
            )
            return (
                redirect("desk:matter", matter_id=found.id)
                if contact.may_work(actor, found)
                else redirect("desk:matters")
            )
    context = {
        "kinds": contact.KINDS.values(), "bodies": places.list_bodies(), "typed": typed, "errors": errors,
        "channels": LODGED_BY.items(),
    }  # fmt: skip
    return render(request, "desk/contact/lodge.html", context, status=422 if errors else 200)


@never_cache
def report(request: HttpRequest) -> HttpResponse:
    """The quarter's figures as the Ombudsman asks for them, on the page or as CSV; and what looks odd, for the Secretariat."""
    actor, now = actor_of(request), timezone.now()
    since, until = contact.quarter_of(_day(request.GET.get("since", "")) or timezone.localdate(now))
    body = request.GET.get("body", "")
    rows = contact.count_matters_for(actor, since=since, until=until, body_code=body or None, now=now)
    named = [(contact.KINDS[row.kind].name, row) for row in rows]
    if request.GET.get("as") == "csv":
        columns = ("Kind", "Received", "Answered", "Pending", "of these late", "Taken outside")
        lines = [(pick(name), row.received, row.answered, row.pending, row.late, row.outside) for name, row in named]
        return sheet([[gettext(column) for column in columns], *lines], f"matters-{since}-{body or 'all'}.csv")
    oddities = contact.list_oddities_for(actor, now=now) if actor.has_role("secretariat") else []
    names = identity.staff_names({one.account_id for one in oddities})
    context = {
        "rows": named, "most": max((row.received for _, row in named), default=0), "since": since, "until": until, "body": body,
        "bodies": places.list_bodies(), "oddities": [(names.get(one.account_id, ""), one) for one in oddities],
    }  # fmt: skip
    return render(request, "desk/contact/report.html", context)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


ACTS = (
    "claim",
    "release",
    "handover",
    "note",
    "tell",
    "route",
    "escalate",
    "extend",
    "answer",
    "join",
    "leave",
    "access",
)
urlpatterns = [
    path("matters/", matters, name="matters"),
    path("matters/new/", lodge, name="lodge"),
    path("matters/report/", report, name="matters_report"),
    path("matters/<uuid:matter_id>/", matter, name="matter"),
    path("matters/<uuid:matter_id>/application/", opened_case, name="matter_case"),
    *(path(f"matters/<uuid:matter_id>/{how}/", act, {"how": how}, name=f"matter_{how}") for how in ACTS),
    path("problems/<uuid:problem_id>/solve/", solve, name="solve_problem"),
]
