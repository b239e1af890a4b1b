"""A centre's busy hour over real HTTP, counts of exactly once in the database, display latency, and a day of the whole country.

- `CLERKS` clerks and `DISPLAYS` displays on one machine, which makes the load as well: each clerk serves a customer (call, look,
  serve, finish) every `THINK_SECONDS`, twenty times as fast as one who needs ten minutes for each. Aim: p95 below 250 ms, no error.
- `calls` calls for as many tickets, and as many bookings for `SLOTS` places, from `THREADS` connections at once; what counts is
  read from the database afterwards. The peer of call-next is the bare statement with SKIP LOCKED in pgbench.
- A day of 60 000 customers over the working centres, replayed as fast as it goes with the replay's own clock: arrivals with a
  morning peak, as many counters as the load needs; the ranges of waiting time that were told are compared with what came.

By default the second and the third are done at a part of their size; `CENTRES_FULL=1` does them whole (about half an hour).
`CENTRES_PARTS=calls,bookings,hour,day` does some of them only.
"""

import gzip
import heapq
import http.client
import json
import math
import os
import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from bench import citizens, installation
from bench.load import Request
from bench.pgbench import limit
from config import launcher
from huduma.contexts.centres import public as centres
from huduma.contexts.identity import public as identity
from huduma.contexts.workforce import public as workforce
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM
from huduma.foundation.worktime.models import SpecialDay

FULL = os.environ.get("CENTRES_FULL") == "1"  # noqa: TID251 -- a size of this measurement, no setting of the product
PARTS = os.environ.get("CENTRES_PARTS", "calls,bookings,hour,day").split(",")  # noqa: TID251 -- as above
CLERKS, DISPLAYS, THINK_SECONDS, ROUNDS = 400, 60, 30.0, 2 if FULL else 1
CALLS, SLOTS, THREADS, PEOPLE = 10_000 if FULL else 1_500, 100, 16, 200
WHOLE_DAY = 60_000
CUSTOMERS, HOURS, SERVICE_SECONDS, UTILISATION = WHOLE_DAY if FULL else 900, 9, 600, 0.9
SERVICE = "police-clearance"
WISH = centres.Wish((SERVICE,))
TOKEN = "b" * 32


def measure(url: str) -> None:
    """Set one centre up, then measure each part."""
    _set_up()
    officers = [_officer(n) for n in range(CLERKS)]
    actors = [actor for _, actor in officers]
    _sit_down(officers)
    parts = {
        "calls": lambda: _call_at_once(url, actors), "bookings": _book_at_once, "hour": lambda: _busy_hour(url, officers),
        "day": lambda: _a_day(actors),
    }  # fmt: skip
    for part in PARTS:
        parts[part]()


def _set_up() -> None:
    centre = centres.Centre.objects.get(code="HC01")
    centre.hours, centre.long_hours, centre.least_notice_minutes = [[["00:00", "23:59"]]] * 7, None, 0
    centre.walk_in_percent = 0
    centre.save()
    for n in range(-1, 15):
        SpecialDay.objects.update_or_create(
            date=timezone.localdate() + timedelta(days=n), defaults={"is_working": True, "reason": "bench"}
        )
    centres.set_offering(actor=SYSTEM, centre_code="HC01", service_code=SERVICE, now=timezone.now())


def _officer(number: int) -> tuple[Any, Any]:
    """Return the account of an officer who is posted to the centre, and the actor that they are."""
    now = timezone.now()
    account = identity.Account.objects.create(email=f"clerk{number}@bench.example", created_at=now, language="en")
    identity.grant_role(actor=SYSTEM, account_id=account.id, role="officer", body_code="DCI", now=now)
    workforce.post_staff(actor=SYSTEM, account_id=account.id, place_code="HC01", from_on=timezone.localdate(), now=now)
    return account, identity.actor_for(account, channel="desk", purpose="casework", second_factor=True)


def _sit_down(officers: list[tuple[Any, Any]]) -> None:
    centres.Counter.objects.bulk_create(
        centres.Counter(
            centre_id="HC01", number=1000 + n, desks=["service"], officer_id=account.id, opened_at=timezone.now()
        )
        for n, (account, _) in enumerate(officers)
    )


