"""What figures are made of: by what they are split, and what applicants had to give. Nothing here says whose case it is."""

import re
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import connection

from huduma.contexts.applications.models import Application
from huduma.contexts.applications.queries.forms import package_of

COUNTY = re.compile(r"0[0-4][0-9]")
BURDEN = """
SELECT a.id, (SELECT count(*) FROM jsonb_object_keys(a.answers)),
       (SELECT count(*) FROM applications_upload u WHERE u.application_id = a.id)
FROM applications_application a WHERE a.id = ANY(%s)
"""


def dimensions_of(application_ids: Collection[UUID]) -> dict[UUID, tuple[str, str]]:
    """Return by which channel applications came, and the code of the county that their answers name, or ""."""
    found = {}
    rows = Application.objects.filter(id__in=list(application_ids))
    for row in rows.only("channel", "version_id", "answers", "register_facts"):
        name = county_field(package_of(row.version_id)["form"])
        value = {**row.answers, **row.register_facts}.get(name) if name else None
        found[row.id] = (row.channel, value if isinstance(value, str) and COUNTY.fullmatch(value) else "")
    return found


def county_field(form: dict[str, Any]) -> str | None:
    """Return the question of a form that names the county: where it is decided, where the visit is, or the first one asked."""
    asked = (
        name for page in form["pages"] for name in page.get("fields", ()) if form["ui"][name]["widget"] == "county"
    )
    found: str | None = form.get("county_field") or form.get("visit_county_field") or next(asked, None)
    return found


def burden_of(application_ids: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """Return how many questions people answered and how many files they handed in; no answer is read."""
    with connection.cursor() as cursor:
        cursor.execute(BURDEN, [list(application_ids)])
        return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


def facts_of(application_ids: Collection[UUID], names: Collection[str]) -> dict[UUID, dict[str, Any]]:
    """Return some answers of applications, those that a process declares as its facts, so that it can be played again."""
    rows = Application.objects.filter(id__in=list(application_ids)).values_list("id", "answers", "register_facts")
    return {
        row_id: {name: value for name, value in {**answers, **told}.items() if name in names}
        for row_id, answers, told in rows
    }
