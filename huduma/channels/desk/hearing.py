"""What people say of how they were served: in groups, with how many answered and how sure it is."""

from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.contact import public as contact
from huduma.contexts.hearing import public as hearing
from huduma.contexts.inbox import public as inbox
from huduma.contexts.places import public as places
from huduma.foundation.translated import pick
from huduma.foundation.ui.downloads import sheet
from huduma.foundation.ui.requests import actor_of

BY = {
    "service_code": gettext_lazy("Service"),
    "centre_code": gettext_lazy("Centre"),
    "county_code": gettext_lazy("County"),
    "channel": gettext_lazy("Channel"),
    "body_code": gettext_lazy("Public body"),
    "kind": gettext_lazy("After what"),
}
KINDS = {
    "application": gettext_lazy("an application"),
    "ticket": gettext_lazy("a visit to a counter"),
    "matter": gettext_lazy("a question or complaint"),
    "conversation": gettext_lazy("a conversation"),
}


@never_cache
def heard(request: HttpRequest) -> HttpResponse:
    """A quarter's answers by group, and the latest words."""
    actor = actor_of(request)
    by = request.GET.get("by", "service_code")
    if by not in BY:
        by = "service_code"
    today = timezone.localdate()
    since, until = contact.quarter_of(_day(request.GET.get("since", "")) or today)
    rows = hearing.list_heard_for(actor, by=by, since=since, until=until, today=today)  # type: ignore[arg-type]  # checked above
    names = _names(by)
    if request.GET.get("as") == "csv":
        return sheet(_lines(by, rows, names), f"heard-{by}-{since}.csv")
    context = {
        "by": by,
        "groupings": BY.items(),
        "words_by": BY[by],
        "rows": [(names.get(row.group, row.group), row, _percent(row)) for row in rows],
        "words": hearing.list_words_for(actor, since=since, until=until, today=today),
        "marks": hearing.MARKS,
        "least": hearing.LEAST,
        "since": since,
        "last": until - timedelta(days=1),
    }
    return render(request, "desk/hearing/heard.html", context)


def _lines(by: str, rows: list[hearing.Heard], names: dict[str, str]) -> list[list[object]]:
    head = [
        str(BY[by]),
        gettext("Asked"),
        gettext("Answers"),
        gettext("Answers counted"),
        gettext("Mean mark of 5"),
        gettext("Good or very good"),
        "95 % ≥",
        "95 % ≤",
    ]
    lines: list[list[object]] = [[*head]]
    for row in rows:
        line: list[object] = [names.get(row.group, row.group), row.asked, row.answered, row.counted]
        if row.mean is not None and row.satisfied is not None:
            share = row.satisfied
            line += [round(row.mean, 2), *(round(part, 3) for part in (share.part, share.low, share.high))]
        lines.append(line)
    return lines


def _percent(row: hearing.Heard) -> str:
    if row.satisfied is None:
        return ""
    share = row.satisfied
    return gettext("%(part)d%% (between %(low)d%% and %(high)d%%)") % {
        "part": round(share.part * 100), "low": round(share.low * 100), "high": round(share.high * 100),
    }  # fmt: skip


def _names(by: str) -> dict[str, str]:
    if by == "service_code":
        return {one.code: pick(one.name) for one in catalogue.list_services()}
    if by == "county_code":
        return {one.code: one.name for one in places.list_counties()}
    if by == "body_code":
        return {one.code: pick(one.name) for one in places.list_bodies()}
    if by == "channel":
        ours = {
            "portal": gettext("On the web"),
            "desk": gettext("With an officer"),
            "outreach": gettext("At an outreach visit"),
        }
        return {**ours, **{code: pick(words) for code, words in inbox.CHANNELS.items()}}
    return {code: str(words) for code, words in KINDS.items()} if by == "kind" else {}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


urlpatterns = [path("heard/", heard, name="hearing")]
