"""How often an action can be done in a second."""

import statistics
import time
from collections.abc import Callable

RUNS = 5
"""Machines are noisy: a rate is the median of this many runs."""


def median_rate(action: Callable[[], object], count: int) -> float:
    """Return the actions a second, one after the other in this process: the median of `RUNS` runs of `count` each."""
    rates = []
    for _ in range(RUNS):
        started = time.perf_counter()
        for _ in range(count):
            action()
        rates.append(count / (time.perf_counter() - started))
    return statistics.median(rates)
