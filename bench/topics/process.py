"""Process steps, the state saved after each: cases whose fingerprints are taken again and again, beside pgbench.

Each round is two steps, each a transaction on disk with its journal, its notice to the applicant and its officer's task;
one worker process and two, and pgbench running the same statements with as many clients. Then what a case weighs, young and
after some hundred rounds: between steps it is rows only, so its memory is what one step needs.
"""

import re
import time
import tracemalloc
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from uuid import UUID

import django
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench.pgbench import limit, replay

SECONDS = 4.0
CASES = 24
TOKEN = re.compile(r"""(INSERT INTO "process_task" .*? VALUES \((?:'[^']*'(?:::uuid)?, ){3})\d+""", re.S)


def measure(url: str) -> None:
    """Measure with one process and with two, young cases, and one case with many rounds behind it."""
    numbers = range(9_000_000, 9_000_000 + CASES)
    cases = [_case(number) for number in numbers]
    _two_steps(cases[0])
    scripts = [_script(case_id) for case_id in cases[2:-2]]  # what pgbench leaves of a case cannot go on
    for clients in (1, 2):
        connection.close()
        with ProcessPoolExecutor(clients, mp_context=get_context("spawn"), initializer=django.setup) as pool:
            list(pool.map(_work, [(case_id, 0.5) for case_id in cases[:clients]]))
            rate = sum(pool.map(_work, [(case_id, SECONDS) for case_id in cases[:clients]]))
        with ThreadPoolExecutor(clients) as threads:  # each client has cases of its own, as officers do
            theirs = 2 * sum(threads.map(lambda first, by=clients: limit(url, *scripts[first::by]), range(clients)))
        print(
            f"process steps, {clients} process{'es' if clients > 1 else '  '} {rate:7.0f}/s   pgbench, the same SQL {theirs:7.0f}/s"
            f"   ratio {rate / theirs:.2f}"
        )
    young, light = _work((cases[-1], 2.0)), _weight(cases[-2])
    old = [_work((cases[-1], 2.0)) for _ in range(2)][-1]
    print(
        f"one case, its first seconds {young:5.0f}/s, after some hundred rounds {old:5.0f}/s   ratio {old / young:.2f}"
    )
    print(f"  a young case {light}\n  an old case  {_weight(cases[-1])}")


def _weight(case_id: UUID) -> str:
    """Return what a case weighs: its state and its row in the database, and what a step of it needs in memory."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_column_size(i.state), pg_column_size(i.*), count(t.id) FROM process_instance i"
            " JOIN process_task t ON t.instance_id = i.id WHERE i.case_id = %s GROUP BY i.id",
            [case_id],
        )
        state, row, tasks = cursor.fetchone()
    tracemalloc.start()
    _two_steps(case_id)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return f"{state:4} bytes of state, {row:4} in its row; {tasks} tasks behind it; two steps need {peak / 1000:.0f} KB of memory"


def _case(number: int) -> UUID:
    from bench import citizens
    from huduma.contexts.applications import public as applications
    from huduma.contexts.process import public as process
    from huduma.foundation.access import SYSTEM

    now = timezone.now()
    case_id = citizens.with_draft(number)[1]
    applications.submit(actor=SYSTEM, application_id=case_id, now=now)
    process.deliver_message(actor=SYSTEM, case_id=case_id, name="bill-settled", now=now)
    return case_id


def _two_steps(case_id: UUID) -> None:
    from huduma.contexts.process import public as process
    from huduma.foundation.access import Actor, Grant

    officer = Actor(kind="person", channel="desk", account_id=UUID(int=1), grants=frozenset({Grant("officer", "DCI")}))
    for outcome in ("done", "retake"):
        task = process.open_tasks_of(case_id)[0]
        process.complete_task(actor=officer, task_id=task.id, outcome=outcome, note="Again", now=timezone.now())


def _work(order: tuple[UUID, float]) -> float:
    """Return the steps a second that this process does with a case."""
    case_id, seconds = order
    began, rounds = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        _two_steps(case_id)
        rounds += 1
    return 2 * rounds / (time.perf_counter() - began)


def _script(case_id: UUID) -> str:
    with CaptureQueriesContext(connection) as captured:
        _two_steps(case_id)
    # A place in a process has its number once: a script that runs again and again takes another one.
    statements = [TOKEN.sub(r"\1(random() * 2000000000)::int", query["sql"]) for query in captured]
    return replay(statements, anew="")
