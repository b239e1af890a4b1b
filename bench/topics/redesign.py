"""Figures of charters beside a million ended cases; measuring, exporting and simulating a quarter of one service.

The cases of the quarter are `tests.history`'s (CASES of them, as the operations would have left them); the million are copies of
what they come to, spread over a year. OUTCOMES=100000 makes fewer.
"""

import os
import time
import tracemalloc
from datetime import datetime, timedelta
from typing import Any

import simpy
from django.db import connection
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.performance import public as performance
from huduma.contexts.reengineering import public as reengineering
from huduma.foundation.access import SYSTEM
from tests.history import SERVICE, History

CASES = 2000
OUTCOMES = int(os.environ.get("OUTCOMES", "1000000"))  # noqa: TID251
COPIES = """
INSERT INTO performance_outcome (case_id, version_id, service_code, body_code, county_code, channel, started_at, ended_at,
                                 elapsed_seconds, spent_seconds, met)
SELECT gen_random_uuid(), version_id, service_code || CASE WHEN n %% 20 = 0 THEN '' ELSE '-' || n %% 20 END, body_code,
       lpad((1 + n %% 47)::text, 3, '0'), channel, started_at - s, ended_at - s, elapsed_seconds, spent_seconds, met
FROM performance_outcome, LATERAL (SELECT n, (n * 7919 %% 275) * interval '1 day' AS s FROM generate_series(1, %s) n) copies
"""
#: What any answer over the window costs at least: reading it.
FLOOR = "SELECT count(*), sum(elapsed_seconds), sum(spent_seconds) FROM performance_outcome WHERE ended_at >= %s"


def measure(url: str) -> None:
    """Fill a quarter, take it in, multiply, roll up again; then measure, export and simulate it."""
    now = timezone.now()
    version = catalogue.get_service(SERVICE).current_version
    assert version is not None
    History(version, officers=6).fill(CASES, until=now - timedelta(days=1), days=88)
    taken, _ = _timed(lambda: performance.roll_up(actor=SYSTEM, now=now))
    print(f"  {CASES:,} ended cases taken in, and figures worked out: {taken:.1f} s")
    with connection.cursor() as cursor:
        cursor.execute(COPIES, [OUTCOMES // CASES])
        cursor.execute("ANALYZE performance_outcome")
    rolled, figures = _timed(lambda: performance.roll_up(actor=SYSTEM, now=now))
    floor, _ = _timed(lambda: _floor(now))
    print(
        f"roll-up beside {OUTCOMES:,} ended cases  {rolled:.1f} s, {figures} figures   reading the window alone {floor:.2f} s"
    )
    each, _ = _timed(lambda: [performance.figures_of(SERVICE) for _ in range(200)])
    print(f"figures of one charter  {each / 200 * 1000:.2f} ms")
    spent, _ = _timed(lambda: reengineering.measure_version(actor=SYSTEM, version_id=version.id, now=now))
    print(f"measuring a version  {CASES / spent:,.0f} cases/s")
    for days in (9, 91):
        _export(now, days)
    _simulate(version, now)


def _timed(work: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _floor(now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FLOOR, [now - timedelta(days=90)])


def _export(now: datetime, days: int) -> None:
    """Export the last days, and say how much memory that takes: as much for many cases as for few."""
    tracemalloc.start()
    stream = reengineering.export_log(
        actor=SYSTEM, service_code=SERVICE, form="xes", since=now - timedelta(days=days), until=now, now=now
    )
    spent, size = _timed(lambda: sum(len(text) for text in stream))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(
        f"XES of the last {days:2} days  {size / 1e6:5.1f} MB in {spent:4.1f} s (traced)   peak memory {peak / 1e6:.1f} MB"
    )


def _simulate(version: catalogue.ServiceVersion, now: datetime) -> None:
    order = reengineering.ask_simulation(
        actor=SYSTEM, version_id=version.id, title="bench", bpmn=version.part("process_bpmn"), teams={"officer": 6},
        teams_today={"officer": 6}, now=now,
    )  # fmt: skip
    spent, _ = _timed(lambda: reengineering.run_simulation(simulation_id=order.id, clock=timezone.now))
    cases = CASES * order.of
    alone, _ = _timed(lambda: _bare(cases // 10))
    print(
        f"simulation of a quarter, today and a redesign  {spent:.1f} s for {order.of} replications, {cases / spent:,.0f} cases/s"
        f"   simpy alone, one queue {cases // 10 / alone:,.0f} cases/s"
    )


def _bare(cases: int) -> None:
    """The same number of cases through one queue in front of six, and one wait: what simpy itself can do."""
    env = simpy.Environment()
    team = simpy.PriorityResource(env, capacity=6)

    def live(number: int) -> Any:
        yield env.timeout(number * 200)
        yield env.timeout(2400)
        with team.request(priority=number) as turn:
            yield turn
            yield env.timeout(1200)

    for number in range(cases):
        env.process(live(number))
    env.run()
