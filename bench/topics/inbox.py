"""The contact centre: messages that come in, the inbox, a call that opens the caller's page, the customer's page, a body's
program that reads its backlog, the sweep of complaints.

Rows are made by SQL and are alike; `BENCH_INBOX` says how many (conversations and customers each; 20 000 unless given, 100 000
conversations are a busy country's), `BENCH_COMPLAINTS` how many complaints of two years (as many, unless given). Where it does not say
"by workers", everything runs in one process, so a rate is that of one worker on one core.
"""

import hashlib
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench import citizens
from bench.pgbench import limit
from bench.rates import median_rate
from config import env
from huduma.contexts.contact import public as contact
from huduma.contexts.crm import public as crm
from huduma.contexts.identity import public as identity
from huduma.contexts.inbox import public as inbox
from huduma.foundation import ids
from huduma.foundation.access import Actor, Grant

ROWS = env.number("BENCH_INBOX", 20_000)
COMPLAINTS = env.number("BENCH_COMPLAINTS", ROWS)
ENTRIES, MESSAGES, CALLS, LATE, PULLED, LOOKED_AT = 2_000, 300, 40, 1_000, 8_000, 200
FIRST = 7_000_000  # of the citizens' numbers: no other topic has them
CONVERSATIONS = """
INSERT INTO inbox_conversation (id, reference, channel, address, phone, email, name, is_proven, subject, language, service_code,
    state, shared_with, tags, waiting_since, due_at, opened_at, last_at, wrap_up)
SELECT gen_random_uuid(), 'HC' || lpad(n::text, 9, '0'), (ARRAY['email', 'sms', 'web', 'whatsapp'])[1 + n %% 4],
    '+2549' || lpad(n::text, 8, '0'),
    '', '', 'Bench Mfano', true, 'Bench ' || n, 'sw', '', 'open', '{}',
    CASE WHEN n %% 10 = 0 THEN ARRAY['passport'] ELSE '{}'::varchar[] END,
    now(), now() + n * interval '1 second', now(), now(), ''
FROM generate_series(1, %s) n
"""
#: Names of syllables, some borne by many and most by few, as in any country; one in fifty is somebody's second record.
PEOPLE = """
INSERT INTO identity_person (id, surname, first_name, other_names, sex, phone, id_number, birth_date, verified_by, registered_at)
SELECT gen_random_uuid(), initcap(s.a[1 + (19 * r1 * r1)::int] || s.a[1 + (19 * r2)::int] || s.a[1 + (19 * r3)::int]),
    initcap(s.a[1 + (19 * r3 * r3)::int] || s.a[1 + (19 * r1)::int]),
    initcap(s.a[1 + (19 * r2 * r2)::int] || s.a[1 + (19 * r3)::int] || s.a[1 + (19 * r1)::int]),
    'F', '+2548' || lpad(n::text, 8, '0'),
    CASE WHEN n %% 50 = 0 THEN NULL ELSE lpad((who * 2654435761 %% 100000000)::text, 8, '0') END,
    date '1945-01-01' + (who * 7919 %% 22000)::int, 'assisted', now()
FROM (SELECT n, who, (who * 7919 %% 1009) / 1009.0 AS r1, (who * 104729 %% 1013) / 1013.0 AS r2, (who * 15485863 %% 1019) / 1019.0 AS r3
      FROM (SELECT n::bigint, CASE WHEN n %% 50 = 0 THEN n - 1 ELSE n END::bigint AS who FROM generate_series(1, %s) n) x) y,
    (SELECT string_to_array('wa nji ku ki ma ni mbo ti e no ka chi mu tu a li o ru si ga', ' ') AS a) s
"""
TIMELINE = """
INSERT INTO journal_entry (id, recorded_at, act, subject_id, actor_kind, roles, channel, purpose, concerns, facts)
SELECT gen_random_uuid(), now() - n * interval '1 second', (ARRAY['inbox.message.received', 'inbox.message.answered'])[1 + n %% 2],
    gen_random_uuid(), 'anonymous', '', 'sms', 'contact', ARRAY[%s]::uuid[], '{}' FROM generate_series(1, %s) n
"""
#: Two years of complaints of all bodies and counties: the first ones late, then one in ten open, the others answered or settled.
MATTERS = """
INSERT INTO contact_matter (id, reference, kind, title, text, channel, language, name, phone, email, is_anonymous, is_urgent, body_id,
    service_code, county_id, centre_code, place, about_kind, state, level, assignee_id, opened_at, level_at, due_at, is_extended,
    outcome, answer, answered_at, closed_at, reopened, outside)
SELECT gen_random_uuid(), 'HM' || lpad(n::text, 9, '0'), (ARRAY['complaint', 'complaint', 'complaint', 'inquiry', 'dispute'])[1 + n %% 5],
    'Bench', 'Bench', 'portal', 'sw', '', '+2549' || lpad(n::text, 8, '0'), '', false, false,
    body.codes[1 + n %% array_length(body.codes, 1)], '', county.codes[1 + n %% array_length(county.codes, 1)], '', '', '',
    CASE WHEN is_open THEN 'open' WHEN n %% 20 = 1 THEN 'answered' ELSE 'closed' END, CASE WHEN n <= %s THEN 1 ELSE 1 + n / 10 %% 2 END,
    CASE WHEN is_open THEN NULL ELSE ('00000000-0000-7000-8000-' || lpad((n %% 200)::text, 12, '0'))::uuid END,
    opened, opened,
    CASE WHEN n <= %s THEN now() - interval '1 hour' WHEN is_open THEN now() + n * interval '1 second' ELSE opened END, false,
    CASE WHEN is_open THEN '' ELSE 'upheld' END, CASE WHEN is_open THEN '' ELSE 'Bench ' || n END,
    CASE WHEN is_open THEN NULL ELSE opened + interval '3 days' END,
    CASE WHEN is_open OR n %% 20 = 1 THEN NULL ELSE opened + interval '9 days' END, 0, ''
FROM (SELECT n, n <= %s OR n %% 10 = 0 AS is_open, now() - interval '9 days' - (n::bigint * 7919 %% 63000000) * interval '1 second'
          AS opened
      FROM generate_series(1, %s) n) x,
    (SELECT array_agg(code ORDER BY code) AS codes FROM places_publicbody) body,
    (SELECT array_agg(code ORDER BY code) AS codes FROM places_county) county
"""
#: A backlog of one body: open, with its focal persons.
OF_ONE_BODY = """
UPDATE contact_matter SET state = 'open', level = 2, body_id = 'CRS', kind = 'complaint', outcome = '', answer = '', answered_at = NULL,
    closed_at = NULL, due_at = now() + random() * interval '20 days'
WHERE id IN (SELECT id FROM contact_matter WHERE state = 'closed' ORDER BY id LIMIT %s)
"""
PAGE = """
SELECT * FROM inbox_conversation WHERE channel = 'sms' AND state = 'open' AND waiting_since IS NOT NULL ORDER BY due_at, id LIMIT 51;
"""


