"""Asking a gateway again, and whose phone it speaks of."""

import random
from datetime import timedelta


def back_off(age: timedelta, least: timedelta) -> timedelta:
    """Return how long to wait before a gateway is asked again about something of this age: half as long as it has waited already.

    Up to a quarter is added by chance, so that what a gateway's bad minute has gathered does not come back to it in one moment.
    """
    return max(least, age / 2) * random.uniform(1, 1.25)  # noqa: S311 -- spreads load, guards nothing


def may_be_same(ours: str, theirs: str) -> bool:
    """Whether two numbers may be the same phone where theirs is masked in its middle (`2547 ***** 126`) or not known at all."""
    if "*" not in theirs:
        return not theirs or ours.lstrip("+") == theirs.lstrip("+")
    head, _, tail = theirs.replace(" ", "").lstrip("+").partition("*")
    return ours.lstrip("+").startswith(head) and ours.endswith(tail.strip("*"))
