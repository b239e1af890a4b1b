"""Reading places."""

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


def list_constituencies(county_code: str) -> list[Constituency]:
    """Return a county's constituencies."""
    return list(Constituency.objects.filter(county_id=county_code))
