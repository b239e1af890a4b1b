"""A span of time as PostgreSQL compares it, for exclusion constraints (they need the extension btree_gist)."""

from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary
from django.db.models import Func


class Span(Func):
    """From the column `starts_at` to `ends_at`, the end left out: `tstzrange(starts_at, ends_at, '[)')`."""

    function = "tstzrange"
    output_field = DateTimeRangeField()

    def __init__(self) -> None:
        super().__init__("starts_at", "ends_at", RangeBoundary())
