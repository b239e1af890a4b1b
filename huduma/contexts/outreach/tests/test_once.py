"""Every record is applied once: in any order, sent again, broken off, by several workers and uploads at the same time."""

import contextlib
import threading
from functools import partial
from itertools import count
from uuid import UUID

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huduma.contexts.applications.models import Application
from huduma.contexts.centres.models import Ticket
from huduma.contexts.outreach import operations
from huduma.contexts.outreach import public as outreach
from huduma.contexts.outreach.models import Record
from huduma.foundation.access import Refusal
from huduma.foundation.files.models import StoredFile
from tests.an_outreach import application, ticket

NUMBERS = count(1)
STEPS = st.lists(
    st.tuples(st.sampled_from(["send", "first", "second", "lost", "apply"]), st.integers(0, 2)), max_size=24
)


class Away(Exception):
    """The connection broke after the server had worked and before it could commit."""


@pytest.mark.django_db
def test_any_order_any_repeats_any_broken_calls_apply_each_record_once(tablet, officer, picture, drain_jobs):
    device = tablet.device.id

    def send(one):
        outreach.receive_records(actor=officer, device_id=device, sent=[one], now=timezone.now())

    def begin(one, file):
        outreach.begin_file(
            actor=officer, device_id=device, file_id=UUID(file["id"]), record_id=UUID(one["id"]), length=file["bytes"],
            sha256=file["sha256"], now=timezone.now(),
        )  # fmt: skip

    def piece(one, content, offset, end):
        begin(one, one["body"]["files"][0])
        with contextlib.suppress(outreach.WrongOffset):
            outreach.add_piece(
                actor=officer, device_id=device, file_id=UUID(one["body"]["files"][0]["id"]), offset=offset,
                content=content[offset:end], checksum="", now=timezone.now(),
            )  # fmt: skip

    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(STEPS)
    def play(steps):
        number = next(NUMBERS)
        content = picture(number)
        person = {"id_number": f"92{number:06}"}
        form = application(f"HA{number:08}A", content, person=person)
        made = [form, ticket(f"VA{number:03}"), ticket(f"VB{number:03}")]
        half = len(content) // 2
        do = {
            "send": lambda n: send(made[n]),
            "first": lambda n: piece(form, content, 0, half),
            "second": lambda n: piece(form, content, half, len(content)),
            "apply": lambda n: drain_jobs(),
        }
        for verb, n in steps:
            if verb != "lost":
                do[verb](n)
                continue
            with contextlib.suppress(Away), connection_lost():
                send(made[n])
                piece(form, content, 0, half)
        for n in range(3):
            send(made[n])
        piece(form, content, 0, half)
        piece(form, content, half, len(content))
        drain_jobs()
        states = Record.objects.filter(id__in=[one["id"] for one in made]).values_list("state", flat=True)
        assert list(states) == ["done"] * 3
        assert Application.objects.filter(reference=form["body"]["reference"]).count() == 1
        assert Ticket.objects.filter(number__in=[one["body"]["number"] for one in made[1:]]).count() == 2
        assert StoredFile.objects.filter(sha256=form["body"]["files"][0]["sha256"]).count() == 1

    play()


@contextlib.contextmanager
def connection_lost():
    """What is done inside is undone, as when a worker dies before it commits."""
    with transaction.atomic():
        yield
        raise Away


@pytest.mark.django_db(transaction=True)
def test_two_uploads_and_two_workers_at_the_same_time_apply_each_record_once(tablet, officer, picture):
    content = picture()
    form = application("HA00000001A", content)
    made = [form, *(ticket(f"VA{n:03}") for n in range(1, 4))]
    file, gate, failed = form["body"]["files"][0], threading.Barrier(4), []

    def upload():
        gate.wait()
        outreach.receive_records(actor=officer, device_id=tablet.device.id, sent=made, now=timezone.now())
        with contextlib.suppress(Refusal):
            outreach.begin_file(
                actor=officer, device_id=tablet.device.id, file_id=UUID(file["id"]), record_id=UUID(form["id"]),
                length=file["bytes"], sha256=file["sha256"], now=timezone.now(),
            )  # fmt: skip
            outreach.add_piece(
                actor=officer, device_id=tablet.device.id, file_id=UUID(file["id"]), offset=0, content=content, checksum="",
                now=timezone.now(),
            )  # fmt: skip

    def work():
        gate.wait()
        for one in made:
            operations.apply_record(record_id=UUID(one["id"]), now=timezone.now())

    def together(*jobs):
        def run(job):
            try:
                job()
            except Exception as error:
                failed.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run, args=[job]) for job in jobs]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    together(upload, upload, upload, upload)
    together(work, work, work, work)
    assert failed == []
    assert list(Record.objects.values_list("state", flat=True)) == ["done"] * 4
    assert (Application.objects.count(), Ticket.objects.count(), StoredFile.objects.count()) == (1, 3, 1)
    with connection.cursor() as cursor:
        query = "SELECT count(*) FROM journal_entry WHERE act = 'outreach.record.applied' AND subject_id = ANY(%s)"
        cursor.execute(query, [[UUID(one["id"]) for one in made]])
        assert cursor.fetchone()[0] == 4

    twins = [application(f"HA0000000{n}A", person={"id_number": "91000002"}, files=[]) for n in (2, 3)]
    outreach.receive_records(actor=officer, device_id=tablet.device.id, sent=twins, now=timezone.now())
    gate = threading.Barrier(2)

    def take(one):
        gate.wait()
        operations.apply_record(record_id=UUID(one["id"]), now=timezone.now())

    together(*(partial(take, one) for one in twins))
    assert failed == []
    found = Record.objects.filter(id__in=[one["id"] for one in twins])
    assert sorted(found.values_list("conflict", flat=True)) == ["answers", "draft"]
