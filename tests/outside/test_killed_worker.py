"""A real worker is killed while it asks for money, texts, answers and signs; the next one finds its jobs and ends each, once."""

import os
import signal
import subprocess
import sys
import time
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from django.utils import timezone

from huduma.contexts.credentials import public as credentials
from huduma.contexts.credentials.models import Credential
from huduma.contexts.inbox import operations as inbox
from huduma.contexts.inbox.models import Message as Answer
from huduma.contexts.inbox.operations import conversations, sending
from huduma.contexts.messages import public as messages
from huduma.contexts.messages.models import Message
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Payment
from huduma.foundation import ids, jobs
from huduma.foundation.access import SYSTEM

PHONE = "+254700000002"
TEMPLATE = "#set document(date: datetime(year: 2026, month: 11, day: 25))\nMfano"
PATIENCE_SECONDS = 60
PROCESS = "killed-worker"


def worker():
    at = connection.get_connection_params()
    where = {key: at[key] for key in ("host", "port", "user", "password") if at.get(key)}
    url = f"postgresql:///{at['dbname']}?{urlencode(where)}"
    return subprocess.Popen(
        [sys.executable, "manage.py", "procrastinate", "worker", "--concurrency", "6"],
        cwd=settings.BASE_DIR, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "DATABASE_URL": url, "HUDUMA_PROCESS": PROCESS},
    )  # fmt: skip


def has_sessions():
    """Whether the server still keeps sessions of a worker: it may notice a killed one only when a statement ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_stat_activity WHERE application_name = %s", [PROCESS])
        return cursor.fetchone() is not None


def until(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():  # each look is a query: the loop is not a busy one
        assert time.monotonic() < deadline, condition()


def is_waiting_for_a_lock():
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees what it saw first
        cursor.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
        return cursor.fetchone() is not None


@pytest.mark.django_db(transaction=True)
def test_the_next_worker_ends_what_a_killed_one_began(sandbox):
    now = timezone.now()
    sandbox.post("/_control/incoming/whatsapp", json={"from": PHONE, "text": "Habari"})  # opens the company's day
    for system in ("daraja", "africastalking", "whatsapp"):
        sandbox.post(f"/_control/{system}", json={"fault": "timeout", "times": 1, "seconds": 600}).raise_for_status()
    lines = [{"code": "fee", "description": {"en": "Fee", "sw": "Ada"}, "amount_cents": 20000, "body_code": "CRS"}]
    bill = payments.raise_bill(
        actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=None,
        description={"en": "Test", "sw": "Jaribio"}, lines=lines, now=now,
    )  # fmt: skip
    payment = payments.start_payment(actor=SYSTEM, bill_id=bill.id, phone=PHONE, now=now)
    message_id = messages.send(
        actor=SYSTEM, kind="test", language="en", text="Habari", to_phone=PHONE, dedupe_key="killed", now=now
    )
    asked = conversations.begin(channel="whatsapp", address=PHONE.removeprefix("+"), language="en", now=now)
    Answer.objects.create(conversation=asked, at=now, side="customer", channel="whatsapp", text="Habari")
    answer_id = sending._send(asked, "It is ready.", side="staff", account_id=None, now=now).id
    credential = credentials.issue_credential(
        actor=SYSTEM, issued_for=ids.uuid7(), template=TEMPLATE, title={"en": "Test", "sw": "Jaribio"}, data={},
        holder_person_id=ids.uuid7(), body_code="CRS", service_code="test", now=now,
    )  # fmt: skip

    def states():
        return (
            Payment.objects.get(id=payment.id).state,
            Message.objects.get(id=message_id).state,
            Answer.objects.get(id=answer_id).sending,
            Credential.objects.get(id=credential.id).state,
        )

    with transaction.atomic():
        Credential.objects.select_for_update().get(id=credential.id)  # the worker signs, and cannot keep it yet
        first = worker()
        try:
            until(lambda: (is_waiting_for_a_lock(), *states()) == (True, "pushing", "sending", "sending", "signing"))
        finally:
            first.send_signal(signal.SIGKILL)
            first.wait(60)
    with connection.cursor() as cursor:  # half a minute later
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 minute'")
    jobs.defer("jobs.rescue", once="jobs.rescue", timestamp=0)
    second = worker()
    try:
        until(lambda: states() == ("unknown", "uncertain", "sending", "valid"))
    finally:
        second.kill()  # it may be asking a gateway, which can take its whole time-out
        second.wait(60)
        until(lambda: not has_sessions())
    assert payment.bill.payments.count() == 1
    assert len(sandbox.get(f"/phone/api/{PHONE}").json()["prompts"]) <= 1  # never asked twice
    answers = [one for one in sandbox.get("/_control/messages").json() if one["text"] == "It is ready."]
    assert len(answers) <= 1  # nor answered twice; whether it arrived a person is asked
    inbox.give_up(message_id=answer_id, now=now)
    asked.refresh_from_db()
    assert (Answer.objects.get(id=answer_id).why_failed, asked.is_waiting) == ("uncertain", True)
