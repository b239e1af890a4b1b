"""The knowledge base at the desk: all staff read it; the contact centre and the Secretariat write, review and publish."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language, gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.contexts.identity import public as identity
from huduma.contexts.knowledge import public as knowledge
from huduma.foundation.access import Actor, NotFound, NotPermitted, Refusal
from huduma.foundation.translated import pick
from huduma.foundation.ui.requests import actor_of

STATES = {
    "draft": gettext_lazy("Draft"),
    "review": gettext_lazy("To be reviewed"),
    "reviewed": gettext_lazy("Reviewed"),
    "published": gettext_lazy("Published"),
    "withdrawn": gettext_lazy("Withdrawn"),
    "discarded": gettext_lazy("Thrown away"),
}
WORDS = ("title_en", "text_en", "title_sw", "text_sw")
DONE = {
    "submit": gettext_lazy("Somebody else reviews it now."),
    "discard": gettext_lazy("The draft was thrown away."),
    "review": gettext_lazy("Reviewed. Publish it from a day on."),
    "return": gettext_lazy("It went back to its authors, with your reason."),
    "publish": gettext_lazy("Published."),
    "withdraw": gettext_lazy("Withdrawn. Its versions stay readable here."),
    "confirm": gettext_lazy("Recorded: it is right as it stands."),
}


@never_cache
def articles(request: HttpRequest) -> HttpResponse:
    """What is in force, by words; for those who write, every article with what has to be done."""
    actor, typed = actor_of(request), request.GET.get("q", "").strip()[:200]
    if not actor.is_staff:
        raise NotPermitted
    is_editor = actor.has_role(*knowledge.EDITORS)
    context = {
        "q": typed,
        "found": knowledge.find_for(actor, typed, now=timezone.now(), limit=20) if typed else [],
        "is_editor": is_editor,
        "rows": [(one, STATES[one.state]) for one in knowledge.list_articles_for(actor)] if is_editor else [],
    }
    return render(request, "desk/knowledge/articles.html", context)


@never_cache
def read(request: HttpRequest, code: str) -> HttpResponse:
    """An article as it counts now, its fields filled, for anybody on the staff."""
    actor, language = actor_of(request), get_language() or "en"
    found = knowledge.get_article_for(actor, code, now=timezone.now())
    context = {
        "article": found,
        "text": knowledge.fill(pick(found.text, language), language),
        "is_editor": actor.has_role(*knowledge.EDITORS),
    }
    return render(request, "desk/knowledge/read.html", context)


@never_cache
def article(request: HttpRequest, code: str) -> HttpResponse:
    """Every version of an article, what can be done with it, and writing the next one."""
    return _article(request, actor_of(request), code)


def _article(request: HttpRequest, actor: Actor, code: str, **wrong: Any) -> HttpResponse:
    versions = knowledge.list_versions_for(actor, code)
    on_its_way = next((one for one in versions if one.state in knowledge.ON_ITS_WAY), None)
    people = {one for version in versions for one in [*version.authors, version.reviewed_by] if one}
    names = identity.staff_names(people)
    newest = next((one for one in versions if one.state != "discarded"), versions[0])
    context = {
        "code": code,
        "article": versions[0].article,
        "newest": newest,
        "on_its_way": on_its_way,
        "rows": [
            (one, STATES[one.state], ", ".join(names.get(each, "") for each in one.authors), _name(names, one.reviewed_by))
            for one in versions
        ],
        "is_mine": on_its_way is not None and actor.account_id in on_its_way.authors,
        "today": timezone.localdate(),
        "typed": wrong.get("typed") or _typed(newest),
        "seen": wrong.get("seen") or (on_its_way.drafted_at.isoformat() if on_its_way else ""),
        "may_write": on_its_way is None or on_its_way.state == "draft",
        "in_force": any(one.state == "published" for one in versions),
        **wrong,
    }  # fmt: skip
    return render(request, "desk/knowledge/article.html", context, status=422 if wrong else 200)


def _name(names: dict[UUID, str], account_id: UUID | None) -> str:
    return names.get(account_id, "") if account_id else ""


def _typed(version: knowledge.Version) -> dict[str, Any]:
    words: dict[str, Any] = {name: getattr(version, name) for name in WORDS}
    return words | {"is_public": version.is_public, "services": ", ".join(version.services)}


@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """Write a new article."""
    actor = actor_of(request)
    actor.require_role(*knowledge.EDITORS)
    if request.method != "POST":
        return render(request, "desk/knowledge/new.html", {"typed": {"is_public": True}})
    typed, _ = _written(request)
    code = request.POST.get("code", "").strip()
    try:
        _draft(actor, code, typed, is_new=True)
    except NotPermitted:
        raise
    except Refusal as refusal:
        context = {"typed": typed | {"code": code}, "error": refusal.message, **_figures(refusal)}
        return render(request, "desk/knowledge/new.html", context, status=422)
    notes.success(request, gettext("Kept as a draft."))
    return redirect("desk:article", code)


def _written(request: HttpRequest) -> tuple[dict[str, Any], str]:
    typed: dict[str, Any] = {name: request.POST.get(name, "") for name in (*WORDS, "services")}
    return typed | {"is_public": request.POST.get("is_public") == "1"}, request.POST.get("seen", "")


def _draft(actor: Actor, code: str, typed: dict[str, Any], *, is_new: bool = False, seen: str = "") -> None:
    knowledge.draft_article(
        actor=actor, code=code, title={"en": typed["title_en"], "sw": typed["title_sw"]},
        text={"en": typed["text_en"], "sw": typed["text_sw"]}, is_public=typed["is_public"],
        services=typed["services"].replace("\n", ",").split(","), is_new=is_new, seen_at=_moment(seen), now=timezone.now(),
    )  # fmt: skip


def _figures(refusal: Refusal) -> dict[str, Any]:
    return {"figures": refusal.figures if isinstance(refusal, knowledge.OfFigures) else []}


def _moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None


@require_POST
def act(request: HttpRequest, code: str, how: str) -> HttpResponse:
    """Write, submit, review, return, publish, withdraw or confirm; what was typed stays where it is refused."""
    actor, typed = actor_of(request), None
    seen = ""
    try:
        if how == "write":
            typed, seen = _written(request)
            _draft(actor, code, typed, seen=seen)
        else:
            _act(request, actor, code, how)
    except (NotPermitted, NotFound):
        raise
    except Refusal as refusal:
        return _article(
            request, actor, code, error=refusal.message, how=how, **_figures(refusal), **({"typed": typed, "seen": seen} if typed else {}),
            reason=request.POST.get("reason", ""),
        )  # fmt: skip
    notes.success(request, str(DONE.get(how, gettext("Kept as a draft."))))
    return redirect("desk:knowledge") if how == "discard" else redirect("desk:article", code)


def _act(request: HttpRequest, actor: Actor, code: str, how: str) -> None:
    now, reason = timezone.now(), request.POST.get("reason", "")
    if how == "withdraw":
        return knowledge.withdraw_article(actor=actor, code=code, reason=reason, now=now)
    if how == "confirm":
        return knowledge.confirm_article(actor=actor, code=code, now=now)
    try:
        about: dict[str, Any] = {"actor": actor, "version_id": UUID(request.POST.get("version", "")), "now": now}
    except ValueError:
        raise NotFound from None
    if how == "submit":
        knowledge.submit_version(**about)
    elif how == "discard":
        knowledge.discard_version(**about)
    elif how == "review":
        knowledge.review_version(seen_at=_moment(request.POST.get("seen", "")), **about)
    elif how == "return":
        knowledge.return_version(reason=reason, **about)
    else:
        knowledge.publish_version(valid_from=_day(request.POST.get("valid_from", "")), **about)
    return None


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        raise knowledge.NotThatDay from None


urlpatterns = [
    path("knowledge/", articles, name="knowledge"),
    path("knowledge/new/", new, name="new_article"),
    path("knowledge/<slug:code>/", read, name="read_article"),
    path("knowledge/<slug:code>/versions/", article, name="article"),
    *(
        path(f"knowledge/<slug:code>/{how}/", act, {"how": how}, name=f"article_{how}")
        for how in ("write", *DONE)
    ),
]  # fmt: skip
