"""A believable past: birth certificates that were sent, paid, queued for, reviewed, corrected and issued, written by COPY.

The rows are those that the operations would have left, from a seeded generator: arrivals follow the week and the day, payment and
correction take people's own time, officers work in opening hours. For tests and measurements only.
"""

import json
import random
import shutil
from bisect import insort
from datetime import datetime, timedelta
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.catalogue.models import ServiceVersion
from huduma.contexts.identity.models import Person
from huduma.contexts.process import public as process
from huduma.foundation import ids, references
from huduma.foundation.access import SYSTEM
from huduma.foundation.worktime import public as worktime

SERVICE, BODY = "birth-cert-current", "CRS"
COUNTIES = {"047": 6, "001": 2, "042": 1}
CHANNELS = {"portal": 4, "desk": 1}
COLUMNS = {
    "applications_application": (
        "id reference version_id service_code body_code person_id channel answers register_facts register_state status"
        " to_correct promise opened_at saved_at submitted_at due_at status_at"
    ),
    "process_instance": (
        "id case_id definition_id body_code service_code state run status version due_at started_at ended_at"
    ),
    "process_task": (
        "id instance_id case_id token step name kind role body_code service_code assignee_id state due_at sort_at"
        " created_at done_at outcome note fields item awaits team share attempts fault"
    ),
    "clocks_clock": (
        "id case_id kind key version_id service_code body_code started_at due_at paused_at ended_at cancelled met lapsed"
        " spent_seconds stage next_at flagged_to"
    ),
    "clocks_pause": "id case_id status began_at ended_at",
    "journal_entry": ("id recorded_at act subject_id actor_kind actor_account_id roles channel purpose concerns facts"),
}


