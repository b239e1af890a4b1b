"""Statistics of matters for everybody, without anybody in them: small numbers are left out."""

import csv
from datetime import date

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from huduma.contexts.contact import public as contact

FIELDS = ("kind", "body", "county", "received", "answered")


@require_safe
def matters(request: HttpRequest, form: str) -> HttpResponse:
    """A quarter's matters by kind, body and county (`?since=` a day in it), as CSV or JSON; an empty value is too small to be told."""
    try:
        day = date.fromisoformat(request.GET.get("since", ""))
    except ValueError:
        day = timezone.localdate()
    since, until = contact.quarter_of(day)
    rows = list(contact.count_public(since=since, until=until))
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
