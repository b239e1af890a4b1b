"""Reading places."""

from functools import cache
from pathlib import Path

import yaml

from huduma.contexts.places.models import Constituency, County, PublicBody
from huduma.foundation.access import NotFound


def get_body(code: str) -> PublicBody:
    """Return a public body. Raises NotFound."""
    body = PublicBody.objects.select_related("parent").filter(code=code).first()
    if body is None:
        raise NotFound
    return body


def list_bodies() -> list[PublicBody]:
    """Return all bodies by English name."""
    return list(PublicBody.objects.all())


@cache
def known_codes() -> frozenset[str]:
    """Return the code of every body of the register as it is delivered: without a database, for checks at an author's desk."""
    file = Path(__file__).parent / "fixtures" / "public_bodies.yaml"
    return frozenset(row["code"] for row in yaml.load(file.read_text(), Loader=yaml.CSafeLoader))


def bodies_below(code: str) -> list[PublicBody]:
    """Return the bodies that stand directly under one."""
    return list(PublicBody.objects.filter(parent_id=code))


def get_county(code: str) -> County:
    """Return a county. Raises NotFound."""
    county = County.objects.filter(code=code).first()
    if county is None:
        raise NotFound
    return county


def list_counties() -> list[County]:
    """Return the 47 counties by code."""
    return list(County.objects.all())


def list_constituencies(county_code: str | None = None) -> list[Constituency]:
    """Return the constituencies of a county or of all, by code."""
    all_of = Constituency.objects.select_related("county")
    return list(all_of.filter(county_id=county_code) if county_code else all_of)
