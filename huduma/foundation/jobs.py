"""Deferred work. The queue is PostgreSQL (Procrastinate), so a job is enqueued in the transaction of the act that needs it.

A job takes ids as text, never personal data: job arguments are logged. It runs at least once and must be idempotent.
"""

import functools
from collections.abc import Callable
from datetime import datetime
from typing import Any

import procrastinate
from django.db import close_old_connections, transaction
from procrastinate import exceptions
from procrastinate.contrib.django import app

JobFunction = Callable[..., None]

STALLED_SECONDS = 30


def job(*, name: str, attempts: int = 5, queue: str = "default") -> Callable[[JobFunction], Any]:
    """Make a function a job; a failed run is repeated with exponential back-off, `attempts` times in all."""

    def decorate(function: JobFunction) -> Any:
        @functools.wraps(function)
        def run(**kwargs: Any) -> None:
            close_old_connections()  # a connection that died since the last job must not fail this one
            function(**kwargs)

        retry = procrastinate.RetryStrategy(max_attempts=attempts, exponential_wait=2)
        return app.task(name=name, queue=queue, retry=retry)(run)

    return decorate


def every(cron: str, *, name: str) -> Callable[[Callable[[int], None]], Any]:
    """Make a function of one argument (a Unix time stamp) run by a cron expression, once for all workers."""

    def decorate(function: Callable[[int], None]) -> Any:
        @functools.wraps(function)
        def run(timestamp: int) -> None:
            close_old_connections()
            function(timestamp)

        return app.periodic(cron=cron)(app.task(name=name, queueing_lock=name)(run))

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
