"""The list of conversations, one of them, and all that can be done with it."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.channels.desk.inbox.calls import call_context
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.contact import public as contact
from huduma.contexts.identity import public as identity
from huduma.contexts.inbox import public as inbox
from huduma.contexts.knowledge import public as knowledge
from huduma.contexts.places import public as places
from huduma.foundation import mail
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.translated import pick
from huduma.foundation.ui.downloads import file_response
from huduma.foundation.ui.requests import actor_of

VIEWS = {
    "team": gettext_lazy("Waiting for an answer"),
    "mine": gettext_lazy("Mine"),
    "shared": gettext_lazy("Shared with me"),
    "answered": gettext_lazy("Answered"),
    "snoozed": gettext_lazy("Resting"),
    "closed": gettext_lazy("Conversations that ended"),
}
SIDES = {
    "customer": gettext_lazy("The customer"),
    "staff": gettext_lazy("We"),
    "auto": gettext_lazy("Sent by the system"),
    "note": gettext_lazy("Note among staff"),
}
REASONS = {
    "too_large": gettext_lazy("too large"),
    "no_sender": gettext_lazy("without a sender who can be answered"),
    "too_many_parts": gettext_lazy("made of too many parts"),
    "malformed": gettext_lazy("not understandable"),
    "": gettext_lazy("not read yet"),
}
NOT_KEPT = {
    "Infected": gettext_lazy("not kept: it may do harm"),
    "TooLarge": gettext_lazy("not kept: too large"),
    "WrongType": gettext_lazy("not kept: only PDF, JPEG and PNG are"),
    "Empty": gettext_lazy("not kept: empty"),
    "Damaged": gettext_lazy("not kept: damaged"),
    "TooManyPoints": gettext_lazy("not kept: too large"),
    "NotScanned": gettext_lazy("not kept: it could not be checked for harm"),
}
RESTS = {
    "3h": gettext_lazy("for three hours"),
    "tomorrow": gettext_lazy("until tomorrow morning"),
    "week": gettext_lazy("for a week"),
}
#: Acts with a text that must not be lost.
TYPED = ("reply", "note", "link", "matter")
ACTS = ("claim", "release", "handover", "share", "note", "tag", "snooze", "reply", "link", "matter", "callback", "end")


@never_cache
def conversations(request: HttpRequest) -> HttpResponse:
    """What waits for an answer, what is due first; or another view, a channel, a tag."""
    actor, now = actor_of(request), timezone.now()
    is_agent = actor.has_role("agent")
    view = request.GET.get("view", "team" if is_agent else "shared")
    if view not in VIEWS:
        view = "team"
    channel, tag = request.GET.get("channel", ""), request.GET.get("tag", "").strip()[:30]
    page = inbox.list_for(
        actor, view=view, channel=channel if channel in inbox.CHANNELS else "", tag=tag, after=request.GET.get("after")  # type: ignore[arg-type]
    )  # fmt: skip
    names = identity.staff_names({one.assignee_id for one in page.conversations if one.assignee_id})
    context = {
        "rows": [
            (one, one.is_waiting and one.due_at < now, names.get(one.assignee_id, "") if one.assignee_id else "")
            for one in page.conversations
        ],
        "query": urlencode({"view": view, "channel": channel, "tag": tag}),
        "after": page.after,
        "paged": "after" in request.GET,
        "view": view,
        "views": [(code, words) for code, words in VIEWS.items() if is_agent or code == "shared"],
        "channel": channel,
        "channels": inbox.CHANNELS.items(),
        "tag": tag,
        "actor": actor,
        "is_agent": is_agent,
        "presence": inbox.presence_of(actor) if is_agent else None,
        "dead": inbox.dead_mailbox(now),
        "refused": len(inbox.list_refused_for(actor, now=now)) if is_agent else 0,
    }
    return render(request, "desk/inbox/conversations.html", context)


@require_POST
def presence(request: HttpRequest) -> HttpResponse:
    """Say that one is there to answer, or away; and at which telephone one is rung."""
    try:
        inbox.set_presence(
            actor=actor_of(request), is_there=request.POST.get("there") == "1", now=timezone.now(),
            phone=request.POST.get("phone"),
        )  # fmt: skip
    except inbox.NoExtension as refusal:
        notes.warning(request, refusal.message)
    return redirect("desk:inbox")


@never_cache
def conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """One conversation: what was said by whatever channel, and what can be done."""
    return _show(request, conversation_id)


def _show(
    request: HttpRequest, conversation_id: UUID, errors: dict[str, str] | None = None, how: str = ""
) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    found = inbox.get_for(actor, conversation_id, now=now)
    said = inbox.said_in(found, notes=True)
    spoken = inbox.calls_of(found)
    heard = inbox.list_heard(spoken) if spoken else []
    people = {one.account_id for one in said} | {one.actor_account_id for one in heard} | {found.assignee_id}
    names = identity.staff_names({one for one in people if one})
    ready, canned = inbox.list_canned(), request.GET.get("canned", "")
    first_words = next((one.text for one in said if one.side == "customer" and one.text), found.subject)
    typed = {how: request.POST.get("text", "")} if errors else {"reply": _put_in(request, found, ready)}
    is_agent = actor.has_role("agent")
    context = {
        "conversation": found,
        "late": found.is_waiting and found.due_at < now,
        "said": [(one, _who(one, names), inbox.CHANNELS[one.channel], _files(one)) for one in said],
        "calls": inbox.recordings_of(spoken),
        "heard": [(one.at, names.get(one.actor_account_id, "–") if one.actor_account_id else "") for one in heard],
        **call_context(actor, spoken, now),
        "ways": [
            (code, inbox.CHANNELS[code], address) for code, address in inbox.ways_of(found).items() if code != "phone"
        ],
        "is_mine": found.assignee_id is not None and found.assignee_id == actor.account_id,
        "assignee": names.get(found.assignee_id, "") if found.assignee_id else "",
        "is_agent": is_agent,
        "others": inbox.others_of(found) if is_agent else [],
        "charters": catalogue.search(found.subject, limit=3).services if found.subject else [],
        "ready": ready,
        "canned": canned,
        "typed": typed,
        "errors": errors or {},
        "colleagues": inbox.colleagues() if is_agent else [],
        "helpers": inbox.helpers() if is_agent else [],
        "wrap_ups": [(code, inbox.WRAP_UPS[code]) for code in inbox.CHOSEN],
        "ended_with": inbox.WRAP_UPS.get(found.wrap_up),
        "rests": RESTS.items(),
        "kinds": [kind for kind in contact.KINDS.values() if kind.for_customers],
        "bodies": places.list_bodies(),
        "first_words": first_words,
        "articles": inbox.suggest_articles(actor, found, first_words, now=now),
    }
    return render(request, "desk/inbox/conversation.html", context, status=422 if errors else 200)


def _put_in(request: HttpRequest, found: inbox.Conversation, ready: list[inbox.Canned]) -> str:
    """Return what is chosen to begin the answer with: a ready answer or an article, its fields filled."""
    chosen = next((one for one in ready if one.code == request.GET.get("canned")), None)
    if chosen is not None:
        return inbox.fill(chosen, found)
    if code := request.GET.get("article"):
        article = knowledge.get_article_for(actor_of(request), code, now=timezone.now())
        return inbox.fill_article(article, found) if article.is_public else ""
    return ""


def _who(message: inbox.Message, names: dict[UUID, str]) -> str:
    return (names.get(message.account_id) if message.account_id else None) or str(SIDES[message.side])


def _files(message: inbox.Message) -> list[tuple[Any, Any]]:
    return [(one, NOT_KEPT.get(one.refused, gettext("not kept"))) for one in message.attachments.all()]


@require_POST
def act(request: HttpRequest, conversation_id: UUID, how: str) -> HttpResponse:
    """Do one thing with a conversation; what was typed stays where something is missing."""
    try:
        _do(request, how, conversation_id)
    except (NotFound, NotPermitted):
        raise
    except Refusal as refusal:
        if how in TYPED:
            return _show(request, conversation_id, {f"{how}-text": refusal.message}, how)
        notes.warning(request, refusal.message)
        return redirect("desk:conversation", conversation_id=conversation_id)
    notes.success(request, gettext("Sent.") if how == "reply" else gettext("Recorded."))
    if how in ("end", "snooze"):
        return redirect("desk:inbox")
    return redirect("desk:conversation", conversation_id=conversation_id)


def _do(request: HttpRequest, how: str, conversation_id: UUID) -> None:
    post, text, now = request.POST, request.POST.get("text", ""), timezone.now()
    common: dict[str, Any] = {"actor": actor_of(request), "conversation_id": conversation_id, "now": now}
    match how:
        case "claim":
            inbox.claim(**common)
        case "release":
            inbox.release(**common)
        case "handover":
            inbox.hand_over(to_account_id=_uuid(post.get("to", "")), **common)
        case "share":
            inbox.share(with_account_id=_uuid(post.get("to", "")), **common)
        case "note":
            inbox.note(text=text, **common)
        case "tag":
            inbox.tag(tags=text, **common)
        case "snooze":
            inbox.snooze(until_at=_until(post.get("until", ""), now), **common)
        case "reply":
            inbox.reply(text=text, channel=post.get("channel", ""), **common)
        case "link":
            inbox.link(reference=text, **common)
        case "matter":
            inbox.open_matter(kind=post.get("kind", ""), text=text, body_code=post.get("body") or None, **common)
        case "callback":
            inbox.promise_call_for(**common)
        case "end":
            inbox.wrap_up(code=post.get("code", ""), **common)


def _until(code: str, now: datetime) -> datetime:
    if code == "tomorrow":
        local = timezone.localtime(now)
        return timezone.make_aware(datetime.combine(local.date() + timedelta(days=1), time(8)))
    return now + {"3h": timedelta(hours=3), "week": timedelta(days=7)}.get(code, timedelta())


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


@never_cache
def attachment(request: HttpRequest, attachment_id: UUID) -> HttpResponse:
    """A file that came with a message, as a download."""
    return file_response(inbox.get_attachment_for(actor_of(request), attachment_id))


@never_cache
def unreadable(request: HttpRequest) -> HttpResponse:
    """What came in and could not be read, with the reason; a person who saw to one takes it off the list."""
    actor, now = actor_of(request), timezone.now()
    if request.method == "POST":
        inbox.settle_unread(actor=actor, received_id=_uuid(request.POST.get("received", "")), now=now)
        notes.success(request, gettext("Recorded."))
        return redirect("desk:unreadable")
    rows = [
        (one, inbox.CHANNELS.get(one.source, inbox.CHANNELS["phone"]), REASONS.get(one.why, one.why))
        for one in inbox.list_refused_for(actor, now=now)
    ]
    return render(request, "desk/inbox/unreadable.html", {"rows": rows})


@never_cache
def raw(request: HttpRequest, received_id: UUID) -> HttpResponse:
    """Such a thing byte for byte, as a download of plain text: nothing in it is run or shown by the browser."""
    found = inbox.get_refused_for(actor_of(request), received_id, now=timezone.now())
    headers = {"Content-Disposition": f'attachment; filename="{found.id}.txt"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(bytes(found.body), content_type="text/plain; charset=utf-8", headers=headers)


@never_cache
def canned(request: HttpRequest) -> HttpResponse:
    """The answers that are ready in both languages; writing one."""
    actor, fields = actor_of(request), ("code", "title_en", "title_sw", "text_en", "text_sw")
    actor.require_role("agent", "secretariat", "administrator")
    ready = inbox.list_canned()
    chosen = next((one for one in ready if one.code == request.GET.get("code")), None)
    typed = {name: request.POST.get(name, getattr(chosen, name, "")).strip() for name in fields}
    errors = {}
    if request.method == "POST":
        if all(typed.values()) and typed["code"].isascii() and typed["code"].replace("-", "").isalnum():
            try:
                inbox.write_canned(actor=actor, **typed)
            except knowledge.OfFigures as refusal:
                errors["code"] = f"{refusal.message} ({', '.join(refusal.figures)})"
            else:
                notes.success(request, gettext("Recorded."))
                return redirect("desk:canned")
        else:
            errors["code"] = gettext(
                "Fill every field, in both languages; the short name has letters, digits and hyphens."
            )
    context = {"ready": [(one, pick(one.title)) for one in ready], "typed": typed, "errors": errors}
    return render(request, "desk/inbox/canned.html", context, status=422 if errors else 200)


@never_cache
def write_down(request: HttpRequest) -> HttpResponse:
    """Write down a letter (with its scan) or a talk in person, of a customer who is known or of somebody unknown."""
    actor, errors = actor_of(request), {}
    actor.require_role("agent")
    names = ("channel", "text", "name", "phone", "email", "language", "person")
    typed = {name: request.POST.get(name, request.GET.get(name, "")).strip() for name in names}
    if request.method == "POST":
        scans = [inbox.Attached(one.name or "scan", one.read()) for one in request.FILES.getlist("scan")]
        try:
            found = inbox.write_down(
                actor=actor, channel=typed["channel"] or "letter", text=typed["text"], name=typed["name"], phone=typed["phone"],
                email=typed["email"], language="en" if typed["language"] == "en" else "sw", scans=scans, now=timezone.now(),
                person_id=_uuid(typed["person"]) if typed["person"] else None,
            )  # fmt: skip
        except (NotFound, NotPermitted):
            raise
        except inbox.EmptyMessage as refusal:
            errors["text"] = refusal.message
        except Refusal as refusal:
            errors["scan"] = refusal.message
        except mail.InvalidAddress:
            errors["email"] = gettext("Write an e-mail address like name@example.com.")
        except ValueError:
            errors["phone"] = gettext("Type a phone number like 0712 345 678.")
        else:
            notes.success(request, gettext("Recorded."))
            return redirect("desk:conversation", conversation_id=found.id)
    context = {
        "typed": typed,
        "errors": errors,
        "ways": [(code, inbox.CHANNELS[code]) for code in ("letter", "counter")],
    }
    return render(request, "desk/inbox/write_down.html", context, status=422 if errors else 200)


urlpatterns = [
    path("inbox/", conversations, name="inbox"),
    path("inbox/new/", write_down, name="write_down"),
    path("inbox/presence/", presence, name="presence"),
    path("inbox/unreadable/", unreadable, name="unreadable"),
    path("inbox/unreadable/<uuid:received_id>/", raw, name="unreadable_raw"),
    path("inbox/ready/", canned, name="canned"),
    path("inbox/files/<uuid:attachment_id>/", attachment, name="attachment"),
    path("inbox/<uuid:conversation_id>/", conversation, name="conversation"),
    *(path(f"inbox/<uuid:conversation_id>/{how}/", act, {"how": how}, name=f"conversation_{how}") for how in ACTS),
]
