"""How many people to expect in a half hour, and how many counters that needs. Half hours are counted from midnight: 16 is 08:00."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from huduma.contexts.planning.rules import erlang

HALF_SECONDS = 1800
#: A week counts so much of what the week after it counts: a forecast follows growth, and no single day decides it.
FADING = 0.8
#: 80 % of a normal distribution lie within so many standard deviations on each side.
EIGHTY_PERCENT = 1.28
#: This share should be called within the centre's standard.
SHARE = 0.8
#: What is expected of a day counts as much as so many people who came on it.
CERTAIN = 20
#: How long people wait before they leave, in the mean, until a centre's own figures say otherwise.
PATIENCE_SECONDS = 45 * 60


@dataclass(frozen=True)
class Expected:
    """The people of a half hour: the mean to expect, the range in which four of five days lie, and the mean by service."""

    people: float
    low: int
    high: int
    services: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Half:
    """A half hour of a centre: who comes, how many counters the standard needs, and what they meet at those there are.

    `possible`: how many counters could be open in it.
    """

    number: int
    expected: Expected
    service_seconds: float
    needed: int
    counters: int
    wait: erlang.Wait
    within: float
    possible: int

    @property
    def clock(self) -> str:
        """When it begins."""
        return clock(self.number)

    @property
    def short(self) -> int:
        """How many counters are missing."""
        return max(0, self.needed - self.counters)


def clock(half: int) -> str:
    """Return when a half hour begins, as people write it."""
    return f"{half // 2:02}:{'30' if half % 2 else '00'}"


def forecast(counts: Mapping[tuple[date, int, str], int], days: Sequence[date]) -> dict[int, Expected]:
    """Return what to expect in each half hour, from the counts of earlier days of the same weekday, by half hour and service.

    `days`: those that count, the newest first, days without anybody included. Older ones fade.
    """
    if not days:
        return {}
    weights = {day: FADING**age for age, day in enumerate(days)}
    total = sum(weights.values())
    sums: dict[int, dict[date, float]] = {}
    services: dict[int, dict[str, float]] = {}
    for (day, half, service), count in counts.items():
        if day in weights:
            by_day = sums.setdefault(half, {})
            by_day[day] = by_day.get(day, 0) + count
            by_service = services.setdefault(half, {})
            by_service[service] = by_service.get(service, 0) + weights[day] * count / total
    found = {}
    for half, by_day in sorted(sums.items()):
        mean = sum(weights[day] * count for day, count in by_day.items()) / total
        spread = sum(w * (by_day.get(day, 0) - mean) ** 2 for day, w in weights.items()) / total
        reach = EIGHTY_PERCENT * math.sqrt(max(mean, spread))  # people come one by one: never surer than that
        low, high = math.floor(max(0, mean - reach)), math.ceil(mean + reach)
        found[half] = Expected(mean, low, high, services[half])
    return found


def scaled(expected: Expected, share: float) -> Expected:
    """Return so much of what is to be expected."""
    return Expected(
        expected.people * share, round(expected.low * share), round(expected.high * share),
        {code: count * share for code, count in expected.services.items()},
    )  # fmt: skip


def share_so_far(came: float, expected: float) -> float:
    """Return how a day compares with what was expected of it, from the people who came so far: 1 is as expected.

    Mean of a gamma distribution that begins at 1 and knows as much as `CERTAIN` people say: the first few callers decide nothing.
    """
    return (came + CERTAIN) / (expected + CERTAIN)


def look(
    number: int,
    expected: Expected,
    *,
    service_seconds: float,
    standard_seconds: int,
    counters: int,
    possible: int | None = None,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Half:
    """Return what a half hour needs and what people meet at the counters that there are; `possible`: as many as there could be."""
    rate = expected.people / HALF_SECONDS
    load = rate * service_seconds
    return Half(
        number,
        expected,
        service_seconds,
        erlang.counters_for(load, service_seconds=service_seconds, seconds=standard_seconds, share=SHARE),
        counters,
        erlang.with_patience(
            counters, arrivals_per_second=rate, service_seconds=service_seconds, patience_seconds=patience_seconds
        ),
        erlang.within(counters, load, service_seconds=service_seconds, seconds=standard_seconds) if load > 0 else 1.0,
        counters if possible is None else possible,
    )


def service_seconds(services: Mapping[str, float], seconds: Mapping[str, float], *, otherwise: float) -> float:
    """Return how long serving one takes in a mix of services."""
    people = sum(services.values())
    if people <= 0:
        return otherwise
    return sum(count * seconds.get(code, otherwise) for code, count in services.items()) / people
