"""Process steps: a case whose fingerprints are taken again and again."""

from django.utils import timezone

from bench import citizens
from bench.rates import median_rate
from huduma.contexts.applications import public as applications
from huduma.contexts.process import public as process
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM, Actor, Grant


def measure(url: str) -> None:
    """Each round is two steps, each a transaction on disk; the case is measured young and with many rounds behind it."""
    officer = Actor(kind="person", channel="desk", account_id=ids.uuid7(), grants=frozenset({Grant("officer", "DCI")}))
    now = timezone.now()
    case_id = citizens.with_draft(9_000_000)[1]
    applications.submit(actor=SYSTEM, application_id=case_id, now=now)
    process.deliver_message(actor=SYSTEM, case_id=case_id, name="bill-settled", now=now)

    def two_steps() -> None:
        for outcome in ("done", "retake"):
            task = process.open_tasks_of(case_id)[0]
            process.complete_task(actor=officer, task_id=task.id, outcome=outcome, note="Again", now=timezone.now())

    young = 2 * median_rate(two_steps, 50)
    old = 2 * median_rate(two_steps, 50)
    print(f"process steps, one client         {young:8.0f}/s   the same case {5 * 50} rounds later {old:5.0f}/s")
