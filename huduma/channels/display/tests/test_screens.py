"""The kiosk, the QR at the door, one's ticket, and the public display; and the stream that feeds it, for real."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time

import httpx
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from huduma.contexts.centres import public as centres
from huduma.contexts.centres.models import Ticket
from huduma.foundation import ids

pytestmark = pytest.mark.django_db


def taken(page):
    return re.search(r'class="ticket"[^>]*>(\w+)<', page.content.decode())[1]


def fresh(page):
    return re.search(r'name="fresh" value="([^"]+)"', page.content.decode())[1]


def test_the_kiosk_gives_one_ticket_for_two_taps_and_only_with_its_key(client, always_open):
    kiosk = f"/sw/display/HC01/kiosk/{centres.door_key('HC01')}/"
    form = {"fresh": fresh(client.get(kiosk)), "service": "police-clearance", "priority": "elderly"}
    assert taken(client.post(kiosk, form)) == taken(client.post(kiosk, form)) == "A001"
    assert Ticket.objects.get().language == "sw"
    assert client.get("/sw/display/HC01/kiosk/000000000000/").status_code == 404


def test_phones_behind_one_proxy_are_counted_each_for_itself(client, always_open, settings, monkeypatch):
    monkeypatch.setattr("huduma.channels.display.centres.TICKETS_A_MINUTE", 1)
    settings.TRUSTED_PROXIES = 1
    kiosk = f"/en/display/HC01/kiosk/{centres.door_key('HC01')}/"

    def take(address):
        return client.post(kiosk, {"fresh": fresh(client.get(kiosk))}, headers={"x-forwarded-for": address}).status_code

    assert (take("192.0.2.1"), take("192.0.2.2"), take("192.0.2.1")) == (200, 200, 422)


def test_on_ones_own_phone_the_ticket_stays_until_it_is_given_up(client, always_open):
    door = f"/en/display/HC01/door/{centres.door_key('HC01')}/"
    wrong = client.post(door, {"fresh": fresh(client.get(door)), "phone": "12"})
    assert wrong.status_code == 422
    address = client.post(door, {"fresh": fresh(wrong), "phone": "0712345678"}).url
    assert client.get(door).url == address
    assert "Before you: 0" in client.get(address).content.decode()
    client.post(address)
    assert Ticket.objects.get().state == "left"
    assert client.get(door).status_code == 200


def test_the_reference_of_an_appointment_is_enough(client, always_open, citizen):
    me = citizen(1)
    wish = centres.Wish(("police-clearance",))
    room = centres.free_rooms(always_open, timezone.localdate(), wish, now=timezone.now())
    visit = centres.book_appointment(
        actor=me,
        centre_code="HC01",
        wish=wish,
        starts_at=room[0].starts_at if room else timezone.now(),
        now=timezone.now(),
    )
    type(visit).objects.update(starts_at=timezone.now(), ends_at=timezone.now() + (visit.ends_at - visit.starts_at))
    kiosk = f"/en/display/HC01/kiosk/{centres.door_key('HC01')}/"
    unknown = client.post(kiosk, {"fresh": str(ids.uuid7()), "reference": "HV 0000 0000 0"})
    assert "No appointment of today" in unknown.content.decode()
    taken(client.post(kiosk, {"fresh": str(ids.uuid7()), "reference": visit.reference.lower()}))
    ticket = Ticket.objects.get()
    assert (ticket.priority, ticket.appointment_id, ticket.person_id) == ("appointment", visit.id, me.person_id)


def test_a_flood_is_stopped(client, always_open, monkeypatch):
    monkeypatch.setattr("huduma.channels.display.centres.TICKETS_A_MINUTE", 2)
    kiosk = f"/en/display/HC01/kiosk/{centres.door_key('HC01')}/"
    answers = [client.post(kiosk, {"fresh": str(ids.uuid7())}).status_code for _ in range(4)]
    assert answers.count(422) >= 1
    assert Ticket.objects.count() <= 3


def test_the_display_shows_numbers_and_counters(client, always_open, clerk):
    officer = clerk("neema", 2)
    centres.take_ticket(
        actor=officer, centre_code="HC01", ticket_id=ids.uuid7(), source="reception", now=timezone.now()
    )
    assert "Nobody has been called yet" in client.get("/en/display/HC01/").content.decode()
    centres.call_next(actor=officer, now=timezone.now())
    answer = client.get("/en/display/HC01/")
    assert "<td>A001</td><td>2</td>" in answer.content.decode()
    assert settings.STREAM_URL in answer["Content-Security-Policy"]
    shown = client.get("/en/display/HC01/board.json").json()
    assert [(call["number"], call["counter"]) for call in shown["calls"]] == [("A001", 2)]


def test_a_stream_without_calls_says_the_last_board_again(monkeypatch):
    from huduma.channels.display import stream as module

    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(module, "_read", lambda code: f"board of {code}")

    async def listen():
        events = module._events("HC01")
        heard = [await anext(events), await anext(events)]
        for queue in module.displays["HC01"]:
            queue.put_nowait("a call")
        heard += [await anext(events), await anext(events)]
        await events.aclose()
        return heard

    first, *others = asyncio.run(listen())
    assert first.endswith("data: board of HC01\n\n")
    assert others == ["data: board of HC01\n\n", "data: a call\n\n", "data: a call\n\n"]
    assert not module.displays["HC01"]


@pytest.fixture
def stream(transactional_db):
    """The real process that pushes calls; returns its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(port), "--workers", "1", "--no-ws",
            "huduma.channels.display.stream:application",
        ],
        cwd=settings.BASE_DIR, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health", timeout=2).raise_for_status()
            break
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(15)


def environment():
    connection.ensure_connection()
    info = connection.connection.info
    url = f"postgresql://{info.user}@/{info.dbname}?host={info.host}&port={info.port}"
    return {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}  # noqa: TID251 -- handed on to a child


@pytest.mark.django_db(transaction=True)
def test_a_call_reaches_the_stream_within_a_second_even_after_the_line_broke(stream, always_open, clerk):
    officer = clerk("neema", 2)
    for _ in range(2):
        centres.take_ticket(
            actor=officer, centre_code="HC01", ticket_id=ids.uuid7(), source="reception", now=timezone.now()
        )
    with httpx.stream("GET", f"{stream}/stream/HC01", timeout=60) as answer:
        boards = (json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: "))
        assert next(boards)["calls"] == []
        begun = time.monotonic()
        ticket = centres.call_next(actor=officer, now=timezone.now())
        assert next(boards)["calls"][0]["number"] == ticket.number
        assert time.monotonic() - begun < 1
        with connection.cursor() as cursor:  # the line to the database breaks
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR query = 'SELECT 1'"
            )
        centres.finish(actor=officer, ticket_id=ticket.id, outcome="done", now=timezone.now())
        second = centres.call_next(actor=officer, now=timezone.now())
        assert next(board for board in boards if board["calls"][0]["number"] == second.number)
