"""`python -m tests.chaos.hall`: a busy hour in a centre while web and workers are killed and the database crashes.

People take tickets at the kiosk and clerks call, serve and finish, all over HTTP; whoever gets no answer presses again, as people
do. In the end the database is asked whether a ticket was lost, numbered, called, served or told twice.
"""

import argparse
import re
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from tests.chaos.ground import ground

TOKEN = "c" * 32
#: What means that nobody answered, or nobody could: press again.
NOBODY = (httpx.HTTPError,)


@dataclass
class Hall:
    """What was seen of the hour from outside."""

    web: str
    kiosk: str
    customers: int
    given: dict[str, str] = field(default_factory=dict)
    called: dict[str, list[int]] = field(default_factory=dict)
    served: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)

    def press(
        self, method: str, path: str, cookies: str, form: dict[str, str] | None = None, number: int = 0
    ) -> httpx.Response:
        """Send a request until somebody answers it."""
        headers = {
            "Cookie": f"{cookies}; csrftoken={TOKEN}",
            "X-Forwarded-For": f"10.1.{number // 200}.{number % 200 + 1}",
        }
        data = {"csrfmiddlewaretoken": TOKEN, **form} if form is not None else None
        deadline = time.monotonic() + 120
        while True:
            try:
                answer = httpx.request(
                    method, f"{self.web}{path}", headers=headers, data=data, timeout=10, verify=False
                )
                if answer.status_code < 500:
                    return answer
            except NOBODY:
                pass
            assert time.monotonic() < deadline, f"{method} {path} was never answered"
            time.sleep(0.2)

    def arrive(self, number: int) -> None:
        """Take one ticket at the kiosk; every third leaves a phone number."""
        from huduma.foundation import ids

        phone = f"07{number:08}" if number % 3 == 0 else ""
        form = {"fresh": str(ids.uuid7()), "service": "", "priority": "", "phone": phone, "reference": ""}
        answer = self.press("POST", self.kiosk, "", form, number)
        shown = re.search(r'class="ticket"[^>]*>(\w+)<', answer.text)
        assert shown, f"{answer.status_code} {answer.text[:2000]}"
        with self.lock:
            self.given[form["fresh"]] = shown[1]

    def work(self, clerk: int, cookies: str) -> None:
        """Call, look, serve and finish until everybody is served."""
        while self.served < self.customers and not self.over.is_set():
            self.press("POST", "/en/desk/counter/next/", cookies, {})
            page = self.press("GET", "/en/desk/counter/", cookies).text
            ticket = re.search(r'name="ticket" value="([^"]+)"', page)
            if ticket is None:
                time.sleep(0.1)
                continue
            with self.lock:
                self.called.setdefault(ticket[1], []).append(clerk)
            for verb in ("serve", "finish-done"):
                self.press("POST", "/en/desk/counter/act/", cookies, {"ticket": ticket[1], "verb": verb})
            with self.lock:
                self.served = len(self.called)