def _fill(count: int, prefix: str) -> None:
    now = timezone.now()
    one = {"centre_id": "HC01", "day": timezone.localdate(now), "service_code": SERVICE, "source": "kiosk"}
    when = {"rank_at": now, "arrived_at": now, "waiting_since": now}
    rows = [centres.Ticket(number=f"{prefix}{n}", **one, **when) for n in range(count)]
    centres.Ticket.objects.bulk_create(rows, batch_size=1000)


def _at_once(work: Callable[[int], Any], count: int) -> tuple[list[Any], float]:
    """Do something `count` times from `THREADS` connections; refusals are results."""

    def one(number: int) -> Any:
        try:
            return work(number)
        except (centres.NobodyWaits, centres.SlotTaken, centres.TooManyBooked) as refusal:
            return refusal

    with ThreadPoolExecutor(THREADS) as pool:
        started = time.perf_counter()
        results = list(pool.map(one, range(count)))
        seconds = time.perf_counter() - started
        everybody = threading.Barrier(THREADS)
        list(pool.map(lambda _: _hang_up(everybody), range(THREADS)))
    return results, seconds


def _hang_up(everybody: threading.Barrier) -> None:
    everybody.wait(30)  # so that each thread of the pool comes here once
    connection.close()


def _call_at_once(url: str, actors: list[Any]) -> None:
    _fill(CALLS, "X")
    own = threading.local()
    seats = iter(actors)

    def call(_: int) -> Any:
        if not hasattr(own, "actor"):
            own.actor = next(seats)
        ticket = centres.call_next(actor=own.actor, now=timezone.now())
        centres.finish(actor=own.actor, ticket_id=ticket.id, outcome="done", now=timezone.now())
        return ticket.id

    results, seconds = _at_once(call, CALLS)
    ended = centres.Ticket.objects.filter(number__startswith="X", state="done").count()
    assert len(set(results)) == ended == CALLS, (len(set(results)), ended)
    _fill(20_000, "Y")
    peer = limit(
        url,
        "UPDATE centres_ticket SET state = 'left', ended_at = now() WHERE id = (SELECT id FROM centres_ticket WHERE centre_id = 'HC01'"
        f" AND day = '{timezone.localdate()}' AND state = 'waiting' ORDER BY rank_at, id LIMIT 1 FOR UPDATE SKIP LOCKED);",
        clients=THREADS,
        seconds=1,
    )
    _nobody_waits()
    print(
        f"call next and finish, {CALLS} from {THREADS} connections  {CALLS / seconds:5.0f}/s, called once: {ended} of {CALLS}"
        f"   pgbench, the bare statement {peer:5.0f}/s"
    )


def _nobody_waits() -> None:
    centres.Ticket.objects.filter(state="waiting").update(state="left", ended_at=timezone.now())


def _book_at_once() -> None:
    people = [
        identity.actor_for(citizens.proven(50_000 + n), channel="portal", purpose="self-service") for n in range(PEOPLE)
    ]
    centre = centres.Centre.objects.get(code="HC01")
    extra = centres.Counter.objects.filter(centre=centre).exclude(number=1000)
    moved = list(extra.values_list("id", flat=True))
    extra.update(centre_id="HC02")  # one counter is left: one lane
    day = timezone.localdate() + timedelta(days=3)
    starts = [room.starts_at for room in centres.free_rooms(centre, day, WISH, now=timezone.now())][:SLOTS]
    assert len(starts) == SLOTS

    dice = random.Random(3)
    wanted = [(dice.choice(people), dice.choice(starts)) for _ in range(CALLS)]

    def book(n: int) -> Any:
        person, starts_at = wanted[n]
        return centres.book_appointment(
            actor=person, centre_code="HC01", wish=WISH, starts_at=starts_at, now=timezone.now()
        ).id  # fmt: skip

    results, seconds = _at_once(book, CALLS)
    centres.Counter.objects.filter(id__in=moved).update(centre_id="HC01")
    kept = centres.Appointment.objects.filter(starts_at__in=starts, state="booked")
    assert kept.count() == kept.values("starts_at").distinct().count() == SLOTS
    refused = sum(isinstance(one, Exception) for one in results)
    print(
        f"book, {CALLS} for {SLOTS} places from {THREADS} connections  {CALLS / seconds:5.0f}/s, places sold {kept.count()}, "
        f"sold twice 0, refused {refused}"
    )


