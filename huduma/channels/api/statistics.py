"""Statistics of matters for everybody, without anybody in them: small numbers are left out."""

import csv
from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from huduma.contexts.contact import public as contact

FIELDS = ("kind", "body", "county", "received", "answered")


@require_safe
def matters(request: HttpRequest, form: str) -> HttpResponse:
    """A quarter's matters by kind, body and county (`?since=` a day in it), as CSV or JSON; an empty value is too small to be told.

    Of a quarter that still runs, the months that are over; unless another is asked for, the one of the last such month.
    """
    today = timezone.localdate()
    over = contact.told_until(today)
    try:
        day = date.fromisoformat(request.GET.get("since", ""))
    except ValueError:
        day = over - timedelta(days=1)
    since, until = contact.quarter_of(day)
    rows = list(contact.count_public(since=since, until=until, today=today))
    until = max(since, min(until, over))
    if form == "json":
        found = [{name: getattr(row, name) for name in FIELDS} for row in rows]
        return JsonResponse({"since": since, "until": until, "matters": found})
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="matters-{since}.csv"'
    writer = csv.writer(answer)
    writer.writerow(FIELDS)
    writer.writerows([getattr(row, name) for name in FIELDS] for row in rows)
    return answer


urlpatterns = [
    path("statistics/matters.csv", matters, {"form": "csv"}, name="matters_csv"),
    path("statistics/matters.json", matters, {"form": "json"}, name="matters_json"),
]
