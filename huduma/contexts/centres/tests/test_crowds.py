"""Many at once: threads on real connections, and a worker that is killed in the middle."""

import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from huduma.contexts.centres import operations as centres
from huduma.contexts.centres import queries, rules
from huduma.contexts.centres.models import Appointment, Ticket
from huduma.contexts.centres.queries.visits import Wish
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM
from huduma.foundation.journal.models import EntryRow

WISH = Wish(("police-clearance",))
KILLED = """
import os, signal, sys, threading
import django; django.setup()
from uuid import UUID
from django.db import connection
from django.utils import timezone
from huduma.contexts.centres import operations as centres
from huduma.contexts.identity import public as identity
actor = identity.actor_for(identity.Account.objects.get(id=sys.argv[1]), channel="desk", purpose="casework", second_factor=True)
from huduma.foundation.journal import public as journal
from huduma.contexts.centres.operations import counter
def dies(**_): os.kill(os.getpid(), signal.SIGKILL)
counter.journal.record = dies
centres.call_next(actor=actor, now=timezone.now())
"""


def crowd(work, items, threads=8):
    """Do something with each item in threads; returns the results, refusals included."""

    def one(item):
        try:
            return work(item)
        except Exception as error:  # a refusal is a result here; anything else fails the assertion of the test
            return error

    def leave():
        connection.close()

    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(one, items))
        barrier = threading.Barrier(threads)
        list(pool.map(lambda _: (barrier.wait(60), leave()), range(threads)))
    return results


@pytest.mark.django_db(transaction=True)
def test_many_counters_call_and_nobody_is_called_twice_or_forgotten(centre, clerk):
    now = timezone.now()
    clerks = [clerk(f"afisa{n}", None) for n in range(8)]
    for number in range(4, 9):
        centres.set_counter(actor=SYSTEM, centre_code="HC01", number=number, desks=["service"], now=now)
    for n, officer in enumerate(clerks, 1):
        centres.open_counter(actor=officer, counter_id=centre.counters.get(number=n).id, now=now)
    for _ in range(60):
        centres.take_ticket(
            actor=clerks[0], centre_code="HC01", ticket_id=ids.uuid7(), source="reception", now=now,
            service_code="police-clearance",
        )  # fmt: skip

    def shift(officer):
        served = []
        while True:
            try:
                ticket = centres.call_next(actor=officer, now=timezone.now())
            except centres.NobodyWaits:
                return served
            centres.finish(actor=officer, ticket_id=ticket.id, outcome="done", now=timezone.now())
            served.append(ticket.id)

    served = crowd(shift, clerks)
    times = Counter(ticket for shift in served for ticket in shift)
    assert len(times) == 60
    assert set(times.values()) == {1}
    assert Ticket.objects.filter(state="done").count() == 60
    called = EntryRow.objects.filter(act="centres.ticket.called", subject_id__in=times).values_list(
        "subject_id", flat=True
    )
    assert Counter(called) == times


@pytest.mark.django_db(transaction=True)
def test_many_take_numbers_and_none_is_given_twice(centre, clerk):
    officer, now = clerk("neema"), timezone.now()
    tickets = crowd(
        lambda _: (
            centres.take_ticket(
                actor=officer, centre_code="HC01", ticket_id=ids.uuid7(), source="reception", now=now
            ).number
        ),
        range(50),
    )
    assert sorted(tickets) == [f"A{n:03}" for n in range(1, 51)]


@pytest.mark.django_db(transaction=True)
def test_many_want_the_last_places_and_each_is_given_once(centre, citizen, monday, now):
    people = [citizen(n) for n in range(24)]
    starts = [room.starts_at for room in queries.visits.free_rooms(centre, monday.date(), WISH, now=now)][:3]

    def book(index):
        return centres.book_appointment(
            actor=people[index], centre_code="HC01", wish=WISH, starts_at=starts[index % 3], now=now
        )

    results = crowd(book, range(24))
    booked = [one for one in results if isinstance(one, Appointment)]
    refused = [one for one in results if isinstance(one, centres.SlotTaken)]
    assert (len(booked), len(refused)) == (3, 21)
    assert sorted(Appointment.objects.values_list("starts_at", flat=True)) == starts


@pytest.mark.django_db(transaction=True)
def test_two_tabs_book_one_visit_for_one_application(centre, citizen, monday, now):
    me, case_id = citizen(1), ids.uuid7()

    def book(days):
        return centres.book_appointment(
            actor=me, centre_code="HC01", wish=WISH, starts_at=monday + timedelta(days=days), case_id=case_id, now=now
        )

    results = crowd(book, range(4), threads=4)
    assert sorted(type(one).__name__ for one in results) == ["Appointment", *["BookedAlready"] * 3]


@pytest.mark.django_db(transaction=True)
def test_a_killed_process_leaves_the_ticket_where_it_was(centre, clerk):
    now = timezone.now()
    officer = clerk("neema", 1)
    ticket = centres.take_ticket(actor=officer, centre_code="HC01", ticket_id=ids.uuid7(), source="reception", now=now)
    environment = {
        "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "config.settings", "PATH": "/usr/bin:/bin",
        "HUDUMA_VAR": str(settings.STATIC_ROOT.parent), "XDG_RUNTIME_DIR": "/tmp",
    }  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-c", KILLED, str(officer.account_id)], cwd=settings.BASE_DIR, env=environment, check=False
    )
    assert ran.returncode == -9
    assert Ticket.objects.get(id=ticket.id).state == "waiting"
    assert centres.call_next(actor=officer, now=timezone.now()).id == ticket.id


def database_url():
    info = connection.settings_dict
    host = connection.connection.info
    return f"postgresql://{info['USER']}@/{info['NAME']}?host={host.host}&port={host.port}"


@given(
    counters=st.integers(1, 6),
    share=st.integers(0, 100),
    wishes=st.lists(st.tuples(st.integers(1, 24), st.integers(0, 200)), min_size=1, max_size=40),
)
@hypothesis.settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no finding
def test_no_sequence_of_bookings_overfills_a_counter_or_runs_past_closing(counters, share, wishes):
    opens = timezone.make_aware(timezone.datetime(2026, 11, 30, 8))
    lunch, closes = opens + timedelta(hours=5), opens + timedelta(hours=9)
    windows = [
        rules.Window(opens, lunch - timedelta(hours=1), counters), rules.Window(lunch, closes, max(1, counters - 1)),
    ]  # fmt: skip
    taken = []
    for length, pick in wishes:
        plan = {
            "windows": windows, "walk_in_percent": share, "services": frozenset(), "officers": None, "taken": taken,
        }  # fmt: skip
        free = rules.rooms(length=length * rules.STEP, **plan)
        if free:
            room = free[pick % len(free)]
            taken.append(rules.Taken(room.starts_at, room.ends_at, room.lane, None))
    for one in taken:
        assert any(w.starts_at <= one.starts_at and one.ends_at <= w.ends_at for w in windows)
        crowd_now = [o for o in taken if o.starts_at <= one.starts_at < o.ends_at]
        assert len({o.lane for o in crowd_now}) == len(crowd_now) <= max(1, counters * (100 - share) // 100)
    if share == 100:
        assert not taken