class History:
    """Writes cases of one version. `officers` at once, each case reviewed by one; `review_minutes` is the mean of a review."""

    def __init__(
        self,
        version: ServiceVersion,
        *,
        seed: int = 1,
        officers: int = 3,
        review_minutes: float = 20,
        send_back: float = 0.12,
    ) -> None:
        self.version, self.random = version, random.Random(seed)
        self.staff = [ids.uuid7() for _ in range(officers)]
        self.review_minutes, self.send_back = review_minutes, send_back
        self.calendar = worktime.calendar()
        self.rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
        self.free = {officer: datetime(2000, 1, 1, tzinfo=worktime.NAIROBI) for officer in self.staff}
        self.digest = process.define(
            actor=SYSTEM, bpmn=version.part("process_bpmn"), dmn=version.part("rules_dmn") or "", now=timezone.now()
        )
        self.person = Person.objects.create(
            surname="Mfano", first_name="Asha", verified_by="assisted", registered_at=timezone.now()
        )

    def fill(self, cases: int, *, until: datetime, days: int) -> list[UUID]:
        """Write `cases` that were sent in the `days` before `until`; those that would end later are left out. Returns their ids."""
        arrivals = sorted(self._arrival(until, days) for _ in range(cases))
        made = []
        paid = [(at + self._lognormal(40, 1.2), 0, ids.uuid7(), [at]) for at in arrivals]
        reviews: list[tuple[datetime, int, UUID, list[Any]]] = sorted(paid, key=itemgetter(0))
        while reviews:
            ready, round_, case_id, past = reviews.pop(0)
            officer = min(self.staff, key=lambda one: (self.free[one], one))
            taken = self.calendar.add(max(ready, self.free[officer]), timedelta(seconds=1))
            done = self.calendar.add(taken, timedelta(minutes=self.random.expovariate(1 / self.review_minutes)))
            self.free[officer] = done
            outcome = self._outcome(round_)
            past += [ready, taken, done, officer, outcome]
            if outcome == "send_back":
                insort(reviews, (done + self._lognormal(24 * 60, 1), round_ + 1, case_id, past), key=itemgetter(0))
            elif done < until:
                self._write(case_id, past)
                made.append(case_id)
        self._copy()
        return made

    def _arrival(self, until: datetime, days: int) -> datetime:
        while True:
            day = until.astimezone(worktime.NAIROBI).replace(hour=0, minute=0, second=0, microsecond=0)
            day -= timedelta(days=self.random.randint(1, days))
            if day.weekday() < 5 or self.random.random() < 0.3:
                return day + timedelta(hours=self.random.triangular(6, 22, 10))

    def _lognormal(self, median_minutes: float, sigma: float) -> timedelta:
        return timedelta(minutes=median_minutes * self.random.lognormvariate(0, sigma))

    def _outcome(self, round_: int) -> str:
        drawn = self.random.random()
        if drawn < self.send_back and round_ < 3:
            return "send_back"
        return "reject" if drawn < self.send_back + 0.08 else "approve"

    def _write(self, case_id: UUID, past: list[Any]) -> None:
        sent = past[0]
        rounds = [past[i : i + 5] for i in range(1, len(past), 5)]
        ended = rounds[-1][2] + timedelta(seconds=20 if rounds[-1][4] == "approve" else 0)
        status = "issued" if rounds[-1][4] == "approve" else "rejected"
        waits = [("wait-payment", "waiting_payment", sent, rounds[0][0])]
        waits += [("wait-correction", "waiting_correction", a[2], b[0]) for a, b in pairwise(rounds)]
        stood = sum((self.calendar.between(a, b) for _, _, a, b in waits), timedelta())
        due = self.calendar.add(self.calendar.deadline(sent, 1, "working_days"), stood)
        spent = self.calendar.between(sent, ended) - stood
        county = self.random.choices([*COUNTIES], [*COUNTIES.values()])[0]
        channel = self.random.choices([*CHANNELS], [*CHANNELS.values()])[0]
        self.rows["applications_application"].append(
            (case_id, references.mint("HA"), self.version.id, SERVICE, BODY, self.person.id, channel,
             json.dumps({"slip_number": "BN-0001"}), json.dumps({"county": county}), "found", status, "[]",
             json.dumps({"value": 1, "unit": "working_days", "confidence": "published"}), sent, sent, sent, due, ended)
        )  # fmt: skip
        instance_id = ids.uuid7()
        self.rows["process_instance"].append(
            (instance_id, case_id, self.digest, BODY, SERVICE, "{}", "ended", status, 5, due, sent, ended)
        )
        for number, (step, waiting, begin, end) in enumerate(waits):
            self._task(instance_id, case_id, 2 * number + 1, step, "message", begin, end)
            self.rows["clocks_pause"].append((ids.uuid7(), case_id, waiting, begin, end))
        if status == "issued":
            self._task(instance_id, case_id, 2 * len(rounds) + 1, "wait-credential", "message", rounds[-1][2], ended)
        for number, (ready, taken, done, officer, outcome) in enumerate(rounds):
            task_id = self._task(instance_id, case_id, 2 * number + 2, "review", "user", ready, done, officer, outcome)
            facts = {"task_id": str(task_id), "case_id": str(case_id), "step": "review", "how": "claimed"}
            self.rows["journal_entry"].append(
                (ids.uuid7(), taken, "process.task.assigned", task_id, "person", officer, "officer@CRS", "desk",
                 "casework", [task_id, case_id, officer], json.dumps({**facts, "account_id": str(officer)}))
            )  # fmt: skip
        self.rows["clocks_clock"].append(
            (ids.uuid7(), case_id, "service", "", self.version.id, SERVICE, BODY, sent, due, None, ended, False,
             ended <= due, False, int(spent.total_seconds()), 0, None, "")
        )  # fmt: skip

    def _task(
        self, instance_id: UUID, case_id: UUID, token: int, step: str, kind: str, begin: datetime, end: datetime,
        officer: UUID | None = None, outcome: str = "",
    ) -> UUID:  # fmt: skip
        task_id = ids.uuid7()
        self.rows["process_task"].append(
            (task_id, instance_id, case_id, token, step, json.dumps({"en": step, "sw": step}), kind,
             "officer" if kind == "user" else "", BODY, SERVICE, officer, "done", None, begin, begin, end, outcome, "",
             "[]", "", "", "", "[]", 0, "")
        )  # fmt: skip
        return task_id

    def _copy(self) -> None:
        with connection.cursor() as cursor:
            for table, rows in self.rows.items():
                with cursor.copy(f"COPY {table} ({', '.join(COLUMNS[table].split())}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
                rows.clear()


def redesigned(folder: Path) -> ServiceVersion:
    """Publish a second version of the service, whose package is made in `folder`, and return it."""
    shutil.copytree(settings.SERVICES_DIR / SERVICE, folder / SERVICE)
    bpmn = folder / SERVICE / "process.bpmn"
    bpmn.write_text(bpmn.read_text().replace('name="Review the application"', 'name="Look at the application"'))
    catalogue.load_packages(actor=SYSTEM, path=folder / SERVICE, now=timezone.now())
    version = catalogue.get_service(SERVICE).current_version
    assert version is not None
    return version
