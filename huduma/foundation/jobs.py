"""Deferred work. The queue is PostgreSQL (Procrastinate), so a job is enqueued in the transaction of the act that needs it.

A job takes ids as text, never personal data. It runs at least once and must be idempotent.
Each failure is one line in the log: which job, which try, and the class of the exception; never its words or the arguments.
"""

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import procrastinate
from django.db import close_old_connections, connection, transaction
from procrastinate import exceptions
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.manager import JobManager

from huduma.foundation.sockets import Registry

JobFunction = Callable[..., None]
Alarm = Callable[["Failure"], None]

STALLED_SECONDS = 30
#: From this try on a failing job alarms; it does too when it is given up.
ALARM_AT = 5
KEPT_HOURS = 14 * 24

logger = logging.getLogger(__name__)
_in_transaction = JobManager(DjangoConnector())
#: Procrastinate's own line about a failure holds the arguments and the exception's words: a row that was refused, for example.
logging.getLogger("procrastinate.worker").addFilter(
    lambda record: getattr(record, "action", "") not in ("job_error", "job_error_retry")
)


@dataclass(frozen=True)
class Failure:
    """A job that failed: by name, how often by now, of how many tries in all, and the exception's class."""

    job: str
    tries: int
    of: int
    error: str

    @property
    def is_given_up(self) -> bool:
        """Whether it is not tried again."""
        return self.tries >= self.of


@dataclass(frozen=True)
class Failing:
    """Runs of one job that failed: given up, or to be tried again, the next one at a moment."""

    job: str
    is_given_up: bool
    runs: int
    most_tries: int
    next_at: datetime | None


_alarms: Registry[Alarm] = Registry("alarm")


def register_alarm(name: str, alarm: Alarm) -> None:
    """Plug in who is told of a job that fails again and again, or is given up."""
    _alarms.register(name, alarm)


def _watched(attempts: int) -> Callable[..., Any]:
    """Return what stands around a job: it writes each failure down, alarms, and lets the failure pass."""

    def watch(run: Callable[[], Any], context: procrastinate.JobContext, worker: Any) -> Any:
        try:
            return run()
        except Exception as error:
            failure = Failure(context.job.task_name, context.job.attempts + 1, attempts, type(error).__name__)
            logger.error("job %s failed, try %d of %d: %s", failure.job, failure.tries, failure.of, failure.error)
            if failure.tries == ALARM_AT or failure.is_given_up:
                _alarm(failure)
            raise

    return watch


def _alarm(failure: Failure) -> None:
    for name, alarm in _alarms.items():
        try:
            with transaction.atomic():
                alarm(failure)
        except Exception as error:  # the database may be what fails: the log has the line
            logger.critical("alarm %s about job %s failed: %s", name, failure.job, type(error).__name__)


def job(*, name: str, attempts: int = 5, queue: str = "default") -> Callable[[JobFunction], Any]:
    """Make a function a job; a failed run is repeated with exponential back-off, `attempts` times in all."""

    def decorate(function: JobFunction) -> Any:
        @functools.wraps(function)
        def run(**kwargs: Any) -> None:
            close_old_connections()  # a connection that died since the last job must not fail this one
            function(**kwargs)

        retry = procrastinate.RetryStrategy(max_attempts=attempts, exponential_wait=2)
        return app.task(name=name, queue=queue, retry=retry, task_middleware=[_watched(attempts)])(run)

    return decorate


def every(cron: str, *, name: str) -> Callable[[Callable[[int], None]], Any]:
    """Make a function of one argument (a Unix time stamp) run by a cron expression, once for all workers."""

    def decorate(function: Callable[[int], None]) -> Any:
        @functools.wraps(function)
        def run(timestamp: int) -> None:
            close_old_connections()
            function(timestamp)

        return app.periodic(cron=cron)(app.task(name=name, queueing_lock=name, task_middleware=[_watched(1)])(run))

    return decorate


def defer(
    job_name: str, *, at: datetime | None = None, lock: str | None = None, once: str | None = None, **kwargs: Any
) -> None:
    """Enqueue a job, by its name, in the current transaction.

    By name, because a job stands above the operation that starts it.
    `at`: not before this time. `lock`: jobs with the same lock run one after another.
    `once`: nothing is enqueued while another job with this key still waits.
    """
    configured = app.configure_task(job_name, allow_unknown=False, schedule_at=at, lock=lock, queueing_lock=once)
    configured.job_manager = _in_transaction  # in a worker the app's own is a connection beside that of the act
    if once is None:
        configured.defer(**kwargs)
        return
    try:
        with transaction.atomic():
            configured.defer(**kwargs)
    except exceptions.AlreadyEnqueued:
        return


@app.periodic(cron="* * * * *")
@app.task(name="jobs.rescue", queueing_lock="jobs.rescue", pass_context=True)
async def rescue(context: procrastinate.JobContext, timestamp: int) -> None:
    """Give the jobs of workers that died (no heartbeat for 30 s) back to the queue."""
    manager = context.app.job_manager
    for stalled in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        await manager.retry_job(stalled)


@app.periodic(cron="30 2 * * *")
@app.task(name="jobs.tidy", queueing_lock="jobs.tidy", pass_context=True)
async def tidy(context: procrastinate.JobContext, timestamp: int) -> None:
    """Forget jobs that were done two weeks ago; those that were given up stay."""
    await context.app.job_manager.delete_old_jobs(nb_hours=KEPT_HOURS)


FAILING = """
SELECT task_name, status = 'failed', count(*), max(attempts), min(scheduled_at) FROM procrastinate_jobs
WHERE status = 'failed' OR (status = 'todo' AND attempts > 0)
GROUP BY task_name, status ORDER BY status = 'failed' DESC, count(*) DESC, task_name
"""


def list_failing() -> list[Failing]:
    """Return what failed, by job: what was given up first, then what is tried again."""
    with connection.cursor() as cursor:
        cursor.execute(FAILING)
        return [Failing(*row) for row in cursor.fetchall()]
