"""A worker that is killed in the middle of a step: nothing of the step stays, and the next worker goes over it."""

import signal
import subprocess
import sys
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import connection

from huduma.contexts.process import public as process
from huduma.contexts.process.models import Instance, Task
from huduma.contexts.process.tests.bpmn import END, START, message, node, user
from huduma.contexts.process.tests.bpmn import process as bpmn
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM

#: The case's row is locked and the message's task closed when the action begins; there the worker stops and says so.
WORKER = """
import os, sys, time
case_id, now, os.environ["DATABASE_URL"] = sys.argv[1:]
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from datetime import datetime
from uuid import UUID
from huduma.contexts.process.providers import plugs
from huduma.foundation.sockets import Registry
from huduma.foundation.access import SYSTEM
from huduma.contexts.process import public as process

def slow(**given):
    print("in the step", flush=True)
    time.sleep(600)

plugs.actions = Registry("action of a service task")
plugs.register_action("raise-bill", slow)
process.deliver_message(actor=SYSTEM, case_id=UUID(case_id), name="go", now=datetime.fromisoformat(now))
"""


@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_leaves_the_case_where_it_was_and_another_goes_on(now, actions, heard):
    source = bpmn(
        START + message("wait") + node("serviceTask", "bill", h_action="raise-bill", h_status="waiting_payment")
        + user("review") + END,
        ("start", "wait"), ("wait", "bill"), ("bill", "review"), ("review", "end"),
    )  # fmt: skip
    digest = process.define(actor=SYSTEM, bpmn=source, now=now)
    case_id = ids.uuid7()
    process.start(actor=SYSTEM, case_id=case_id, digest=digest, body_code="CRS", facts={}, due_at=None, now=now)
    before = Instance.objects.values().get(case_id=case_id)
    at = connection.get_connection_params()
    where = {key: at[key] for key in ("host", "port", "user", "password") if at.get(key)}
    url = f"postgresql:///{at['dbname']}?{urlencode(where)}"
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(case_id), now.isoformat(), url],
        cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert worker.stdout is not None
    said = worker.stdout.readline()
    worker.send_signal(signal.SIGKILL)
    worker.wait(60)
    worker.stdout.close()
    assert said == "in the step\n"

    assert process.deliver_message(actor=SYSTEM, case_id=case_id, name="go", now=now)
    assert before["version"] + 1 == Instance.objects.get(case_id=case_id).version
    assert [t.step for t in Task.objects.filter(case_id=case_id, state="open")] == ["review"]
    assert [status for _, status, _ in heard] == ["waiting_payment"]
