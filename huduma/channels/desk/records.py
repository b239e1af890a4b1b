"""Records that may be one human being's: judged in pairs, joined, and parted again where a joining was wrong."""

from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huduma.contexts.identity import public as identity
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.ui.requests import actor_of

REASONS = {
    "id_number": gettext_lazy("ID numbers differ by one slip"),
    "phone": gettext_lazy("same phone number"),
    "email": gettext_lazy("same e-mail address"),
    "born": gettext_lazy("same date of birth"),
    "born_swapped": gettext_lazy("day and month of birth changed places"),
    "born_unknown": gettext_lazy("one date of birth is missing"),
    "born_differs": gettext_lazy("dates of birth differ"),
    "sex_differs": gettext_lazy("sex differs"),
    "noticed": gettext_lazy("noticed by a colleague"),
}
VERIFIED = {
    "iprs": gettext_lazy("by the population register"),
    "birth-record": gettext_lazy("by the birth record"),
    "assisted": gettext_lazy("by an officer"),
    "by-hand": gettext_lazy("by their own word"),
    "": gettext_lazy("not at all"),
}
STATES = {
    "asked": gettext_lazy("waits for a second person"),
    "joined": gettext_lazy("joined"),
    "parted": gettext_lazy("parted again"),
}


@never_cache
def records(request: HttpRequest) -> HttpResponse:
    """The pairs that wait for a judgement, the surest first, and the latest joinings."""
    actor = actor_of(request)
    score, after = request.GET.get("score", ""), _uuid(request.GET.get("after", ""))
    pairs = identity.list_duplicates_for(actor, after=(int(score), after) if score.isdecimal() and after else None)
    context = {
        "pairs": [(one, _reasons(one)) for one in pairs],
        "last": pairs[-1] if len(pairs) == identity.PAIRS_A_PAGE else None,
        "paged": after is not None,
        "merges": [(one, STATES[one.state]) for one in identity.list_merges_for(actor)],
    }
    return render(request, "desk/records/records.html", context)


def _reasons(pair: identity.Duplicate) -> list[str]:
    alike = gettext("names alike to %(part)s%%") % {"part": pair.alike}
    return [alike, *(str(REASONS[reason]) for reason in pair.reasons)]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@never_cache
def pair(request: HttpRequest, duplicate_id: UUID) -> HttpResponse:
    """Two records side by side; joined, kept apart, or (by a second person) agreed to or refused, with the reason."""
    return _show(request, duplicate_id)


def _show(request: HttpRequest, duplicate_id: UUID, error: str = "", status: int = 200) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    found, kept, merged, asked = identity.compare_for(actor, duplicate_id, now=now)
    rows = [
        (gettext("Name"), kept.person.full_name, merged.person.full_name),
        (gettext("ID number"), kept.person.id_number or "–", merged.person.id_number or "–"),
        (gettext("Confirmed"), VERIFIED[kept.person.verified_by], VERIFIED[merged.person.verified_by]),
        (gettext("Date of birth"), kept.person.birth_date or "–", merged.person.birth_date or "–"),
        (gettext("Sex"), kept.person.sex or "–", merged.person.sex or "–"),
        (gettext("Phone number"), ", ".join(kept.phones) or "–", ", ".join(merged.phones) or "–"),
        (gettext("E-mail address"), ", ".join(kept.emails) or "–", ", ".join(merged.emails) or "–"),
        (gettext("What they have here"), _counted(kept.rows), _counted(merged.rows)),
    ]
    context = {
        "pair": found,
        "rows": [(words, one, other, one != other) for words, one, other in rows],
        "reasons": _reasons(found),
        "asked": asked,
        "mine": asked is not None and asked.asked_by == actor.account_id,
        "second": identity.needs_two(kept.person, merged.person),
        "error": error,
        "why": request.POST.get("why", ""),
    }
    return render(request, "desk/records/pair.html", context, status=status)


def _counted(rows: list[tuple[str, int]]) -> str:
    return ", ".join(f"{gettext(words)}: {count}" for words, count in rows) or "–"


