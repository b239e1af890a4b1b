"""The paper of a time without a system: sheets of numbers to print beforehand, and what happened, entered afterwards."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from huduma.channels.desk.centres.place import centre_of, service_choices
from huduma.contexts.centres import public as centres
from huduma.contexts.identity import public as identity
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import NotFound, NotPermitted, Refusal
from huduma.foundation.ui.requests import actor_of
from huduma.foundation.worktime.public import NAIROBI

ROWS = 10
#: How a ticket of the system is numbered: a letter and three digits; paper has P or H before its number, or nothing.
OWN_NUMBER = re.compile(r"\s*(?![PpHh])[A-Za-z]\s*[0-9]{3}\s*")
FIELDS = ("number", "service", "arrived", "served", "ended", "outcome")


@never_cache
def catch_up(request: HttpRequest) -> HttpResponse:
    """Enter one sheet of paper numbers; rows with a mistake stay, the others are kept."""
    actor, now, centre = actor_of(request), timezone.now(), centre_of(request)
    blocks = centres.list_blocks_for(actor, centre.code)  # refuses those who do not work here
    rows: list[dict[str, Any]] = [
        {"n": n, **{f: request.POST.get(f"{f}-{n}", "").strip() for f in FIELDS}} for n in range(ROWS)
    ]
    sheet = {f: request.POST.get(f, "").strip() for f in ("day", "counter", "officer")}
    sheet["day"] = sheet["day"] or timezone.localdate(now).isoformat()
    left, errors = rows, {}
    if request.method == "POST":
        wrong = {row["n"]: why for row in rows if row["number"] and (why := _enter(request, centre, sheet, row, now))}
        errors = {f"number-{n}": why for n, why in wrong.items()}
        if not errors:
            notes.success(request, gettext("The paper numbers are entered."))
            return redirect(f"{request.path}?centre={centre.code}")
        left = [row for row in rows if row["n"] in wrong] + [row for row in rows if not row["number"]]
    staff = identity.staff_names(set(workforce.staff_of(centre.code, on=timezone.localdate(now))))
    context = {
        "centre": centre, "rows": left, "sheet": sheet, "errors": errors, "services": service_choices(centre),
        "blocks": blocks, "counters": centres.list_counters(centre), "staff": sorted(staff.items(), key=lambda one: one[1]),
    }  # fmt: skip
    return render(request, "desk/centres/catch_up.html", context, status=422 if errors else 200)


def _enter(
    request: HttpRequest, centre: centres.Centre, sheet: dict[str, str], row: dict[str, Any], now: datetime
) -> str:
    """Enter one row; returns what is wrong with it, or nothing. A number that is not of paper is that of a ticket of the system."""
    day = sheet["day"]
    try:
        about: dict[str, Any] = {
            "actor": actor_of(request), "centre_code": centre.code, "number": row["number"],
            "served_at": _maybe(day, row["served"]), "outcome": row["outcome"] or "done", "now": now,
            "counter_id": UUID(sheet["counter"]) if sheet["counter"] else None,
            "officer_id": UUID(sheet["officer"]) if sheet["officer"] else None,
        }  # fmt: skip
        if OWN_NUMBER.fullmatch(row["number"]):
            centres.catch_up_ticket(**about, day=date.fromisoformat(day), ended_at=_clock(day, row["ended"]))
        else:
            centres.catch_up(
                **about, service_code=row["service"], arrived_at=_clock(day, row["arrived"]),
                ended_at=_maybe(day, row["ended"]),
            )  # fmt: skip
    except ValueError:
        return gettext("Number %(number)s: write numbers like P012 and times like 09:40.") % row
    except NotPermitted:
        raise
    except NotFound:
        return gettext("Number %(number)s: no ticket of that day has it. Check the day and the number.") % row
    except Refusal as refusal:
        return f"{row['number']}: {refusal.message}"
    return ""


def _maybe(day: str, text: str) -> datetime | None:
    return _clock(day, text) if text else None


def _clock(day: str, text: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{text.replace('.', ':').zfill(5)}").replace(tzinfo=NAIROBI)


@never_cache
def blocks(request: HttpRequest) -> HttpResponse:
    """Give out the next block of paper numbers."""
    if request.method != "POST":
        return redirect("desk:catch_up")
    block = centres.print_block(actor=actor_of(request), centre_code=centre_of(request).code, now=timezone.now())
    return redirect("desk:block", block_id=block.id)


@never_cache
def block(request: HttpRequest, block_id: UUID) -> HttpResponse:
    """A block as it is printed: slips to cut, and the sheets on which each number's times are written."""
    found = centres.get_block_for(actor_of(request), block_id)
    return render(request, "desk/centres/block.html", {"block": found, "numbers": list(_numbers(found))})


def _numbers(found: centres.NumberBlock) -> Iterator[str]:
    return (f"P{number:03}" for number in range(found.first, found.last + 1))


urlpatterns = [
    path("reception/paper/", catch_up, name="catch_up"),
    path("reception/paper/blocks/", blocks, name="blocks"),
    path("reception/paper/blocks/<uuid:block_id>/", block, name="block"),
]