@dataclass
class _Hour:
    """What was seen in the busy hour; moments are of the monotonic clock."""

    took: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    called: dict[str, float] = field(default_factory=dict)
    shown: dict[str, float] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    def work(self, cookies: str, late: float) -> None:
        """Be one clerk."""
        line = http.client.HTTPConnection("127.0.0.1", installation.PORT, timeout=30)
        time.sleep(late)
        for _ in range(ROUNDS):
            began = time.monotonic()
            try:
                self._serve_one(line, cookies)
            except (OSError, http.client.HTTPException, RuntimeError, IndexError) as error:
                self.errors.append(type(error).__name__)
                line.close()
            if ROUNDS > 1:
                time.sleep(max(0.0, THINK_SECONDS - (time.monotonic() - began)))
        line.close()

    def _serve_one(self, line: http.client.HTTPConnection, cookies: str) -> None:
        def send(path: str, **form: str) -> str:
            filled = {"csrfmiddlewaretoken": TOKEN, **form} if path else None
            request = Request(f"/en/desk/counter/{path}", f"{cookies}; csrftoken={TOKEN}", filled, 302 if path else 200)
            begun = time.perf_counter()
            answer, body = request.send(line)
            self.took.append(time.perf_counter() - begun)
            return (gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body).decode()

        clicked = time.monotonic()
        send("next/")
        page = send("")
        ticket = page.split('name="ticket" value="', 1)[1][:36]
        self.called[page.split('class="ticket">', 1)[1].split("<")[0]] = clicked
        send("act/", ticket=ticket, verb="serve")
        send("act/", ticket=ticket, verb="finish-done")

    def look(self, stream: str) -> None:
        """Be one display."""
        with (
            suppress(httpx.HTTPError),
            httpx.stream("GET", f"{stream}/stream/HC01", timeout=60, verify=False) as answer,
        ):
            for line in answer.iter_lines():
                if self.over.is_set():
                    return
                if line.startswith("data: "):
                    for call in json.loads(line[6:])["calls"]:
                        self.shown.setdefault(call["number"], time.monotonic())


def _busy_hour(url: str, officers: list[tuple[Any, Any]]) -> None:
    _fill(CLERKS * ROUNDS + 200, "Z")
    cookies = [_signed_in(account) for account, _ in officers]
    with installation.running(url, "web", "stream"):
        stream = f"http://127.0.0.1:{launcher.env.STREAM_PORT}"
        while not launcher.answers(launcher.env.STREAM_PORT):
            time.sleep(0.05)
        hour = _Hour()
        screens = [threading.Thread(target=hour.look, args=(stream,), daemon=True) for _ in range(DISPLAYS)]
        clerks = [
            threading.Thread(target=hour.work, args=(one, THINK_SECONDS * n / len(cookies)))
            for n, one in enumerate(cookies)
        ]
        started = time.monotonic()
        for thread in (*screens, *clerks):
            thread.start()
        for thread in clerks:
            thread.join()
        seconds = time.monotonic() - started
        time.sleep(1)  # the last call is on its way to the displays
        hour.over.set()
    _nobody_waits()
    p50, p95, p99 = _parts(hour.took, 0.5, 0.95, 0.99)
    print(
        f"{CLERKS} clerks, a customer each in {THINK_SECONDS:.0f} s, {DISPLAYS} displays  {len(hour.took) / seconds:5.0f} requests/s   "
        f"p50 {p50:.0f} ms  p95 {p95:.0f} ms (aim 250)  p99 {p99:.0f} ms   errors {len(hour.errors)} {dict(Counter(hour.errors)) or ''}"
    )
    delays = [hour.shown[number] - at for number, at in hour.called.items() if number in hour.shown]
    p50, p95 = _parts(delays, 0.5, 0.95)
    print(
        f"from the click to the first display  p50 {p50:.0f} ms  p95 {p95:.0f} ms (aim 1000)"
        f"   seen {len(delays)} of {len(hour.called)} calls"
    )


