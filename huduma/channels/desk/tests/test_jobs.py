"""A job that fails is written down without anybody's data, and told when it fails again and again."""

import logging
from datetime import UTC, datetime

import procrastinate
import pytest
from django.db import connection
from procrastinate import middleware
from procrastinate.contrib.django import app
from procrastinate.jobs import Job

from huduma.contexts.messages.models import Message
from huduma.foundation import jobs
from huduma.foundation.journal import public as journal


class PostOfficeClosed(Exception):
    pass


@jobs.job(name="tests.failing", attempts=2)
def failing(phone):
    raise PostOfficeClosed(f"nobody home at {phone}")


def work(attempts):
    """Run the job with all that a worker puts around it."""
    task, arguments = app.tasks["tests.failing"], {"phone": "0700000002"}
    job = Job(
        id=1, queue="default", lock=None, queueing_lock=None, task_name=task.name, task_kwargs=arguments, attempts=attempts
    )  # fmt: skip
    context = procrastinate.JobContext(
        app=app, job=job, start_timestamp=datetime.now(UTC).timestamp(), abort_reason=lambda: None
    )
    around = task.task_middleware
    with pytest.raises(PostOfficeClosed):
        middleware.compose(around, lambda: task.func.__wrapped__(**arguments), context, None)()


@pytest.mark.django_db
def test_each_failure_is_one_line_and_the_last_one_alarms(caplog, client, staff, enter_desk, drain_jobs):
    administrator = staff("Msimamizi", role="administrator", body=None)
    jobs.defer("tests.failing", phone="0700000002")
    with caplog.at_level(logging.INFO):
        work(attempts=0)
        work(attempts=1)
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == [
        f"job tests.failing failed, try {number} of 2: PostOfficeClosed" for number in (1, 2)
    ]
    assert not any(one.exc_info for one in caplog.records)
    [alarm] = journal.entries_concerning(journal.id_of_job("tests.failing"))
    assert (alarm.facts["error"], alarm.facts["is_given_up"], alarm.facts["tries"]) == ("PostOfficeClosed", True, 2)

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'failed', attempts = 2 WHERE task_name = 'tests.failing'"
        )
    assert [(one.job, one.is_given_up, one.runs) for one in jobs.list_failing()] == [("tests.failing", True, 1)]
    enter_desk(client, administrator)
    assert "PostOfficeClosed" in client.get("/en/desk/jobs/").content.decode()
    enter_desk(client, staff("Afisa"))
    assert client.get("/en/desk/jobs/").status_code == 403
    drain_jobs()
    told = Message.objects.get(kind="jobs.job.failing")
    assert (told.recipient, "tests.failing" in told.subject, "0700" in told.text) == (administrator.email, True, False)


def test_the_queues_own_line_with_arguments_and_words_is_left_out(caplog):
    log = logging.getLogger("procrastinate.worker")
    log.error("Job tests.failing[1](phone=0700000002) ended with status: Error", extra={"action": "job_error"})
    log.error("Main coroutine error", extra={"action": "stop"})
    assert [one.getMessage() for one in caplog.records] == ["Main coroutine error"]