@require_POST
def judge(request: HttpRequest, duplicate_id: UUID, how: str) -> HttpResponse:
    """Do one thing with a pair; what was typed stays where something is missing."""
    actor, now, why = actor_of(request), timezone.now(), request.POST.get("why", "")
    asked = _uuid(request.POST.get("merge", ""))
    try:
        if how == "join":
            merge = identity.join_records(actor=actor, duplicate_id=duplicate_id, why=why, now=now)
        elif how == "apart":
            identity.keep_apart(actor=actor, duplicate_id=duplicate_id, why=why, now=now)
            notes.success(request, gettext("Recorded: they are two people."))
            return redirect("desk:records")
        elif asked is None:
            raise NotFound
        else:
            do = identity.confirm_joining if how == "confirm" else identity.refuse_joining
            merge = do(actor=actor, merge_id=asked, now=now)
    except (NotFound, NotPermitted):
        raise
    except Refusal as refusal:
        return _show(request, duplicate_id, refusal.message, status=422)
    if merge.state == "joined":
        notes.success(request, gettext("The records are one now. Both numbers were told."))
        return redirect("desk:joined", merge_id=merge.id)
    if merge.state == "asked":
        notes.success(request, gettext("A second person has to agree. The pair is on their list."))
    return redirect("desk:records")


@never_cache
def joined(request: HttpRequest, merge_id: UUID) -> HttpResponse:
    """One joining, and the way to undo it: what was added since is asked about, row by row."""
    return _show_joined(request, merge_id)


def _show_joined(request: HttpRequest, merge_id: UUID, error: str = "", status: int = 200) -> HttpResponse:
    merge, added = identity.get_merge_for(actor_of(request), merge_id, now=timezone.now())
    chosen = set(request.POST.getlist("also"))
    context = {
        "merge": merge,
        "state": STATES.get(merge.state, merge.state),
        "by_register": merge.why == "register",
        "added": [
            (f"{key} {row.pk}", gettext(identity.words_of(key)), getattr(row, "reference", "") or "", f"{key} {row.pk}" in chosen)
            for key, row in added
        ],
        "error": error,
        "why": request.POST.get("why", ""),
    }  # fmt: skip
    return render(request, "desk/records/joined.html", context, status=status)


@require_POST
def part(request: HttpRequest, merge_id: UUID) -> HttpResponse:
    """Undo a joining."""
    also = [one.split(" ", 1) for one in request.POST.getlist("also") if " " in one]
    rows = [(key, row) for key, text in also if (row := _uuid(text)) is not None]
    try:
        identity.part_records(
            actor=actor_of(request), merge_id=merge_id, why=request.POST.get("why", ""), also=rows, now=timezone.now()
        )
    except (NotFound, NotPermitted):
        raise
    except Refusal as refusal:
        return _show_joined(request, merge_id, refusal.message, status=422)
    notes.success(request, gettext("The records are apart again. Each has its own."))
    return redirect("desk:joined", merge_id=merge_id)


@require_POST
def notice(request: HttpRequest) -> HttpResponse:
    """Put two records that an agent found before those who join."""
    chosen = [found for text in request.POST.getlist("person") if (found := _uuid(text)) is not None]
    if len(set(chosen)) != 2:
        notes.warning(request, gettext("Choose the two records that seem to be one person’s."))
        return redirect("desk:customers")
    try:
        identity.notice_duplicate(actor=actor_of(request), one_id=chosen[0], other_id=chosen[1], now=timezone.now())
    except (NotFound, NotPermitted):
        raise
    except Refusal as refusal:
        notes.warning(request, refusal.message)
    else:
        notes.success(request, gettext("Thank you. A supervisor looks at the two records."))
    return redirect("desk:customers")


urlpatterns = [
    path("records/", records, name="records"),
    path("records/notice/", notice, name="notice_duplicate"),
    path("records/<uuid:duplicate_id>/", pair, name="pair"),
    *(
        path(f"records/<uuid:duplicate_id>/{how}/", judge, {"how": how}, name=f"pair_{how}")
        for how in ("join", "apart", "confirm", "refuse")
    ),
    path("joined/<uuid:merge_id>/", joined, name="joined"),
    path("joined/<uuid:merge_id>/part/", part, name="part_records"),
]
