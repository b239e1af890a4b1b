"""The front door of places."""

from huduma.contexts.places.models import Constituency, County, PublicBody
from huduma.contexts.places.operations import load_places
from huduma.contexts.places.queries import (
    bodies_below,
    get_body,
    get_county,
    known_codes,
    list_bodies,
    list_constituencies,
    list_counties,
)

__all__ = [
    "Constituency",
    "County",
    "PublicBody",
    "bodies_below",
    "get_body",
    "get_county",
    "known_codes",
    "list_bodies",
    "list_constituencies",
    "list_counties",
    "load_places",
]
