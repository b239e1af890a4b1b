"""How long people wait at a number of counters: Erlang-B, Erlang-C and Erlang-A.

`load` is in erlangs: arrivals in a second times the seconds that serving one takes. Erlang-C (M/M/n) takes everybody to wait as
long as it takes; Erlang-A (M/M/n+M) lets people leave after an exponential patience, so it says something of an overloaded hour too.
Sources: A. K. Erlang (1917); C. Palm (1946); O. Garnett, A. Mandelbaum, M. Reiman, Manufacturing & Service Operations
Management 4 (2002) 208–227. Both take service times to be exponential; real ones vary less, so people wait a little less.
"""

import math
from dataclasses import dataclass

#: States of the queue less likely than this, beside all others together, are left out.
NEGLIGIBLE = 1e-12


@dataclass(frozen=True)
class Wait:
    """What people meet: the shares who wait at all and who leave, the mean wait of all, and how busy the counters are."""

    waiting: float
    leaving: float
    mean_seconds: float
    busy: float


def blocking(counters: int, load: float) -> float:
    """Return the share that finds every counter busy where nobody may wait (Erlang-B), by its recursion."""
    found = 1.0
    for n in range(1, counters + 1):
        found = load * found / (n + load * found)
    return found


def waiting(counters: int, load: float) -> float:
    """Return the share that has to wait (Erlang-C); 1 where the counters cannot keep up."""
    if load >= counters:
        return 1.0
    blocked = blocking(counters, load)
    return blocked / (1 - load / counters * (1 - blocked))


def within(counters: int, load: float, *, service_seconds: float, seconds: float) -> float:
    """Return the share that is called within some seconds (Erlang-C); 0 where the counters cannot keep up."""
    if load >= counters:
        return 0.0
    return 1 - waiting(counters, load) * math.exp(-(counters - load) * seconds / service_seconds)


def counters_for(load: float, *, service_seconds: float, seconds: float, share: float) -> int:
    """Return the fewest counters with which a share of the people is called within some seconds."""
    if load <= 0:
        return 0
    counters = math.floor(load) + 1
    while within(counters, load, service_seconds=service_seconds, seconds=seconds) < share:
        counters += 1
    return counters


def with_patience(
    counters: int, *, arrivals_per_second: float, service_seconds: float, patience_seconds: float
) -> Wait:
    """Return what people meet who leave after a mean patience (Erlang-A), from the chain of states of the queue."""
    if arrivals_per_second <= 0:
        return Wait(0.0, 0.0, 0.0, 0.0)
    if counters == 0:
        return Wait(1.0, 1.0, patience_seconds, 0.0)
    logs, most, state = [0.0], 0.0, 0  # logarithms: the weights themselves outgrow any number where thousands come
    while state <= counters or logs[-1] > most + math.log(NEGLIGIBLE):
        state += 1
        leaves = min(state, counters) / service_seconds + max(0, state - counters) / patience_seconds
        logs.append(logs[-1] + math.log(arrivals_per_second / leaves))
        most = max(most, logs[-1])
    weights = [math.exp(log - most) for log in logs]
    total = sum(weights)
    queue = sum((n - counters) * w for n, w in enumerate(weights) if n > counters) / total
    busy = sum(min(n, counters) * w for n, w in enumerate(weights)) / total / counters
    return Wait(
        sum(weights[counters:]) / total,
        queue / patience_seconds / arrivals_per_second,
        queue / arrivals_per_second,
        busy,
    )
