"""Loading the reference data of places."""

import csv
from pathlib import Path
from typing import TypeVar

import yaml
from django.db import models, transaction

from huduma.contexts.places.models import Constituency, County, PublicBody
from huduma.foundation.access import Actor

M = TypeVar("M", bound=models.Model)
FIXTURES = Path(__file__).parent / "fixtures"


@transaction.atomic
def load_places(*, actor: Actor) -> dict[str, int]:
    """Load counties, constituencies and public bodies from the fixtures; loading again changes nothing.

    Returns how many of each there are. Raises NotPermitted.
    """
    actor.require_role("administrator")
    counties = [
        County(code=row.pop("county_code"), name=row.pop("name"), headquarters=row.pop("headquarters_town"), facts=row)
        for row in _rows("counties.csv")
    ]
    constituencies = [
        Constituency(
            code=row.pop("constituency_code"), name=row.pop("name"), county_id=row.pop("county_code"), facts=row
        )
        for row in _rows("constituencies.csv")
    ]
    bodies = [
        PublicBody(
            code=row["code"], name_en=row["name_en"], name_sw=row["name_sw"], kind=row["kind"], level=row["level"],
            parent_id=row["parent"],
        )
        for row in _parents_first(yaml.safe_load((FIXTURES / "public_bodies.yaml").read_text()))
    ]  # fmt: skip
    _write(County, counties)
    _write(Constituency, constituencies)
    _write(PublicBody, bodies)
    return {"counties": len(counties), "constituencies": len(constituencies), "bodies": len(bodies)}


def _write(model: type[M], rows: list[M]) -> None:
    fields = [field.attname for field in model._meta.concrete_fields if not field.primary_key]
    model._default_manager.bulk_create(
        rows, update_conflicts=True, unique_fields=["code"], update_fields=fields, batch_size=100
    )


def _rows(name: str) -> list[dict[str, str]]:
    with (FIXTURES / name).open(newline="") as file:
        return [{k: v for k, v in row.items() if v} for row in csv.DictReader(file)]


def _parents_first(bodies: list[dict[str, str]]) -> list[dict[str, str]]:
    placed: dict[str | None, dict[str, str]] = {}
    waiting = list(bodies)
    while waiting:
        ready = [body for body in waiting if body["parent"] is None or body["parent"] in placed]
        if not ready:
            raise ValueError(f"bodies without a parent in the table: {sorted(body['code'] for body in waiting)}")
        placed.update((body["code"], body) for body in ready)
        waiting = [body for body in waiting if body["code"] not in placed]
    return list(placed.values())