def measure(url: str) -> None:
    """Fill, then measure one after the other."""
    agent = _agent()
    with connection.cursor() as cursor:
        cursor.execute(CONVERSATIONS, [ROWS])
        cursor.execute(PEOPLE, [ROWS])
        cursor.execute(MATTERS, [LATE, LATE, LATE, COMPLAINTS])
        cursor.execute("ANALYZE inbox_conversation, identity_person, contact_matter")
    print(f"  {ROWS:,} open conversations, {ROWS:,} customers more, {COMPLAINTS:,} complaints")
    _come_in()
    _list(agent, url)
    _call(agent)
    _customer(agent)
    _duplicates()
    _desk()
    _pull()
    _sweep()


def _agent() -> Actor:
    account = citizens.proven(FIRST)
    grants = frozenset({Grant("agent")})
    return Actor(
        kind="person", channel="desk", account_id=account.id, person_id=ids.uuid7(), purpose="casework", grants=grants
    )


def _come_in() -> None:
    """An SMS from the hook's call to the conversation that waits for an answer and was acknowledged."""
    bodies = [_sms(n) for n in range(MESSAGES)]
    began = time.perf_counter()
    waiting = _stored(bodies)
    stored = time.perf_counter()
    with CaptureQueriesContext(connection) as captured:
        inbox.take(received_id=waiting[0], now=timezone.now())
    for received_id in waiting[1:]:
        inbox.take(received_id=received_id, now=timezone.now())
    taken = time.perf_counter()
    kept, routed = MESSAGES / (stored - began), len(waiting) / (taken - stored)
    both = 1 / (1 / kept + 1 / routed)
    print(f"SMS in, stored {kept:6.0f}/s, stored and routed {both:5.0f}/s ({len(captured)} queries)   wanted 100/s")
    _by_workers([_sms(MESSAGES + n) for n in range(2 * MESSAGES)])


def _sms(number: int) -> bytes:
    """The first message from a number of its own: it begins a conversation, and is acknowledged."""
    return f"id=bench{number}&text=Habari&from=%2B2547{FIRST + number:08}&to=22222".encode()