def main() -> int:
    """Run, print the counts, and return 1 where anything is amiss."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.hall", description=__doc__)
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--clerks", type=int, default=16)
    parser.add_argument("--blows", type=int, default=9, help="web, worker and database in turn")
    parser.add_argument("--like", default="", help="address of a migrated database to begin as a copy of")
    chosen = parser.parse_args()
    with ground(chosen.like) as (url, directory):
        return _run(chosen, url, directory)


def _run(chosen: argparse.Namespace, url: str, directory: Path) -> int:
    from config import launcher
    from tests.chaos.trouble import Installation

    door, cookies = _set_up(chosen.clerks)
    blows = [("kill the web", Installation.kill_web), ("kill a worker", lambda one: one.kill_worker(0)),
             ("crash the database", Installation.crash_database)]  # fmt: skip
    done: Counter[str] = Counter()
    started = time.monotonic()
    with Installation(url, directory, 1) as installation, ThreadPoolExecutor(chosen.clerks + 8) as pool:
        hall = Hall(f"http://127.0.0.1:{launcher.PORT}", door, chosen.customers)
        work = [pool.submit(hall.work, n, cookie) for n, cookie in enumerate(cookies)]
        arriving = [pool.submit(hall.arrive, n) for n in range(chosen.customers)]
        try:
            for number in range(chosen.blows):
                while hall.served < chosen.customers * (number + 1) // (chosen.blows + 1):
                    _raise_if_failed([*work, *arriving])
                    time.sleep(0.05)
                name, strike = blows[number % len(blows)]
                strike(installation)
                done[name] += 1
            for one in (*arriving, *work):
                one.result()
        finally:
            hall.over.set()
    faults = _faults(hall)
    if len(_faults(hall, hide=True)) == len(faults):
        faults.append("a ticket that was hidden is not missed: the comparison is blind")
    print(f"{chosen.customers} people, {chosen.clerks} clerks, {time.monotonic() - started:.0f} s; "
          + ", ".join(f"{name} × {count}" for name, count in done.items()))  # fmt: skip
    for fault in faults:
        print(f"WRONG: {fault}")
    print(f"{len(faults)} discrepancies" if faults else "nobody lost, nobody called twice")
    return 1 if faults else 0


def _raise_if_failed(futures: list[Any]) -> None:
    for one in futures:
        if one.done():
            one.result()


def _set_up(clerks: int) -> tuple[str, list[str]]:
    """Open a centre with a counter for each clerk, now; returns the kiosk's path and the clerks' cookies."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.utils import timezone

    from huduma.contexts.centres import public as centres
    from huduma.contexts.identity import public as identity
    from huduma.contexts.workforce import public as workforce
    from huduma.foundation.access import SYSTEM
    from huduma.foundation.worktime.models import SpecialDay

    call_command("load_reference", verbosity=0)
    now = timezone.now()
    centre = centres.Centre.objects.get(code="HC01")
    centre.hours, centre.long_hours = [[["00:00", "23:59"]]] * 7, None
    centre.save()
    for n in range(-1, 3):
        SpecialDay.objects.update_or_create(
            date=timezone.localdate() + timedelta(days=n), defaults={"is_working": True, "reason": "chaos"}
        )
    cookies = []
    for n in range(clerks):
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"clerk{n}@example.org", password="correct-horse-battery", first_name="Afisa",
            surname="Mfano", now=now,
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role="officer", body_code="DCI", now=now)
        workforce.post_staff(
            actor=SYSTEM, account_id=account.id, place_code="HC01", from_on=timezone.localdate(), now=now
        )
        centres.set_counter(actor=SYSTEM, centre_code="HC01", number=100 + n, desks=["service"], now=now)
        actor = identity.actor_for(account, channel="desk", purpose="casework", second_factor=True)
        seat = next(c for c in centres.list_counters(centre) if c.number == 100 + n)
        centres.open_counter(actor=actor, counter_id=seat.id, now=now)
        browser = Client()
        browser.force_login(account)
        session = browser.session
        session["second_factor"] = str(account.pk)
        session.save()
        cookies.append(f"{settings.SESSION_COOKIE_NAME}={session.session_key}")
    connection.close()
    return f"/en/display/HC01/kiosk/{centres.door_key('HC01')}/", cookies


def _faults(hall: Hall, *, hide: bool = False) -> list[str]:
    """Return what the database says against what people saw; `hide`: as if one ticket were not there."""
    from django.db import connection

    def rows(sql: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    kept = {str(key): (number, state) for key, number, state in rows("SELECT id, number, state FROM centres_ticket")}
    if hide:
        kept.popitem()
    faults = [f"ticket {number} was given and is lost" for key, number in hall.given.items() if key not in kept]
    for key, number in hall.given.items():
        if kept.get(key, (number, ""))[0] != number:
            faults.append(f"a paper says {number}, the queue {kept[key][0]}")
    if len(kept) != hall.customers or len({number for number, _ in kept.values()}) != hall.customers:
        faults.append(f"{hall.customers} people, {len(kept)} tickets")
    faults += [f"ticket {number} is {state} in the end" for number, state in kept.values() if state != "done"]
    faults += [f"clerks {set(by)} had one ticket" for by in hall.called.values() if len(set(by)) > 1]
    for what, sql in (
        ("called", "SELECT subject_id, count(*) FROM journal_entry WHERE act = 'centres.ticket.called' GROUP BY 1"),
        ("ended", "SELECT subject_id, count(*) FROM journal_entry WHERE act = 'centres.ticket.ended' GROUP BY 1"),
        ("served", "SELECT ticket_id, count(*) FROM centres_stop GROUP BY 1"),
    ):
        counts = {str(key): count for key, count in rows(sql)}
        faults += [f"a ticket was {what} {counts.get(key, 0)} times" for key in kept if counts.get(key, 0) != 1]
    told = rows(
        "SELECT about, count(*) FROM notices_message WHERE kind = 'centres.ticket.near' GROUP BY 1 HAVING count(*) > 1"
    )
    return faults + [f"{about} was told {count} times" for about, count in told]


if __name__ == "__main__":
    sys.exit(main())
