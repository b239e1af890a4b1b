"""What works in the background and fails: whoever runs the platform sees it here."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.cache import never_cache

from huduma.foundation import jobs
from huduma.foundation.journal import public as journal
from huduma.foundation.ui.requests import actor_of


@never_cache
def failing(request: HttpRequest) -> HttpResponse:
    """Jobs that failed, by name: given up, or tried again; and what the last alarm about each said."""
    actor_of(request).require_everywhere("administrator")
    rows = []
    for one in jobs.list_failing():
        alarms = journal.entries_concerning(journal.id_of_job(one.job), acts=("jobs.job.failing",), limit=1)
        rows.append((one, alarms[0] if alarms else None))
    return render(request, "desk/jobs.html", {"rows": rows})


urlpatterns = [path("jobs/", failing, name="jobs")]