def _stored(bodies: list[bytes]) -> list[UUID]:
    for body in bodies:
        key = hashlib.sha256(body).hexdigest()
        inbox.receive(source="sms", key=key, headers={}, body=body, now=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM inbox_received WHERE state = 'new' AND source = 'sms'")
        return [row[0] for row in cursor.fetchall()]


def _by_workers(bodies: list[bytes]) -> None:
    """The same by so many workers as there are cores, all storing and routing; the database has the same cores."""
    workers = os.cpu_count() or 1
    connection.close()  # no two processes share one
    with multiprocessing.get_context("fork").Pool(workers, initializer=connection.ensure_connection) as pool:
        began = time.perf_counter()
        pool.map(_all_of, [bodies[n::workers] for n in range(workers)], chunksize=1)
        took = time.perf_counter() - began
    print(f"SMS in, by {workers} workers, stored and routed {len(bodies) / took:5.0f}/s   wanted 100/s")


def _all_of(bodies: list[bytes]) -> None:
    for body in bodies:
        key = hashlib.sha256(body).hexdigest()
        inbox.receive(source="sms", key=key, headers={}, body=body, now=timezone.now())
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM inbox_received WHERE source = 'sms' AND key = %s", [key])
            inbox.take(received_id=cursor.fetchone()[0], now=timezone.now())


def _list(agent: Actor, url: str) -> None:
    """A page of the inbox by channel, first and deep; beside pgbench reading the same rows."""
    page = inbox.list_for(agent, channel="sms")
    deep = page
    for _ in range(20):
        deep = inbox.list_for(agent, channel="sms", after=deep.after) if deep.after else deep
    theirs = limit(url, PAGE)
    for name, action in (
        ("first page of SMS", lambda: inbox.list_for(agent, channel="sms")),
        ("21st page of SMS", lambda: inbox.list_for(agent, channel="sms", after=deep.after or page.after)),
        ("tag passport", lambda: inbox.list_for(agent, tag="passport")),
        ("one's own", lambda: inbox.list_for(agent, view="mine")),
        ("shared with one", lambda: inbox.list_for(agent, view="shared")),
        ("answered", lambda: inbox.list_for(agent, view="answered")),
        ("closed", lambda: inbox.list_for(agent, view="closed")),
    ):
        rate = median_rate(action, 40)
        print(f"inbox, {name:<18} {1000 / rate:6.1f} ms   pgbench, the rows of the first page {1000 / theirs:5.2f} ms")


def _call(agent: Actor) -> None:
    """From the telephone company's word of a ring to the caller's page, opened for the purpose of the call."""
    account = citizens.proven(FIRST + 900_000)
    phone = account.phone.replace("+", "%2B")
    times = []
    for number in range(CALLS):
        body = f"isActive=1&sessionId=bench{number}&direction=Inbound&callerNumber={phone}".encode()
        began = time.perf_counter()
        inbox.receive(source="phone", key=str(number), headers={}, body=body, now=timezone.now())
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM inbox_received WHERE source = 'phone' AND state = 'new'")
            received_id = cursor.fetchone()[0]
        inbox.take(received_id=received_id, now=timezone.now())
        ringing = inbox.list_calls_for(agent, now=timezone.now())[0]
        inbox.take_call(actor=agent, call_id=ringing.id, now=timezone.now())
        [found] = contact.find_customers_for(agent, account.phone)
        page = contact.get_customer_for(agent, found.person_id, why="call", now=timezone.now())
        contact.happenings_of(page)
        times.append((time.perf_counter() - began) * 1000)
    print(
        f"call to the caller's page       p50 {_at(times, 50):5.1f} ms  p95 {_at(times, 95):5.1f} ms   wanted under 1 000 ms"
    )


def _customer(agent: Actor) -> None:
    """The page of a customer with a long life with us, among many."""
    person_id = citizens.proven(FIRST + 900_001).person_id
    with connection.cursor() as cursor:
        cursor.execute(TIMELINE, [person_id, ENTRIES])
        cursor.execute("ANALYZE journal_entry")

    def show() -> None:
        contact.happenings_of(contact.get_customer_for(agent, person_id, why="call", now=timezone.now()))

    with CaptureQueriesContext(connection) as captured:
        show()
    times = [_timed(show) for _ in range(60)]
    print(
        f"customer, {ENTRIES:,} entries         p50 {_at(times, 50):5.1f} ms  p95 {_at(times, 95):5.1f} ms   {len(captured)} queries"
    )


def _duplicates() -> None:
    """A part of the sweep that looks through all records for those that may be one human being's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM identity_person WHERE phone LIKE '+2548%%0' ORDER BY id LIMIT %s", [LOOKED_AT])
        some = [row[0] for row in cursor.fetchall()]
    now = timezone.now()
    times, new = [], 0
    for person_id in some:
        began = time.perf_counter()
        new += identity.look_for_duplicates(person_id=person_id, now=now)
        times.append((time.perf_counter() - began) * 1000)
    hours = statistics.mean(times) * ROWS / 3_600_000
    print(
        f"duplicates of one of {ROWS:,}   p50 {_at(times, 50):5.1f} ms  p95 {_at(times, 95):5.1f} ms   {new} pairs of"
        f" {len(some)}; all records {hours:.1f} h"
    )


def _desk() -> None:
    """Lists and figures over all complaints, as the pages of the desk and the public statistics ask for them."""
    now, today = timezone.now(), timezone.localdate()
    since, until = contact.quarter_of(today)
    since -= timedelta(days=95)
    secretariat, focal = _holder("secretariat"), _holder("focal", "CRS")
    agent = _holder("agent")

    def second(view: str, actor: Actor) -> object:
        first = contact.list_matters_for(actor, now=now, view=view)  # type: ignore[arg-type]
        return contact.list_matters_for(actor, now=now, view=view, after=first.after)  # type: ignore[arg-type]

    for name, show in (
        ("agents, two pages that wait", lambda: second("team", agent)),
        ("agents, late", lambda: contact.list_matters_for(agent, now=now, view="late")),
        ("agents, answered", lambda: contact.list_matters_for(agent, now=now, view="answered")),
        ("a body, two pages that wait", lambda: second("team", focal)),
        ("a body, answered", lambda: contact.list_matters_for(focal, now=now, view="answered")),
        ("figures of the quarter", lambda: contact.count_matters_for(secretariat, since=since, until=until, body_code=None, now=now)),
        ("a body's figures", lambda: contact.count_matters_for(focal, since=since, until=until, body_code="CRS", now=now)),
        ("odd patterns of 90 days", lambda: contact.list_oddities_for(secretariat, now=now)),
        ("public statistics", lambda: list(contact.count_public(since=since, until=until, today=today))),
    ):  # fmt: skip
        with CaptureQueriesContext(connection) as captured:
            show()
        times = [_timed(show) for _ in range(20)]
        print(
            f"complaints, {name:<28} p50 {_at(times, 50):6.1f} ms  p95 {_at(times, 95):6.1f} ms   {len(captured)} queries"
        )


def _pull() -> None:
    """A body's own program reads all that is with its body by the API, page by page; its limit a minute is lifted for this."""
    with connection.cursor() as cursor:
        cursor.execute(OF_ONE_BODY, [PULLED])
        cursor.execute("ANALYZE contact_matter")
    operator = _holder("administrator")
    opened = crm.open_link(actor=operator, body_code="CRS", name="Bench", now=timezone.now())
    client, after, rows, pages = Client(), "", 0, []
    headers = {"Authorization": f"Bearer {crm.token_of(opened.link)}"}
    while after is not None:
        cache.clear()
        began = time.perf_counter()
        page = client.get("/api/crm/v1/matters", {"after": after}, headers=headers).json()
        pages.append((time.perf_counter() - began) * 1000)
        after, rows = page["after"], rows + len(page["matters"])
    took, middle, slow = sum(pages) / 1000, _at(pages, 50), _at(pages, 95)
    print(
        f"CRM API, {rows:,} matters in {len(pages)} pages  {took:4.1f} s   a page p50 {middle:5.1f} ms  p95 {slow:5.1f} ms"
    )


def _holder(role: str, body: str | None = None) -> Actor:
    return Actor(kind="person", channel="desk", account_id=ids.uuid7(), grants=frozenset({Grant(role, body)}))


def _sweep() -> None:
    """Complaints whose time ran out climb to the next level, each with its journal entry; then a sweep that finds none."""
    began = time.perf_counter()
    swept = contact.sweep(timezone.now())
    took = time.perf_counter() - began
    idle = _timed(lambda: contact.sweep(timezone.now()))
    print(f"sweep, {swept:,} late of {COMPLAINTS:,}       {swept / took:5.0f}/s   nothing late {idle:.1f} ms")


def _timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def _at(times: list[float], percent: int) -> float:
    return statistics.quantiles(times, n=100)[percent - 1]
