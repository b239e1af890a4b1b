"""Reading centres."""

from huduma.contexts.centres.models import Centre


def list_centres(county_code: str | None = None) -> list[Centre]:
    """Return the centres, of one county or all."""
    centres = Centre.objects.select_related("county")
    return list(centres.filter(county_id=county_code) if county_code else centres)