def _signed_in(account: Any) -> str:
    """Return the cookie of a clerk after the second factor."""
    browser = Client()
    browser.force_login(account)
    session = browser.session
    session["second_factor"] = str(account.pk)
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def _parts(seconds: list[float], *shares: float) -> list[float]:
    ordered = sorted(seconds)
    return [1000 * ordered[int(len(ordered) * share)] for share in shares]


@dataclass
class _Told:
    """Whether what people were told of their wait came true."""

    customers: int = 0
    inside: int = 0
    waits: list[float] = field(default_factory=list)


def _a_day(actors: list[Any]) -> None:
    """Replay a country's day, one centre after the other: the clock is the replay's own, handed to every operation."""
    places = [one.code for one in centres.list_centres() if one.is_open_to_public]
    dice = random.Random(5)
    day = timezone.localtime().replace(hour=8, minute=0, second=0, microsecond=0)
    came: dict[str, list[datetime]] = {code: [] for code in places}
    for _ in range(CUSTOMERS):
        came[dice.choice(places)].append(day + timedelta(hours=HOURS * dice.betavariate(1.6, 2.4)))
    centres.Counter.objects.update(officer_id=None, opened_at=None)
    told = _Told()
    started = time.perf_counter()
    for code, moments in came.items():
        needed = math.ceil(len(moments) * SERVICE_SECONDS / (HOURS * 3600 * UTILISATION))
        staff = actors[:needed]
        _seats(code, staff, day)
        if moments:
            _replay(code, sorted(moments), staff, dice, told)
        centres.Counter.objects.filter(centre_id=code).update(officer_id=None, opened_at=None)
    seconds = time.perf_counter() - started
    served = centres.Ticket.objects.filter(counter__number__range=(2000, 2999), outcome="done")
    assert served.count() == CUSTOMERS == told.customers
    print(
        f"a day over {len(places)} centres, {CUSTOMERS} of {WHOLE_DAY} customers  {CUSTOMERS / seconds:5.0f} customers/s, "
        f"so the whole day in {WHOLE_DAY / (CUSTOMERS / seconds) / 60:.0f} min; none lost; "
        f"median wait {statistics.median(told.waits):.0f} min, "
        f"{100 * told.inside / told.customers:.0f} % within the range that was told"
    )


def _seats(code: str, staff: list[Any], day: datetime) -> None:
    centres.Counter.objects.bulk_create(
        centres.Counter(
            centre_id=code, number=2000 + n, desks=["service"], officer_id=actor.account_id, opened_at=day
        )
        for n, actor in enumerate(staff)
    )  # fmt: skip


def _replay(code: str, moments: list[datetime], staff: list[Any], dice: random.Random, told: _Told) -> None:
    arrivals = iter(moments)
    coming = next(arrivals, None)
    free = [(moments[0], n) for n in range(len(staff))]
    ranges: dict[Any, tuple[int, int]] = {}
    since = moments[0]  # when somebody last came into an empty hall
    while coming is not None or ranges:
        clock, clerk = max(free[0][0], since), free[0][1]
        if coming is not None and (not ranges or coming <= clock):
            since = since if ranges else coming
            ticket = centres.take_ticket(
                actor=SYSTEM,
                centre_code=code,
                ticket_id=ids.uuid7(),
                source="reception",
                service_code=SERVICE,
                now=coming,
            )
            ranges[ticket.id] = centres.place_of(ticket).minutes or (0, 0)
            coming = next(arrivals, None)
            continue
        ticket = centres.call_next(actor=staff[clerk], now=clock)
        wait = (clock - ticket.arrived_at).total_seconds() / 60
        low, high = ranges.pop(ticket.id)
        told.customers += 1
        told.inside += low <= wait <= high + 1
        told.waits.append(wait)
        centres.start_serving(actor=staff[clerk], ticket_id=ticket.id, now=clock)
        ended = clock + timedelta(seconds=max(60, dice.gauss(SERVICE_SECONDS, 330)))
        centres.finish(actor=staff[clerk], ticket_id=ticket.id, outcome="done", now=ended)
        heapq.heapreplace(free, (ended, clerk))
