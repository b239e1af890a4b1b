"""How amounts are split. Always in whole cents, and the parts add up to the whole."""

from collections.abc import Sequence
from itertools import accumulate


def share(amounts: Sequence[int], cents: int) -> list[int]:
    """Split cents in proportion to amounts (not negative, not all 0): each part is at most a cent from its exact share."""
    total = sum(amounts)
    ends = [cents * end // total for end in accumulate(amounts)]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]
