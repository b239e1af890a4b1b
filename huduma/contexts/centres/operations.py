"""Loading the table of centres."""

import csv
from pathlib import Path

from django.db import transaction

from huduma.contexts.centres.models import Centre
from huduma.foundation.access import Actor

FIXTURES = Path(__file__).parent / "fixtures"


@transaction.atomic
def load_centres(*, actor: Actor) -> int:
    """Load the centres from the fixture; loading again changes nothing. Returns how many. Raises NotPermitted."""
    actor.require_role("administrator")
    with (FIXTURES / "centres.csv").open(newline="") as file:
        rows = [{k: v for k, v in row.items() if v} for row in csv.DictReader(file)]
    centres = [
        Centre(
            code=row.pop("centre_id"),
            name=row.pop("name"),
            status=row.pop("status"),
            county_id=row.pop("county_code", None),
            constituency_id=row.pop("constituency_code", None),
            town=row.pop("town", ""),
            building=row.pop("building", ""),
            facts=row,
        )
        for row in rows
    ]
    fields = ["name", "status", "county_id", "constituency_id", "town", "building", "facts"]
    Centre.objects.bulk_create(centres, update_conflicts=True, unique_fields=["code"], update_fields=fields)
    return len(centres)
