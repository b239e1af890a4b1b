"""What the figures of applications are split by."""

import re
from collections.abc import Collection
from typing import Any
from uuid import UUID

from huduma.contexts.applications.models import Application
from huduma.contexts.applications.queries.forms import package_of

COUNTY = re.compile(r"0[0-4][0-9]")


def dimensions_of(application_ids: Collection[UUID]) -> dict[UUID, tuple[str, str]]:
    """Return by which channel applications came, and the code of the county that their answers name, or "". For figures."""
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
